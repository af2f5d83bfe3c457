"""One look for every place: what several frames say of the same surface point is averaged."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from geometry.camera import Camera
from geometry.projection import project, world_points
from geometry.rigid import transform_points

SAME_PLACE = 0.4
"""Relative difference in inverse depth up to which made pixels of two frames show one place: their depth
is a guess, and their colours are smooth."""

SAME_SURFACE = 0.12
"""The same for a made pixel of one frame and a known one of another, whose colours are not."""

MADE_SHARE, KNOWN_SHARE = 0.6, 0.01
"""Share of made pixels among the four that are read from which on, or up to which, what is read counts as
made, or as known."""

BESIDE = 3.0
"""Weight of the frame before and of the one after, beside 1 of a source frame: what changes from one frame
to the next is what flickers. Their known pixels, and mixtures of both, count as well, on the same surface."""

ROUNDS = 3


def steadied(
    rgb: Float[Tensor, "frame 3 height width"],
    depth: Float[Tensor, "frame height width"],
    made: Bool[Tensor, "frame height width"],
    cameras: Camera,
    *,
    sources: list[int],
) -> Float[Tensor, "frame 3 height width"]:
    """Draw every made pixel to the mean of what source frames and neighbouring ones show at its place.

    A made pixel is carried into each of these frames with its own depth and the cameras. What stands there
    counts if it shows the same place. So colours that differ from frame to frame, which flicker, agree, and
    the mean of several guesses is also nearer to the truth than one.

    Args:
        rgb: RGB in [0, 1].
        depth: Along the axis, > 0.
        made: True at pixels that may change; all others are known.
        cameras: One a frame.
        sources: The frames to look in, beside the one before and the one after.

    Returns:
        RGB in [0, 1]; pixels not ``made`` are unchanged.
    """
    places = [world_points(depth[frame], cameras[frame]) for frame in range(len(rgb))]
    for _ in range(ROUNDS):
        shown = torch.cat([rgb, 1 / depth[:, None], made[:, None].to(rgb)], dim=1)
        rgb = torch.stack(
            [_agreed(frame, places[frame], shown, cameras, sources) for frame in range(len(rgb))]
        )
    return rgb


def _agreed(
    frame: int,
    places: Float[Tensor, "height width 3"],
    shown: Float[Tensor, "frame 5 height width"],
    cameras: Camera,
    sources: list[int],
) -> Float[Tensor, "3 height width"]:
    """One frame after a round."""
    own, made = shown[frame, :3], shown[frame, 4] > 0
    if not bool(made.any()):
        return own
    total, weights = own.clone(), torch.ones_like(made, dtype=own.dtype)
    beside = {frame - 1, frame + 1} & set(range(len(shown)))
    for other in sorted((set(sources) | beside) - {frame}):
        read, there, apart = _read(shown[other], places, cameras[other])
        both_made = (read[4] > MADE_SHARE) & (apart < SAME_PLACE)
        seen_there = (read[4] < KNOWN_SHARE) & (apart < SAME_SURFACE)
        weight = (other in sources) * (both_made | seen_there).to(own)
        weight += (other in beside) * BESIDE * (apart < SAME_SURFACE)
        weight *= made & there
        total += weight * read[:3]
        weights += weight
    return torch.where(made, total / weights, own)


def _read(
    shown: Float[Tensor, "5 height width"], places: Float[Tensor, "height width 3"], camera: Camera
) -> tuple[Float[Tensor, "5 height width"], Bool[Tensor, "height width"], Float[Tensor, "height width"]]:
    """What a frame shows at places, which of them it sees, and how far inverse depths are apart there."""
    pixels, ahead = project(transform_points(camera.world_to_camera.to(places), places), camera.K.to(places))
    grid = 2 * pixels / torch.tensor([camera.width, camera.height]) - 1
    inside = (ahead > 0) & (grid.abs() < 1).all(dim=-1)
    grid = torch.where(inside[..., None], grid, torch.zeros_like(grid))
    read = F.grid_sample(shown[None], grid[None], align_corners=False, padding_mode="border")[0]
    return read, inside, (read[3] * ahead - 1).abs()
