"""Voyager's autoencoder in tiles of space and time: cut, blended and joined right; what tiles change."""

import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo
from torch import nn
from voyager_release import VAE, write_checkpoint

from voyager_lite.core.memory import STRIDE, TILE
from voyager_lite.core.voyager.parts import read_parts

FRAMES, CELL = 4, 8
"""Frames and pixels of a latent cell."""


def random_vae(**options):
    torch.manual_seed(0)
    return AutoencoderKLHunyuanVideo(**VAE, **options).eval().requires_grad_(False)


def in_tiles(vae, *, side=64, stride=48, frames=16, frame_stride=12):
    vae.enable_tiling(side, side, frames, stride, stride, frame_stride)
    return vae


def whole(vae):
    vae.use_framewise_encoding = vae.use_framewise_decoding = vae.use_tiling = False
    return vae


def without_surroundings(vae):
    """Every convolution looks at one cell, norms and attention at nothing: receptive fields are a cell."""
    for layer in list(vae.modules()):
        if isinstance(layer, nn.Conv3d) and layer.kernel_size != (1, 1, 1):
            centre = layer.weight[:, :, -1, 1, 1].clone()  # the present frame is a causal kernel's last
            layer.weight.zero_()
            layer.weight[:, :, -1, 1, 1] = centre
        for name, child in layer.named_children():
            if isinstance(child, nn.GroupNorm):
                setattr(layer, name, nn.Identity())
    return vae


@pytest.fixture
def video():
    return torch.rand(1, 3, 33, 104, 120, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def latents():
    return torch.randn(1, 16, 9, 13, 15, generator=torch.Generator().manual_seed(2))


def test_where_receptive_fields_allow_tiles_are_the_whole(video, latents):
    """33 frames of 104x120 in tiles of 16 frames and 64 pixels, overlapping by a quarter: 1e-5."""
    vae = without_surroundings(random_vae(mid_block_add_attention=False))
    expected = whole(vae).encode(video).latent_dist.mode(), vae.decode(latents).sample
    vae.use_framewise_encoding = vae.use_framewise_decoding = True
    found = in_tiles(vae).encode(video).latent_dist.mode(), vae.decode(latents).sample
    for one, other in zip(expected, found, strict=True):
        assert float(one.std()) > 1e-3
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("frames", "frame_stride"), [(16, 12), (16, 8)])
def test_time_is_blended_linearly(frames, frame_stride):
    """A decoder that gives each tile its number shows the ramps between them."""
    vae = in_tiles(random_vae(), frames=frames, frame_stride=frame_stride)
    numbers = iter(range(100))

    def constant(z):
        count = 1 + FRAMES * (z.shape[2] - 1)
        return torch.full((1, 3, count, CELL * z.shape[3], CELL * z.shape[4]), float(next(numbers)))

    vae.decoder.forward = constant
    told = vae.decode(torch.zeros(1, 16, 9, 2, 2)).sample[0, 0, :, 0, 0]
    overlap = frames - frame_stride
    begins = 1 + frame_stride * torch.arange(8)  # of a tile's own frames; its first repeats the one before
    expected = ((torch.arange(33)[:, None] - begins[1:]) / overlap).clamp(0, 1).sum(1)
    torch.testing.assert_close(told, expected)


def test_without_norms_and_attention_the_first_tile_in_time_is_the_whole(latents):
    """Causal convolutions look back alone: later tiles begin without their past, the first lacks nothing."""
    vae = random_vae(mid_block_add_attention=False)
    for layer in list(vae.modules()):
        for name, child in layer.named_children():
            if isinstance(child, nn.GroupNorm):
                setattr(layer, name, nn.Identity())
    expected = whole(vae).decode(latents).sample
    vae.use_framewise_decoding = True
    found = in_tiles(vae, side=1024, stride=1024).decode(latents).sample
    torch.testing.assert_close(expected[:, :, :13], found[:, :, :13], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(expected[:, :, 14:], found[:, :, 14:], atol=1e-3)


@pytest.mark.parametrize(("memory", "time"), [("low", (16, 12)), ("balanced", (64, 48)), ("high", (64, 48))])
def test_these_tiles_are_taken(tmp_path, memory, time):
    """Space is tiled always, as in the release: attention over whole frames would want 100 GB."""
    vae = read_parts(write_checkpoint(tmp_path), device="cpu", memory=memory).vae
    assert vae.use_tiling
    assert (vae.tile_sample_min_height, vae.tile_sample_stride_width) == (TILE, STRIDE)
    assert (vae.tile_sample_min_num_frames, vae.tile_sample_stride_num_frames) == time


@torch.no_grad()
def test_tiles_in_space_are_whole_frames_within_a_quarter():
    """Random weights on noise, tiles as taken: norms and attention in the middle see one tile."""
    vae = random_vae()
    z = torch.randn(1, 16, 9, 8, 40, generator=torch.Generator().manual_seed(3))
    expected = whole(vae).decode(z).sample
    found = in_tiles(vae, side=TILE, stride=STRIDE).decode(z).sample
    assert 0 < float((found - expected).square().mean().sqrt() / expected.std()) < 0.25
