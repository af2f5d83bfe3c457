/** A view of the world along one of its axes, in which key frames are seen, moved and drawn. */

import { FreePan } from './editor_pan.js';
import { group, keyName, make, round, samples } from './editor_svg.js';

/** Pixels a pointer may tremble and still be a press. */
const STILL = 6;
/** Pixels from a key frame to the handle that turns it, and to the one that goes on from the last. */
const REACH = 38;

export class MapView {
  /**
   * @param svg where to draw
   * @param axes which world coordinates go to the right and along the picture's height
   * @param draws whether an empty place begins a stroke; else points move up and down only
   * @param send takes gestures
   */
  constructor({ svg, axes, draws, send }) {
    Object.assign(this, { svg, axes, draws, send, value: null, drag: null, seconds: 0 });
    this.image = make(svg, 'image', { preserveAspectRatio: 'none' });
    this.walked = make(svg, 'path', { class: 'vl-walked' });
    this.way = make(svg, 'g');
    this.ghost = make(svg, 'path', { class: 'vl-ghost' });
    this.keys = make(svg, 'g');
    this.handles = make(svg, 'g');
    this.walker = make(svg, 'circle', { class: 'vl-walker', r: 5 });
    this.frame = new FreePan(svg, () => this.paint());
    svg.addEventListener('pointerdown', (event) => this.press(event));
    svg.addEventListener('pointermove', (event) => this.move(event));
    svg.addEventListener('pointerup', (event) => this.release(event));
    svg.addEventListener('pointercancel', (event) => {
      this.frame.leave(event);
      this.cancel();
    });
    svg.addEventListener('keydown', (event) => this.key(event));
    svg.addEventListener('focusin', (event) => {
      const k = event.target.dataset?.k;
      if (k !== undefined && !this.drag && Number(k) !== this.value.selected) {
        send({ do: 'select', k: Number(k) });
      }
    });
  }

  show(value) {
    const { src, extent } = value[this.draws ? 'plan' : 'side'];
    if (src !== this.src) {
      this.src = src;
      this.image.setAttribute('href', src);
      this.frame.fit(extent);
    }
    this.value = value;
    this.settle();
    const last = this.positions.at(-1);
    if (this.drag === null && !this.frame.holds(this.flat(last))) this.frame.include(this.flat(last));
    this.paint();
    const focused = document.activeElement;
    if (this.svg.contains(focused) && focused.dataset.k !== undefined && value.selected !== null) {
      this.keys.children[value.selected]?.focus();
    }
  }

  /** Key frames are where Python has them. */
  settle() {
    this.positions = this.value.draft.keyframes.map((key) => [...key.position]);
  }

  zoom(factor) {
    if (factor) this.frame.scale(factor);
    else this.frame.fit(this.value.plan.extent);
    this.paint();
  }

  /** Show where the preview is. */
  walk(seconds) {
    this.seconds = seconds;
    const way = this.value?.sampled;
    this.walker.style.display = way ? '' : 'none';
    if (!way) return;
    const k = Math.round((seconds / this.value.seconds) * (way.centers.length - 1));
    const [x, y] = this.at(way.centers[Math.min(k, way.centers.length - 1)]);
    this.walker.setAttribute('cx', x);
    this.walker.setAttribute('cy', y);
  }

  flat(place) {
    return [place[this.axes[0]], place[this.axes[1]]];
  }

  /** Screen pixels of a world place. */
  at(place) {
    return this.frame.toScreen(this.flat(place));
  }

  line(places) {
    return places.length ? 'M' + places.map((place) => this.at(place).map(round).join(' ')).join('L') : '';
  }

  paint() {
    if (!this.value) return;
    const { draft, sampled, walked, selected } = this.value;
    const extent = this.value[this.draws ? 'plan' : 'side'].extent;
    const [left, top] = this.frame.toScreen([extent[0], extent[1]]);
    const [right, bottom] = this.frame.toScreen([extent[2], extent[3]]);
    for (const [name, number] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
      this.image.setAttribute(name, number);
    }
    this.walked.setAttribute('d', this.line(walked));
    this.way.replaceChildren();
    if (sampled && !this.drag?.moved) {
      for (const { bad, places } of samples(sampled)) {
        make(this.way, 'path', { class: bad ? 'vl-way vl-bad' : 'vl-way', d: this.line(places) });
      }
    }
    this.paintKeys(draft, selected);
    this.paintHandles(draft, selected);
    this.walk(this.seconds);
  }

