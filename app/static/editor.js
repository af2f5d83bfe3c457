/** The path editor. It knows gestures only; what a path is, Python says with every answer. */

import { mountFacts, mountFilm } from './editor_film.js';
import { mountForm } from './editor_form.js';
import { MapView } from './editor_map.js';
import { Timeline } from './editor_timeline.js';

/** Milliseconds after which an answer is no longer waited for. */
const PATIENCE = 20000;

/**
 * @param element the component's root, holding the markup of `app/editor.py`
 * @param props its `value` is what `app.drawn_path.draft_value` gives, or null
 * @param watch calls back when Python has answered
 * @param onEdit takes a list of gestures, as `app/gestures.py` reads them
 */
export function mountEditor({ element, props, watch, onEdit }) {
  const root = element.querySelector('.vl-editor');
  const find = (selector) => root.querySelector(selector);
  let waiting = 0;
  let outbox = [];
  let saved = null;

  const flush = () => {
    if (!outbox.length || performance.now() < waiting) return;
    waiting = performance.now() + PATIENCE;
    root.setAttribute('aria-busy', 'true');
    onEdit(outbox);
    outbox = [];
  };
  const send = (gesture) => {
    if (!props.value) return;
    const last = outbox.at(-1);
    // While an answer is awaited only the newest place of a point that is being moved matters.
    if (last && last.do === gesture.do && last.k === gesture.k && 'move time toward select'.includes(gesture.do)) {
      outbox.pop();
    }
    outbox.push(gesture);
    flush();
  };

  const plan = new MapView({ svg: find('.vl-plan svg'), axes: [0, 2], draws: true, send });
  const side = new MapView({ svg: find('.vl-side svg'), axes: [2, 1], draws: false, send });
  const film = mountFilm(find('.vl-film'), (seconds) => {
    plan.walk(seconds);
    side.walk(seconds);
    timeline.walk(seconds);
  });
  const timeline = new Timeline({ svg: find('.vl-time svg'), send, seek: film.seek });
  const form = mountForm(find('.vl-key'), send);
  const facts = mountFacts(find('.vl-facts'));

  for (const button of root.querySelectorAll('[data-zoom]')) {
    button.addEventListener('click', () => plan.zoom(Number(button.dataset.zoom)));
  }
  const act = {
    play: () => film.toggle(),
    undo: () => send({ do: 'undo' }),
    redo: () => send({ do: 'redo' }),
    even: () => send({ do: 'even' }),
    clear: () => send({ do: 'clear' }),
    add: () => {
      const { selected, draft } = props.value;
      send({ do: 'insert', after: selected ?? draft.keyframes.length - 1 });
    },
  };
  for (const button of root.querySelectorAll('[data-do]')) {
    button.addEventListener('click', () => props.value && act[button.dataset.do]());
  }
  const duration = find('[name=duration]');
  duration.addEventListener('change', () => send({ do: 'duration', seconds: Number(duration.value) }));
  root.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches('input[type=text]')) return;
    const key = event.key.toLowerCase();
    if (key !== 'z' && key !== 'y') return;
    event.preventDefault();
    send({ do: key === 'y' || event.shiftKey ? 'redo' : 'undo' });
  });

  const show = () => {
    waiting = 0;
    root.removeAttribute('aria-busy');
    const value = props.value;
    root.classList.toggle('vl-closed', !value);
    if (!value) return;
    const walks = value.draft.keyframes.length > 1;
    find('.vl-hint').textContent = hint(value, walks);
    const refusal = find('.vl-refusal');
    refusal.hidden = !value.message;
    refusal.textContent = value.message;
    for (const name of ['even', 'clear', 'play']) find(`[data-do=${name}]`).disabled = !walks;
    find('[data-do=undo]').disabled = !value.undo;
    find('[data-do=redo]').disabled = !value.redo;
    duration.disabled = !walks;
    if (document.activeElement !== duration) duration.value = walks ? Number(value.seconds.toFixed(2)) : '';
    find('.vl-length').textContent = walks ? `${value.frames} frames` : '';
    film.show(value);
    plan.show(value);
    side.show(value);
    timeline.show(value);
    form.show(value);
    facts.show(value);
    if (value.file && value.file !== saved) save((saved = value.file));
    flush();
  };
  watch('value', show);
  show();
}

/** What to do next, in one sentence. */
function hint(value, walks) {
  if (!walks) return 'Press on the camera below and draw where it should go. Or add key frames one by one.';
  if (value.selected === null) {
    return 'Drag a point to move it; drag + to go on; draw anywhere else for a new path.';
  }
  if (value.selected === 0) return 'The walk stands here: this key frame is fixed.';
  if (matchMedia('(pointer: coarse)').matches) {
    return 'Drag the point, in the view from the side for its height; its numbers are below.';
  }
  return 'Arrow keys move the point, Page Up and Page Down its height, Delete takes it away.';
}

/** Hand a file to the person, as if it had been downloaded. */
function save({ name, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
