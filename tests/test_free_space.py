"""Nothing new stands where another camera has looked through."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from geometry.cache import NEARER
from geometry.camera import Camera
from geometry.free_space import STEP, out_of_free_space
from geometry.projection import project, world_points
from geometry.rigid import transform_points

FARTHEST = 100.0


def camera_at(x: float = 0.0, *, height: int = 24, width: int = 32) -> Camera:
    pose = torch.eye(4, dtype=torch.float64)
    pose[0, 3] = -x
    return Camera.from_fov(60.0, height=height, width=width, world_to_camera=pose)


def moved_everywhere(depth, camera, *, seen, seen_from, farthest=FARTHEST):
    everywhere = torch.ones_like(depth, dtype=torch.bool)
    return out_of_free_space(
        depth, camera, moved=everywhere, seen=seen, seen_from=seen_from, farthest=farthest
    )


def stepped(depth, camera, *, seen, seen_from, farthest=FARTHEST):
    """The same in array code, a depth after the other for all pixels."""
    found, tried = depth.clone(), depth.double()
    looking = torch.ones_like(depth, dtype=torch.bool)
    while bool((looking & (tried < farthest)).any()):
        places = transform_points(seen_from.world_to_camera, world_points(tried, camera))
        pixels, ahead = project(places, seen_from.K)
        x, y = pixels.floor().long().unbind(-1)
        inside = (ahead > 0) & (x >= 0) & (y >= 0) & (x < seen_from.width) & (y < seen_from.height)
        x, y = x.clamp(0, seen_from.width - 1), y.clamp(0, seen_from.height - 1)
        free = ~inside | (ahead >= (1 - NEARER) * seen[y, x])
        here = looking & free & (tried < farthest)
        found = torch.where(here, tried.to(found), found)
        looking &= ~free
        tried = tried * STEP
    return found


@given(
    place=st.floats(-2, 2),
    wall=st.floats(2, 20),
    share=st.floats(0.1, 0.9),
)
def test_what_stands_before_a_wall_goes_onto_it(place: float, wall: float, share: float) -> None:
    seen = torch.full((24, 32), wall)
    depth = torch.full((24, 32), wall * share)
    found = moved_everywhere(depth, camera_at(place), seen=seen, seen_from=camera_at())
    moved = found != depth
    onto = (found >= (1 - NEARER) * wall * 0.9999) & (found <= (1 - NEARER) * wall * STEP * 1.0001)
    # The others are out of the first camera's sight, or come out of it on their way to the wall.
    assert bool((onto | ~moved | (found > depth)).all()) and bool((found >= depth).all())
    if abs(place) < 0.01:
        assert bool(onto.all())


def test_what_is_behind_or_at_the_wall_or_out_of_sight_stays() -> None:
    seen, depth = torch.full((24, 32), 4.0), torch.full((24, 32), 4.0)
    depth[:8] = 3.85  # within the tolerance
    depth[8:16] = 9.0
    assert torch.equal(moved_everywhere(depth, camera_at(0.5), seen=seen, seen_from=camera_at()), depth)
    aside = torch.full((24, 32), 1.0)
    assert torch.equal(moved_everywhere(aside, camera_at(40.0), seen=seen, seen_from=camera_at()), aside)


def test_only_what_may_be_moved_is_and_where_nothing_was_seen_nothing_is_known() -> None:
    seen, depth = torch.full((24, 32), 4.0), torch.full((24, 32), 2.0)
    moved = torch.zeros(24, 32, dtype=torch.bool)
    moved[:, :5] = True
    seen[:12] = 0
    found = out_of_free_space(
        depth, camera_at(), moved=moved, seen=seen, seen_from=camera_at(), farthest=FARTHEST
    )
    changed = found != depth
    assert bool(changed[12:, :5].all()) and not bool(changed[:12].any()) and not bool(changed[:, 5:].any())


def test_before_the_sky_there_is_no_place_and_what_stands_there_stays() -> None:
    seen, depth = torch.full((24, 32), 1000.0), torch.full((24, 32), 2.0)
    assert torch.equal(moved_everywhere(depth, camera_at(), seen=seen, seen_from=camera_at()), depth)


def test_a_gap_beside_a_thing_ends_on_the_wall_behind_it() -> None:
    """By hand: thing at 2, wall at 4; from one to the right the gap left of the thing shows the wall."""
    seen = torch.full((24, 32), 4.0)
    seen[:, 12:20] = 2.0
    depth = torch.full((24, 32), 3.0)
    found = moved_everywhere(depth, camera_at(0.3), seen=seen, seen_from=camera_at())
    places = world_points(found.double(), camera_at(0.3))
    pixels, ahead = project(places, camera_at().K)
    behind_thing = (pixels[..., 0] >= 12) & (pixels[..., 0] < 20)
    in_sight = (pixels[..., 0] > 0) & (pixels[..., 0] < 32)
    assert bool((found[behind_thing] == 3.0).any()), "what the thing hides may be anywhere behind it"
    assert bool((ahead[~behind_thing & in_sight] >= (1 - NEARER) * 4 - 1e-4).all())


@given(seed=st.integers(0, 1000), place=st.floats(-1, 1))
def test_the_compiled_loop_does_as_array_code_does(seed: int, place: float) -> None:
    rng = np.random.default_rng(seed)
    seen = torch.from_numpy(rng.uniform(1, 6, (18, 20)).astype(np.float32))
    seen[torch.from_numpy(rng.random((18, 20)) < 0.2)] = 0
    depth = torch.from_numpy(rng.uniform(0.5, 8, (24, 32)).astype(np.float32))
    cameras = {"seen_from": camera_at(height=18, width=20), "farthest": 30.0}
    found = moved_everywhere(depth, camera_at(place), seen=seen, **cameras)
    expected = stepped(depth, camera_at(place), seen=seen, **cameras)
    same = (found - expected).abs() <= 1e-5 * expected
    assert float(same.float().mean()) > 0.995  # a rounding at a pixel's border may decide otherwise


def test_sizes_must_fit() -> None:
    with pytest.raises(ValueError, match="seen"):
        moved_everywhere(torch.ones(24, 32), camera_at(), seen=torch.ones(3, 3), seen_from=camera_at())
