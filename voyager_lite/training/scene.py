"""A procedural scene: shapes, materials and light as arrays, and a builder to fill them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from geometry.camera import Camera
from voyager_lite.training.listing import list_cells
from voyager_lite.training.material import COLUMNS, LEAVES
from voyager_lite.training.noise import noise_volume
from voyager_lite.training.photographs import page_means, photo_atlas
from voyager_lite.training.raycast import cast_frames
from voyager_lite.training.shading import REACH_AT_MOST, REACH_OVER_THICKNESS, World, sun_axes
from voyager_lite.training.shapes import BALL, CONE, unit_maps

Real = float | int | np.integer
Vector = Sequence[Real] | np.ndarray

SKY_DEPTH = 1000.0
"""Depth written where a ray meets nothing."""

ROUND = 0.35
"""Least over greatest half size from which on a shape of leaves is a crown and no leaf."""

GAMMA = 2.2
"""Pictures hold the root of linear light to this power."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything a ray can meet, in float32/float64 arrays that the ray caster reads.

    World axes are OpenCV's: y points down, the floor is at y = 0, up is -y; units are about metres.

    Attributes:
        kinds: (N,) BOX, BALL, CYLINDER or CONE.
        shapes: (N, 16) centre (3), world-to-shape rotation (9), half sizes (3), bounding radius.
        materials: (N, COLUMNS) rows of ``material``.
        casters: Rows that cast shadows.
        air: (22,) sun direction (3) and colour (3), ambient light (3), fog per unit, cloud cover,
            cloud phase, exposure, zenith (3), horizon (3), snow cover, light of windows at night, 1 in rooms.
        roles: What each shape is part of ("wall", "floor", "tree" ...), one word a shape; "" for nothing
            that has a name.
        kind: What the scene shows: "room", "street" ...; "" for nothing that has a name.
    """

    kinds: np.ndarray
    shapes: np.ndarray
    materials: np.ndarray
    casters: np.ndarray
    air: np.ndarray
    roles: tuple[str, ...] = ()
    kind: str = ""

    def inside(self, point: np.ndarray, *, margin: float) -> bool:
        """True where a point lies in a shadow-casting shape grown by ``margin`` (as a box)."""
        shapes = self.shapes[self.casters]
        R = shapes[:, 3:12].reshape(-1, 3, 3)
        local = np.abs((R @ (point - shapes[:, :3])[..., None])[..., 0])
        return bool((local < shapes[:, 12:15] + margin).all(axis=-1).any())


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Ground truth along a path.

    Attributes:
        rgb: RGB in [0, 1], gamma-coded; at edges the mean of five places in and around the pixel.
        depth: Depth along the axis at pixel centres; SKY_DEPTH where ``sky``.
        normal: Unit, world frame, towards the camera; 0 where ``sky``.
        sky: True where the ray through the pixel's centre meets nothing.
        shape: Row of the shape that it meets; -1 where ``sky``.
    """

    rgb: Float[Tensor, "frame 3 height width"]
    depth: Float[Tensor, "frame height width"]
    normal: Float[Tensor, "frame 3 height width"]
    sky: Bool[Tensor, "frame height width"]
    shape: Int[Tensor, "frame height width"]


def render_scene(scene: Scene, cameras: Camera, *, device: torch.device | str = "cpu") -> View:
    """Ray-cast a scene from a batch of cameras.

    Args:
        scene: What there is to see.
        cameras: One a frame.
        device: Where rays are cast: on the processor (one thread, the interpreter lock released), or on a
            GPU (needs the package numba-cuda). The answer lies on the processor.
    """
    K, poses = cameras.K.numpy(), cameras.camera_to_world.numpy()
    size = {"height": cameras.height, "width": cameras.width}
    if torch.device(device).type == "cpu":
        maps = cast_frames(world_of(scene), K, poses, **size)
    else:
        # Here because it is slow to import and few need it.
        from voyager_lite.training import raycast_cuda

        maps = raycast_cuda.cast_frames(world_of(scene), K, poses, **size, device=torch.device(device))
    # Here and not in compiled code: on whole arrays powers are several times as quick.
    np.power(maps.rgb, np.float32(1 / GAMMA), out=maps.rgb)
    sky = (maps.depth <= 0) | (maps.depth > SKY_DEPTH)
    maps.depth[sky], maps.shape[sky] = SKY_DEPTH, -1
    return View(
        rgb=torch.from_numpy(maps.rgb).permute(0, 3, 1, 2).contiguous(),
        depth=torch.from_numpy(maps.depth),
        normal=torch.from_numpy(maps.normal).permute(0, 3, 1, 2).contiguous(),
        sky=torch.from_numpy(sky),
        shape=torch.from_numpy(maps.shape),
    )


def can_cast_on_gpu() -> bool:
    """True if PyTorch finds a GPU, and numba its own: the CUDA target inside numba lacks ``min``."""
    return torch.cuda.is_available() and find_spec("numba_cuda") is not None