  paintKeys(draft, selected) {
    while (this.keys.children.length > draft.keyframes.length) this.keys.lastChild.remove();
    draft.keyframes.forEach((key, k) => {
      const mark = this.keys.children[k] ?? group(this.keys, k);
      const [x, y] = this.at(this.positions[k]);
      mark.setAttribute('transform', `translate(${round(x)} ${round(y)})`);
      mark.setAttribute('class', `vl-mark${k === selected ? ' vl-chosen' : ''}${k ? '' : ' vl-start'}`);
      mark.setAttribute('aria-label', keyName(this.value, k));
      mark.setAttribute('aria-pressed', String(k === selected));
      const [ahead, down] = this.direction(k);
      const wedge = mark.querySelector('.vl-wedge');
      wedge.style.display = Math.hypot(ahead, down) < 0.05 ? 'none' : '';
      wedge.setAttribute('transform', `rotate(${round((Math.atan2(down, ahead) * 180) / Math.PI)})`);
    });
  }

  /** Where key frame k looks, in screen axes; shorter than 1 if it looks out of the picture. */
  direction(k) {
    const forward = this.value.keys[k].forward;
    const [u, v] = this.flat(forward);
    return [u * this.frame.signs[0], v * this.frame.signs[1]];
  }

  paintHandles(draft, selected) {
    this.handles.replaceChildren();
    if (this.draws && !this.drag?.moved) {
      const last = draft.keyframes.length - 1;
      const [x, y] = this.at(this.positions[last]);
      const [u, v] = this.direction(last);
      const size = Math.hypot(u, v) || 1;
      const plus = make(this.handles, 'g', {
        class: 'vl-extend', transform: `translate(${round(x + (REACH * u) / size)} ${round(y + (REACH * v) / size)})`,
      });
      make(plus, 'circle', { r: 11 });
      make(plus, 'path', { d: 'M-5 0H5M0-5V5' });
      make(plus, 'title').textContent = 'Drag to draw on from here; press to add a key frame';
    }
    if (!selected) return;
    const gaze = draft.keyframes[selected].gaze;
    const own = this.at(this.positions[selected]);
    if (gaze.kind === 'at') {
      const [x, y] = this.at(this.drag?.place ?? gaze.target);
      make(this.handles, 'path', { class: 'vl-sight', d: `M${own.map(round).join(' ')}L${round(x)} ${round(y)}` });
      const target = make(this.handles, 'g', { class: 'vl-target', transform: `translate(${round(x)} ${round(y)})` });
      make(target, 'circle', { r: 10 });
      make(target, 'path', { d: 'M-14 0H14M0-14V14' });
      make(target, 'title').textContent = 'Drag: what the camera looks at';
    } else if (gaze.kind === 'free' && this.draws) {
      const [u, v] = this.direction(selected);
      const size = Math.hypot(u, v) || 1;
      const tip = this.drag?.tip ?? [own[0] + (1.6 * REACH * u) / size, own[1] + (1.6 * REACH * v) / size];
      make(this.handles, 'path', { class: 'vl-sight', d: `M${own.map(round).join(' ')}L${tip.map(round).join(' ')}` });
      const turn = make(this.handles, 'g', { class: 'vl-turn', transform: `translate(${tip.map(round).join(' ')})` });
      make(turn, 'circle', { r: 8 });
      make(turn, 'title').textContent = 'Drag to turn the camera';
    }
  }

  press(event) {
    if (!this.value) return;
    if (this.frame.pans(event)) return this.cancel();
    if (event.button !== 0) return;
    const spot = this.spot(event);
    const mark = event.target.closest('.vl-mark');
    const k = mark ? Number(mark.dataset.k) : null;
    let kind = this.draws ? 'stroke' : null;
    if (event.target.closest('.vl-target')) kind = 'target';
    else if (event.target.closest('.vl-turn')) kind = 'turn';
    else if (event.target.closest('.vl-extend')) kind = 'extend';
    else if (k) kind = 'point';
    if (!kind) return;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.drag = { kind, k: kind === 'point' ? k : this.value.selected, pressed: k, from: spot, moved: false, stroke: [spot] };
  }

