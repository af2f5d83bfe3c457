/**
 * Draws a world's points: as many as keep the view moving, and all that can be seen once it stands still.
 * What stands still is drawn bit by bit into a picture of its own, which is shown when it is complete: the view
 * answers at once to the next movement, however many points there are.
 */
import {
  Color, LinearSRGBColorSpace, Mesh, NearestFilter, OrthographicCamera, PlaneGeometry, Scene, ShaderMaterial, WebGLRenderTarget, WebGLRenderer,
} from './vendor/three.module.min.js';
import { ChunkTree } from './chunk_tree.js';
import { FrameBudget } from './frame_budget.js';
import { SplatMaterials, splats } from './splats.js';

/** Points of a still view. */
const MOST_STILL = 8_000_000;

/** Milliseconds and frames without movement before a view counts as still: where frames are slow, both matter. */
const SETTLE = 150;
const SETTLE_FRAMES = 3;

export class PointView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./vendor/three.module.min.js').PerspectiveCamera} camera Moved by others; say so by `moved`.
   * @param {(state: ViewState) => void} onDrawn
   *
   * @typedef {object} ViewState
   * @property {'moving'|'refining'|'still'} phase
   * @property {number} drawn Points.
   * @property {boolean} limited Whether more detail would be seen.
   * @property {number} framesPerSecond While it last moved.
   */
  constructor(canvas, camera, onDrawn) {
    this.canvas = canvas;
    this.camera = camera;
    this.onDrawn = onDrawn;
    this.renderer = new WebGLRenderer({ canvas, antialias: false, powerPreference: 'high-performance' });
    this.renderer.autoClear = false;
    this.renderer.sortObjects = false;
    this.renderer.outputColorSpace = LinearSRGBColorSpace; // colours are shown as they were photographed
    this.background = new Color();
    this.materials = new SplatMaterials();
    this.scene = new Scene();
    this.scene.matrixWorldAutoUpdate = false;
    this.budget = new FrameBudget();
    this.target = new WebGLRenderTarget(1, 1, { minFilter: NearestFilter, magFilter: NearestFilter });
    this.copy = copyScene(this.target);
    this.tree = new ChunkTree([]);
    this.drawables = new Map();
    this.sky = false;
    this.drawn = 0;
    this.movedAt = -Infinity;
    this.phase = 'still';
    this.waiting = false;
    this.drew = false;
    this.idle = 0;
    this.stale = false;
    canvas.addEventListener('webglcontextrestored', () => this.moved());
  }

  /** Show other points from now on. @param {ChunkTree} tree */
  show(tree) {
    for (const { geometry } of this.drawables.values()) geometry.dispose();
    this.drawables.clear();
    this.tree = tree;
    this.moved();
  }

  /** The camera, the size or the points have changed. */
  moved() {
    this.movedAt = performance.now();
    this.phase = 'moving';
    this._wait();
  }

  /** More points of the same world have come: the picture is worth drawing anew, but nothing moves. */
  arrived() {
    this.stale = true;
    if (this.phase === 'still') this._beginStill();
    this._wait();
  }

  resize(width, height) {
    const ratio = Math.min(window.devicePixelRatio, 2);
    this.renderer.setPixelRatio(ratio);
    this.renderer.setSize(width, height, false);
    this.target.setSize(this.canvas.width, this.canvas.height);
    this.moved();
  }

  _wait() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame((now) => {
      this.waiting = false;
      this._frame(now);
    });
  }

  _frame(now) {
    this.materials.focal = this.canvas.height / 2 / Math.tan((this.camera.fov * Math.PI) / 360);
    if (this.phase === 'moving') {
      this._drawMoving(now);
      if (now - this.movedAt > SETTLE && this.idle >= SETTLE_FRAMES) this._beginStill();
      this._wait();
    } else if (this.phase === 'refining') {
      this._drawSlice();
      this._wait();
    }
  }

  _drawMoving(now) {
    this.budget.observe(now, this.drew ? this.drawn : null);
    this.drew = this.shownAt !== this.movedAt;
    this.idle = this.drew ? 0 : this.idle + 1;
    if (!this.drew) return;
    this.shownAt = this.movedAt;
    const { nodes, points, limited } = this._choose(this.budget.points);
    this._render(null, nodes, { clear: true });
    this.drawn = points;
    this._tell(limited);
  }

  _beginStill() {
    this.budget.rest();
    this.drew = false;
    this.stale = false;
    const { nodes, points, limited } = this._choose(MOST_STILL);
    this.still = { nodes, points, limited, next: 0 };
    this.phase = 'refining';
  }

  _drawSlice() {
    const { nodes, points, limited, next } = this.still;
    let end = next;
    for (let count = 0; end < nodes.length && (end === next || count + nodes[end].chunk.count <= this.budget.points); end++) {
      count += nodes[end].chunk.count;
    }
    this._render(this.target, nodes.slice(next, end), { clear: next === 0 });
    this.still.next = end;
    if (end < nodes.length) return;
    this.renderer.setRenderTarget(null);
    this.renderer.render(this.copy.scene, this.copy.camera);
    this.drawn = points;
    this.phase = 'still';
    this._tell(limited);
    if (this.stale) this._beginStill();
  }

  _choose(most) {
    this.camera.updateMatrixWorld();
    return this.tree.choose(this.camera, { most, height: this.canvas.height, sky: this.sky });
  }

  _render(target, nodes, { clear }) {
    this.renderer.setRenderTarget(target);
    if (clear) {
      this.renderer.setClearColor(this.background);
      this.renderer.clear();
    }
    this.scene.children = nodes.map((node) => this._drawable(node));
    this.renderer.render(this.scene, this.camera);
  }

  _drawable(node) {
    if (!this.drawables.has(node)) this.drawables.set(node, splats(node, this.materials));
    return this.drawables.get(node);
  }

  _tell(limited) {
    this.onDrawn({ phase: this.phase, drawn: this.drawn, limited, framesPerSecond: this.budget.framesPerSecond });
  }
}

function copyScene(target) {
  const scene = new Scene();
  const material = new ShaderMaterial({
    uniforms: { picture: { value: target.texture } },
    vertexShader: 'varying vec2 at; void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }',
    fragmentShader: 'uniform sampler2D picture; varying vec2 at; void main() { gl_FragColor = texture2D(picture, at); }',
    depthTest: false,
    depthWrite: false,
  });
  scene.add(new Mesh(new PlaneGeometry(2, 2), material));
  return { scene, camera: new OrthographicCamera() };
}
