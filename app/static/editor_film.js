/** The preview that plays along the path, and what the path meets in words. */

/**
 * @param figure holds a canvas and the words for none
 * @param onTime is told the second that is shown
 */
export function mountFilm(figure, onTime) {
  const canvas = figure.querySelector('canvas');
  const none = figure.querySelector('.vl-none');
  const said = figure.querySelector('figcaption span');
  const button = figure.closest('.vl-editor').querySelector('[data-do=play]');
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let strip = null;
  let value = null;
  let seconds = 0;
  let playing = false;
  let last = 0;

  const draw = () => {
    const { preview, frames, seconds: whole } = value;
    if (!strip?.complete || !strip.naturalWidth) return;
    const frame = (seconds / whole) * (frames - 1);
    let k = 0;
    while (k + 1 < preview.frames.length && Math.abs(preview.frames[k + 1] - frame) <= Math.abs(preview.frames[k] - frame)) k += 1;
    const { width, height } = preview;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext('2d').drawImage(strip, 0, k * height, width, height, 0, 0, width, height);
    said.textContent = `${seconds.toFixed(1)} s · ${Math.round(100 * preview.unseen[k])} % unseen`;
    onTime(seconds);
  };
  const tick = (now) => {
    if (!playing || !value?.preview || !figure.isConnected) return;
    // A frame may be dated before the press that began to play.
    seconds = (seconds + Math.min(Math.max(now - last, 0), 200) / 1000) % value.seconds;
    last = now;
    draw();
    requestAnimationFrame(tick);
  };
  const play = (on) => {
    const starts = on && !playing;
    playing = on;
    button.textContent = on ? 'Pause' : 'Play';
    button.setAttribute('aria-pressed', String(on));
    if (!starts) return;
    last = performance.now();
    requestAnimationFrame(tick);
  };

  const show = (now) => {
    const before = value?.preview;
    value = now;
    const film = value.preview;
    canvas.hidden = !film;
    none.hidden = Boolean(film);
    if (!film) {
      said.textContent = '';
      onTime(0);
      return play(false);
    }
    seconds = Math.min(seconds, value.seconds);
    if (film.src !== before?.src) {
      strip = new Image();
      strip.onload = () => {
        draw();
        figure.dataset.shown = String(value.serial);
      };
      strip.src = film.src;
      // A path that is new plays by itself, once it is there; who prefers stillness presses Play.
      if (!before && !still.matches) {
        seconds = 0;
        play(true);
      }
    } else draw();
  };
  const seek = (to) => {
    if (!value?.preview) return;
    play(false);
    seconds = Math.min(Math.max(to, 0), value.seconds);
    draw();
  };
  return { show, seek, toggle: () => play(!playing) };
}

/** @param list where the facts stand, one an entry */
export function mountFacts(list) {
  const show = ({ sampled, preview, seconds, frames }) => {
    list.replaceChildren();
    if (!sampled) return;
    const add = (text, kind = '') => {
      const entry = document.createElement('li');
      entry.textContent = text;
      entry.className = kind;
      list.append(entry);
    };
    const when = (frame) => ((frame / (frames - 1)) * seconds).toFixed(1);
    if (sampled.trouble !== null) {
      const what = sampled.kind === 'through' ? 'pass through a surface' : 'come too near to something';
      add(`At ${when(sampled.trouble)} s the camera would ${what}. Drag the red part away from it.`, 'vl-bad');
    } else add('The way is clear.', 'vl-good');
    const near = sampled.clearance.filter((distance) => distance !== null);
    if (near.length) add(`Nearest ${Math.min(...near).toPrecision(2)} units (at least ${sampled.margin.toPrecision(2)} is kept)`);
    const mean = preview.unseen.reduce((sum, share) => sum + share, 0) / preview.unseen.length;
    add(`Unseen ${Math.round(100 * mean)} % on average, ${Math.round(100 * Math.max(...preview.unseen))} % at most`);
    const speed = [Math.min(...sampled.speed), Math.max(...sampled.speed)].map((s) => Number(s.toPrecision(2)));
    add(`Speed ${speed[0] === speed[1] ? speed[0] : speed.join(' to ')} units a second`);
  };
  return { show };
}
