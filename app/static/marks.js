/** Draws cameras and the path over the view, as lines with numbers. */
import { Vector3 } from './vendor/three.module.min.js';

/** Of a camera's pyramid, over the distance of the scene. */
const FRUSTUM_DEPTH = 0.07;

/** Cameras with a number; more of them are drawn as places only. */
const MOST_NUMBERED = 60;

/**
 * @typedef {object} Marks
 * @property {{camera_to_world: number[], fov: number, aspect: number}[]} cameras
 * @property {{centers: number[][], clearance: (number|null)[], margin: number}|null} path
 * @property {number|null} selected
 *
 * @typedef {{line: string, danger: string, accent: string, halo: string}} Colors
 */
export class MarkLayer {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas, camera) {
    this.canvas = canvas;
    this.camera = camera;
    /** @type {Marks} */
    this.marks = { cameras: [], path: null, selected: null };
    this.focus = 1;
    this.inside = null; // the camera that is looked through
  }

  resize(width, height) {
    this.ratio = Math.min(window.devicePixelRatio, 2);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.width = width;
    this.height = height;
  }

  /** @param {Colors} colors */
  draw(colors) {
    const pen = this.canvas.getContext('2d');
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineJoin = pen.lineCap = 'round';
    if (this.marks.path) this._path(pen, this.marks.path, colors);
    this.marks.cameras.forEach((_, index) => {
      if (index !== this.inside) this._camera(pen, index, colors);
    });
  }

  /** The camera whose place is nearest to a place in the view, within reach of a finger. */
  at(x, y) {
    let best = null;
    let least = 16;
    this.marks.cameras.forEach(({ camera_to_world: m }, index) => {
      const place = this._seen(new Vector3(m[3], m[7], m[11]));
      if (!place || index === this.inside) return;
      const away = Math.hypot(place[0] - x, place[1] - y);
      if (away < least) [best, least] = [index, away];
    });
    return best;
  }

  _path(pen, { centers, clearance, margin }, colors) {
    const places = centers.map((center) => new Vector3(...center));
    const lines = [[], []];
    for (let k = 0; k + 1 < places.length; k++) {
      const line = this._line(places[k], places[k + 1]);
      const meets = Math.min(clearance[k] ?? Infinity, clearance[k + 1] ?? Infinity) < margin;
      if (line) lines[Number(meets)].push(line);
    }
    stroke(pen, [...lines[0], ...lines[1]], colors.halo, 5);
    stroke(pen, lines[0], colors.accent, 2.5);
    stroke(pen, lines[1], colors.danger, 3.5);
  }

  _camera(pen, index, colors) {
    const { camera_to_world: m, fov, aspect } = this.marks.cameras[index];
    const chosen = index === this.marks.selected;
    const depth = FRUSTUM_DEPTH * this.focus * (chosen ? 1.25 : 1);
    const x = depth * Math.tan((fov * Math.PI) / 360);
    const y = x / aspect;
    const world = (a, b, c) => new Vector3(
      m[0] * a + m[1] * b + m[2] * c + m[3], m[4] * a + m[5] * b + m[6] * c + m[7], m[8] * a + m[9] * b + m[10] * c + m[11],
    );
    const center = world(0, 0, 0);
    const corners = [world(-x, -y, depth), world(x, -y, depth), world(x, y, depth), world(-x, y, depth)];
    const top = [world(-x / 3, -y, depth), world(0, -1.5 * y, depth), world(x / 3, -y, depth)];
    const through = this.inside !== null; // the lines of cameras beside it would cross the whole picture
    const lines = through ? [] : [
      ...corners.map((corner) => [center, corner]), ...corners.map((corner, k) => [corner, corners[(k + 1) % 4]]),
      [top[0], top[1]], [top[1], top[2]],
    ].map(([a, b]) => this._line(a, b)).filter(Boolean);
    stroke(pen, lines, colors.halo, chosen ? 5 : 3.5);
    stroke(pen, lines, chosen ? colors.accent : colors.line, chosen ? 2.5 : 1.25);
    const place = this._seen(center);
    if (place && this.marks.cameras.length <= MOST_NUMBERED) this._number(pen, index || '', place, chosen, colors);
  }

  _number(pen, text, [x, y], chosen, colors) {
    pen.font = '600 11px system-ui, sans-serif';
    const width = Math.max(16, pen.measureText(text).width + 8);
    pen.beginPath();
    pen.roundRect(x - width / 2, y - 8, width, 16, 8);
    pen.fillStyle = chosen ? colors.accent : colors.line;
    pen.fill();
    pen.fillStyle = colors.halo;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText(text, x, y + 0.5);
  }

  /** Where a place is seen, in pixels; null if it is behind. */
  _seen(place) {
    const [line] = [this._line(place, place)];
    return line ? line[0] : null;
  }

  /** Both ends of a line in pixels, cut off before the camera; null if all of it is behind. */
  _line(from, to) {
    const near = -2 * this.camera.near;
    const a = from.clone().applyMatrix4(this.camera.matrixWorldInverse);
    const b = to.clone().applyMatrix4(this.camera.matrixWorldInverse);
    if (a.z > near && b.z > near) return null;
    if (a.z > near) a.lerpVectors(b, a, (near - b.z) / (a.z - b.z));
    if (b.z > near) b.lerpVectors(a, b, (near - a.z) / (b.z - a.z));
    return [a, b].map((point) => {
      point.applyMatrix4(this.camera.projectionMatrix);
      return [((1 + point.x) / 2) * this.width, ((1 - point.y) / 2) * this.height];
    });
  }
}

function stroke(pen, lines, color, width) {
  pen.beginPath();
  for (const [[x0, y0], [x1, y1]] of lines) {
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
  }
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.stroke();
}
