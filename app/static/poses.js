/** Between the cameras of a world (y down, z forward) and three.js' own (y up, z backward). */
import { Matrix4, Quaternion, Vector3 } from './vendor/three.module.min.js';

/** Half a circle about x: its own inverse. */
const HALF_TURN = new Quaternion(1, 0, 0, 0);

/**
 * @param {{camera_to_world: number[], fov: number}} mark
 * @returns {import('./orbit.js').Pose}
 */
export function poseOf({ camera_to_world: matrix, fov }) {
  const placed = new Matrix4().set(...matrix);
  const rotation = new Quaternion().setFromRotationMatrix(placed).multiply(HALF_TURN);
  return { position: new Vector3().setFromMatrixPosition(placed), rotation, fov };
}

/**
 * @param {import('./orbit.js').Pose} pose
 * @returns {{position: number[], rotation: number[], fov_degrees: number}} Rotation: w x y z, camera to world.
 */
export function keyframeOf({ position, rotation, fov }) {
  const { w, x, y, z } = rotation.clone().multiply(HALF_TURN);
  return { position: position.toArray(), rotation: [w, x, y, z], fov_degrees: fov };
}
