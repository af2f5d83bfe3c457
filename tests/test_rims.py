"""Sides of photographs, hidden and made again."""

import math

import pytest
import torch

from geometry.camera import Camera
from geometry.cloud import PointCloud
from voyager_lite.cli import main
from voyager_lite.clip import Clip
from voyager_lite.evaluation import rims
from voyager_lite.evaluation.rims import contrasts, figures, hidden, step_at_border
from voyager_lite.opening import Opening


def stripes(*, amplitude, period, height=60, width=200):
    y = torch.arange(height).float()
    wave = 0.5 + amplitude * torch.sin(2 * math.pi * y / period)
    return wave[None, :, None].expand(3, height, width).contiguous()


def left_known(height=60, width=200):
    return (torch.arange(width) < 150).expand(height, width)


def test_contrasts_are_those_of_sine_waves():
    """A blur by s leaves exp(-2 (pi s / period)^2) of a wave, whose deviation is its amplitude / sqrt 2."""
    known = left_known(height=600)
    for period in (4.0, 12.0, 30.0):
        light, detail = contrasts(stripes(amplitude=0.3, period=period, height=600), known)
        left = math.exp(-2 * (math.pi * 0.01 * 200 / period) ** 2)
        assert light == pytest.approx(0.3 * left / math.sqrt(2), rel=0.02, abs=5e-3)
        assert detail == pytest.approx(0.3 * (1 - left) / math.sqrt(2), rel=0.02, abs=5e-3)


def test_a_step_is_its_height_and_what_runs_across_is_none():
    known = left_known()
    picture = stripes(amplitude=0.3, period=12.0)
    assert step_at_border(picture, known) < 1e-3
    assert step_at_border(torch.where(known, picture, picture + 0.1), known) == pytest.approx(0.1, abs=2e-3)
    assert step_at_border((picture + 0.1 * ~known).flip(2), known.flip(1)) == pytest.approx(0.1, abs=2e-3)


def test_the_photograph_itself_has_ratios_of_one_and_fog_does_not():
    picture = stripes(amplitude=0.3, period=12.0)
    known = left_known()
    same = figures(picture, picture, known)
    assert same["light"] == same["detail"] == same["step"] == 0 and same["PSNR"] == math.inf
    fog = torch.where(known, picture, 0.5 + (picture - 0.5) / 2)
    foggy = figures(fog, picture, known)
    assert foggy["light"] == pytest.approx(math.log(0.5), abs=0.01)
    assert foggy["detail"] == pytest.approx(math.log(0.5), abs=0.01)
    assert foggy["step"] > 1


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_side_is_hidden(side):
    camera = Camera.stack([Camera.from_fov(60.0, height=60, width=200)])
    clip = Clip(rgb=torch.rand(1, 3, 60, 200), depth=torch.full((1, 60, 200), 2.0), cameras=camera)
    guidance = hidden(opening_of(clip), side)
    columns = ~guidance.known[0, 0] if side == "left" else ~guidance.known[0, 0].flip(0)
    assert columns.tolist() == [True] * 44 + [False] * 156
    assert guidance.rgb[0][:, ~guidance.known[0]].abs().max() == 0 and guidance.sky_from == 50
    assert torch.equal(guidance.rgb[0][:, guidance.known[0]], clip.rgb[0][:, guidance.known[0]])


def opening_of(clip):
    return Opening(clip=clip, cloud=PointCloud.empty(), fps=24.0, origin={"sky_distance": 100.0})


def test_the_command_prints_every_row(monkeypatch, capsys):
    monkeypatch.setattr(rims, "SAMPLES", {"coffee": None})
    assert main(["evaluate", "rims"]) == 0
    printed = capsys.readouterr().out
    for text in (
        "light and shade",
        "detail",
        "step at the border",
        "PSNR",
        "background fill",
        "Navier-Stokes",
    ):
        assert text in printed
    assert "1 photographs" in printed
