"""The causal autoencoder: time in pieces is time as a whole, and tiles are nearly whole frames."""

import pytest
import torch
from diffusers import AutoencoderKLWan

from voyager_lite.core.memory import STRIDE, TILE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return AutoencoderKLWan(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1).eval()


def tiled(vae):
    vae.enable_tiling(TILE, TILE, tile_sample_stride_height=STRIDE, tile_sample_stride_width=STRIDE)
    return vae


@torch.no_grad()
def test_tiles_are_whole_frames_within_five_per_cent(vae):
    """Random weights on noise: what differs is the attention in the middle, which sees one tile."""
    z = torch.randn(1, 16, 1, 8, 40, generator=torch.Generator().manual_seed(1))
    whole = vae.decode(z).sample
    error = tiled(vae).decode(z).sample - whole
    assert 0 < float(error.square().mean().sqrt() / whole.std()) < 0.05


@torch.no_grad()
def test_seams_are_blended_linearly(vae):
    """A decoder that gives one number for each tile shows the ramp between them."""
    numbers = iter([-0.5, 0.5])

    def constant(z, feat_cache, feat_idx, first_chunk=False):
        if constant.tile is None or first_chunk:
            constant.tile = next(numbers)
        return torch.full((1, 3, 1, 8 * z.shape[3], 8 * z.shape[4]), constant.tile)

    constant.tile = None
    vae.decoder.forward = constant
    video = tiled(vae).decode(torch.zeros(1, 16, 1, 8, 40)).sample[0, 0, 0, 0]
    ramp = torch.arange(TILE - STRIDE) / (TILE - STRIDE) - 0.5
    torch.testing.assert_close(video[STRIDE:TILE], ramp)
    assert (video[:STRIDE] == -0.5).all() and (video[TILE:] == 0.5).all()


@torch.no_grad()
def test_the_past_does_not_depend_on_the_future(vae):
    draw = torch.Generator().manual_seed(1)
    video = torch.rand(1, 3, 9, 16, 16, generator=draw)
    other = video.clone()
    other[:, :, 5:] = torch.rand(1, 3, 4, 16, 16, generator=draw)
    one, two = (vae.encode(x).latent_dist.mode() for x in (video, other))
    assert torch.equal(one[:, :, :2], two[:, :, :2]) and not torch.equal(one[:, :, 2], two[:, :, 2])
    pictures = [vae.decode(z).sample for z in (one, two)]
    assert torch.equal(pictures[0][:, :, :5], pictures[1][:, :, :5])


@torch.no_grad()
def test_a_longer_clip_begins_as_a_shorter_one(vae):
    z = torch.randn(1, 16, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    assert torch.equal(vae.decode(z).sample[:, :, :5], vae.decode(z[:, :, :2]).sample)
