/** The numbers of the selected key frame, to be read and typed. */

/** @param form the panel; `send` takes gestures */
export function mountForm(form, send) {
  const field = (name) => form.elements[name];
  let value = null;
  const key = () => value.draft.keyframes[value.selected];
  const number = (name, fallback) => (field(name).value === '' ? fallback : Number(field(name).value));

  const changes = {
    place: () => send({
      do: 'move',
      k: value.selected,
      position: [number('x', key().position[0]), -number('up', -key().position[1]), number('z', key().position[2])],
    }),
    target: () => send({
      do: 'toward', k: value.selected, place: [number('tx', 0), -number('tup', 0), number('tz', 0)],
    }),
    turn: () => send({ do: 'turn', k: value.selected, yaw: number('yaw', 0), pitch: number('pitch', 0) }),
    seconds: () => send({ do: 'time', k: value.selected, seconds: number('seconds', key().seconds) }),
    fov: () => send({ do: 'fov', k: value.selected, fov_degrees: number('fov', key().fov_degrees) }),
    prompt: () => send({ do: 'prompt', k: value.selected, prompt: field('prompt').value || null }),
  };
  const groups = { x: 'place', up: 'place', z: 'place', tx: 'target', tup: 'target', tz: 'target', yaw: 'turn', pitch: 'turn' };
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', (event) => {
    const name = event.target.name;
    if (name === 'gaze') send({ do: 'gaze', k: value.selected, kind: event.target.value });
    else changes[groups[name] ?? name]();
  });

  const acts = {
    previous: (k) => send({ do: 'select', k: k - 1 }),
    next: (k) => send({ do: 'select', k: k + 1 }),
    earlier: (k) => send({ do: 'reorder', k, to: k - 1 }),
    later: (k) => send({ do: 'reorder', k, to: k + 1 }),
    duplicate: (k) => send({ do: 'duplicate', k }),
    delete: (k) => send({ do: 'delete', k }),
    all: () => send({ do: 'all_gazes', kind: key().gaze.kind }),
  };
  for (const button of form.querySelectorAll('[data-key]')) {
    button.addEventListener('click', () => acts[button.dataset.key](value.selected));
  }

  const show = (now) => {
    value = now;
    const k = value.selected;
    form.hidden = k === null;
    if (k === null) return;
    const last = value.draft.keyframes.length - 1;
    const { position, gaze, fov_degrees: fov, seconds, prompt } = key();
    form.querySelector('legend').textContent = k ? `Key frame ${k} of ${last}` : 'Start (fixed)';
    const put = (name, number) => {
      if (document.activeElement !== field(name)) field(name).value = number ?? '';
    };
    const digits = (number) => Number(number.toFixed(4));
    put('x', digits(position[0]));
    put('up', digits(-position[1]));
    put('z', digits(position[2]));
    put('seconds', digits(seconds));
    put('fov', digits(fov));
    put('prompt', prompt);
    put('yaw', value.keys[k].yaw);
    put('pitch', value.keys[k].pitch);
    if (gaze.kind === 'at') {
      put('tx', digits(gaze.target[0]));
      put('tup', digits(-gaze.target[1]));
      put('tz', digits(gaze.target[2]));
    }
    for (const radio of form.querySelectorAll('[name=gaze]')) radio.checked = radio.value === gaze.kind;
    for (const part of form.querySelectorAll('[data-for]')) part.hidden = part.dataset.for !== gaze.kind;
    for (const input of form.querySelectorAll('input')) input.disabled = !k && input.name !== 'prompt';
    const can = { previous: k > 0, next: k < last, earlier: k > 1, later: k > 0 && k < last, duplicate: true, delete: k > 0, all: k > 0 };
    for (const [name, may] of Object.entries(can)) form.querySelector(`[data-key=${name}]`).disabled = !may;
  };
  return { show };
}
