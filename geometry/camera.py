"""The pinhole camera: intrinsics, pose and picture size, batched."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from geometry.checks import require_intrinsics, require_rigid
from geometry.rigid import invert_rigid


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """One pinhole camera, or a batch of them with the same picture size.

    Axes are OpenCV's: x right, y down, z forward. ``x_camera = world_to_camera @ x_world``.
    Pixels are (x, y) with the centre of the top-left pixel at (0.5, 0.5), so the principal point of
    a centred lens is (width / 2, height / 2) and intrinsics scale exactly with the picture.
    Both matrices are kept in float64; pictures and points are float32.

    Example:
        >>> camera = Camera.from_fov(60.0, height=540, width=960)
        >>> camera.resized(height=270, width=480).K[0, 2].item()
        240.0

    Raises:
        ValueError: ``K`` is no pinhole matrix, ``world_to_camera`` is not rigid, or the size is < 1.
    """

    K: Float[Tensor, "*#batch 3 3"]
    world_to_camera: Float[Tensor, "*#batch 4 4"]
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ValueError(f"camera has size {self.width}x{self.height}; expected at least 1x1")
        require_intrinsics("camera.K", self.K)
        require_rigid("camera.world_to_camera", self.world_to_camera)
        batch = np.broadcast_shapes(self.K.shape[:-2], self.world_to_camera.shape[:-2])
        object.__setattr__(self, "K", self.K.double().expand(*batch, 3, 3))
        object.__setattr__(self, "world_to_camera", self.world_to_camera.double().expand(*batch, 4, 4))

    @classmethod
    def from_fov(
        cls,
        fov_degrees: float,
        *,
        height: int,
        width: int,
        world_to_camera: Float[Tensor, "*batch 4 4"] | None = None,
    ) -> "Camera":
        """A camera with square pixels, a centred lens and the given horizontal field of view.

        Raises:
            ValueError: The field of view is not inside (0, 180) degrees.
        """
        if not 0 < fov_degrees < 180:
            raise ValueError(f"field of view is {fov_degrees:g} degrees; expected more than 0, less than 180")
        focal = width / 2 / math.tan(math.radians(fov_degrees) / 2)
        K = torch.tensor(
            [[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]], dtype=torch.float64
        )
        pose = torch.eye(4, dtype=torch.float64) if world_to_camera is None else world_to_camera
        return cls(K=K.expand(*pose.shape[:-2], 3, 3), world_to_camera=pose, height=height, width=width)

    @classmethod
    def stack(cls, cameras: Sequence["Camera"]) -> "Camera":
        """Join cameras along a new first batch dimension.

        Raises:
            ValueError: No cameras, or pictures of different sizes.
        """
        sizes = {(camera.width, camera.height) for camera in cameras}
        if len(sizes) != 1:
            raise ValueError(f"cameras have picture sizes {sorted(sizes)}; expected one common size")
        return cls(
            K=torch.stack([camera.K for camera in cameras]),
            world_to_camera=torch.stack([camera.world_to_camera for camera in cameras]),
            height=cameras[0].height,
            width=cameras[0].width,
        )

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """Leading dimensions; () for a single camera."""
        return tuple(self.K.shape[:-2])

    @property
    def camera_to_world(self) -> Float[Tensor, "*batch 4 4"]:
        """Inverse of ``world_to_camera``; derived, never stored."""
        return invert_rigid(self.world_to_camera)

    @property
    def center(self) -> Float[Tensor, "*batch 3"]:
        """Camera position in the world."""
        return self.camera_to_world[..., :3, 3]

    @property
    def fov_degrees(self) -> Float[Tensor, "*batch"]:
        """Horizontal field of view, measured through the principal point."""
        fx, cx = self.K[..., 0, 0], self.K[..., 0, 2]
        return torch.rad2deg(torch.atan(cx / fx) + torch.atan((self.width - cx) / fx))

    def resized(self, *, height: int, width: int) -> "Camera":
        """The same view in a picture of another size; an aspect change stretches the pixels with it."""
        scale = torch.tensor(
            [width / self.width, height / self.height, 1.0], dtype=torch.float64, device=self.K.device
        )
        return Camera(
            K=self.K * scale[:, None], world_to_camera=self.world_to_camera, height=height, width=width
        )

    def to(self, device: torch.device | str) -> "Camera":
        """The same cameras on another device."""
        return Camera(
            K=self.K.to(device),
            world_to_camera=self.world_to_camera.to(device),
            height=self.height,
            width=self.width,
        )

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError("a single camera has no length; index a batch of cameras")
        return self.batch_shape[0]

    def __getitem__(self, index: int | slice | Tensor) -> "Camera":
        if not self.batch_shape:
            raise IndexError("a single camera cannot be indexed")
        return Camera(
            K=self.K[index],
            world_to_camera=self.world_to_camera[index],
            height=self.height,
            width=self.width,
        )
