"""Between points and pixels. Pixels are (x, y); the top-left pixel's centre is (0.5, 0.5)."""

import torch
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.rigid import transform_points


def project(
    points: Float[Tensor, "*#batch 3"], K: Float[Tensor, "*#batch 3 3"]
) -> tuple[Float[Tensor, "*batch 2"], Float[Tensor, "*batch"]]:
    """Project camera-space points.

    Args:
        points: In the camera frame (OpenCV axes).
        K: Intrinsics in pixels, no skew.

    Returns:
        Pixels (x, y), and depth along the axis. Where depth <= 0 the point is not in front of the
        camera and its pixel is meaningless (possibly infinite); test the depth first.
    """
    depth = points[..., 2]
    focal = torch.stack([K[..., 0, 0], K[..., 1, 1]], dim=-1)
    pixels = points[..., :2] / depth[..., None] * focal + K[..., :2, 2]
    return pixels, depth.expand(pixels.shape[:-1])


def unproject(
    pixels: Float[Tensor, "*#batch 2"],
    depth: Float[Tensor, "*#batch"],
    K: Float[Tensor, "*#batch 3 3"],
) -> Float[Tensor, "*batch 3"]:
    """Lift pixels to camera-space points (OpenCV axes).

    Args:
        pixels: (x, y) in pixels; the top-left pixel's centre is (0.5, 0.5).
        depth: Distance along the optical axis, not along the ray.
        K: Intrinsics in pixels, no skew.

    Returns:
        Points in the camera frame, in the unit of ``depth``.
    """
    focal = torch.stack([K[..., 0, 0], K[..., 1, 1]], dim=-1)
    slope = (pixels - K[..., :2, 2]) / focal
    return torch.cat([slope * depth[..., None], depth.expand(slope.shape[:-1])[..., None]], dim=-1)


def pixel_centers(
    *, height: int, width: int, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Float[Tensor, "{height} {width} 2"]:
    """(x, y) of every pixel's centre; the first is (0.5, 0.5)."""
    y = torch.arange(height, dtype=dtype, device=device) + 0.5
    x = torch.arange(width, dtype=dtype, device=device) + 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)


def world_points(depth: Float[Tensor, "*batch height width"], camera: Camera) -> Tensor:
    """Lift whole depth maps to world points.

    Args:
        depth: One map for each camera of the batch, of the camera's size.
        camera: Batch shape equal to the maps' leading dimensions.

    Returns:
        (*batch, height, width, 3), world frame, in the dtype of ``depth``.

    Raises:
        ValueError: The maps do not fit the camera's picture size or batch.
    """
    expected = (*camera.batch_shape, camera.height, camera.width)
    if tuple(depth.shape) != expected:
        raise ValueError(f"depth has shape {tuple(depth.shape)}; the camera expects {expected}")
    pixels = pixel_centers(height=camera.height, width=camera.width, dtype=depth.dtype, device=depth.device)
    K = camera.K.to(depth)[..., None, None, :, :]
    return transform_points(
        camera.camera_to_world.to(depth)[..., None, None, :, :], unproject(pixels, depth, K)
    )
