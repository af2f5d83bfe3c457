"""What Voyager's network is shown, number by number."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from geometry.camera import Camera
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core.voyager.conditioning import (
    clip_frames,
    compose,
    composites,
    composites_of,
    condition_channels,
    decoded,
    decompose,
    depth_rows,
    lead_in,
    model_frames,
    model_size,
    pooled_mask,
    resized,
    shown_picture,
)

SIZE = (32, 48)


def cameras(frames):
    return Camera.stack([Camera.from_fov(60.0, height=SIZE[0], width=SIZE[1])] * frames)


def guidance(known, *, seed=0):
    draw = torch.Generator().manual_seed(seed)
    frames = len(known)
    rgb = torch.rand(frames, 3, *SIZE, generator=draw)
    depth = 1 + 4 * torch.rand(frames, *SIZE, generator=draw)
    return Guidance(
        rgb=torch.where(known[:, None], rgb, 0.0),
        depth=torch.where(known, depth, 0.0),
        known=known,
        cameras=cameras(frames),
    )


def test_a_composite_is_picture_sixteen_white_rows_and_depth_three_times_over():
    rgb = torch.full((1, 3, 32, 16), -0.5)
    depth = torch.linspace(-1, 1, 32)[:, None].expand(32, 16)[None]
    frame = compose(rgb, depth)[0]
    assert frame.shape == (3, 80, 16)
    assert (frame[:, :32] == -0.5).all()
    assert (frame[:, 32:48] == 1).all()
    assert all(torch.equal(channel, depth[0]) for channel in frame[:, 48:])


def test_decomposing_gives_back_picture_and_depth():
    rgb, depth = torch.rand(2, 3, 32, 16), torch.rand(2, 32, 16)
    picture, luma = decompose(compose(rgb, depth))
    assert torch.equal(picture, rgb)
    assert torch.allclose(luma, depth, atol=1e-6)


def test_depth_of_a_coloured_answer_is_its_luma():
    frame = torch.zeros(1, 3, 48, 16)
    frame[:, 1, 32:] = 1  # green below
    assert torch.allclose(decompose(frame)[1], torch.tensor(0.587))


def test_the_latent_of_the_released_size_has_its_depth_in_rows_66_to_129():
    latent = torch.arange(130.0)[:, None].expand(1, 1, 13, 130, 96)
    rows = depth_rows(latent)
    assert rows.shape == (1, 1, 13, 64, 96)
    assert rows[0, 0, 0, 0, 0] == 66 and rows[0, 0, 0, -1, 0] == 129


def test_a_cell_is_known_only_if_all_its_pixels_of_four_frames_are():
    """5 frames of 8x16 pixels are 2x1x2 cells: the first frame alone, then frames 1 to 4."""
    known = torch.ones(5, 8, 16)
    assert (pooled_mask(known) == 1).all()
    known[0, 0, 0] = -1
    assert pooled_mask(known).tolist() == [[[-1, 1]], [[1, 1]]]
    known[4, 7, 15] = -1
    assert pooled_mask(known).tolist() == [[[-1, 1]], [[1, -1]]]


def test_the_channels_stand_in_the_released_order():
    reference, known = torch.full((16, 1, 4, 6), 2.0), torch.full((16, 3, 4, 6), 3.0)
    mask = torch.full((3, 4, 6), -1.0)
    channels = condition_channels(reference, known, mask)
    assert channels.shape == (34, 3, 4, 6)
    assert (channels[:16, 0] == 2).all() and (channels[:16, 1:] == 0).all()
    assert channels[16, :, 0, 0].tolist() == [1, 0, 0]
    assert (channels[17:33] == 3).all() and (channels[33] == -1).all()


def test_composites_by_hand():
    """Two pixels in depth: 1 and 2 in equal parts, so that disparity 0.5 is 0 and 1 is 1."""
    known = torch.ones(1, *SIZE, dtype=torch.bool)
    known[0, 0] = False
    given_frame = guidance(known)
    depth = torch.full(SIZE, 2.0)
    depth[:, ::2] = 1.0
    frame = Guidance(
        rgb=given_frame.rgb, depth=torch.where(known, depth, 0.0), known=known, cameras=given_frame.cameras
    )
    shown = composites(frame, size=SIZE)
    low, high = shown.spans[0]
    assert (low, high) == pytest.approx((1 / (2 + 1e-6), 1 / (1 + 1e-6)))
    below = shown.frames[0, 0, 48:]
    assert torch.allclose(below[1:, ::2], torch.ones(())) and torch.allclose(below[1:, 1::2], -torch.ones(()))
    assert (below[0] == -1).all()  # the unknown is far
    assert (shown.frames[0, :, 0] == -1).all()  # and black
    assert (shown.known[0, [0, 48]] == -1).all()
    assert (shown.known[0, 1:48] == 1).all() and (shown.known[0, 49:] == 1).all()


def test_depth_beyond_the_percentiles_is_shown_uncut():
    known = torch.ones(1, *SIZE, dtype=torch.bool)
    frame = guidance(known)
    frame.depth[0, 5, 5] = 0.1
    below = composites(frame, size=SIZE).frames[0, 0, 48:]
    assert below.amax() > 5


@settings(max_examples=10)
@given(seed=st.integers(0, 50))
def test_depth_survives_the_way_to_the_network_and_back(seed):
    """Within the percentiles; what lies beyond is cut off when the answer is read, as the VAE's is."""
    known = torch.ones(3, *SIZE, dtype=torch.bool)
    frame = guidance(known, seed=seed)
    shown = composites(frame, size=SIZE)
    rgb, depth = decoded(shown.frames, shown.spans)
    assert torch.allclose(rgb, frame.rgb, atol=1e-5)
    for number, (low, high) in enumerate(shown.spans):
        inside = (1 / frame.depth[number] > low) & (1 / frame.depth[number] < high)
        assert inside.float().mean() > 0.9
        assert torch.allclose(depth[number][inside], frame.depth[number][inside], rtol=1e-3)


