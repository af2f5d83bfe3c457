"""Point clouds as binary PLY: x y z, nx ny nz, red green blue, radius. Opens in every viewer."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Shaped

from geometry.cloud import PointCloud
from voyager_lite.export.atomic import replacing

VERTEX = np.dtype(
    [(name, "<f4") for name in ("x", "y", "z", "nx", "ny", "nz")]
    + [(name, "u1") for name in ("red", "green", "blue")]
    + [("radius", "<f4")]
)
PLY_TYPES = {"<f4": "float", "|u1": "uchar"}


def write_ply(path: Path, cloud: PointCloud, *, with_sky: bool = False) -> int:
    """Write the cloud's matter, or all of it; returns the number of points written.

    World frame as in the world: x right, y down, z forward from the first camera.
    """
    chosen = cloud if with_sky else cloud.matter
    write_vertices(path, [_vertices(chosen)], layout=VERTEX, count=len(chosen))
    return len(chosen)


def write_ply_parts(path: Path, clouds: Iterable[PointCloud], *, count: int) -> None:
    """Write the matter of clouds that are in memory one after the other; the file is ``write_ply``'s.

    Args:
        path: A .ply file.
        clouds: One after the other.
        count: Points of matter in all of them.

    Raises:
        ValueError: There were more or fewer points.
    """
    write_vertices(path, (_vertices(cloud.matter) for cloud in clouds), layout=VERTEX, count=count)


def write_vertices(
    path: Path,
    parts: Iterable[Shaped[np.ndarray, " vertex"]],
    *,
    layout: np.dtype[np.void],
    count: int,
) -> None:
    """Write records of 32-bit floats and bytes as a binary PLY of vertices with the fields' names.

    Raises:
        ValueError: There were more or fewer than ``count``.
    """
    written = 0
    with replacing(path) as partial, open(partial, "wb") as file:
        file.write(_header(count, layout).encode("ascii"))
        for part in parts:
            part.tofile(file)
            written += len(part)
        if written != count:
            raise ValueError(f"{path}: {written} points came where {count} were announced; try again")


def _vertices(cloud: PointCloud) -> Shaped[np.ndarray, " vertex"]:
    vertices = np.empty(len(cloud), VERTEX)
    for names, rows in (("xyz", cloud.positions), (("nx", "ny", "nz"), cloud.normals)):
        for axis, name in enumerate(names):
            vertices[name] = rows[:, axis].numpy()
    colors = (cloud.colors * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    for axis, name in enumerate(("red", "green", "blue")):
        vertices[name] = colors[:, axis]
    vertices["radius"] = cloud.radii.numpy()
    return vertices


def read_ply(path: Path) -> PointCloud:
    """Read a file written by ``write_ply``.

    Raises:
        ValueError: Another layout, or fewer vertices than the header says.
    """
    data = path.read_bytes()
    end = data.find(b"end_header\n") + len(b"end_header\n")
    count = next(
        (int(line.split()[2]) for line in data[:end].splitlines() if line.startswith(b"element vertex ")), -1
    )
    if count < 0 or data[:end] != _header(count, VERTEX).encode("ascii"):
        raise ValueError(
            f"{path}: not a point cloud of ours; expected binary PLY with the vertex {VERTEX.names}"
        )
    if len(data) - end != count * VERTEX.itemsize:
        raise ValueError(
            f"{path}: {len(data) - end} bytes of vertices; {count} vertices need {count * VERTEX.itemsize}"
        )
    vertices = np.frombuffer(data, VERTEX, offset=end)

    def rows(*names: str) -> torch.Tensor:
        return torch.from_numpy(np.stack([vertices[name] for name in names], axis=-1).astype(np.float32))

    return PointCloud(
        positions=rows("x", "y", "z"),
        colors=rows("red", "green", "blue") / 255,
        normals=rows("nx", "ny", "nz"),
        radii=rows("radius")[:, 0],
        sky=torch.zeros(count, dtype=torch.bool),
    )


def _header(count: int, layout: np.dtype[np.void]) -> str:
    properties = "".join(f"property {PLY_TYPES[layout[name].str]} {name}\n" for name in layout.names or ())
    return f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n{properties}end_header\n"
