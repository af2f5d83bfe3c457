/** Key frames in time: dragged to another time, and past each other into another order. */

import { keyName, make, round } from './editor_svg.js';

const HEIGHT = 74;
const LINE = 26;
const EDGE = 18;

export class Timeline {
  /** @param seek is told to which second of the preview to go */
  constructor({ svg, send, seek }) {
    Object.assign(this, { svg, send, seek, value: null, drag: null, seconds: 0 });
    this.back = make(svg, 'g');
    this.head = make(svg, 'path', { class: 'vl-head' });
    this.keys = make(svg, 'g');
    svg.addEventListener('pointerdown', (event) => this.press(event));
    svg.addEventListener('pointermove', (event) => this.move(event));
    svg.addEventListener('pointerup', () => this.release());
    svg.addEventListener('pointercancel', () => this.cancel());
    svg.addEventListener('keydown', (event) => this.key(event));
    svg.addEventListener('focusin', (event) => {
      const k = event.target.dataset?.k;
      if (k !== undefined && !this.drag && Number(k) !== this.value.selected) send({ do: 'select', k: Number(k) });
    });
    new ResizeObserver(() => this.paint()).observe(svg);
  }

  show(value) {
    this.value = value;
    this.settle();
    if (!this.drag) this.end = Math.max(value.seconds * 1.12, value.seconds + 0.5, 2);
    this.paint();
    const focused = document.activeElement;
    if (this.svg.contains(focused) && focused.dataset.k !== undefined && value.selected !== null) {
      this.keys.children[value.selected]?.focus();
    }
  }

  /** Key frames are when Python has them. */
  settle() {
    this.times = this.value.draft.keyframes.map((key) => key.seconds);
  }

  walk(seconds) {
    this.seconds = seconds;
    this.head.setAttribute('d', this.value?.sampled ? `M${round(this.x(seconds))} 6V${HEIGHT - 16}` : '');
  }

  x(seconds) {
    return EDGE + (seconds / this.end) * (this.svg.clientWidth - 2 * EDGE);
  }

  at(event) {
    const x = event.clientX - this.svg.getBoundingClientRect().left;
    return ((x - EDGE) / (this.svg.clientWidth - 2 * EDGE)) * this.end;
  }

  paint() {
    if (!this.value || !this.svg.clientWidth) return;
    const { draft, selected, seconds } = this.value;
    this.back.replaceChildren();
    this.paintTicks();
    make(this.back, 'path', { class: 'vl-axis', d: `M${this.x(0)} ${LINE}H${round(this.x(seconds))}` });
    this.paintWay();
    this.paintPrompts(draft.keyframes);
    while (this.keys.children.length > draft.keyframes.length) this.keys.lastChild.remove();
    draft.keyframes.forEach((_, k) => {
      let mark = this.keys.children[k];
      if (!mark) {
        mark = make(this.keys, 'g', { tabindex: 0, role: 'button', 'data-k': k });
        make(mark, 'circle', { class: 'vl-grip', r: 16 });
        make(mark, 'path', { class: 'vl-diamond', d: 'M0-9L9 0L0 9L-9 0Z' });
        make(mark, 'text', { 'text-anchor': 'middle', dy: '0.34em' }).textContent = k || '';
      }
      mark.setAttribute('transform', `translate(${round(this.x(this.times[k]))} ${LINE})`);
      mark.setAttribute('class', `vl-mark${k === selected ? ' vl-chosen' : ''}${k ? '' : ' vl-start'}`);
      mark.setAttribute('aria-label', keyName(this.value, k));
      mark.setAttribute('aria-pressed', String(k === selected));
    });
    this.walk(this.seconds);
  }