def half_extents(shapes: np.ndarray) -> np.ndarray:
    """Half sizes (N, 3), along the world's axes, of the boxes around a scene's ``shapes``."""
    return (np.abs(shapes[:, 3:12].reshape(-1, 3, 3)) * shapes[:, 12:15, None]).sum(axis=1)


def world_of(scene: Scene) -> World:
    """The scene with what is worked out once for all its views, as the ray caster reads it."""
    shapes, sun = scene.shapes, scene.air[:3]
    axes = np.stack([*sun_axes(sun), sun])
    turns = shapes[:, 3:12].reshape(-1, 3, 3)
    reach = np.minimum(REACH_OVER_THICKNESS * shapes[:, 12:15].min(axis=1), REACH_AT_MOST)
    middle, spread = shapes[:, :3] @ axes.T, (np.abs(turns @ axes.T) * shapes[:, 12:15, None]).sum(axis=1)
    low, high = middle - spread, middle + spread
    spread = half_extents(shapes) + reach[:, None]
    plan_low, plan_high = ((shapes[:, :3] + sign * spread)[:, ::2] for sign in (-1, 1))
    return World(
        volume=noise_volume(),
        atlas=(photo_atlas(), page_means()),
        kinds=scene.kinds,
        shapes=shapes,
        materials=scene.materials,
        air=scene.air,
        maps=unit_maps(shapes),
        shadow=list_cells(low[:, :2], high[:, :2], scene.casters),
        shadow_boxes=np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1], high[:, 2]], axis=1),
        ground=list_cells(plan_low, plan_high, np.flatnonzero(reach > 0.02)),
        reach=reach,
        leafy=_leafy(scene),
    )


def _leafy(scene: Scene) -> np.ndarray:
    """True for what stands as a round shape of leaves, and casts shadows: not for hills or single leaves."""
    leafy = (scene.materials[:, 0] == LEAVES) & np.isin(scene.kinds, (BALL, CONE))
    leafy &= scene.shapes[:, 12:15].min(axis=1) > ROUND * scene.shapes[:, 12:15].max(axis=1)
    casts = np.zeros(len(leafy), np.bool_)
    casts[scene.casters] = True
    return leafy & casts


class Builder:
    """Collects shapes in a frame that can be moved and turned about the vertical."""

    def __init__(self) -> None:
        self._kinds: list[int] = []
        self._shapes: list[np.ndarray] = []
        self._materials: list[np.ndarray] = []
        self._casters: list[int] = []
        self._roles: list[str] = []
        self._origin, self._yaw = np.zeros(3), 0.0

    @contextmanager
    def at(self, x: Real, z: Real, *, y: Real = 0.0, yaw: Real = 0.0) -> Iterator[None]:
        """Within the block, shapes stand in a frame at this place, turned by ``yaw`` radians."""
        before = self._origin, self._yaw
        self._origin, self._yaw = self._place((x, y, z)), self._yaw + yaw
        yield
        self._origin, self._yaw = before

    def _place(self, point: Vector) -> np.ndarray:
        c, s = np.cos(self._yaw), np.sin(self._yaw)
        x, y, z = point
        return self._origin + np.array([c * x + s * z, y, -s * x + c * z])

    def add(  # noqa: PLR0913 - all of one shape, by name
        self,
        kind: int,
        center: Vector,
        half: Vector,
        material: np.ndarray,
        *,
        tilt: np.ndarray | None = None,
        shadow: bool = True,
        role: str = "",
    ) -> None:
        """Add one shape.

        Args:
            kind: BOX, BALL, CYLINDER or CONE.
            center: In the current frame.
            half: Half sizes along the shape's axes.
            material: Row of ``material``.
            tilt: Rotation of the shape in the current frame (3, 3); None stands upright.
            shadow: Whether it casts a shadow and keeps cameras out.
            role: What it is part of, in a word: "wall", "floor", "tree" ...
        """
        c, s = np.cos(self._yaw), np.sin(self._yaw)
        R = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        R = R if tilt is None else R @ tilt
        bound = max(half) if kind == BALL else float(np.linalg.norm(np.asarray(half)))
        if shadow:
            self._casters.append(len(self._kinds))
        self._kinds.append(kind)
        self._roles.append(role)
        self._shapes.append(np.concatenate([self._place(center), R.T.ravel(), half, [1.001 * bound]]))
        self._materials.append(material)

    def build(self, air: np.ndarray, *, kind: str = "") -> Scene:
        """The scene under a given light; ``kind`` says in a word what it shows."""
        return Scene(
            kinds=np.array(self._kinds, np.int64),
            shapes=np.array(self._shapes, np.float64).reshape(-1, 16),
            materials=np.array(self._materials, np.float32).reshape(-1, COLUMNS),
            casters=np.array(self._casters, np.int64),
            air=air.astype(np.float64),
            roles=tuple(self._roles),
            kind=kind,
        )
