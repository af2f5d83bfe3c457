"""Depth of finished clips from an estimator: in the world's scale, and matter nearer than the sky."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core.clip_depth import estimate_clip_depth
from voyager_lite.depth.estimate import DepthEstimate

HEIGHT, WIDTH, SKY_FROM = 60, 100, 10.0


@dataclass(frozen=True)
class Told:
    """An estimator that says one depth, and matter everywhere."""

    depth: Tensor

    def estimate(self, image: Tensor, *, fov_degrees: float | None = None) -> DepthEstimate:
        everywhere = torch.ones(HEIGHT, WIDTH, dtype=torch.bool)
        return DepthEstimate(
            depth=self.depth,
            valid=everywhere,
            sky=~everywhere,
            fov_degrees=fov_degrees,
            metric=False,
            source="told",
        )


def test_what_the_estimator_calls_matter_stays_nearer_than_the_sky():
    told = torch.linspace(1, 2, HEIGHT)[:, None].repeat(1, WIDTH)
    told[:, 70:] = 60
    known = (torch.arange(WIDTH) < 50).repeat(1, HEIGHT, 1)
    depth = torch.where(known, told / 2, 0.0)
    camera = Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)
    rgb = torch.full((1, 3, HEIGHT, WIDTH), 0.5)
    guidance = Guidance(
        rgb=rgb * known[:, None], depth=depth, known=known, cameras=Camera.stack([camera]), sky_from=SKY_FROM
    )
    (found,) = estimate_clip_depth(rgb, guidance, source=Told(told))
    torch.testing.assert_close(found[:, :70], told[:, :70] / 2, rtol=1e-3, atol=0)
    assert float(found[:, 75:].min()) > 0.5 * SKY_FROM and float(found.max()) < SKY_FROM
