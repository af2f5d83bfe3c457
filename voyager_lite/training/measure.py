"""How well the holes of held-out procedural clips are filled, by the network and by simple means."""

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from voyager_lite.core.mini_network import MiniCondition, MiniNetwork
from voyager_lite.training.batches import Batch, as_batch
from voyager_lite.training.clips import HELD_OUT, make_clip


def held_out_batches(count: int, *, frames: int = 9, first: int = 0) -> list[Batch]:
    """Clips of 96x64 that training never sees, each as a batch of one."""
    return [as_batch(make_clip(HELD_OUT + first + i, frames=frames, exact=True)) for i in range(count)]


def hole_psnr(
    rgb: Float[Tensor, "*batch 3 height width"],
    truth: Float[Tensor, "*batch 3 height width"],
    known: Bool[Tensor, "*batch height width"],
) -> float:
    """PSNR in dB over the unknown pixels of RGB in [0, 1]."""
    error = (rgb.clamp(0, 1) - truth).square().movedim(-3, -1)[~known].mean()
    return float(-10 * torch.log10(error))


def inpaint(
    rgb: Float[Tensor, "frame 3 height width"], known: Bool[Tensor, "frame height width"], *, flag: int
) -> Float[Tensor, "frame 3 height width"]:
    """OpenCV's inpainting (``cv2.INPAINT_TELEA`` or ``cv2.INPAINT_NS``, radius 3) frame by frame."""
    frames = []
    for picture, mask in zip(rgb, known, strict=True):
        eight_bit = (picture.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        filled = cv2.inpaint(eight_bit, (~mask).numpy().astype(np.uint8), 3, flag)
        frames.append(torch.from_numpy(filled).permute(2, 0, 1).float() / 255)
    return torch.stack(frames)


@torch.no_grad()
def one_step(network: MiniNetwork, condition: MiniCondition) -> Float[Tensor, "batch frame 4 height width"]:
    """The network's clean signal in one step from noise; known pixels as the guidance has them."""
    x = torch.zeros_like(condition.fill)
    t = torch.ones(x.shape[:2], device=x.device)
    with torch.autocast(x.device.type, torch.bfloat16):
        made = network.denoised(x, t, condition).float()
    return torch.where(condition.known[:, :, None], condition.guidance, made)


def measure_baselines(batches: list[Batch]) -> dict[str, float]:
    """Mean hole PSNR in dB of the fills without a network, and the fill's inverse-depth error."""
    sums: dict[str, list[float]] = {"fill": [], "telea": [], "navier_stokes": [], "fill_inverse_depth": []}
    for batch in batches:
        rgb, truth = (batch.condition.guidance[0, :, :3] + 1) / 2, (batch.truth[0, :, :3] + 1) / 2
        known = batch.condition.known[0]
        sums["fill"].append(hole_psnr((batch.condition.fill[0, :, :3] + 1) / 2, truth, known))
        sums["telea"].append(hole_psnr(inpaint(rgb, known, flag=cv2.INPAINT_TELEA), truth, known))
        sums["navier_stokes"].append(hole_psnr(inpaint(rgb, known, flag=cv2.INPAINT_NS), truth, known))
        sums["fill_inverse_depth"].append(inverse_depth_error(batch.condition.fill, batch))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def inverse_depth_error(signal: Float[Tensor, "batch frame 4 height width"], batch: Batch) -> float:
    """Mean absolute error of near / depth over the holes."""
    return float((signal - batch.truth)[:, :, 3].abs()[~batch.condition.known].mean())


def measure_network(network: MiniNetwork, batches: list[Batch]) -> dict[str, float]:
    """Mean hole PSNR in dB of one step and of its mean with the fill; inverse-depth error of one step."""
    device = next(network.parameters()).device
    rows = []
    for batch in batches:
        moved = batch.to(device)
        made = one_step(network, moved.condition).cpu()
        truth, known = (batch.truth[:, :, :3] + 1) / 2, batch.condition.known
        mixed = (made + batch.condition.fill) / 2
        rows.append((
            hole_psnr((made[:, :, :3] + 1) / 2, truth, known),
            hole_psnr((mixed[:, :, :3] + 1) / 2, truth, known),
            inverse_depth_error(made, batch),
        ))  # fmt: skip
    psnr, mixed_psnr, depth = (float(np.mean(column)) for column in zip(*rows, strict=True))
    return {"network": psnr, "network_and_fill": mixed_psnr, "network_inverse_depth": depth}
