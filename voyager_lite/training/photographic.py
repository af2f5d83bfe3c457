"""Procedural pictures dressed as photographs: cut out, textured, lit, blurred, grained and packed."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.training.pictures import TrainingPicture

Rgb = Float[np.ndarray, "height width 3"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureBatch:
    """Pictures of one size, and the truth at half their size.

    Attributes:
        rgb: RGB in [0, 1].
        inverse: Inverse depth up to scale, 0 on the sky.
        sky: True where there is sky.
        focal: Logarithm of the focal length in shares of the width.
    """

    rgb: Float[Tensor, "batch 3 height width"]
    inverse: Float[Tensor, "batch half_height half_width"]
    sky: Bool[Tensor, "batch half_height half_width"]
    focal: Float[Tensor, " batch"]

    def to(self, device: torch.device | str) -> "PictureBatch":
        """The same pictures on another device."""
        return PictureBatch(
            rgb=self.rgb.to(device),
            inverse=self.inverse.to(device),
            sky=self.sky.to(device),
            focal=self.focal.to(device),
        )

    def split(self, parts: int) -> "list[PictureBatch]":
        """The pictures in at most ``parts`` batches, as ``Tensor.chunk`` deals them out."""
        tensors = (self.rgb, self.inverse, self.sky, self.focal)
        dealt = zip(*(part.chunk(parts) for part in tensors), strict=True)
        return [PictureBatch(rgb=r, inverse=i, sky=s, focal=f) for r, i, s, f in dealt]


def plain_batch(pictures: list[TrainingPicture], *, height: int, width: int) -> PictureBatch:
    """The middle of every picture, as it was rendered."""
    return _batch([(_middle(picture, height, width), picture) for picture in pictures], height, width, None)


def dressed_batch(
    pictures: list[TrainingPicture], rng: np.random.Generator, *, height: int, width: int
) -> PictureBatch:
    """Parts of the pictures, each through another camera.

    The part is any, down to half the side, so that there are long and short lenses; it may be
    mirrored and turned a little.
    """
    cuts = [(_anywhere(picture, rng, height, width), picture) for picture in pictures]
    return _batch(cuts, height, width, rng)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cut:
    """Where a part of a picture comes from.

    Attributes:
        matrix: (2, 3) from pixels of the part to pixels of the picture, both counted from corners.
        scale: Pixels of the picture in a pixel of the part.
    """

    matrix: Float[np.ndarray, "2 3"]
    scale: float

    def taken(self, values: np.ndarray, *, height: int, width: int, half: bool = False) -> np.ndarray:
        """The part, linear between pixels; or at half its size, every pixel the nearest one."""
        step = 2 if half else 1
        matrix = self.matrix * np.array([step, step, 1])
        # OpenCV counts from pixel centres.
        matrix = matrix.copy()
        matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
        way = (cv2.INTER_NEAREST if half else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
        size = (width // step, height // step)
        return cv2.warpAffine(values, matrix, size, flags=way, borderMode=cv2.BORDER_REFLECT_101)


def _middle(picture: TrainingPicture, height: int, width: int) -> _Cut:
    full_height, full_width = picture.sky.shape
    scale = min(full_height / height, full_width / width)
    corner = np.array([full_width - scale * width, full_height - scale * height]) / 2
    return _Cut(matrix=np.array([[scale, 0, corner[0]], [0, scale, corner[1]]]), scale=scale)


def _anywhere(picture: TrainingPicture, rng: np.random.Generator, height: int, width: int) -> _Cut:
    full_height, full_width = picture.sky.shape
    scale = min(full_height / height, full_width / width) * (1 - 0.55 * rng.random() ** 2)
    free = np.array([full_width - scale * width, full_height - scale * height])
    center = np.array([full_width, full_height]) / 2 + free * (rng.beta(2, 2, 2) - 0.5)
    angle = rng.normal(0, 0.03)
    R = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < 0.5:
        R = R * np.array([-1, 1])
    offset = center - R @ np.array([width / 2, height / 2])
    return _Cut(matrix=np.concatenate([R, offset[:, None]], axis=1), scale=scale)


def _batch(
    cuts: list[tuple[_Cut, TrainingPicture]], height: int, width: int, rng: np.random.Generator | None
) -> PictureBatch:
    colors, depths, skies, focals = [], [], [], []
    for cut, picture in cuts:
        rgb = cut.taken(picture.rgb, height=height, width=width).astype(np.float32) / 255
        inverse = cut.taken(picture.inverse.astype(np.float32), height=height, width=width, half=True)
        if rng is not None:
            blurred_by = cv2.resize(inverse, (width, height), interpolation=cv2.INTER_LINEAR)
            rgb = _photographed(rng, _textured(rng, rgb), blurred_by)
        colors.append(rgb)
        depths.append(inverse)
        skies.append(inverse == 0)
        focals.append(np.log(picture.focal * picture.sky.shape[1] / (cut.scale * width)))
    return PictureBatch(
        rgb=torch.from_numpy(np.stack(colors)).permute(0, 3, 1, 2).contiguous(),
        inverse=torch.from_numpy(np.stack(depths)),
        sky=torch.from_numpy(np.stack(skies)),
        focal=torch.tensor(focals, dtype=torch.float32),
    )


@functools.cache
def photographs() -> tuple[Rgb, ...]:
    """The photographs that come inside scikit-image and scikit-learn, without the pair with known depth."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    shots = [data.astronaut(), data.brick(), data.chelsea(), data.coffee(), data.grass(), data.gravel()]
    shots += [data.rocket(), load_sample_image("china.jpg"), load_sample_image("flower.jpg")]
    colored = [shot if shot.ndim == 3 else np.repeat(shot[..., None], 3, axis=2) for shot in shots]
    return tuple(shot.astype(np.float32) / 255 for shot in colored)


