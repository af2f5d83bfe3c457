"""Opening a photograph: what of it enters the world."""

from pathlib import Path

import torch

from geometry.rasterizer import render_points
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.opening import View, open_photograph
from voyager_lite.photograph import Photograph


def test_what_was_seen_is_shown_even_where_its_depth_was_not_measured(tmp_path: Path) -> None:
    picture = tmp_path / "wall.png"
    picture.write_bytes(b"a wall")
    draw = torch.Generator().manual_seed(0)
    rgb = torch.rand(3, 48, 64, generator=draw)
    valid = torch.ones(48, 64, dtype=torch.bool)
    valid[10:30, 20:40] = False
    estimate = DepthEstimate(
        depth=torch.where(valid, 2.0, 0.0),
        valid=valid,
        sky=torch.zeros_like(valid),
        fov_degrees=60.0,
        metric=True,
        source="a wall with a gap in its depth",
    )
    photograph = Photograph(rgb=rgb, fov_degrees=None, path=picture)
    opening = open_photograph(photograph, estimate, view=View(height=48, width=64))
    seen = render_points(opening.cloud, opening.clip.cameras)
    assert bool(seen.known.all())
    torch.testing.assert_close(seen.rgb[0], rgb, atol=0.01, rtol=0)
    torch.testing.assert_close(seen.depth[0], torch.full((48, 64), 2.0), atol=0.01, rtol=0)
