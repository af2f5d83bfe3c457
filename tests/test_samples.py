"""The pictures inside installed packages, and the measured depth of one of them."""

import json
import socket
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from geometry.camera import Camera
from voyager_lite.samples import SAMPLES, read_sample


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a sample touched the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_read_without_the_network(name: str) -> None:
    sample = read_sample(name)
    assert min(sample.photograph.rgb.shape[1:]) >= 400
    assert (sample.depth is not None) == (name == "motorcycle") == (sample.camera is not None)


def test_unknown_sample_lists_the_allowed() -> None:
    with pytest.raises(
        ValueError, match="no sample 'tea'; expected one of motorcycle, coffee, astronaut, china"
    ):
        read_sample("tea")


def test_motorcycle_warps_the_left_picture_onto_the_right() -> None:
    """The disparity of the calibration, focal * baseline / z - offset, must find the same colours."""
    from skimage.data import stereo_motorcycle

    sample = read_sample("motorcycle")
    assert sample.depth is not None and sample.camera is not None
    right = torch.from_numpy(stereo_motorcycle()[1].astype(np.float32) / 255)
    rows, columns = torch.nonzero(sample.depth.valid, as_tuple=True)
    z = sample.depth.depth[rows, columns].double()
    matched = (columns - (sample.camera.K[0, 0] * 0.193001 / z - 31.086)).round().long()
    inside = matched >= 0
    left = sample.photograph.rgb[:, rows, columns].T[inside]
    error = (left - right[rows[inside], matched[inside]]).abs().median()
    shifted = (left - right[rows[inside], (matched[inside] + 5).clamp(max=740)]).abs().median()
    assert error < 0.03 < shifted


def test_motorcycle_agrees_with_the_published_scene(shared_data: Path) -> None:
    scene = json.loads((shared_data / "B_rgbd/motorcycle_stereo/scene.json").read_text())
    sample = read_sample("motorcycle")
    assert sample.depth is not None and sample.camera is not None
    counts = cv2.imread(str(shared_data / "B_rgbd/motorcycle_stereo/left.depth.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(sample.depth.valid.numpy(), counts > 0)
    np.testing.assert_allclose(sample.depth.depth.numpy(), counts * scene["depth_unit_m"], atol=6e-5)
    wanted = scene["intrinsics"]
    K = sample.camera.K
    assert K[0, 0] == wanted["fx"] and K[1, 1] == wanted["fy"]
    assert K[0, 2] == wanted["cx"] + 0.5 and K[1, 2] == wanted["cy"] + 0.5


def test_motorcycle_fov_gives_the_calibrated_focal_length() -> None:
    sample = read_sample("motorcycle")
    assert sample.photograph.fov_degrees is not None
    height, width = sample.photograph.rgb.shape[1:]
    camera = Camera.from_fov(sample.photograph.fov_degrees, height=height, width=width)
    assert camera.K[0, 0].item() == pytest.approx(994.978)