  paintTicks() {
    const room = (this.svg.clientWidth - 2 * EDGE) / 56;
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800].find((s) => this.end / s <= room) ?? 3600;
    for (let t = 0; t <= this.end + 1e-9; t += step) {
      const x = round(this.x(t));
      make(this.back, 'path', { class: 'vl-tick', d: `M${x} ${LINE - 14}V${LINE + 14}` });
      make(this.back, 'text', { class: 'vl-second', x, y: HEIGHT - 4, 'text-anchor': 'middle' })
        .textContent = `${Number(t.toFixed(1))} s`;
    }
  }

  /** Below the line: how much of each picture nobody has seen, and where the camera would meet matter. */
  paintWay() {
    const { sampled, preview, seconds, frames } = this.value;
    if (!preview || this.drag?.moved) return;
    const second = (frame) => (frame / (frames - 1)) * seconds;
    const floor = LINE + 28;
    const top = preview.frames.map((frame, k) =>
      `${round(this.x(second(frame)))} ${round(floor - 18 * preview.unseen[k])}`);
    const area = make(this.back, 'path', {
      class: 'vl-unseen', d: `M${this.x(0)} ${floor}L${top.join('L')}L${round(this.x(seconds))} ${floor}Z`,
    });
    make(area, 'title').textContent = 'Share of the picture that nobody has seen yet';
    sampled.clearance.forEach((distance, k) => {
      if (!k || distance === null || distance >= sampled.margin) return;
      const [a, b] = [second(sampled.frames[k - 1]), second(sampled.frames[k])].map((s) => round(this.x(s)));
      make(this.back, 'path', { class: 'vl-axis vl-bad', d: `M${a} ${LINE}H${b}` });
    });
  }

  paintPrompts(keyframes) {
    keyframes.forEach(({ prompt, seconds }) => {
      if (!prompt) return;
      const text = make(this.back, 'text', { class: 'vl-said', x: round(this.x(seconds)) + 12, y: 10 });
      text.textContent = prompt.length > 28 ? `${prompt.slice(0, 27)}…` : prompt;
    });
  }

  press(event) {
    if (!this.value || event.button !== 0) return;
    const mark = event.target.closest('.vl-mark');
    const k = mark ? Number(mark.dataset.k) : null;
    event.preventDefault();
    this.svg.setPointerCapture(event.pointerId);
    this.drag = { k, from: event.clientX, moved: false };
    if (k === null) this.seek(this.at(event));
  }

  move(event) {
    const drag = this.drag;
    if (!drag) return;
    if (drag.k === null) return this.seek(this.at(event));
    if (!drag.k || (!drag.moved && Math.abs(event.clientX - drag.from) < 5)) return;
    drag.moved = true;
    const frame = 1 / this.value.draft.fps;
    this.times[drag.k] = Math.max(frame, Math.round(this.at(event) / frame) * frame);
    this.paint();
  }

  release() {
    const drag = this.drag;
    this.drag = null;
    if (!drag || drag.k === null) return;
    if (drag.moved) this.send({ do: 'time', k: drag.k, seconds: this.times[drag.k] });
    else this.keys.children[drag.k].focus();
  }

  /** Give up a gesture, as if it had never begun. */
  cancel() {
    if (!this.drag) return;
    this.drag = null;
    this.settle();
    this.paint();
  }

  key(event) {
    const k = Number(event.target.dataset?.k ?? -1);
    if (k < 0 || event.ctrlKey || event.metaKey) return;
    const sign = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (sign) {
      event.preventDefault();
      if (!k) return;
      const to = k + sign;
      if (event.altKey) {
        if (to > 0 && to < this.times.length) this.send({ do: 'reorder', k, to });
        return;
      }
      const frame = 1 / this.value.draft.fps;
      this.times[k] = Math.max(frame, this.times[k] + sign * frame * (event.shiftKey ? 10 : 1));
      this.paint();
      this.send({ do: 'time', k, seconds: this.times[k] });
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      if (k) this.send({ do: 'delete', k });
    } else if (event.key === 'd') this.send({ do: 'duplicate', k });
    else if (event.key === 'Enter' || event.key === '+') this.send({ do: 'insert', after: k });
  }
}
