"""Laws of rigid motions and rotations; scipy is the oracle."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from strategies import ANGLES, axes, points, rigid_motions, rotations

from geometry.checks import require_finite, require_rigid
from geometry.rigid import (
    invert_rigid,
    look_at,
    quaternion_from_rotation,
    rigid_from,
    rotation_from_axis_angle,
    rotation_from_quaternion,
    rotation_from_vector,
    transform_points,
    vector_from_rotation,
)

laws = settings(deadline=None, derandomize=True, max_examples=60)
EYE = torch.eye(4, dtype=torch.float64)


def close(found, wanted, atol=1e-9):
    torch.testing.assert_close(found, wanted, rtol=0, atol=atol)


@laws
@given(rigid_motions())
def test_invert_rigid_twice_is_identity(motion):
    close(invert_rigid(invert_rigid(motion)), motion)
    close(invert_rigid(motion) @ motion, EYE)
    close(invert_rigid(motion), torch.linalg.inv(motion))


@laws
@given(rigid_motions(), rigid_motions(), rigid_motions(), points())
def test_compose_is_associative_and_applies_right_first(a, b, c, point):
    close((a @ b) @ c, a @ (b @ c), atol=1e-8)
    close(transform_points(a @ b, point), transform_points(a, transform_points(b, point)), atol=1e-8)


@laws
@given(rigid_motions(), points(), points())
def test_rigid_motions_keep_distances(motion, a, b):
    moved = transform_points(motion, torch.stack([a, b]))
    close((moved[0] - moved[1]).norm(), (a - b).norm())


@laws
@given(rotations())
def test_quaternion_round_trip(rotation):
    quaternion = quaternion_from_rotation(rotation)
    close(quaternion.norm(), torch.ones((), dtype=torch.float64))
    assert quaternion[0] >= 0
    close(rotation_from_quaternion(quaternion), rotation)


@laws
@given(rotations())
def test_quaternion_agrees_with_scipy(rotation):
    wanted = Rotation.from_matrix(rotation.numpy()).as_quat(scalar_first=True)
    found = quaternion_from_rotation(rotation).numpy()
    # At half a turn both signs stand for the same rotation.
    assert min(np.abs(found - wanted).max(), np.abs(found + wanted).max()) < 1e-7


@laws
@given(rotations(), st.floats(0.1, 10))
def test_rotation_from_quaternion_ignores_its_length(rotation, scale):
    quaternion = quaternion_from_rotation(rotation)
    close(rotation_from_quaternion(quaternion * scale), rotation)


@laws
@given(axes(), ANGLES)
def test_axis_angle_agrees_with_scipy(axis, angle):
    wanted = torch.from_numpy(Rotation.from_rotvec(axis * angle).as_matrix())
    found = rotation_from_axis_angle(torch.from_numpy(axis) * 3.0, torch.tensor(angle, dtype=torch.float64))
    close(found, wanted)
    close(rotation_from_vector(torch.from_numpy(axis * angle)), wanted)


@laws
@given(axes(), ANGLES)
def test_vector_from_rotation_inverts_rotation_from_vector(axis, angle):
    vector = torch.from_numpy(axis * angle)
    found = vector_from_rotation(rotation_from_vector(vector))
    if angle > math.pi - 1e-7:
        assert min(float((found - vector).norm()), float((found + vector).norm())) < 1e-6
    else:
        close(found, vector, atol=1e-8)


@laws
@given(rotations(), st.sampled_from([(0, 1, 0), (0, -1, 0), (1, 0, 1), (1, -1, 0), (-1, 2, 2), (0, 0, -3)]))
def test_half_a_turn_goes_to_the_same_side_however_it_is_rounded(frame, axis):
    axis = torch.tensor(axis, dtype=torch.float64)
    half = rotation_from_vector(math.pi * axis / axis.norm())
    close(vector_from_rotation(frame.mT @ (frame @ half)), vector_from_rotation(half), atol=1e-7)
    close(vector_from_rotation(half.mT), vector_from_rotation(half), atol=1e-7)


def test_no_turn_has_no_vector_and_back():
    zero = torch.zeros(3, dtype=torch.float64)
    assert torch.equal(rotation_from_vector(zero), torch.eye(3, dtype=torch.float64))
    assert torch.equal(vector_from_rotation(torch.eye(3, dtype=torch.float64)), zero)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_batches_are_the_same_as_one_by_one(batch):
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(*batch, 3, generator=generator, dtype=torch.float64)
    motion = rigid_from(rotation_from_vector(vectors), vectors)
    rows = motion.reshape(-1, 4, 4)
    close(invert_rigid(motion).reshape(-1, 4, 4), torch.stack([invert_rigid(row) for row in rows]))
    found = vector_from_rotation(motion[..., :3, :3]).reshape(-1, 3)
    close(found, torch.stack([vector_from_rotation(row[:3, :3]) for row in rows]))


TURNS = {
    "x to y about z": ((0, 0, 1), (1, 0, 0), (0, 1, 0)),
    "y to z about x": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "z to x about y": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    "the axis stays": ((0, 1, 0), (0, 1, 0), (0, 1, 0)),
}


@pytest.mark.parametrize(("axis", "before", "after"), TURNS.values(), ids=TURNS.keys())
def test_quarter_turns_by_hand(axis, before, after):
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    R = rotation_from_axis_angle(torch.tensor(axis, dtype=torch.float64), quarter)
    close(R @ torch.tensor(before, dtype=torch.float64), torch.tensor(after, dtype=torch.float64))


@laws
@given(points(), points(), axes())
def test_look_at_sees_its_target_straight_ahead_and_upright(center, target, down):
    down = torch.from_numpy(down)
    distance = (target - center).norm()
    if distance < 1e-3 or torch.linalg.cross((target - center) / distance, down).norm() < 1e-3:
        return
    world_to_camera = look_at(center, target, down)
    require_rigid("look_at", world_to_camera)
    ahead = torch.stack([torch.zeros(()), torch.zeros(()), distance]).double()
    close(transform_points(world_to_camera, target), ahead)
    close(transform_points(world_to_camera, center), torch.zeros(3, dtype=torch.float64))
    seen = world_to_camera[:3, :3] @ down
    assert abs(float(seen[0])) < 1e-9
    assert float(seen[1]) > 0


def test_look_at_refuses_what_has_no_answer():
    here = torch.zeros(3, dtype=torch.float64)
    ahead = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    with pytest.raises(ValueError, match="center and target coincide"):
        look_at(here, here, ahead)
    with pytest.raises(ValueError, match="down is parallel to the gaze"):
        look_at(here, ahead, ahead)


BROKEN = {
    "scaled": (
        torch.diag(torch.tensor([2.0, 2.0, 2.0, 1.0])),
        r"pose is not a rotation: .* by 3; allowed 0\.001",
    ),
    "mirrored": (torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0])), "pose mirrors space"),
    "projective": (torch.eye(4) + torch.eye(4).roll(1, 1), "not a rotation"),
    "last row": (
        torch.eye(4) + torch.tensor([[0.0]] * 3 + [[1.0]]) * torch.tensor([1.0, 0, 0, 0]),
        "last row other",
    ),
    "3x4": (torch.eye(4)[:3], r"pose has shape \(3, 4\); expected \(\.\.\., 4, 4\)"),
    "not a number": (torch.full((4, 4), math.nan), "pose has 16 values that are NaN or infinite"),
}


@pytest.mark.parametrize(("matrix", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_require_rigid_says_what_is_wrong(matrix, message):
    with pytest.raises(ValueError, match=message):
        require_rigid("pose", matrix)


def test_require_rigid_takes_an_empty_batch():
    require_rigid("pose", torch.zeros(0, 4, 4))


def test_require_finite_counts():
    with pytest.raises(ValueError, match="depth has 2 values that are NaN or infinite"):
        require_finite("depth", torch.tensor([1.0, math.inf, math.nan]))
