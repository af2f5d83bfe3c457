/**
 * The 3D view: a world's points, its cameras and the path.
 *
 * @typedef {object} SceneValue
 * @property {string|null} points Address of a file of points; see points_file.js.
 * @property {{camera_to_world: number[], fov: number, aspect: number}[]} cameras Row-major, horizontal degrees.
 * @property {{centers: number[][], clearance: (number|null)[], margin: number}|null} path
 * @property {number|null} selected Index of a camera.
 */
import { ChunkTree } from './chunk_tree.js';
import { MarkLayer } from './marks.js';
import { DEFAULT_FOV, Orbit } from './orbit.js';
import { PointView } from './point_view.js';
import { loadPoints } from './points_file.js';
import { keyframeOf, poseOf } from './poses.js';

/**
 * @param {object} component
 * @param {HTMLElement} component.element Holds the markup of app/viewer.py.
 * @param {{value: SceneValue|null}} component.props
 * @param {(name: string, react: () => void) => void} component.watch
 * @param {(keyframe: {position: number[], rotation: number[], fov_degrees: number}) => void} component.onKeyframe
 * @param {(index: number) => void} component.onSelect
 */
export function mountViewer({ element, props, watch, onKeyframe, onSelect }) {
  const root = element.querySelector('.vl-viewer');
  try {
    new Viewer(root, props, { onKeyframe, onSelect }).follow(watch);
  } catch (error) {
    console.error(error);
    root.querySelector('[data-say=loading]').textContent =
      'This browser offers no WebGL, which the 3D view needs. All else works without it.';
  }
}

