/** Points as round splats, about as wide as their radius is seen. */
import { BufferAttribute, BufferGeometry, GLSL3, Points, ShaderMaterial, Sphere } from './vendor/three.module.min.js';
import { RADIUS_SPAN } from './points_file.js';

/**
 * Radii close the surface as the walk's cameras saw it. From elsewhere, slanted surfaces would show cracks: discs
 * face the view, and points were put where a pixel of another view was. So much wider, and no picture looks blurred.
 */
const FINE_WIDTH = 1.5;

/** Merged points reach as far as their farthest member, which is more than it takes to close the surface. */
const COARSE_WIDTH = 0.75;

/** Pixels: below this width, a disc is no rounder than the square it is drawn as. */
const ROUND_FROM = 2.5;

const VERTEX = `
uniform float pixels;
uniform float width;
in vec4 place;
in vec4 tint;
out vec3 rgb;
flat out float cut;
void main() {
  float edge = modelMatrix[0][0];
  vec4 seen = modelViewMatrix * vec4(place.xyz, 1.0);
  gl_Position = projectionMatrix * seen;
  float size = ${(2 * RADIUS_SPAN).toFixed(6)} * width * place.w * edge * pixels / max(-seen.z, 1e-6);
  gl_PointSize = clamp(size, 1.5, 256.0);
  cut = size < ${ROUND_FROM.toFixed(1)} ? 1.0 : 0.25;
  rgb = tint.rgb;
}`;

const FRAGMENT = `
in vec3 rgb;
flat in float cut;
out vec4 color;
void main() {
  vec2 apart = gl_PointCoord - 0.5;
  if (dot(apart, apart) > cut) discard;
  color = vec4(rgb, 1.0);
}`;

/** The materials of points as they were fused, and of merged ones. */
export class SplatMaterials {
  constructor() {
    const pixels = { value: 1 };
    const [fine, coarse] = [FINE_WIDTH, COARSE_WIDTH].map((width) => new ShaderMaterial({
      glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: { pixels, width: { value: width } },
    }));
    Object.assign(this, { pixels, fine, coarse });
  }

  /** @param {number} focal How many pixels a scene unit has at depth 1. */
  set focal(focal) {
    this.pixels.value = focal;
  }
}

/** @param {import('./chunk_tree.js').Node} node Loaded. @param {SplatMaterials} materials */
export function splats(node, materials) {
  const geometry = new BufferGeometry();
  geometry.setAttribute('place', new BufferAttribute(node.chunk.places, 4, true));
  geometry.setAttribute('tint', new BufferAttribute(node.chunk.colors, 4, true));
  geometry.setDrawRange(0, node.chunk.count);
  geometry.boundingSphere = new Sphere();
  const points = new Points(geometry, node.chunk.coarse ? materials.coarse : materials.fine);
  points.position.copy(node.low);
  points.scale.setScalar(node.edge);
  points.frustumCulled = false;
  points.updateMatrixWorld();
  points.matrixAutoUpdate = false;
  return points;
}
