/**
 * Reads a world's points as they arrive. The layout is told in voyager_lite/export/browser_points.py.
 *
 * @typedef {object} Chunk What lies in one cube of space.
 * @property {number} tree Chunks of one tree stand for each other.
 * @property {number} size The cube's edge is 2 ** size.
 * @property {number[]} cell The cube's low corner (x, y, z), in edges.
 * @property {boolean} coarse Whether it stands for all chunks of its tree in the smaller cubes within.
 * @property {boolean} sky
 * @property {number} count Of points.
 * @property {Uint16Array|null} places Four a point: the place within the cube, and the radius; null until loaded.
 * @property {Uint8Array|null} colors Four a point.
 *
 * @typedef {object} PointsHeader
 * @property {number} points In the world.
 * @property {number} kept Of them, in this file.
 * @property {number|null} focus_distance
 * @property {Chunk[]} chunks
 */

const MAGIC = 'VLPOINTS';
const VERSION = 1;
const COARSE = 1;
const SKY = 2;
const POINT_BYTES = 12;

/** Of a radius of 65535, in edges of the cube. */
export const RADIUS_SPAN = 1 / 32;

/**
 * Load a file; resolves when all of it is here.
 *
 * @param {string} url
 * @param {{signal: AbortSignal, onHeader: (header: PointsHeader) => void, onChunk: (chunk: Chunk) => void}} options
 */
export async function loadPoints(url, { signal, onHeader, onChunk }) {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const incoming = new Incoming(response.body.getReader());
  const start = await incoming.take(MAGIC.length + 4);
  if (String.fromCharCode(...start.subarray(0, MAGIC.length)) !== MAGIC) throw new Error('not a file of points');
  const length = new DataView(start.buffer).getUint32(MAGIC.length, true);
  const header = readHeader(await incoming.take(length));
  onHeader(header);
  for (const chunk of header.chunks) {
    const { buffer } = await incoming.take(chunk.count * POINT_BYTES);
    chunk.places = new Uint16Array(buffer, 0, 4 * chunk.count);
    chunk.colors = new Uint8Array(buffer, 8 * chunk.count);
    onChunk(chunk);
  }
}

/** @param {Uint8Array} bytes @returns {PointsHeader} */
function readHeader(bytes) {
  const header = JSON.parse(new TextDecoder().decode(bytes));
  if (header.version !== VERSION) throw new Error(`points of version ${header.version}; this page reads ${VERSION}`);
  const chunks = header.chunks.map(([tree, size, x, y, z, kind, count]) => ({
    tree, size, cell: [x, y, z], coarse: (kind & COARSE) > 0, sky: (kind & SKY) > 0, count, places: null, colors: null,
  }));
  return { ...header, chunks };
}

/** Bytes of a stream, taken in portions of one's own choice. */
class Incoming {
  constructor(reader) {
    this.reader = reader;
    this.rest = new Uint8Array(0);
  }

  /** The next so many bytes, in a buffer of their own. @returns {Promise<Uint8Array>} */
  async take(count) {
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      if (!this.rest.length) {
        const { done, value } = await this.reader.read();
        if (done) throw new Error('the file ended early');
        this.rest = value;
      }
      const part = this.rest.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      this.rest = this.rest.subarray(part.length);
    }
    return taken;
  }
}
