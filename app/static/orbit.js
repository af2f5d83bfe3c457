/**
 * Moves a camera by mouse, touch and keyboard: around a target, or at a camera's own place.
 *
 * Coordinates are the world's: x right, y down, z forward. The camera is three.js' own (y up, z backward), its
 * field of view given horizontally, for a picture of a given shape that lies whole in the view.
 *
 * @typedef {object} Pose
 * @property {import('./vendor/three.module.min.js').Vector3} position
 * @property {import('./vendor/three.module.min.js').Quaternion} rotation Of three.js' camera.
 * @property {number} fov Horizontal, degrees.
 */
import { MathUtils, Matrix4, PerspectiveCamera, Quaternion, Vector3 } from './vendor/three.module.min.js';

const TURN = 0.0045; // radians a pixel
const KEY_TURN = Math.PI / 24;
const KEY_STEP = 0.06; // of the distance
const STEEPEST = (89 * Math.PI) / 180;
const GLIDE = 450; // milliseconds

export const DEFAULT_FOV = 60;

export class Orbit {
  /** @param {HTMLElement} surface Takes the gestures. @param {() => void} onMove Not before `home` or `goTo`. */
  constructor(surface, onMove) {
    this.camera = new PerspectiveCamera();
    this.onMove = onMove;
    this.aspect = 1; // of the picture
    this.focus = 1; // how far the scene is, scene units
    this.pose = { position: new Vector3(), rotation: new Quaternion(), fov: DEFAULT_FOV };
    this.pointers = new Map();
    this.glide = 0;
    this.target = new Vector3();
    this.distance = 1;
    this.azimuth = this.elevation = 0;
    this._listen(surface);
  }

  /** Look at the scene from behind and above the first camera. @param {number} focus How far the scene is. */
  home(focus, fov) {
    this.focus = focus;
    this.target = new Vector3(0, 0, focus);
    this.distance = 1.6 * focus;
    this.azimuth = 0.18;
    this.elevation = 0.16;
    this.pose.fov = fov;
    this._fromOrbit();
  }

  /** Stand where a camera stands. @param {Pose} pose @param {boolean} gently Move there. */
  goTo(pose, gently) {
    const from = { position: this.pose.position.clone(), rotation: this.pose.rotation.clone(), fov: this.pose.fov };
    const begin = performance.now();
    const glide = ++this.glide;
    const step = () => {
      if (glide !== this.glide) return;
      const share = gently ? Math.min(1, (performance.now() - begin) / GLIDE) : 1;
      const eased = MathUtils.smoothstep(share, 0, 1);
      this.pose.position.lerpVectors(from.position, pose.position, eased);
      this.pose.rotation.slerpQuaternions(from.rotation, pose.rotation, eased);
      this.pose.fov = MathUtils.lerp(from.fov, pose.fov, eased);
      this._toOrbit();
      this._moved();
      if (share < 1) requestAnimationFrame(step);
    };
    step();
  }

  /** @param {number} width Of the view, pixels. @param {number} height */
  resize(width, height) {
    this.camera.aspect = width / height;
    this._fit();
  }

  /** The part of the view that a picture would show: share of width, share of height. */
  get crop() {
    const { aspect } = this.camera;
    return aspect > this.aspect ? [this.aspect / aspect, 1] : [1, aspect / this.aspect];
  }

  _fit() {
    const across = Math.tan(MathUtils.degToRad(this.pose.fov / 2)) / this.crop[0];
    this.camera.fov = MathUtils.radToDeg(2 * Math.atan(across / this.camera.aspect));
    this.camera.near = 0.002 * this.focus;
    this.camera.far = 2000 * this.focus;
    this.camera.updateProjectionMatrix();
  }

  _moved() {
    this.camera.position.copy(this.pose.position);
    this.camera.quaternion.copy(this.pose.rotation);
    this._fit();
    this.camera.updateMatrixWorld();
    this.onMove();
  }

  get _backward() {
    const level = Math.cos(this.elevation);
    return new Vector3(
      Math.sin(this.azimuth) * level, -Math.sin(this.elevation), -Math.cos(this.azimuth) * level,
    );
  }

