"""Against public code of the same network: set VOYAGER_REFERENCE to a checkout to run these.

Either Tencent-Hunyuan/HunyuanVideo-I2V, the parent, whose modules are given 50 input channels, or a
HunyuanWorld-Voyager, which has the context blocks too. Nothing of it is installed: only the files with the
modules and the scheduler are imported, and attention, which there needs a GPU, is put in place here.
"""

import ast
import os
import types
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from geometry.camera import Camera
from voyager_lite.clip import Guidance
from voyager_lite.core.voyager.blueprint import blueprint
from voyager_lite.core.voyager.conditioning import composites, pooled_mask
from voyager_lite.core.voyager.released import released_rows, released_shapes, take
from voyager_lite.core.voyager.transformer import VoyagerTransformer
from voyager_lite.evaluation.gpu_bench import reference_rows
from voyager_lite.evaluation.reference import (
    import_reference,
    reference_network,
    reference_package,
    reference_positions,
)
from voyager_lite.export.condition import HEIGHT as TALL
from voyager_lite.export.condition import WIDTH as WIDE
from voyager_lite.export.condition import ConditionFrame, read_condition, write_condition
from voyager_lite.export.depth_file import read_depth_exr
from voyager_lite.sampling.flow import integrate, schedule

SIZES = {"num_attention_heads": 2, "num_layers": 2, "num_single_layers": 3}
WIDTH, HEADS, TEXT, POOLED = 64, 2, 40, 24
ROPE = [4, 14, 14]
FRAMES, ROWS, COLUMNS, TOKENS = 3, 10, 6, 9
SMALL = {
    "hidden_size": WIDTH,
    "heads_num": HEADS,
    "mm_double_blocks_depth": SIZES["num_layers"],
    "mm_single_blocks_depth": SIZES["num_single_layers"],
    "rope_dim_list": ROPE,
}


@pytest.fixture(scope="module")
def package():
    """Name of the reference's package, importable."""
    try:
        return reference_package()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))


def boundaries(text_mask, tokens):
    """Ends of [picture and valid text | padding] of every sample, in one long sequence."""
    ends = [0]
    for valid in text_mask.sum(dim=1).tolist():
        ends += [ends[-1] + tokens + int(valid)]
        ends += [ends[-2] + tokens + text_mask.shape[1]]
    return torch.tensor(ends)


def attend(q, k, v, cu_seqlens_q, *_):
    """Attention within each stretch of one long sequence."""
    out = torch.zeros_like(q)
    for start, stop in zip(cu_seqlens_q[:-1].tolist(), cu_seqlens_q[1:].tolist(), strict=True):
        if stop > start:
            parts = (x[start:stop].transpose(0, 1)[None] for x in (q, k, v))
            out[start:stop] = F.scaled_dot_product_attention(*parts)[0].transpose(0, 1)
    return out


def stand_in(package, monkeypatch):
    """Attention that runs on a processor in place of what needs a GPU."""
    monkeypatch.setattr(import_reference(package, "modules.models"), "get_cu_seqlens", boundaries)
    monkeypatch.setattr(import_reference(package, "modules.attenion"), "flash_attn_varlen_func", attend)


def both(package, monkeypatch, *, depth_blocks):
    """The reference's network and ours, with the same random weights."""
    stand_in(package, monkeypatch)
    theirs = reference_network(package, SMALL, text=(TEXT, POOLED), depth_blocks=depth_blocks)
    ours = VoyagerTransformer(
        **SIZES,
        attention_head_dim=WIDTH // HEADS,
        text_embed_dim=TEXT,
        pooled_projection_dim=POOLED,
        rope_axes_dim=ROPE,
        depth_blocks=depth_blocks,
    ).eval()
    draw = torch.Generator().manual_seed(0)
    state = {key: torch.randn(shape, generator=draw) * 0.1 for key, shape in released_shapes(ours).items()}
    theirs.load_state_dict(state, strict=True)
    shapes = {key: tensor.shape for key, tensor in ours.state_dict().items()}
    ours.load_state_dict(
        {key: take(state, rows, count=shapes[key][0]) for key, rows in released_rows(ours).items()}
    )
    return theirs, ours