def _piece(rng: np.random.Generator, height: int, width: int) -> Rgb:
    """A part of some photograph, brought to a size."""
    bank = photographs()
    shot = bank[rng.integers(len(bank))]
    most = min(shot.shape[0] / height, shot.shape[1] / width)
    scale = most * rng.uniform(0.3, 1)
    h, w = max(4, int(scale * height)), max(4, int(scale * width))
    top, left = rng.integers(shot.shape[0] - h + 1), rng.integers(shot.shape[1] - w + 1)
    part = shot[top : top + h, left : left + w]
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)


def _textured(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """Borrow from photographs what does not tell depth: their spectrum, their texture."""
    choice = rng.random()
    height, width = rgb.shape[:2]
    if choice < 0.08:
        # Amplitudes of another picture, phases of this one (Yang and Soatto, "FDA", 2020).
        own = np.fft.rfft2(rgb, axes=(0, 1))
        other = np.abs(np.fft.rfft2(_piece(rng, height, width), axes=(0, 1)))
        share = rng.uniform(0.05, 0.4)
        amplitude = np.abs(own)
        own *= (share * other + (1 - share) * amplitude) / (amplitude + 1e-6)
        rgb = np.fft.irfft2(own, s=(height, width), axes=(0, 1)).astype(np.float32)
    elif choice < 0.3:
        piece = _piece(rng, height, width)
        texture = piece - cv2.GaussianBlur(piece, (0, 0), rng.uniform(1.0, 3))
        rgb = rgb * np.exp(rng.uniform(0.3, 1.2) * texture)
    return rgb.clip(0, 1)


def _photographed(rng: np.random.Generator, rgb: Rgb, inverse: Float[np.ndarray, "height width"]) -> Rgb:
    """Colours, shading, focus, grain and JPEG of a camera."""
    rgb = _developed(rng, rgb)
    height, width = rgb.shape[:2]
    if rng.random() < 0.25:
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
        rgb = rgb * (1 - rng.uniform(0, 0.5) * (x * x + y * y) / 2).astype(np.float32)[..., None]
    rgb = _focused(rng, rgb, inverse)
    if rng.random() < 0.4:
        rgb = rgb + rng.normal(0, 0.03 * rng.random() ** 2, rgb.shape).astype(np.float32)
    rgb = rgb.clip(0, 1)
    if rng.random() < 0.35:
        quality = int(rng.integers(50, 95))
        eight_bit = (rgb * 255).astype(np.uint8)
        packed = cv2.imencode(".jpg", eight_bit, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        rgb = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)).astype(np.float32) / 255
    return rgb


def _developed(rng: np.random.Generator, rgb: Rgb) -> Rgb:
    """Exposure, white balance, colour or none, and levels: cameras use nearly all between black and white."""
    gain = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.1, 3))
    rgb = rgb ** np.exp(rng.normal(0, 0.25)) * gain
    rgb = rgb / (rgb.mean(axis=(0, 1)) / rgb.mean() + 1e-3) ** rng.uniform(0, 0.8)
    grey = rgb.mean(axis=2, keepdims=True)
    saturation = 0.0 if rng.random() < 0.08 else rng.uniform(0.5, 1.5)
    rgb = grey + saturation * (rgb - grey)
    if rng.random() < 0.06:
        rgb = rgb[..., rng.permutation(3)]
    if rng.random() < 0.8:
        low, high = np.quantile(rgb, (rng.uniform(0.002, 0.05), rng.uniform(0.95, 0.998)))
        share = rng.uniform(0.5, 1)
        rgb = (1 - share) * rgb + share * (rgb - low) / max(high - low, 0.1)
    middle = rgb.mean()
    contrast = np.exp(rng.normal(0, 0.15))
    return ((rgb - middle) * contrast + middle + rng.normal(0, 0.03)).astype(np.float32)


def _focused(rng: np.random.Generator, rgb: Rgb, inverse: Float[np.ndarray, "height width"]) -> Rgb:
    """Out of focus in part, or blurred, or sharpened, or as it is."""
    if rng.random() < 0.12:
        near, far = np.quantile(inverse, (0.05, 0.95))
        off = np.abs(inverse - rng.uniform(near, far + 1e-3)) / (far - near + 1e-3)
        soft = cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.6, 1.8))
        return rgb + (2 * off).clip(0, 1).astype(np.float32)[..., None] * (soft - rgb)
    if rng.random() < 0.15:
        return cv2.GaussianBlur(rgb, (0, 0), rng.uniform(0.3, 0.8))
    if rng.random() < 0.5:
        return rgb + rng.uniform(0.2, 1) * (rgb - cv2.GaussianBlur(rgb, (0, 0), 1.0))
    return rgb
