/** Small parts of the drawings. */

const SVG = 'http://www.w3.org/2000/svg';

/** A new element at the end of another. */
export function make(parent, name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

/** The mark of key frame k: a camera that can be taken hold of. */
export function group(parent, k) {
  const mark = make(parent, 'g', { tabindex: 0, role: 'button', 'data-k': k });
  make(mark, 'circle', { class: 'vl-grip', r: 18 });
  make(mark, 'path', { class: 'vl-wedge', d: 'M0 0L22 -10V10Z' });
  make(mark, 'circle', { class: 'vl-dot', r: 8 });
  make(mark, 'text', { 'text-anchor': 'middle', dy: '0.34em' }).textContent = k || '';
  return mark;
}

/** Pixels with a digit behind the point. */
export function round(number) {
  return Math.round(number * 10) / 10;
}

/** What a key frame is called by those who cannot see it. */
export function keyName(value, k) {
  const { position, seconds, gaze } = value.draft.keyframes[k];
  if (!k) return 'Start: where the walk stands, fixed';
  const [x, y, z] = position.map((number) => number.toFixed(2));
  const looks = { along: 'looks along the path', at: 'looks at a target', free: 'looks freely' }[gaze.kind];
  return `Key frame ${k} of ${value.draft.keyframes.length - 1}, ${seconds.toFixed(1)} s, ` +
    `right ${x}, up ${(-Number(y)).toFixed(2)}, forward ${z}, ${looks}`;
}

/** The way in stretches that are clear or in trouble, each joined to the next. */
export function samples({ centers, clearance, margin, frames, trouble, kind }) {
  const bad = clearance.map((distance, k) =>
    (distance !== null && distance < margin) || (kind === 'through' && trouble !== null && frames[k] >= trouble));
  const stretches = [];
  for (let k = 1; k < centers.length; k += 1) {
    const last = stretches.at(-1);
    if (last && last.bad === bad[k]) last.places.push(centers[k]);
    else stretches.push({ bad: bad[k], places: [centers[k - 1], centers[k]] });
  }
  return stretches;
}