def positions(package, rows):
    """The reference's rotary positions of a grid of tokens."""
    return reference_positions(package, (FRAMES, rows // 2, COLUMNS // 2), channels=ROPE)


def test_the_benchmarks_step_runs_with_the_reference(package, monkeypatch):
    """Tiny, on the processor; no figure is asserted."""
    stand_in(package, monkeypatch)
    plan = blueprint("voyager:x", None)
    small = replace(
        plan,
        latents=(1, 16, FRAMES, ROWS, COLUMNS),
        inputs=lambda batch: {"encoder_hidden_states": torch.empty(batch, TOKENS, TEXT, device="meta")},
    )
    sizes = SMALL | {"mm_single_blocks_depth": 1}
    (row,) = reference_rows(small, ours=1.0, sizes=sizes, text=(TEXT, POOLED), device="cpu", measured=1)
    assert row.ratio == row.baseline > 0


@pytest.mark.parametrize("depth_blocks", [False, True])
@torch.no_grad()
def test_the_network_answers_as_the_reference_does(package, monkeypatch, depth_blocks):
    models = import_reference(package, "modules.models")
    extra = {}
    if depth_blocks:
        parameters = models.HYVideoDiffusionTransformer.forward.__code__.co_varnames
        if "freqs_cos_cond" not in parameters:
            pytest.skip("this checkout has no context blocks; a HunyuanWorld-Voyager has")
        cos, sin = positions(package, (ROWS - 2) // 2)
        extra = {"freqs_cos_cond": cos, "freqs_sin_cond": sin}
    theirs, ours = both(package, monkeypatch, depth_blocks=depth_blocks)
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(2, 50, FRAMES, ROWS, COLUMNS, generator=draw)
    text, pooled = torch.randn(2, TOKENS, TEXT, generator=draw), torch.randn(2, POOLED, generator=draw)
    t = torch.tensor([999.0, 123.4])
    valid = torch.arange(TOKENS) < torch.tensor([[TOKENS], [TOKENS - 4]])  # one prompt is padded
    cos, sin = positions(package, ROWS)
    expected = theirs(
        x, t, text, valid.long(), pooled, freqs_cos=cos, freqs_sin=sin, return_dict=False, **extra
    )
    (found,) = ours(x, t, text, valid, pooled, return_dict=False)
    assert float(expected.std()) > 0.1
    assert torch.allclose(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("steps", "shift"), [(50, 7.0), (50, 17.0), (7, 1.0)])
def test_steps_are_the_reference_schedulers(package, steps, shift):
    module = import_reference(package, "diffusion.schedulers.scheduling_flow_match_discrete")
    scheduler = module.FlowMatchDiscreteScheduler(shift=shift, reverse=True, solver="euler")
    scheduler.set_timesteps(steps)
    times = schedule(steps, shift=shift)
    assert torch.allclose(times[:-1].float() * 1000, scheduler.timesteps, rtol=1e-5)
    x = torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(2))

    def velocity(x, t):
        return torch.sin(3 * x) + t[..., None].to(x)

    expected = x
    for moment in scheduler.timesteps:
        answer = torch.sin(3 * expected) + moment / 1000
        expected = scheduler.step(answer, moment, expected, return_dict=False)[0]
    *_, found = integrate(velocity, x, times)
    assert torch.allclose(found, expected, atol=1e-4)


@pytest.fixture
def sampler(package):
    """The reference's reading of conditions alone: its module imports what runs on a GPU."""
    file = Path(os.environ["VOYAGER_REFERENCE"]) / package / "inference.py"
    classes = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef)]
    found = [node for node in classes if node.name == "HunyuanVideoSampler"]
    methods = {node.name: node for cls in found for node in cls.body if isinstance(node, ast.FunctionDef)}
    if not {"process", "load_image", "predict"} <= methods.keys():
        pytest.skip("this checkout reads no conditions; a HunyuanWorld-Voyager does")
    return methods


