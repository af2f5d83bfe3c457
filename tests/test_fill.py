"""Background fill: holes continue what lies behind, smoothly."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voyager_lite.core.fill import background_fill
from voyager_lite.core.membrane import BLOCKED, HOLE, SOURCE, Material, fill_membrane
from voyager_lite.core.planes import enclosing_planes, envelope
from voyager_lite.core.sources import source_state


def scene(seed, *, frames=1, height=24, width=36, share=0.3):
    draw = torch.Generator().manual_seed(seed)
    rgb = torch.rand(frames, 3, height, width, generator=draw)
    depth = 0.5 + 5 * torch.rand(frames, height, width, generator=draw)
    known = torch.rand(frames, height, width, generator=draw) > share
    return rgb * known[:, None], depth * known, known


def post_before_wall(*, near=1.0, far=4.0):
    """A red post, a hole to its right, and a blue wall all around."""
    rgb = torch.zeros(1, 3, 40, 64)
    rgb[:, 2] = 1.0
    depth = torch.full((1, 40, 64), far)
    rgb[:, :, :, 20:30] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
    depth[:, :, 20:30] = near
    known = torch.ones(1, 40, 64, dtype=torch.bool)
    known[:, :, 30:36] = False
    return rgb * known[:, None], depth * known, known


def direct_membrane(values, state, *, region=None, material=None):
    """The same equation by a sparse direct solver: each hole pixel is the mean of its neighbours."""
    material = Material() if material is None else material
    region = np.zeros(state.shape, np.int32) if region is None else region
    height, width, _ = values.shape
    holes = [tuple(place) for place in np.argwhere(state == HOLE)]
    rows = {place: row for row, place in enumerate(holes)}
    matrix = scipy.sparse.lil_matrix((len(holes), len(holes)))
    right = np.zeros((len(holes), values.shape[2]))
    for (y, x), row in rows.items():
        matrix[row, row] += 1 / material.reach**2
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < height and 0 <= u < width and state[v, u] != BLOCKED:
                weight = material.down if v != y else 1
                weight *= 1 if region[v, u] == region[y, x] else material.across
                matrix[row, row] += weight
                if state[v, u] == HOLE:
                    matrix[row, rows[v, u]] -= weight
                else:
                    right[row] += weight * values[v, u]
    solved = values.astype(np.float64)
    solution = scipy.sparse.linalg.spsolve(matrix.tocsr(), right).reshape(len(holes), -1)
    for place, row in rows.items():
        solved[place] = solution[row]
    return solved


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_known_pixels_are_unchanged_and_filled_ones_stay_in_the_range_of_the_known(seed):
    rgb, depth, known = scene(seed)
    filled_rgb, filled_depth = background_fill(rgb, depth, known)
    assert torch.equal(filled_rgb[known[:, None].expand_as(rgb)], rgb[known[:, None].expand_as(rgb)])
    assert torch.equal(filled_depth[known], depth[known])
    assert filled_depth.min() >= depth[known].min() * (1 - 1e-5)
    assert filled_depth.max() <= depth[known].max() * (1 + 1e-5)
    assert filled_rgb.min() >= 0 and filled_rgb.max() <= 1


def test_a_disocclusion_takes_the_color_and_depth_of_the_wall_and_nothing_of_the_post():
    rgb, depth, known = post_before_wall()
    filled_rgb, filled_depth = background_fill(rgb, depth, known)
    blue = torch.tensor([0.0, 0.0, 1.0])[None, :, None, None]
    assert (filled_rgb[..., 30:36] - blue).abs().max() < 1e-3
    assert (filled_depth[..., 30:36] - 4).abs().max() < 1e-2


def test_a_hole_in_one_surface_takes_from_both_sides():
    rgb, depth, known = post_before_wall(near=4.0, far=4.0)
    filled_rgb, _ = background_fill(rgb, depth, known)
    red = filled_rgb[0, 0, 20, 30:36]
    assert (red.diff() < 0).all() and red[0] > 0.6 and red[-1] < 0.4


def test_the_borders_of_a_hole_are_its_sources_except_the_near_one():
    _, depth, known = post_before_wall()
    inverse = torch.where(known, 1 / depth, torch.ones(()))[0].numpy()
    state = source_state(inverse, known[0].numpy())
    assert (state[:, 30:36] == HOLE).all() and (state[:, 36] == SOURCE).all()
    assert (state[:, :30] == BLOCKED).all() and (state[:, 37:] == BLOCKED).all()


@pytest.mark.parametrize(("width", "sides"), [(120, [BLOCKED, SOURCE]), (960, [SOURCE, SOURCE])])
def test_how_narrow_a_gap_must_be_to_take_from_both_sides_grows_with_the_picture(width, sides):
    inverse = np.full((90, width), 0.25, np.float32)
    inverse[:, :60] = 1.0  # a thing in front, and the wall behind it
    known = np.ones((90, width), np.bool_)
    known[:, 60:68] = False
    assert source_state(inverse, known)[45, [59, 68]].tolist() == sides


def test_the_ground_a_post_stands_on_remains_a_source():
    row = torch.arange(120.0)[:, None].expand(120, 160)
    inverse = 0.25 + 0.0125 * (row - 60).clamp(min=0)  # a wall, and the ground before it
    inverse[20:90, 60:80] = inverse[90, 0]  # a post that meets the ground at row 90
    known = torch.ones(120, 160, dtype=torch.bool)
    known[20:90, 80:90] = False
    state = source_state(inverse.numpy(), known.numpy())
    assert (state[90, 80:90] == SOURCE).mean() > 0.5 and (state[20:80, 90] == SOURCE).all()
    assert (state[22:80, 79] == BLOCKED).all()


def test_a_tilted_plane_is_continued_through_a_hole():
    y, x = torch.meshgrid(torch.arange(48.0), torch.arange(72.0), indexing="ij")
    inverse = (0.2 + 0.001 * x + 0.002 * y)[None]
    known = torch.ones(1, 48, 72, dtype=torch.bool)
    known[:, 15:30, 20:50] = False
    _, filled = background_fill(torch.rand(1, 3, 48, 72), torch.where(known, 1 / inverse, 0.0), known)
    assert (1 / filled - inverse).abs().max() < 0.02 * inverse.max()


@pytest.mark.parametrize(
    "material", [Material(), Material(down=0.5), Material(across=0.1), Material(reach=8.0)], ids=str
)
def test_membrane_agrees_with_a_direct_solver(material):
    draw = np.random.default_rng(0)
    values = draw.random((30, 44, 2)).astype(np.float32)
    state = np.full((30, 44), SOURCE, np.uint8)
    state[8:22, 10:30] = HOLE
    state[0:9, 36:44] = HOLE
    state[6:24, 9] = BLOCKED
    region = np.zeros((30, 44), np.int32)
    region[:15, 20:] = 1
    expected = direct_membrane(values, state, region=region, material=material)
    fill_membrane(values, state, region=region, material=material)
    assert np.abs(values - expected)[state == HOLE].max() < 0.1
    assert np.abs(values - expected)[state == HOLE].mean() < 0.03


def test_beyond_the_rim_the_picture_is_continued_without_streaks():
    draw = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 3, 64, 96, generator=draw)
    known = torch.zeros(1, 64, 96, dtype=torch.bool)
    known[..., :48] = True
    filled, _ = background_fill(rgb, torch.ones(1, 64, 96), known)
    down_the_rim = filled[0, :, :, 80].diff(dim=-1).abs().max()
    assert down_the_rim < 0.05


def test_the_order_of_the_frames_is_of_no_consequence_and_bytes_repeat():
    rgb, depth, known = scene(3, frames=3)
    first, again = background_fill(rgb, depth, known), background_fill(rgb, depth, known)
    alone = background_fill(rgb[1:2], depth[1:2], known[1:2])
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert torch.equal(first[0][1:2], alone[0]) and torch.equal(first[1][1:2], alone[1])


def test_an_empty_frame_takes_the_mean_of_the_nearest_and_an_empty_clip_is_grey_at_depth_one():
    rgb, depth, known = scene(4, frames=3)
    known[0] = False
    filled, filled_depth = background_fill(rgb, depth, known)
    assert torch.allclose(filled[0], filled[1].mean(dim=(1, 2), keepdim=True).expand_as(filled[0]), atol=1e-5)
    assert torch.allclose(1 / filled_depth[0], (1 / filled_depth[1]).mean(), rtol=1e-4)
    nothing = torch.zeros_like(known)
    grey, one = background_fill(rgb, depth, nothing)
    assert (grey == 0.5).all() and (one == 1).all()


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_a_known_depth_that_is_no_distance_is_refused(value):
    rgb, depth, known = scene(5)
    depth[known.nonzero()[0].tolist()[0], known.nonzero()[0].tolist()[1], known.nonzero()[0].tolist()[2]] = (
        value
    )
    with pytest.raises(ValueError, match="1 known pixels"):
        background_fill(rgb, depth, known)


def test_a_membrane_without_sources_is_refused():
    with pytest.raises(ValueError, match="no source"):
        fill_membrane(np.zeros((4, 4, 1), np.float32), np.full((4, 4), HOLE, np.uint8))


def tower_before_sky(*, hole=True):
    """Brown ground below, blue sky above, and between them a hole that both border."""
    rgb = torch.zeros(1, 3, 48, 64)
    rgb[0, :, :20] = torch.tensor([0.3, 0.5, 1.0])[:, None, None]
    rgb[0, :, 20:] = torch.tensor([0.5, 0.3, 0.1])[:, None, None]
    depth = torch.full((1, 48, 64), 40.0)
    depth[:, 20:] = 4.0
    known = torch.ones(1, 48, 64, dtype=torch.bool)
    known[:, 4:44, 28:36] = not hole
    return rgb * known[:, None], depth * known, known


def test_sky_and_matter_never_mix():
    rgb, depth, known = tower_before_sky()
    filled_rgb, filled_depth = background_fill(rgb, depth, known, sky_from=20.0)
    is_sky = torch.isclose(filled_depth, torch.tensor(40.0), rtol=1e-3)
    is_ground = torch.isclose(filled_depth, torch.tensor(4.0), rtol=1e-3)
    assert bool((is_sky ^ is_ground).all())
    assert bool(is_sky[0, 6, 32]) and bool(is_ground[0, 42, 32])
    blue, brown = torch.tensor([0.3, 0.5, 1.0]), torch.tensor([0.5, 0.3, 0.1])
    colors = filled_rgb.permute(0, 2, 3, 1)
    assert torch.allclose(colors[is_sky], blue.expand_as(colors[is_sky]), atol=1e-3)
    assert torch.allclose(colors[is_ground], brown.expand_as(colors[is_ground]), atol=1e-3)


def test_below_the_lowest_sky_there_is_ground_behind_things():
    """A thing hid what lies right under a window that shows the sky, with sky along most of its border."""
    rgb, depth = torch.full((1, 3, 40, 60), 0.3), torch.full((1, 40, 60), 4.0)
    depth[:, :12], rgb[:, :, :12] = 40.0, 0.8
    known = torch.ones(1, 40, 60, dtype=torch.bool)
    known[:, 12:14, 5:55] = False
    _, filled = background_fill(rgb * known[:, None], depth * known, known, sky_from=20.0)
    assert filled[~known].max() < 20


def test_without_a_sky_the_same_hole_is_one_membrane():
    rgb, depth, known = tower_before_sky()
    _, filled = background_fill(rgb, depth, known)
    between = (filled > 4.1) & (filled < 39.0)
    assert bool(between.any())


def test_beyond_the_rim_the_ground_goes_on_beside_the_ground():
    rgb, depth, known = tower_before_sky(hole=False)
    known[:, :, 52:] = False
    _, filled = background_fill(rgb * known[:, None], depth * known, known, sky_from=20.0)
    assert bool((filled[0, :14, 52:] > 20).all())
    assert bool((filled[0, 30:, 52:] < 20).all())


def test_beyond_the_rim_ground_that_is_no_plane_does_not_rise_like_a_wall():
    inverse = (0.1 + torch.linspace(0, 1, 72).sqrt())[:, None].expand(-1, 108)
    known = torch.arange(108).expand(72, -1) < 60
    _, depth = background_fill(torch.zeros(1, 3, 72, 108), 1 / inverse[None], known[None])
    off = (1 / depth[0] - inverse)[:, 60:].abs()
    assert float(off.mean()) < 0.08  # 0.11 if depth held from row to row as it does along rows


def room(*, height=72, width=108):
    """Inverse depth inside a box: floor, ceiling and three walls, the nearest of which is seen; which one."""
    y, x = (np.arange(height) + 0.5) / width - height / width / 2, (np.arange(width) + 0.5) / width - 0.5
    y, x = np.meshgrid(y, x, indexing="ij")
    planes = np.array([[0.25, 0, 0], [0, 0, 1.2], [0, 0, -1.0], [0, 0.8, 0], [0, -0.9, 0]])
    inverse = planes[:, 0, None, None] + planes[:, 1, None, None] * x + planes[:, 2, None, None] * y
    return planes, inverse.max(axis=0).astype(np.float32), inverse.argmax(axis=0)


def test_the_walls_of_a_room_are_found_and_things_in_it_are_none():
    planes, inverse, _ = room()
    inverse[30:50, 40:60] = 0.7  # a thing before the far wall
    found = enclosing_planes(inverse, np.ones(inverse.shape, bool))
    assert len(found) == len(planes)
    for plane in planes:
        assert np.abs(found - plane).max(axis=1).min() < 1e-3


def test_a_plane_with_much_behind_it_encloses_nothing():
    inverse = np.full((60, 90), 0.1, np.float32)
    inverse[:, :60] = 0.5  # a screen over two thirds of a far wall
    found = enclosing_planes(inverse, np.ones(inverse.shape, bool))
    assert np.allclose(found, [[0.1, 0, 0]], atol=1e-4)


def test_envelope_is_the_nearest_plane_in_front_of_the_camera():
    inverse, row = envelope(np.array([[0.2, 0.0, 0.0], [0.0, 0.0, 1.0]]), 10, 10)
    assert np.allclose(inverse[:5], 0.2) and (row[:5] == 0).all()
    assert np.allclose(inverse[9], 0.45) and (row[9] == 1).all()
    inverse, row = envelope(np.array([[0.0, 0.0, 1.0]]), 10, 10)
    assert (inverse[:5] == 0).all() and (row[:5] == -1).all()


def test_floor_and_walls_go_on_beyond_the_rim_and_meet_where_they_meet():
    _, inverse, surface = room()
    known = np.ones(inverse.shape, bool)
    known[:, 97:] = known[65:] = False
    colors = torch.tensor(
        [[0.9, 0.9, 0.9], [0.2, 0.1, 0.0], [1.0, 1.0, 0.8], [0.1, 0.6, 0.2], [0.1, 0.2, 0.7]]
    )
    truth = colors[torch.from_numpy(surface)].permute(2, 0, 1)
    mask = torch.from_numpy(known)[None]
    depth = torch.where(mask, 1 / torch.from_numpy(inverse), 0.0)
    filled, filled_depth = background_fill((truth * mask)[None], depth, mask)
    assert (1 / filled_depth[0] - torch.from_numpy(inverse)).abs().max() < 0.01
    nearest = (filled[0] - truth).abs().amax(dim=0)[~mask[0]]
    assert nearest.mean() < 0.1


def test_depth_in_holes_stays_between_half_the_least_and_one_and_a_half_of_the_greatest():
    y = torch.arange(60.0)[:, None].expand(60, 90)
    inverse = 0.02 + 0.01 * y  # a floor that ends in the distance
    known = torch.zeros(1, 60, 90, dtype=torch.bool)
    known[:, 20:30] = True
    _, filled = background_fill(torch.rand(1, 3, 60, 90), torch.where(known, 1 / inverse, 0.0), known)
    assert 1 / filled.max() >= 0.5 * inverse[20, 0] - 1e-6
    assert 1 / filled.min() <= 1.5 * inverse[29, 0] + 1e-6


def open_corner(*, closed):
    """A near post at the left of a far wall, and a wide hole between them, open at the rim or closed."""
    inverse = np.full((60, 90), 0.25, np.float32)
    inverse[:, :20] = 1.0
    known = np.ones((60, 90), bool)
    known[15:45, 20:50] = False
    if not closed:
        known[:45, 20:50] = False
        known[:15, 50:] = False
    return source_state(inverse, known)


def test_both_sides_of_a_wide_hole_are_sources_where_it_is_open_to_the_rim():
    assert (open_corner(closed=True)[20:40, 19] == BLOCKED).mean() > 0.9
    assert (open_corner(closed=False)[2:12, 19] == SOURCE).all()


def test_the_skyline_goes_on_level_beyond_the_rim():
    rgb, depth, known = tower_before_sky(hole=False)
    known[:, :, 40:] = known[:, :4] = known[:, 44:] = False
    _, filled = background_fill(rgb * known[:, None], depth * known, known, sky_from=20.0)
    sky_rows = (filled[0, :, 40:] > 20).sum(dim=0)
    assert sky_rows.min() >= 17 and sky_rows.max() <= 23