class Viewer {
  constructor(root, props, { onKeyframe, onSelect }) {
    this.root = root;
    this.props = props;
    this.onSelect = onSelect;
    const [points, marks] = root.querySelectorAll('canvas');
    this.stage = root.querySelector('.vl-stage');
    this.surface = points;
    this.orbit = new Orbit(points, () => this.cameraMoved());
    this.view = new PointView(points, this.orbit.camera, (state) => this.tell(state));
    this.marks = new MarkLayer(marks, this.orbit.camera);
    this.loading = new AbortController();
    this.source = null;
    this.header = null;
    this.still = matchMedia('(prefers-reduced-motion: reduce)');

    const act = {
      overview: () => this.overview(),
      camera: () => this.goTo(this.selected ?? 0),
      previous: () => this.step(-1),
      next: () => this.step(1),
      keyframe: () => this.value.points && onKeyframe(keyframeOf(this.orbit.pose)),
    };
    for (const button of root.querySelectorAll('[data-do]')) {
      button.addEventListener('click', () => act[button.dataset.do]());
    }
    const keys = { Home: 'overview', c: 'camera', '[': 'previous', ']': 'next', k: 'keyframe' };
    points.addEventListener('keydown', (event) => {
      if (!event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key]) act[keys[event.key]]();
    });
    this._pick(points);
    new ResizeObserver(() => this.resize()).observe(this.stage);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.dress());
    new MutationObserver(() => this.dress()).observe(document.body, { attributeFilter: ['class'] });
    this.overview();
    this.resize();
    this.dress();
  }

  /** @returns {SceneValue} */
  get value() {
    return { points: null, cameras: [], path: null, selected: null, ...this.props.value };
  }

  get selected() {
    const { selected, cameras } = this.value;
    return selected !== null && selected < cameras.length ? selected : null;
  }

  follow(watch) {
    watch('value', () => this.update());
    this.update();
  }

  update() {
    const { points, cameras, path } = this.value;
    Object.assign(this.marks.marks, { cameras, path, selected: this.selected });
    this.orbit.aspect = cameras[0]?.aspect ?? 4 / 3;
    const count = cameras.length;
    this.root.querySelector('output').textContent = said(this.selected, count - 1);
    for (const button of this.root.querySelectorAll('[data-do]')) {
      const needsCamera = ['camera', 'previous', 'next'].includes(button.dataset.do);
      button.disabled = needsCamera ? !count : !points;
    }
    this.root.querySelector('.vl-empty').hidden = Boolean(points);
    if (points !== this.source) this.load(points);
    this.cameraMoved();
  }

  /** Load other points; another state of the same world leaves the view as it is. */
  async load(url) {
    const sameWorld = folderOf(url) === folderOf(this.source);
    this.source = url;
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    if (!sameWorld) this.view.show(new ChunkTree([]));
    if (!url) return this.say('loading', '');
    let tree = null;
    let shown = false;
    let arrived = 0;
    try {
      this.say('loading', 'Loading points ...');
      await loadPoints(url, {
        signal,
        onHeader: (header) => {
          this.header = header;
          tree = new ChunkTree(header.chunks);
          if (!sameWorld) this.overview();
        },
        onChunk: (chunk) => {
          tree.add(chunk);
          arrived += chunk.coarse ? 0 : chunk.count;
          if (!shown && tree.whole) {
            shown = true;
            this.view.show(tree);
          } else if (shown) this.view.arrived();
          this.say('loading', `Loading points: ${share(arrived, this.header.kept)}`);
        },
      });
      this.say('loading', '');
    } catch (error) {
      if (signal.aborted) return;
      console.error(error);
      this.say('loading', `The points could not be loaded: ${error.message}.`);
    }
  }

  overview() {
    const [first] = this.value.cameras;
    this.orbit.home(this.header?.focus_distance ?? 1, first?.fov ?? DEFAULT_FOV);
  }

  step(by) {
    const { length } = this.value.cameras;
    if (!length) return;
    const index = this.selected === null ? 0 : (this.selected + by + length) % length;
    this.goTo(index);
  }

  /** Look through a camera. */
  goTo(index) {
    const mark = this.value.cameras[index];
    if (!mark) return;
    this.orbit.goTo(poseOf(mark), !this.still.matches);
    if (index !== this.selected) {
      this.marks.marks.selected = index;
      this.onSelect(index);
    }
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    this.orbit.resize(width, height);
    this.view.resize(width, height);
    this.marks.resize(width, height);
    this.cameraMoved();
  }

  cameraMoved() {
    this.marks.focus = this.orbit.focus;
    this.marks.inside = this._inside();
    this.view.sky = this.marks.inside !== null;
    this.root.querySelector('[data-do=camera]').setAttribute('aria-pressed', String(this.view.sky));
    const [across, down] = this.orbit.crop;
    const crop = this.root.querySelector('.vl-crop');
    crop.hidden = !this.view.sky;
    crop.style.inset = `${50 * (1 - down)}% ${50 * (1 - across)}%`;
    this.view.moved();
    this._drawMarks();
  }

  /** Index of the camera that is looked through, if one is. */
  _inside() {
    const { position, rotation } = this.orbit.pose;
    const index = this.value.cameras.findIndex((mark) => {
      const pose = poseOf(mark);
      return pose.position.distanceTo(position) < 1e-6 * this.orbit.focus && pose.rotation.angleTo(rotation) < 1e-4;
    });
    return index < 0 ? null : index;
  }

  _drawMarks() {
    if (this.drawingMarks) return;
    this.drawingMarks = true;
    requestAnimationFrame(() => {
      this.drawingMarks = false;
      if (this.colors && this.marks.width) this.marks.draw(this.colors);
    });
  }

  /** Take the page's colours. */
  dress() {
    const style = getComputedStyle(this.root);
    const color = (name) => style.getPropertyValue(`--vl-${name}`).trim();
    this.colors = { line: color('text'), halo: color('stage'), accent: color('accent'), danger: color('danger') };
    this.view.background.setStyle(color('stage') || '#20262b', '');
    this.cameraMoved();
  }

  _pick(surface) {
    let pressed = null;
    surface.addEventListener('pointerdown', (event) => { pressed = [event.clientX, event.clientY]; });
    surface.addEventListener('click', (event) => {
      if (!pressed || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
      const box = surface.getBoundingClientRect();
      const index = this.marks.at(event.clientX - box.left, event.clientY - box.top);
      if (index !== null) this.goTo(index);
    });
  }

  say(where, text) {
    this.root.querySelector(`[data-say=${where}]`).textContent = text;
  }

  /** Say what is drawn, and what is left out. @param {import('./point_view.js').ViewState} state */
  tell({ phase, drawn, limited, framesPerSecond }) {
    Object.assign(this.surface.dataset, { phase, drawn, fps: framesPerSecond.toFixed(1) });
    if (!this.header || !this.source) return this.say('drawn', '');
    const { points, kept } = this.header;
    const left = kept < points ? `${count(points - kept)} of ${count(points)} are too fine to be sent. ` : '';
    const now = phase !== 'still'
      ? `Moving: ${count(drawn)} drawn, ${Math.round(framesPerSecond)} frames a second${limited ? '; finer ones when it stops' : ''}.`
      : `${count(drawn)} drawn${limited ? '; finer ones are left out' : ', as fine as can be seen from here'}.`;
    this.say('drawn', `${count(points)} points. ${left}${now}`);
  }
}

/** Which key frame is selected, of how many; the start is none of them, as in the editor. */
function said(selected, count) {
  if (count < 1) return 'No key frames';
  if (selected === null) return `${count} key frame${count > 1 ? 's' : ''}`;
  return selected ? `Key frame ${selected} of ${count}` : 'Start';
}

const folderOf = (url) => url?.replace(/[^/]*$/, '');

const count = (number) => number.toLocaleString('en');

const share = (part, whole) => `${Math.floor((100 * part) / Math.max(1, whole))}%`;