def half(**_):
    """torchvision's Normalize with means and deviations of one half."""
    return lambda image: (image - 0.5) / 0.5


def run_alone(nodes, **names):
    """Statements of the reference, with the given names."""
    code = compile(ast.Module(body=nodes, type_ignores=[]), "reference", "exec")
    exec(code, names)
    return names


def read_as_released(methods, pairs, size):
    """Composites of (picture, depth) files, frame by frame."""
    names = run_alone(
        [methods["process"], methods["load_image"]],
        np=np,
        torch=torch,
        cv2=cv2,
        Image=Image,
        T=types.SimpleNamespace(Normalize=half),
        pyexr=types.SimpleNamespace(read=lambda path: read_depth_exr(Path(path)).numpy()),
    )
    reader = types.SimpleNamespace()
    reader.process = names["process"].__get__(reader)
    reader.load_image = names["load_image"].__get__(reader)
    return torch.stack([reader.load_image(tuple(map(str, pair)), size) for pair in pairs])


def pooled_as_released(methods, mask):
    """The statements between the first mention of mask_frames and partial_mask's new value."""
    body = [node for node in ast.walk(methods["predict"]) if isinstance(node, ast.Assign)]
    targets = [node.targets[0].id if isinstance(node.targets[0], ast.Name) else "" for node in body]
    start = targets.index("mask_frames")
    stop = start + targets[start:].index("partial_mask") + 1
    return run_alone(body[start:stop], torch=torch, partial_mask=mask)["partial_mask"]


def test_conditions_are_read_as_the_reference_reads_them(sampler, tmp_path):
    size, count = (64, 96), 5
    draw = torch.Generator().manual_seed(4)
    y, x = torch.meshgrid(torch.linspace(0, 1, TALL), torch.linspace(0, 1, WIDE), indexing="ij")
    frames = []
    for number in range(count):
        known = (x - 0.2 * number) ** 2 + y**2 > 0.1
        rgb = (torch.rand(3, TALL, WIDE, generator=draw) * 255).round() / 255
        depth = 2 + torch.sin(9 * x + number) + y
        frames.append(ConditionFrame(rgb=rgb * known, depth=depth * known, known=known))
    cameras = Camera.stack([Camera.from_fov(60.0, height=TALL, width=WIDE)] * count)
    write_condition(tmp_path, frames, cameras, reference=frames[0].rgb, fps=24.0)
    inputs = tmp_path / "video_input"
    renders, depths, masks = (
        [inputs / name.format(number) for number in range(count)]
        for name in ("render_{:04d}.png", "depth_{:04d}.exr", "mask_{:04d}.png")
    )
    condition = read_condition(tmp_path)
    kept = [condition[number] for number in range(count)]
    shown = composites(
        Guidance(
            rgb=torch.stack([frame.rgb for frame in kept]),
            depth=torch.stack([frame.depth for frame in kept]),
            known=torch.stack([frame.known for frame in kept]),
            cameras=cameras,
        ),
        size=size,
    )
    byte = 2 / 255  # in [-1, 1]
    theirs = read_as_released(sampler, zip(renders, depths, strict=True), size)
    assert theirs.shape == shown.frames.shape
    assert torch.allclose(shown.frames[:, :, :80], theirs[:, :, :80], atol=1.01 * byte)
    assert torch.allclose(shown.frames[:, :, 80:], theirs[:, :, 80:], atol=1e-4)
    mask = read_as_released(sampler, zip(masks, masks, strict=True), size)
    assert torch.allclose(shown.known, mask[:, 0], atol=1.01 * byte)
    pooled = pooled_as_released(sampler, mask.movedim(0, 1)[None])
    assert torch.allclose(pooled_mask(mask[:, 0]), pooled[0, 0], atol=1e-6)
    assert pooled.unique().numel() > 2
    assert torch.allclose(pooled_mask(shown.known), pooled[0, 0], atol=1.01 * byte)
