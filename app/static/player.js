/**
 * Plays what a walk has shown: colour, depth, or both beside each other; films, or pictures as they come.
 *
 * @typedef {object} ClipValue
 * @property {string|string[]|null} rgb Address of a film, or addresses of pictures.
 * @property {string|string[]|null} depth
 * @property {string|string[]|null} side Both in one; without it, colour and depth are shown in two panes.
 * @property {number} frames Of films.
 * @property {number} fps
 * @property {string} [key] The same for the same walk, however many of its frames have come.
 * @property {number} [first] Number in the walk of the first picture.
 */
import { FilmPane, PicturePane } from './panes.js';

/** @param {{element: HTMLElement, props: {value: ClipValue|null}, watch: Function}} component See app/player.py. */
export function mountPlayer({ element, props, watch }) {
  const player = new Player(element.querySelector('.vl-player'));
  watch('value', () => player.show(props.value));
  player.show(props.value);
}

class Player {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector('.vl-panes');
    this.slider = root.querySelector('input');
    this.output = root.querySelector('output');
    this.button = root.querySelector('[data-do=play]');
    this.value = null;
    this.kind = 'rgb';
    this.panes = [];
    this.frame = 0;
    this.playing = false;
    this.button.addEventListener('click', () => this.play(!this.playing));
    this.slider.addEventListener('input', () => this.seek(Number(this.slider.value)));
    for (const choice of root.querySelectorAll('[data-show]')) {
      choice.addEventListener('click', () => this.choose(choice.dataset.show));
    }
    this.stage.addEventListener('keydown', (event) => this._key(event));
  }

  /** @param {ClipValue|null} value */
  show(value) {
    const before = this.count;
    const atEnd = this.frame >= before - 1;
    const another = !value || !this.value || value.key !== this.value.key;
    if (another) [this.frame, this.playing, this.panes] = [0, false, []];
    // Of a long walk only the last pictures are given: the one that is shown moves forward among them.
    else this.frame += (this.value.first ?? 0) - (value.first ?? 0);
    this.value = value;
    if (!this.offers(this.kind)) this.kind = ['rgb', 'depth', 'side'].find((kind) => this.offers(kind)) ?? 'rgb';
    this._fill();
    // While frames come, the newest is shown, unless somebody looks at another one.
    this.seek(Array.isArray(value?.rgb) && atEnd && !this.playing ? this.count - 1 : this.frame);
    this.play(this.playing && !another);
  }

  get count() {
    const source = this.value?.rgb ?? this.value?.depth ?? this.value?.side;
    if (!source) return 0;
    return Array.isArray(source) ? source.length : this.value.frames;
  }

  /** Addresses of what is shown side by side for a kind of picture; empty if the walk has none. */
  sources(kind) {
    const { rgb, depth, side } = this.value ?? {};
    const both = [rgb, depth].every((source) => source?.length) ? [rgb, depth] : [];
    const chosen = { rgb: [rgb], depth: [depth], side: side?.length ? [side] : both }[kind];
    return chosen.filter((source) => source?.length);
  }

  offers(kind) {
    return this.sources(kind).length > 0;
  }

  choose(kind) {
    [this.kind, this.panes] = [kind, []];
    this._fill();
    this.seek(this.frame);
    this.play(this.playing);
  }

  _fill() {
    for (const choice of this.root.querySelectorAll('[data-show]')) {
      choice.setAttribute('aria-pressed', String(choice.dataset.show === this.kind));
      choice.disabled = !this.offers(choice.dataset.show);
    }
    const sources = this.sources(this.kind);
    const names = this.kind === 'side' && sources.length === 2 ? ['Colour', 'Depth'] : [NAMES[this.kind]];
    const onError = () => this.say('A picture could not be loaded.');
    const reused = this.panes.length === sources.length && this.panes.every((pane, k) => pane.follow(sources[k]));
    if (!reused) {
      this.panes = sources.map((source, k) =>
        Array.isArray(source) ? new PicturePane(source, names[k], onError) : new FilmPane(source, names[k], onError));
      this.stage.replaceChildren(...this.panes.map((pane) => pane.element));
    }
    this.say('');
    this.root.querySelector('.vl-empty').hidden = this.count > 0;
    this.button.disabled = this.slider.disabled = this.count < 2;
    this.slider.max = String(Math.max(0, this.count - 1));
  }

  seek(frame) {
    this.frame = Math.min(Math.max(0, frame), Math.max(0, this.count - 1));
    for (const pane of this.panes) pane.seek(this.frame, this.value.fps);
    if (this.playing) this._start();
    this._tell();
  }

  play(wanted) {
    this.playing = wanted && this.count > 1;
    this.button.textContent = this.playing ? 'Pause' : 'Play';
    this.button.setAttribute('aria-pressed', String(this.playing));
    for (const pane of this.panes) pane.run(false);
    if (!this.playing) return;
    if (this.frame >= this.count - 1) this.frame = 0;
    for (const pane of this.panes) pane.seek(this.frame, this.value.fps);
    this._start();
    this._followOn();
  }

  _start() {
    this.since = performance.now() - (1000 * this.frame) / this.value.fps;
    for (const pane of this.panes) pane.run(true);
  }

  /** Where the film is, or where the clock says that pictures are. */
  _follow() {
    if (!this.playing) return;
    const { fps } = this.value;
    const clock = Math.floor(((performance.now() - this.since) / 1000) * fps);
    const now = this.panes[0]?.frame(fps) ?? clock;
    if (now >= this.count - 1 || this.panes[0]?.ended) {
      this.play(false);
      this.seek(this.count - 1);
      return;
    }
    this.frame = now;
    this.panes.forEach((pane, k) => pane.keep(now, fps, k === 0));
    this._tell();
    this._followOn();
  }

  /** Once a frame of the display, however often the film is started. */
  _followOn() {
    cancelAnimationFrame(this.next);
    this.next = requestAnimationFrame(() => this._follow());
  }

  _tell() {
    const shown = this.count ? this.frame + 1 : 0;
    this.slider.value = String(this.frame);
    this.slider.setAttribute('aria-valuetext', `Frame ${shown} of ${this.count}`);
    this.output.textContent = `${shown} / ${this.count}`;
    this.root.dataset.frame = String(this.frame);
  }

  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.count) return;
    const step = event.shiftKey ? 10 : 1;
    const act = {
      ' ': () => this.play(!this.playing),
      ArrowRight: () => this._stepTo(this.frame + step), ArrowLeft: () => this._stepTo(this.frame - step),
      Home: () => this._stepTo(0), End: () => this._stepTo(this.count - 1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  _stepTo(frame) {
    this.play(false);
    this.seek(frame);
  }

  say(text) {
    this.root.querySelector('[role=status]').textContent = text;
  }
}

const NAMES = { rgb: 'Colour', depth: 'Depth', side: 'Colour and depth side by side' };
