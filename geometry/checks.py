"""Checks at the public boundary: each refuses with what was found and what is allowed."""

from collections.abc import Sequence

import torch
from torch import Tensor


def require_shape(name: str, value: Tensor, trailing: Sequence[int | None]) -> None:
    """Refuse a tensor whose last dimensions are not ``trailing`` (``None`` allows any size).

    Raises:
        ValueError: The shape differs.
    """
    found = tuple(value.shape)
    fits = len(found) >= len(trailing) and all(
        want is None or have == want
        for have, want in zip(found[len(found) - len(trailing) :], trailing, strict=True)
    )
    if not fits:
        wanted = ", ".join("*" if size is None else str(size) for size in trailing)
        raise ValueError(f"{name} has shape {found}; expected (..., {wanted})")


def require_finite(name: str, value: Tensor) -> None:
    """Refuse NaN and infinity.

    Raises:
        ValueError: A value is not finite.
    """
    bad = int((~torch.isfinite(value)).sum())
    if bad:
        raise ValueError(f"{name} has {bad} values that are NaN or infinite; expected finite numbers")


def require_rigid(name: str, matrix: Tensor, *, tolerance: float = 1e-3) -> None:
    """Refuse (..., 4, 4) matrices that are not a rotation and a translation.

    Raises:
        ValueError: Wrong shape, not finite, a scaled, sheared or mirrored rotation, or a last row
            other than 0 0 0 1.
    """
    require_shape(name, matrix, (4, 4))
    require_finite(name, matrix)
    R = matrix[..., :3, :3].double()
    identity = torch.eye(3, dtype=R.dtype, device=R.device)
    error = (R @ R.mT - identity).abs().amax() if R.numel() else torch.zeros(())
    if float(error) > tolerance:
        raise ValueError(
            f"{name} is not a rotation: R R^T differs from the identity by {float(error):.3g}; "
            f"allowed {tolerance:g}"
        )
    if R.numel() and float(torch.linalg.det(R).amin()) < 0:
        raise ValueError(f"{name} mirrors space (its determinant is -1); expected a rotation")
    last = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=matrix.dtype, device=matrix.device)
    if matrix.numel() and float((matrix[..., 3, :] - last).abs().amax()) > tolerance:
        raise ValueError(f"{name} has a last row other than 0 0 0 1; expected a rigid 4x4 matrix")


def require_intrinsics(name: str, K: Tensor) -> None:
    """Refuse (..., 3, 3) matrices that are not pinhole intrinsics without skew.

    Raises:
        ValueError: Wrong shape, not finite, a focal length <= 0, skew, or a last row other than 0 0 1.
    """
    require_shape(name, K, (3, 3))
    require_finite(name, K)
    if not K.numel():
        return
    focal = torch.stack([K[..., 0, 0], K[..., 1, 1]])
    if float(focal.amin()) <= 0:
        raise ValueError(f"{name} has focal length {float(focal.amin()):g} pixels; expected > 0")
    zeros = torch.stack([K[..., 0, 1], K[..., 1, 0], K[..., 2, 0], K[..., 2, 1], K[..., 2, 2] - 1])
    if float(zeros.abs().amax()) > 1e-6:
        raise ValueError(f"{name} is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]; skew is not supported")
