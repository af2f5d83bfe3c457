/**
 * Which chunks are drawn: each part of space in view once, as finely as the number of points allows.
 *
 * @typedef {import('./points_file.js').Chunk} Chunk
 */
import { Box3, Frustum, Matrix4, Vector3 } from './vendor/three.module.min.js';

/** Cells along the edge of a cube whose points were merged. */
const ACROSS = 256;

/** A coarse chunk is fine enough where its cells are this many pixels wide. */
const CELL_PIXELS = 1;

/** How far discs reach out of their cube, over its edge. */
const DISC_REACH = 1 / 32;

/** A chunk and those it stands for. */
class Node {
  /** @param {Chunk} chunk */
  constructor(chunk) {
    this.chunk = chunk;
    this.edge = 2 ** chunk.size;
    this.low = new Vector3(...chunk.cell).multiplyScalar(this.edge);
    const high = this.low.clone().addScalar(this.edge);
    this.cube = new Box3(this.low, high);
    this.reach = this.cube.clone().expandByScalar(this.edge * DISC_REACH);
    /** @type {Node[]} */
    this.children = [];
    this.loaded = false;
  }

  get refinable() {
    return this.children.length > 0 && this.children.every((child) => child.loaded);
  }
}

export class ChunkTree {
  /** @param {Chunk[]} chunks Of one file: those that stand for others come first. */
  constructor(chunks) {
    /** @type {Map<Chunk, Node>} */
    this.nodes = new Map();
    /** @type {Node[]} */
    this.roots = [];
    const coarse = new Map();
    for (const chunk of chunks) {
      const node = new Node(chunk);
      this.nodes.set(chunk, node);
      const above = chunk.cell.map((place) => Math.floor(place / 2));
      const parent = coarse.get([chunk.tree, chunk.size + 1, ...above].join());
      (parent ? parent.children : this.roots).push(node);
      if (chunk.coarse) coarse.set([chunk.tree, chunk.size, ...chunk.cell].join(), node);
    }
  }

  /** @param {Chunk} chunk Whose points have arrived. */
  add(chunk) {
    const node = this.nodes.get(chunk);
    node.loaded = true;
    return node;
  }

  /** Whether all matter of the world can be drawn, however coarsely. */
  get whole() {
    return this.roots.every((node) => node.loaded || node.chunk.sky);
  }

  /**
   * The nodes to draw, nearest first. What is seen with the widest cells is refined first.
   *
   * @param {import('./vendor/three.module.min.js').PerspectiveCamera} camera
   * @param {{most: number, height: number, sky: boolean}} options Points; pixels of the view; whether sky is drawn.
   * @returns {{nodes: Node[], points: number, limited: boolean}} `limited`: more detail would be seen.
   */
  choose(camera, { most, height, sky }) {
    const frustum = new Frustum().setFromProjectionMatrix(
      new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse),
    );
    const focal = height / 2 / Math.tan((camera.fov * Math.PI) / 360);
    const distance = (node) => node.cube.distanceToPoint(camera.position);
    const cellPixels = (node) => ((node.edge / ACROSS) * focal) / distance(node);
    const seen = (node) => node.loaded && (sky || !node.chunk.sky) && frustum.intersectsBox(node.reach);

    const queue = new WidestFirst();
    const nodes = [];
    let points = 0;
    let limited = false;
    const enter = (node) => {
      points += node.chunk.count;
      if (node.refinable && cellPixels(node) > CELL_PIXELS) queue.push(cellPixels(node), node);
      else nodes.push(node);
    };
    this.roots.filter(seen).forEach(enter);
    for (let node = queue.pop(); node; node = queue.pop()) {
      const children = node.children.filter(seen);
      const more = children.reduce((sum, child) => sum + child.chunk.count, -node.chunk.count);
      if (points + more > most) {
        limited = true;
        nodes.push(node);
      } else {
        points -= node.chunk.count;
        children.forEach(enter);
      }
    }
    const order = new Map(nodes.map((node) => [node, distance(node)]));
    nodes.sort((a, b) => order.get(a) - order.get(b));
    return { nodes, points, limited };
  }
}

/** A binary heap. */
class WidestFirst {
  constructor() {
    this.items = [];
  }

  push(width, node) {
    const { items } = this;
    let place = items.push({ width, node }) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (items[above].width >= items[place].width) break;
      [items[above], items[place]] = [items[place], items[above]];
      place = above;
    }
  }

  /** @returns {Node|undefined} */
  pop() {
    const { items } = this;
    const widest = items[0];
    const last = items.pop();
    if (items.length === 0) return widest?.node;
    items[0] = last;
    let place = 0;
    for (;;) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      let next = place;
      if (left < items.length && items[left].width > items[next].width) next = left;
      if (right < items.length && items[right].width > items[next].width) next = right;
      if (next === place) return widest.node;
      [items[next], items[place]] = [items[place], items[next]];
      place = next;
    }
  }
}