  move(event) {
    this.frame.follow(event);
    const drag = this.drag;
    if (!drag) return;
    const spot = this.spot(event);
    if (!drag.moved && Math.hypot(spot[0] - drag.from[0], spot[1] - drag.from[1]) < STILL) return;
    drag.moved = true;
    const [u, v] = this.frame.toWorld(spot);
    if (drag.kind === 'stroke' || drag.kind === 'extend') {
      for (const each of event.getCoalescedEvents?.() ?? []) drag.stroke.push(this.spot(each));
      drag.stroke.push(spot);
      const last = drag.kind === 'extend' ? this.positions.length - 1 : 0;
      const from = this.at(this.positions[last]);
      this.ghost.setAttribute('d', 'M' + [from, ...drag.stroke].map((p) => p.map(round).join(' ')).join('L'));
      return;
    }
    if (drag.kind === 'turn') drag.tip = spot;
    if (drag.kind === 'target') drag.place = this.moved(this.value.draft.keyframes[drag.k].gaze.target, u, v);
    if (drag.kind === 'point') {
      this.positions[drag.k] = this.moved(this.positions[drag.k], u, v);
      const near = this.positions.slice(drag.k - 1, drag.k + 2);
      this.ghost.setAttribute('d', this.line(near));
    }
    this.paint();
  }

  /** A place moved to (u, v) of this view; in the side view only up and down, which keeps the plan. */
  moved(place, u, v) {
    const next = [...place];
    if (this.draws) next[this.axes[0]] = u;
    next[this.axes[1]] = v;
    return next;
  }

  release(event) {
    this.frame.leave(event);
    const drag = this.drag;
    this.drop();
    if (!drag) return;
    if (!drag.moved) {
      if (drag.kind === 'extend') this.send({ do: 'insert', after: this.positions.length - 1 });
      else if (drag.pressed !== null) this.keys.children[drag.pressed].focus();
      else if (this.value.selected !== null) this.send({ do: 'select', k: null });
      return;
    }
    if (drag.kind === 'point') this.send({ do: 'move', k: drag.k, position: this.positions[drag.k] });
    if (drag.kind === 'target') this.send({ do: 'toward', k: drag.k, place: drag.place });
    if (drag.kind === 'turn') {
      const [u, v] = this.frame.toWorld(drag.tip);
      this.send({ do: 'toward', k: drag.k, place: this.moved(this.positions[drag.k], u, v) });
    }
    if (drag.kind === 'stroke' || drag.kind === 'extend') {
      const after = drag.kind === 'extend' ? this.positions.length - 1 : 0;
      this.send({ do: 'stroke', after, points: drag.stroke.map((spot) => this.frame.toWorld(spot)) });
    }
  }

  /** Give up a gesture, as if it had never begun. */
  cancel() {
    if (!this.drag) return;
    this.drop();
    this.settle();
    this.paint();
  }

  drop() {
    this.drag = null;
    this.ghost.setAttribute('d', '');
  }

  spot(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  key(event) {
    const k = Number(event.target.dataset?.k ?? -1);
    if (k < 0 || event.ctrlKey || event.metaKey) return;
    const step = this.value.focus * (event.shiftKey ? 0.1 : 0.01);
    const [right, up] = [this.frame.signs[0], -this.frame.signs[1]];
    const along = this.draws ? { ArrowLeft: [0, -right], ArrowRight: [0, right] } : {};
    const moves = { ...along, ArrowUp: [1, up], ArrowDown: [1, -up] };
    const heights = { PageUp: -1, PageDown: 1 };
    if (event.key in moves || event.key in heights) {
      event.preventDefault();
      if (!k) return;
      if (event.key in moves) {
        const [axis, sign] = moves[event.key];
        this.positions[k][this.axes[axis]] += sign * step;
      } else this.positions[k][1] += heights[event.key] * step;
      this.paint();
      this.send({ do: 'move', k, position: this.positions[k] });
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      if (k) this.send({ do: 'delete', k });
    } else if (event.key === 'd') this.send({ do: 'duplicate', k });
    else if (event.key === 'Enter' || event.key === '+') this.send({ do: 'insert', after: k });
  }
}