  _fromOrbit() {
    this.glide++;
    this.pose.position.copy(this.target).addScaledVector(this._backward, this.distance);
    const facing = new Matrix4().lookAt(this.pose.position, this.target, new Vector3(0, -1, 0));
    this.pose.rotation.setFromRotationMatrix(facing);
    this._moved();
  }

  /** The target is then straight ahead, as far as the scene. */
  _toOrbit() {
    const backward = new Vector3(0, 0, 1).applyQuaternion(this.pose.rotation);
    this.elevation = MathUtils.clamp(Math.asin(MathUtils.clamp(-backward.y, -1, 1)), -STEEPEST, STEEPEST);
    this.azimuth = Math.atan2(backward.x, -backward.z);
    this.distance = this.focus;
    this.target = this.pose.position.clone().addScaledVector(backward, -this.distance);
  }

  turn(right, up) {
    this.azimuth -= right;
    this.elevation = MathUtils.clamp(this.elevation + up, -STEEPEST, STEEPEST);
    this._fromOrbit();
  }

  /** Steps as the camera looks, over the distance to the target. */
  pan(right, down, forward = 0) {
    const step = new Vector3(right, -down, -forward).multiplyScalar(this.distance);
    this.target.add(step.applyQuaternion(this.pose.rotation));
    this._fromOrbit();
  }

  /** @param {number} factor Less than 1: nearer. Very near the target is pushed ahead. */
  zoom(factor) {
    const wanted = this.distance * factor;
    this.distance = Math.max(wanted, 0.05 * this.focus);
    this.target.addScaledVector(this._backward, Math.min(0, wanted - this.distance) * 4);
    this._fromOrbit();
  }

  _listen(surface) {
    const at = (event) => ({ x: event.clientX, y: event.clientY });
    surface.addEventListener('contextmenu', (event) => event.preventDefault());
    surface.addEventListener('pointerdown', (event) => {
      surface.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
    });
    for (const name of ['pointerup', 'pointercancel']) {
      surface.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    surface.addEventListener('pointermove', (event) => {
      if (this.pointers.has(event.pointerId)) this._drag(event, at(event), surface.clientHeight);
    });
    surface.addEventListener('wheel', (event) => {
      if (document.activeElement !== surface) return; // the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(MathUtils.clamp(event.deltaY, -120, 120) * 0.0015));
    }, { passive: false });
    surface.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = this._key(event);
      if (!act) return;
      event.preventDefault();
      act();
    });
  }

  _drag(event, now, height) {
    const before = this.pointers.get(event.pointerId);
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    const shift = (2 * Math.tan(MathUtils.degToRad(this.camera.fov / 2))) / height;
    if (other) {
      const apart = (place) => Math.hypot(place.x - other.x, place.y - other.y) || 1;
      this.pan((-dx * shift) / 2, (-dy * shift) / 2);
      this.zoom(apart(before) / apart(now));
    } else if (event.buttons & 6 || event.shiftKey) {
      this.pan(-dx * shift, -dy * shift);
    } else {
      this.turn(dx * TURN, dy * TURN);
    }
  }

  /** What a key does, if anything. */
  _key({ key, shiftKey }) {
    const turnOrPan = (x, y) => () =>
      shiftKey ? this.pan(-KEY_STEP * x, -KEY_STEP * y) : this.turn(KEY_TURN * x, KEY_TURN * y);
    return {
      ArrowLeft: turnOrPan(-1, 0), ArrowRight: turnOrPan(1, 0), ArrowUp: turnOrPan(0, -1), ArrowDown: turnOrPan(0, 1),
      '+': () => this.zoom(0.85), '=': () => this.zoom(0.85), '-': () => this.zoom(1 / 0.85),
      w: () => this.pan(0, 0, KEY_STEP), s: () => this.pan(0, 0, -KEY_STEP),
      a: () => this.pan(-KEY_STEP, 0), d: () => this.pan(KEY_STEP, 0),
      e: () => this.pan(0, -KEY_STEP), q: () => this.pan(0, KEY_STEP),
    }[key.length === 1 ? key.toLowerCase() : key];
  }
}
