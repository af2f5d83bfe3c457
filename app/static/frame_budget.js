/** How many points a frame may have while the view moves, learned from how long frames take. */

/** Milliseconds: 30 frames a second. */
const TARGET = 1000 / 30;

const FIRST = 150_000;
const LEAST = 30_000;
const MOST = 8_000_000;

/** Longer pauses between two frames are no measure of drawing: the page was not in sight. */
const PAUSE = 3000;

/** Frames from which is judged: by their median, since single ones wait for other work of the machine. */
const JUDGED = 3;

export class FrameBudget {
  constructor() {
    this.points = FIRST;
    this.interval = TARGET;
    this.last = null;
    this.intervals = [];
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
    this.intervals.push(interval);
    if (this.intervals.length < JUDGED) return;
    this.interval = this.intervals.sort((a, b) => a - b)[JUDGED >> 1];
    this.intervals = [];
    const ratio = TARGET / this.interval;
    if (ratio < 0.9) this.points = Math.min(this.points, drawn) * Math.max(0.3, ratio);
    if (ratio > 1.15 && drawn > 0.6 * this.points) this.points *= Math.min(1.4, ratio);
    this.points = Math.min(MOST, Math.max(LEAST, this.points));
  }

  /** The view stands still: what follows is no measure. */
  rest() {
    this.last = null;
    this.intervals = [];
  }

  get framesPerSecond() {
    return 1000 / this.interval;
  }
}
