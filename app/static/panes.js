/**
 * One picture of the player: of a film, or of single pictures. Both are sought by frame; a film runs by itself,
 * pictures are turned by whoever keeps the time.
 */

/** Seconds that two films beside each other may be apart. */
const APART = 0.08;

export class FilmPane {
  constructor(source, name, onError) {
    this.source = source;
    this.element = document.createElement('video');
    Object.assign(this.element, { src: source, muted: true, playsInline: true, preload: 'auto' });
    this.element.setAttribute('aria-label', name);
    this.element.addEventListener('error', onError);
    this.element.addEventListener('loadedmetadata', () => this._goOn());
    this.element.addEventListener('seeked', () => this._rest());
    this.wanted = null;
    this.resting = 0;
  }

  /** Whether it shows this source already, or can go on with it. */
  follow(source) {
    return source === this.source;
  }

  seek(frame, fps) {
    // The middle of a frame is on no border.
    this.wanted = { time: (frame + 0.5) / fps, near: 0.25 / fps };
    if (!this.resting) this._goOn();
  }

  /**
   * Until the display has taken the newest frame: the next one of a film that stands still would be dropped before
   * that, and the old one stay. The display asks for animation frames, so on the second one it has.
   */
  _rest() {
    this.resting += 1;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      this.resting -= 1;
      if (!this.resting) this._goOn();
    }));
  }

  /** To the frame that was wanted last, unless it is there. */
  _goOn() {
    if (!this.wanted || this.element.seeking || !this.element.readyState) return;
    const { time, near, tried } = this.wanted;
    const there = Math.abs(this.element.currentTime - time) <= near;
    // What was tried in vain lies beyond the film's end.
    if (there || tried) {
      this.wanted = null;
      return;
    }
    this.wanted.tried = true;
    this.element.currentTime = time;
  }

  run(playing) {
    if (playing) {
      this._goOn(); // frames that follow show anyway
      this.element.play().catch(() => {}); // broken off by a pause
    } else if (!this.element.paused) {
      this.element.pause();
      this._rest();
    }
  }

  frame(fps) {
    return Math.floor(this.element.currentTime * fps);
  }

  /** Stay beside the first film. */
  keep(frame, fps, first) {
    if (!first && Math.abs(this.element.currentTime - (frame + 0.5) / fps) > APART) this.seek(frame, fps);
  }

  get ended() {
    return this.element.ended;
  }
}

export class PicturePane {
  /** @param {string[]} source */
  constructor(source, name, onError) {
    this.source = source;
    this.loaded = new Map();
    this.onError = onError;
    this.element = document.createElement('img');
    this.element.alt = name;
    this.element.addEventListener('error', onError);
    this.ended = false;
  }

  follow(source) {
    if (!Array.isArray(source)) return false;
    this.source = source;
    return true;
  }

  seek(frame) {
    const address = this.source[Math.min(frame, this.source.length - 1)];
    if (this.element.getAttribute('src') !== address) this.element.src = address;
    this._ahead(frame);
  }

  run() {}

  frame() {
    return null;
  }

  keep(frame) {
    this.seek(frame);
  }

  /** The next pictures are loaded before they are due. */
  _ahead(frame) {
    for (const address of this.source.slice(frame + 1, frame + 9)) {
      if (this.loaded.has(address)) continue;
      const picture = new Image();
      picture.src = address;
      this.loaded.set(address, picture);
    }
  }
}
