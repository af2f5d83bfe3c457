"""Depth from a Hugging Face depth-estimation model, in a local folder or by its name on the hub."""

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from voyager_lite.depth.estimate import DepthEstimate
from voyager_lite.depth.file import resize_depth
from voyager_lite.depth.sky import sky_of

logger = logging.getLogger(__name__)

METRIC: Final = ("depth_pro", "glpn", "zoedepth")
DECLARED: Final = ("depth_anything", "prompt_depth_anything")
SUPPORTED: Final = ("depth_anything", "depth_pro", "dpt", "glpn", "prompt_depth_anything", "zoedepth")
"""Architectures (``model_type``) whose numbers this module knows how to read."""

RELATIVE_RATIO: Final = 6.0
RELATIVE_RATIO_WITH_SKY: Final = 12.0
RELATIVE_NEAREST: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class DepthModel:
    """A depth-estimation checkpoint run through transformers.

    Metric models give depth as it is. Relative ones (MiDaS, DPT, Depth Anything) give inverse depth up
    to a scale and a shift, which must be chosen: the nearest 2 % lie at 2 units, and the farthest 2 %
    six times as far (a room), or twelve times where there is sky (the open).

    Attributes:
        name: A local folder, or a name on the hub such as ``depth-anything/Depth-Anything-V2-Small-hf``.
        download: Whether the hub may be asked; otherwise only what this machine already holds is used.
        device: Where to run.
    """

    name: str
    download: bool = False
    device: str = "cpu"

    def estimate(
        self, image: Float[Tensor, "3 height width"], *, fov_degrees: float | None = None
    ) -> DepthEstimate:
        """Depth at the picture's size; sky where the model is far and the picture looks like sky.

        A model that predicts the field of view (Depth Pro) uses the given one instead where it is known.

        Raises:
            FileNotFoundError: The folder or the downloaded checkpoint is not there.
            ValueError: Not a supported depth model, no safetensors, or weights are missing.
        """
        config, processor, model = self._loaded
        pixels = processor(image)
        with torch.inference_mode():
            output = model(pixels.to(self.device))
        raw, fov = _read_output(output, processor, image.shape[1:], fov_degrees)
        metric = is_metric(config)
        nearness = 1 / raw.clamp(min=1e-4) if metric else raw
        sky = sky_of(image) & (_resized(nearness, image) < 0.2 * float(nearness.quantile(0.98)))
        depth = raw if metric else relative_to_depth(nearness, with_sky=bool(sky.any()))
        usable = torch.isfinite(depth) & (depth > 0)
        depth, valid = resize_depth(
            torch.where(usable, depth, 0.0), usable, height=image.shape[1], width=image.shape[2]
        )
        valid &= ~sky
        if not bool((valid | sky).any()):
            raise ValueError(f"the depth model {self.name} gave no finite depth > 0 for this picture")
        unit = "metres" if metric else "relative: its scale is made up"
        return DepthEstimate(
            depth=torch.where(valid, depth, 0.0),
            valid=valid,
            sky=sky,
            fov_degrees=fov,
            metric=metric,
            source=f"depth model {self.name} ({config.model_type}, {unit})",
        )

    @cached_property
    def _loaded(self) -> tuple[Any, "_Processor", torch.nn.Module]:
        from huggingface_hub.errors import StrictDataclassError
        from safetensors import SafetensorError
        from transformers import AutoConfig, AutoModelForDepthEstimation

        _require_folder_or_name(self.name)
        options = {"local_files_only": not self.download}
        try:
            config = AutoConfig.from_pretrained(self.name, **options)
        except (OSError, ValueError, StrictDataclassError) as error:
            raise self._missing(error) from error
        if config.model_type not in SUPPORTED:
            raise ValueError(
                f"{self.name} is of type {config.model_type}; expected a depth model of type "
                f"{', '.join(SUPPORTED)}"
            )
        try:
            model, report = AutoModelForDepthEstimation.from_pretrained(
                self.name, config=config, use_safetensors=True, output_loading_info=True, **options
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise ValueError(
                f"{self.name} cannot be loaded; expected whole weights as .safetensors (pickled weights are "
                f"never loaded): {_first_line(error)}"
            ) from error
        if report["missing_keys"]:
            raise ValueError(
                f"{self.name} lacks {len(report['missing_keys'])} of the weights of its architecture"
            )
        return config, _Processor(self.name, config.model_type, options), model.to(self.device).eval()

    def _missing(self, error: Exception) -> Exception:
        if Path(self.name).is_dir():
            return ValueError(f"{self.name} holds no model that can be read: {_first_line(error)}")
        if self.download:
            return FileNotFoundError(
                f"the depth model {self.name} could not be fetched: {_first_line(error)}"
            )
        return FileNotFoundError(
            f"the depth model {self.name} is neither a folder nor on this machine yet, and nothing is "
            f"downloaded unasked; fetch it once with: hf download {self.name}"
        )


def is_metric(config: Any) -> bool:
    """Whether a model's numbers are metres, told from its configuration."""
    if config.model_type in DECLARED:
        return bool(config.depth_estimation_type == "metric")
    if config.model_type == "dpt":
        # The DPT heads on DINOv2 were trained on NYU and KITTI in metres; all others are MiDaS's.
        return getattr(getattr(config, "backbone_config", None), "model_type", None) == "dinov2"
    return config.model_type in METRIC


def relative_to_depth(
    inverse: Float[Tensor, "height width"], *, with_sky: bool
) -> Float[Tensor, "height width"]:
    """Depth in made-up units from inverse depth known up to scale and shift (see ``DepthModel``).

    With sky, 0 is taken as infinitely far and left where it is, so the shift is known.
    """
    low = 0.0 if with_sky else float(inverse.quantile(0.02))
    high = float(inverse.quantile(0.98))
    ratio = RELATIVE_RATIO_WITH_SKY if with_sky else RELATIVE_RATIO
    share = ((inverse - low) / max(high - low, 1e-6)).clamp(0, 1.5)
    return RELATIVE_NEAREST * ratio / (share * (ratio - 1) + 1)


class _Processor:
    """A checkpoint's own preprocessing; Depth Pro's by hand, whose official one needs torchvision."""

    def __init__(self, name: str, model_type: str, options: dict[str, bool]) -> None:
        self.model_type = model_type
        if model_type == "depth_pro":
            from transformers.image_processing_utils import ImageProcessingMixin

            settings, _ = ImageProcessingMixin.get_image_processor_dict(name, **options)
            self.size = settings["size"]
            self.mean = torch.tensor(settings["image_mean"])[:, None, None]
            self.deviation = torch.tensor(settings["image_std"])[:, None, None]
            return
        from transformers import AutoImageProcessor

        self.official = AutoImageProcessor.from_pretrained(name, backend="pil", **options)

    def __call__(
        self, image: Float[Tensor, "3 height width"]
    ) -> Float[Tensor, "1 3 model_height model_width"]:
        if self.model_type == "depth_pro":
            size = (self.size["height"], self.size["width"])
            return F.interpolate(((image - self.mean) / self.deviation)[None], size, mode="bilinear")
        pixels = (image * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        inputs = self.official(images=pixels, return_tensors="pt", input_data_format="channels_last")
        return inputs["pixel_values"]


def _read_output(
    output: Any, processor: _Processor, size: torch.Size, fov_degrees: float | None
) -> tuple[Float[Tensor, "model_height model_width"], float | None]:
    """A model's numbers without its padding, and the field of view where it tells."""
    raw = output.predicted_depth[0].float().cpu()
    if processor.model_type == "zoedepth" and processor.official.do_pad:
        return _without_zoe_padding(raw, *size), fov_degrees
    if processor.model_type != "depth_pro":
        return raw, fov_degrees
    # Bochkovskii et al., "Depth Pro", 2024: canonical inverse depth times width / focal is inverse depth.
    if fov_degrees is None and output.field_of_view is not None:
        fov_degrees = float(output.field_of_view.flatten()[0])
    stretch = 1.0 if fov_degrees is None else 2 * torch.tan(torch.deg2rad(torch.tensor(fov_degrees)) / 2)
    return 1 / (raw * stretch).clamp(1e-4, 1e4), fov_degrees


def _without_zoe_padding(
    raw: Float[Tensor, "model_height model_width"], height: int, width: int
) -> Float[Tensor, "{height} {width}"]:
    """ZoeDepth's preprocessing mirrors a rim of 3 sqrt(side / 2) pixels around the picture; cut it off."""
    rim_y, rim_x = int((height / 2) ** 0.5 * 3), int((width / 2) ** 0.5 * 3)
    whole = torch.ones_like(raw, dtype=torch.bool)
    padded, _ = resize_depth(raw, whole, height=height + 2 * rim_y, width=width + 2 * rim_x)
    return padded[rim_y : rim_y + height, rim_x : rim_x + width]


def _resized(values: Tensor, image: Tensor) -> Float[Tensor, "height width"]:
    return F.interpolate(values[None, None], tuple(image.shape[1:]), mode="bilinear")[0, 0]


def _require_folder_or_name(name: str) -> None:
    path = Path(name)
    looks_like_path = path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1
    if looks_like_path and not path.is_dir():
        raise FileNotFoundError(f"{name} does not exist; expected a folder with a depth model")


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
