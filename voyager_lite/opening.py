"""From a photograph and its depth to the first frame of a world."""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from geometry.camera import Camera
from geometry.cloud import PointCloud
from geometry.focus import focus_distance
from geometry.lifting import SKY_DISTANCE, lift
from voyager_lite.clip import Clip
from voyager_lite.core.fill import background_fill
from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.photograph import Photograph, fit_size, resize_rgb
from voyager_lite.world.frames import quantized
from voyager_lite.world.provenance import file_hash

DEFAULT_FOV_DEGREES = 60.0
"""Horizontal, where nobody knows better: a phone's main camera has about 65, a 35 mm lens 54."""

SMALLEST_SIDE, LARGEST_SIDE = 32, 8192


@dataclass(frozen=True, kw_only=True)
class View:
    """How a photograph is opened.

    Attributes:
        height: Of every frame; None takes the picture's, reduced to a long side of 960.
        width: Of every frame; both sizes are given or neither. A picture of another shape is cut to
            the middle, never stretched.
        fov_degrees: Horizontal field of view of the whole photograph; None takes the depth source's,
            else EXIF's, else 60 degrees.
        fps: Frames a second of the videos.

    Raises:
        ValueError: A size below 32, above 8192, odd or given alone; a rate or an angle that cannot be.
    """

    height: int | None = None
    width: int | None = None
    fov_degrees: float | None = None
    fps: float = 24.0

    def __post_init__(self) -> None:
        sides, allowed = (self.width, self.height), range(SMALLEST_SIDE, LARGEST_SIDE + 1, 2)
        if any(side is not None and side not in allowed for side in sides):
            raise ValueError(
                f"size is {self.width}x{self.height}; expected even numbers from {SMALLEST_SIDE} to "
                f"{LARGEST_SIDE}"
            )
        if (self.height is None) != (self.width is None):
            raise ValueError("size needs both width and height")
        if self.fov_degrees is not None and not 1 <= self.fov_degrees <= 170:
            raise ValueError(f"field of view is {self.fov_degrees:g} degrees; expected 1 to 170")
        if not 1 <= self.fps <= 240:
            raise ValueError(f"frame rate is {self.fps:g} a second; expected 1 to 240")


@dataclass(frozen=True, kw_only=True, eq=False)
class Opening:
    """A photograph ready to be walked into.

    Attributes:
        clip: One frame: the picture at the world's size, its depth completed, its camera.
        cloud: The lifted picture.
        fps: Frames a second of the videos to come.
        origin: Where the picture and its depth came from, and the radius of the sky's shell; JSON values.
    """

    clip: Clip
    cloud: PointCloud
    fps: float
    origin: dict[str, object]

    @property
    def cameras(self) -> Camera:
        """A batch of one."""
        return self.clip.cameras

    @property
    def focus_distance(self) -> float:
        """Distance to the centre of the scene before the camera, scene units."""
        return focus_distance(self.cloud, self.cameras[-1])


def open_photograph(
    photograph: Photograph, estimate: DepthEstimate, *, view: View, camera: Camera | None = None
) -> Opening:
    """Lift a photograph at the size of ``view``.

    Args:
        photograph: At its own size.
        estimate: Of the same size.
        view: Size and field of view.
        camera: The calibrated camera of the photograph at its own size, where there is one; a field
            of view in ``view`` outranks it.

    Raises:
        ValueError: The estimate has another size than the photograph, or neither matter nor sky.
    """
    height, width = photograph.rgb.shape[-2:]
    if tuple(estimate.depth.shape) != (height, width):
        found = "x".join(str(side) for side in reversed(estimate.depth.shape))
        raise ValueError(f"depth has size {found}; the photograph has {width}x{height}")
    if not bool((estimate.valid | estimate.sky).any()):
        raise ValueError("depth has no valid pixel and no sky; there is nothing to lift")
    if camera is None or view.fov_degrees is not None:
        fov = view.fov_degrees or estimate.fov_degrees or photograph.fov_degrees or DEFAULT_FOV_DEGREES
        camera = Camera.from_fov(fov, height=height, width=width)
    target = (view.height, view.width) if view.height and view.width else fit_size(height, width)
    cut = _Cut.to_cover(height, width, *target)
    rgb = cut.picture(photograph.rgb)
    depth = cut.nearest(estimate.depth)
    valid, sky = cut.nearest(estimate.valid), cut.nearest(estimate.sky)
    camera = cut.camera(camera)
    distance = SKY_DISTANCE * (float(depth[valid].amax()) if bool(valid.any()) else 1.0)
    filled = torch.where(sky, distance, depth)[None]
    _, completed = background_fill(rgb[None], filled, (valid | sky)[None], sky_from=distance / 2)
    clip = quantized(Clip(rgb=rgb[None], depth=completed, cameras=Camera.stack([camera])))
    points = lift(clip.rgb[0], clip.depth[0], camera, valid=~sky, sky=sky, sky_distance=distance)
    origin: dict[str, object] = {
        "image": photograph.path.name,
        "image_sha256": file_hash(photograph.path),
        "depth": estimate.source,
        "metric": estimate.metric,
        "sky_distance": distance,
    }
    return Opening(clip=clip, cloud=storable(points), fps=view.fps, origin=origin)


def storable(cloud: PointCloud) -> PointCloud:
    """The cloud as a world will give it back, with 8-bit colours."""
    return replace(cloud, colors=(cloud.colors * 255).round().clamp(0, 255) / 255)


@dataclass(frozen=True, kw_only=True)
class _Cut:
    """Scale a picture to cover another size, then cut the middle out."""

    scaled: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int]

    @classmethod
    def to_cover(cls, height: int, width: int, to_height: int, to_width: int) -> "_Cut":
        scale = max(to_height / height, to_width / width)
        scaled = max(to_height, math.floor(height * scale)), max(to_width, math.floor(width * scale))
        corner = (scaled[0] - to_height) // 2, (scaled[1] - to_width) // 2
        return cls(scaled=scaled, corner=corner, size=(to_height, to_width))

    def _middle(self, picture: Tensor) -> Tensor:
        top, left = self.corner
        return picture[..., top : top + self.size[0], left : left + self.size[1]].contiguous()

    def picture(self, rgb: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 to_height to_width"]:
        return self._middle(resize_rgb(rgb, height=self.scaled[0], width=self.scaled[1]))

    def nearest(self, values: Tensor) -> Tensor:
        """Depth and masks: never blended across edges."""
        scaled = F.interpolate(values[None, None].float(), self.scaled, mode="nearest-exact")[0, 0]
        return self._middle(scaled).to(values.dtype)

    def camera(self, camera: Camera) -> Camera:
        scaled = camera.resized(height=self.scaled[0], width=self.scaled[1])
        K = scaled.K.clone()
        K[..., 0, 2] -= self.corner[1]
        K[..., 1, 2] -= self.corner[0]
        return Camera(K=K, world_to_camera=camera.world_to_camera, height=self.size[0], width=self.size[1])
