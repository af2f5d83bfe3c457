/** Which part of the world a picture shows: fitted, zoomed by pinching, panned by two fingers. */
export class FreePan {
  /** @param svg whose pixels are meant; `changed` is called when they show something else */
  constructor(svg, changed) {
    Object.assign(this, { svg, changed, signs: [1, 1], pixels: 1, middle: [0, 0], fingers: new Map() });
    new ResizeObserver(() => {
      if (this.extent && !this.free) this.fit(this.extent);
      changed();
    }).observe(svg);
    svg.addEventListener('wheel', (event) => {
      // Without Ctrl the page scrolls, as everywhere; a pinch on a touch pad comes as Ctrl and wheel.
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.scale(Math.exp(-event.deltaY / 200));
      changed();
    }, { passive: false });
    svg.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  size() {
    return [this.svg.clientWidth || 300, this.svg.clientHeight || 300];
  }

  /** Show all of [left, upper, right, lower]. */
  fit(extent) {
    const [left, top, right, bottom] = extent;
    const [width, height] = this.size();
    this.extent = extent;
    this.free = false;
    this.signs = [Math.sign(right - left), Math.sign(bottom - top)];
    this.pixels = Math.min(width / Math.abs(right - left), height / Math.abs(bottom - top));
    this.middle = [(left + right) / 2, (top + bottom) / 2];
  }

  scale(factor) {
    this.free = true;
    this.pixels *= factor;
  }

  holds(place) {
    const [x, y] = this.toScreen(place);
    const [width, height] = this.size();
    return x >= 0 && y >= 0 && x <= width && y <= height;
  }

  /** Zoom out until a place is seen. */
  include(place) {
    this.free = true;
    for (let tries = 0; tries < 40 && !this.holds(place); tries += 1) this.pixels /= 1.25;
  }

  toScreen([u, v]) {
    const [width, height] = this.size();
    return [
      width / 2 + (u - this.middle[0]) * this.signs[0] * this.pixels,
      height / 2 + (v - this.middle[1]) * this.signs[1] * this.pixels,
    ];
  }

  toWorld([x, y]) {
    const [width, height] = this.size();
    return [
      this.middle[0] + ((x - width / 2) / this.pixels) * this.signs[0],
      this.middle[1] + ((y - height / 2) / this.pixels) * this.signs[1],
    ];
  }

  /** Whether a press begins to pan: a second finger, or a button other than the first. */
  pans(event) {
    if (event.pointerType === 'touch' || event.button !== 0) {
      this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    }
    const pans = this.fingers.size > 1 || event.button !== 0;
    if (pans) this.svg.setPointerCapture(event.pointerId);
    return pans;
  }

  follow(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length || event.pointerType !== 'touch') {
      const share = 1 / (others.length + 1);
      if (others.length) {
        const apart = (place) => Math.hypot(place[0] - others[0][0], place[1] - others[0][1]) || 1;
        this.pixels *= apart(now) / apart(before);
      }
      this.middle = this.middle.map((m, axis) =>
        m - ((now[axis] - before[axis]) * share * this.signs[axis]) / this.pixels);
      this.free = true;
      this.changed();
    }
    this.fingers.set(event.pointerId, now);
  }

  leave(event) {
    this.fingers.delete(event.pointerId);
  }
}
