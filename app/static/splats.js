/** Points as round splats, as wide as their radius is seen. */
import { BufferAttribute, BufferGeometry, GLSL3, Points, ShaderMaterial, Sphere } from './vendor/three.module.min.js';
import { RADIUS_SPAN } from './points_file.js';

const VERTEX = `
uniform float pixels;
in vec4 place;
in vec4 tint;
out vec3 rgb;
void main() {
  float edge = modelMatrix[0][0];
  vec4 seen = modelViewMatrix * vec4(place.xyz, 1.0);
  gl_Position = projectionMatrix * seen;
  gl_PointSize = clamp(2.0 * place.w * edge * ${RADIUS_SPAN} * pixels / max(-seen.z, 1e-6), 1.0, 256.0);
  rgb = tint.rgb;
}`;

const FRAGMENT = `
in vec3 rgb;
out vec4 color;
void main() {
  vec2 apart = gl_PointCoord - 0.5;
  if (dot(apart, apart) > 0.25) discard;
  color = vec4(rgb, 1.0);
}`;

/** One material for all chunks; `uniforms.pixels` is how many pixels a scene unit has at depth 1. */
export function splatMaterial() {
  return new ShaderMaterial({
    glslVersion: GLSL3,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    uniforms: { pixels: { value: 1 } },
  });
}

/** @param {import('./chunk_tree.js').Node} node Loaded. */
export function splats(node, material) {
  const geometry = new BufferGeometry();
  geometry.setAttribute('place', new BufferAttribute(node.chunk.places, 4, true));
  geometry.setAttribute('tint', new BufferAttribute(node.chunk.colors, 4, true));
  geometry.setDrawRange(0, node.chunk.count);
  geometry.boundingSphere = new Sphere();
  const points = new Points(geometry, material);
  points.position.copy(node.low);
  points.scale.setScalar(node.edge);
  points.frustumCulled = false;
  points.updateMatrixWorld();
  points.matrixAutoUpdate = false;
  return points;
}
