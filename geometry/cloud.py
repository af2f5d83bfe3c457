"""Coloured points with normals and radii: what the world is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.rigid import transform_points


@dataclass(frozen=True, kw_only=True, eq=False)
class PointCloud:
    """Points in the world frame, float32.

    Attributes:
        positions: (N, 3), scene units.
        colors: (N, 3), RGB in [0, 1].
        normals: (N, 3), unit length, pointing to the side the point was seen from.
        radii: (N,), world-space radius of the disc a point stands for: half the spacing of its
            neighbours, times a margin, so that discs of one surface overlap.
        sky: (N,), True for points on the far shell: they have a direction but no place, and are
            left out wherever matter is meant (scene centre, clearance, alignment, export by default).
    """

    positions: Float[Tensor, "point 3"]
    colors: Float[Tensor, "point 3"]
    normals: Float[Tensor, "point 3"]
    radii: Float[Tensor, " point"]
    sky: Bool[Tensor, " point"]

    @classmethod
    def empty(cls, device: torch.device | str = "cpu") -> "PointCloud":
        """No points."""
        rows = torch.zeros(0, 3, device=device)
        none = torch.zeros(0, device=device)
        return cls(positions=rows, colors=rows, normals=rows, radii=none, sky=none.bool())

    @classmethod
    def concatenate(cls, clouds: Sequence["PointCloud"]) -> "PointCloud":
        """All points, in order; no clouds give an empty one."""
        if not clouds:
            return cls.empty()
        return cls(
            positions=torch.cat([cloud.positions for cloud in clouds]),
            colors=torch.cat([cloud.colors for cloud in clouds]),
            normals=torch.cat([cloud.normals for cloud in clouds]),
            radii=torch.cat([cloud.radii for cloud in clouds]),
            sky=torch.cat([cloud.sky for cloud in clouds]),
        )

    def __len__(self) -> int:
        return self.positions.shape[0]

    def __getitem__(self, chosen: Bool[Tensor, " point"] | Int[Tensor, " chosen"] | slice) -> "PointCloud":
        return PointCloud(
            positions=self.positions[chosen],
            colors=self.colors[chosen],
            normals=self.normals[chosen],
            radii=self.radii[chosen],
            sky=self.sky[chosen],
        )

    @property
    def matter(self) -> "PointCloud":
        """The points that are not sky."""
        return self[~self.sky]

    def transformed(self, matrix: Float[Tensor, "4 4"]) -> "PointCloud":
        """The cloud after a rigid motion of the world."""
        matrix = matrix.to(self.positions)
        return PointCloud(
            positions=transform_points(matrix, self.positions),
            colors=self.colors,
            normals=self.normals @ matrix[:3, :3].mT,
            radii=self.radii,
            sky=self.sky,
        )

    def to(self, device: torch.device | str) -> "PointCloud":
        """The same points on another device."""
        return PointCloud(
            positions=self.positions.to(device),
            colors=self.colors.to(device),
            normals=self.normals.to(device),
            radii=self.radii.to(device),
            sky=self.sky.to(device),
        )
