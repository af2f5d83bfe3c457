/** How many points a frame may have while the view moves, learned from how long frames take. */

/** Milliseconds: 30 frames a second. */
const TARGET = 1000 / 30;

const LEAST = 10_000;
const MOST = 8_000_000;

/** Longer pauses between two frames are no measure of drawing. */
const PAUSE = 400;

export class FrameBudget {
  constructor() {
    this.points = 150_000;
    this.interval = TARGET;
    this.last = null;
  }

  /**
   * A frame begins.
   *
   * @param {number} now Milliseconds.
   * @param {number|null} drawn Points of the frame before; null if it drew nothing and its length tells nothing.
   */
  observe(now, drawn) {
    const interval = this.last === null ? Infinity : now - this.last;
    this.last = now;
    if (drawn === null || interval > PAUSE) return;
    this.interval += 0.3 * (interval - this.interval);
    if (this.interval > 1.05 * TARGET) {
      this.points = Math.min(this.points, drawn * 1.2) * Math.max(0.8, TARGET / this.interval);
    } else if (this.interval < 0.95 * TARGET && drawn > 0.6 * this.points) {
      this.points *= 1.06;
    }
    this.points = Math.min(MOST, Math.max(LEAST, this.points));
  }

  /** The view stands still: what follows is no measure. */
  rest() {
    this.last = null;
  }

  get framesPerSecond() {
    return 1000 / this.interval;
  }
}
