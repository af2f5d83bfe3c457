"""Points as bytes."""

import zlib

import numpy as np
import torch

from geometry.cloud import PointCloud

POINT = np.dtype(
    [("position", "<f4", 3), ("normal", "<f4", 3), ("radius", "<f4"), ("color", "u1", 3), ("sky", "u1")]
)


def pack_points(cloud: PointCloud) -> bytes:
    """Compressed records; lossless for clouds whose colours come from 8-bit pictures."""
    records = np.empty(len(cloud), POINT)
    records["position"] = cloud.positions.numpy()
    records["normal"] = cloud.normals.numpy()
    records["radius"] = cloud.radii.numpy()
    records["color"] = (cloud.colors * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    records["sky"] = cloud.sky.numpy()
    return zlib.compress(records.tobytes(), level=1)


def unpack_points(data: bytes) -> PointCloud:
    """Inverse of ``pack_points``.

    Raises:
        ValueError: The bytes are damaged.
    """
    try:
        records = np.frombuffer(zlib.decompress(data), POINT)
    except (zlib.error, ValueError) as error:
        raise ValueError(f"stored points are damaged: {error}") from error
    return PointCloud(
        positions=torch.from_numpy(records["position"].copy()),
        colors=torch.from_numpy(records["color"].copy()).float() / 255,
        normals=torch.from_numpy(records["normal"].copy()),
        radii=torch.from_numpy(records["radius"].copy()),
        sky=torch.from_numpy(records["sky"].copy()).bool(),
    )