def test_every_frame_has_its_own_depth_range():
    known = torch.ones(2, *SIZE, dtype=torch.bool)
    frame = guidance(known)
    frame.depth[1] *= 10
    shown = composites(frame, size=SIZE)
    assert shown.spans[1][1] < 0.5 * shown.spans[0][1]
    assert torch.allclose(
        decoded(shown.frames, shown.spans)[1][1].median(), frame.depth[1].median(), rtol=0.01
    )


def test_a_frame_of_which_nothing_is_known_takes_the_range_before_it():
    known = torch.ones(3, *SIZE, dtype=torch.bool)
    known[1] = False
    shown = composites(guidance(known), size=SIZE)
    assert shown.spans[1] == shown.spans[0] != shown.spans[2]
    assert (shown.known[1, :32] == -1).all() and (shown.known[1, 32:48] == 1).all()


def test_the_range_of_an_unknown_start_comes_from_the_clip_before():
    known = torch.ones(2, *SIZE, dtype=torch.bool)
    whole = guidance(known)
    before = Clip(rgb=whole.rgb, depth=whole.depth, cameras=whole.cameras)
    nothing = guidance(torch.zeros_like(known))
    assert (
        composites(nothing, size=SIZE, previous=before).spans[0] == composites_of(before, size=SIZE).spans[0]
    )
    with pytest.raises(ValueError, match="nothing is known of any frame"):
        composites(nothing, size=SIZE)


def test_answers_beyond_the_range_have_depth_above_zero():
    frames = torch.full((1, 3, 80, 48), -1.0)
    _, depth = decoded(frames, [(1e-4, 2.0)])
    assert torch.isfinite(depth).all() and (depth > 0).all()


def test_a_clip_of_45_frames_takes_49_of_the_network():
    assert model_frames(45) == 49 and clip_frames(49) == 45
    assert [model_frames(frames) for frames in (1, 2, 5, 6)] == [5, 9, 9, 13]


def test_four_frames_stand_still_before_a_clip_and_its_last_is_repeated():
    assert lead_in(3, total=9).tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 2]


def test_sizes_keep_the_shape_and_the_number_of_pixels():
    assert model_size(512, 768, pixels=512 * 768) == (512, 768)
    assert model_size(720, 1280, pixels=512 * 768) == (464, 832)
    assert model_size(1280, 720, pixels=512 * 768) == (832, 464)


def test_pictures_are_resized_as_pillow_does():
    rgb = (torch.rand(3, 72, 128, generator=torch.Generator().manual_seed(3)) * 255).byte()
    rgb[:, :30, :50] = 0  # an edge, at which the filter overshoots
    picture = Image.fromarray(rgb.permute(1, 2, 0).numpy())
    theirs = np.asarray(picture.resize((48, 32)), dtype=np.float32) / 255
    ours = resized(rgb[None].float() / 255, SIZE)[0]
    assert np.abs(ours.permute(1, 2, 0).numpy() - theirs).max() < 1.01 / 255


def test_the_language_model_is_shown_the_composite_rounded_down():
    composite = torch.tensor([-1.0, 0.0, 0.999, 3.0]).expand(3, 1, 4)
    assert shown_picture(composite)[0, :, 0].tolist() == [0, 127, 254, 255]
