"""Wan VACE as a core: diffusers' pipeline is the oracle, a tiny random checkpoint the model."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_wan import write_tiny_wan

from geometry.camera import Camera
from geometry.trajectory import Trajectory
from voyager_lite.clip import Guidance
from voyager_lite.core.checkpoint import find_checkpoint
from voyager_lite.core.generator import Generator, Request
from voyager_lite.core.wan_vace import load
from voyager_lite.core.wan_vace.condition import control_latents, latent_frames, lengthened, work_size
from voyager_lite.core.wan_vace.generator import GUIDANCE, SHIFT, WanVace
from voyager_lite.core.wan_vace.text import DEFAULT_PROMPT, NEGATIVE_PROMPT
from voyager_lite.depth.layout import LayoutDepth
from voyager_lite.explorer import Explorer
from voyager_lite.opening import View
from voyager_lite.sampling.flow import noise_like
from voyager_lite.world.world import World

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_tiny_wan(tmp_path_factory.mktemp("tiny_wan"))


@pytest.fixture(scope="module")
def core(checkpoint):
    loaded = load(str(checkpoint))
    return WanVace(loaded.parts, name=loaded.name, depth=LayoutDepth(), clip_frames=9)


def guidance_of(frames, *, height=48, width=64, hidden=40):
    """Eight-bit frames of which the right part is unknown, but for the first."""
    draw = torch.Generator().manual_seed(0)
    rgb = torch.randint(0, 256, (frames, 3, height, width), generator=draw) / 255
    depth = 2 + torch.rand(frames, height, width, generator=draw)
    known = torch.ones(frames, height, width, dtype=torch.bool)
    known[1:, :, hidden:] = False
    cameras = Camera.stack([Camera.from_fov(60.0, height=height, width=width)] * frames)
    return Guidance(rgb=rgb * known[:, None], depth=depth * known, known=known, cameras=cameras)


@pytest.fixture(scope="module")
def pipeline(checkpoint, core):
    """The official pipeline on the same weights, with the plain Euler scheduler."""
    from diffusers import FlowMatchEulerDiscreteScheduler, WanVACEPipeline

    class EvenlySpaced(FlowMatchEulerDiscreteScheduler):
        """From 1 to 0 in even steps before the shift; its own spacing ends a thousandth above 0."""

        def set_timesteps(self, steps, device):
            super().set_timesteps(sigmas=[1 - step / steps for step in range(steps)], device=device)

    return WanVACEPipeline(
        tokenizer=None,
        text_encoder=None,
        vae=core.parts.vae,
        transformer=core.parts.transformer,
        scheduler=EvenlySpaced(shift=SHIFT),
    )


@torch.no_grad()
def test_control_latents_are_those_of_the_pipeline(core, pipeline):
    guidance = guidance_of(9)
    reference = guidance.rgb[0]
    ours = control_latents(core.parts.vae, rgb=guidance.rgb, known=guidance.known, reference=reference)
    video = (2 * torch.where(guidance.known[:, None], guidance.rgb, 0.5) - 1).transpose(0, 1)[None]
    mask = (~guidance.known).float()[None, None].expand(-1, 3, -1, -1, -1)
    references = [[2 * reference - 1]]
    latents = pipeline.prepare_video_latents(video, mask, references, device=torch.device("cpu"))
    theirs = torch.cat([latents, pipeline.prepare_masks(mask, references)], dim=1)[0].transpose(0, 1)
    assert ours.shape == (4, 96, 6, 8)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_sampled_latents_are_those_of_the_pipeline(core, pipeline):
    from PIL import Image

    guidance, steps, seed = guidance_of(9), 3, 5
    control = control_latents(
        core.parts.vae, rgb=guidance.rgb, known=guidance.known, reference=guidance.rgb[0]
    )
    ours = core._sample(
        control, previous=None, size=(48, 64), request=Request(seed=seed, steps=steps), progress=None
    )
    noise = noise_like(torch.empty(4, 16, 6, 8), seed=seed).roll(1, dims=0)  # the reference comes first
    video = torch.where(guidance.known[:, None], guidance.rgb, 0.5)
    masks = (~guidance.known).float()[:, None].expand(-1, 3, -1, -1)
    theirs = pipeline(
        video=[video],
        mask=[masks],
        reference_images=[Image.fromarray(_bytes(guidance.rgb[0]))],
        prompt_embeds=core.parts.prompts(DEFAULT_PROMPT),
        negative_prompt_embeds=core.parts.prompts(NEGATIVE_PROMPT),
        height=48,
        width=64,
        num_frames=9,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE.scale,
        latents=noise.transpose(0, 1)[None],
        output_type="latent",
    ).frames[0]
    theirs = theirs.transpose(0, 1)[1:]
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def _bytes(picture):
    return (picture * 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def test_known_pixels_come_back_and_depth_is_positive(core):
    guidance = guidance_of(7)  # no 1 + 4 n
    told = []
    clip = core.generate(
        guidance,
        reference=guidance.rgb[0],
        request=Request(seed=1, steps=2),
        progress=lambda done, total: told.append((done, total)),
    )
    seen = guidance.known[:, None].expand_as(clip.rgb)
    assert torch.equal(clip.rgb[seen], guidance.rgb[seen])
    assert torch.equal(clip.depth[guidance.known], guidance.depth[guidance.known])
    assert clip.rgb.shape == (7, 3, 48, 64) and (clip.depth > 0).all()
    assert told == [(1, 2), (2, 2)]


def test_next_clip_begins_with_the_last_ones_frame(core):
    guidance = guidance_of(9)
    ask = {"reference": guidance.rgb[0], "request": Request(seed=1, steps=2)}
    first = core.generate(guidance, **ask)
    told = []
    second = core.generate(
        guidance, previous=first[4:], progress=lambda done, total: told.append((done, total)), **ask
    )
    known = guidance.known[0]
    assert torch.equal(second.rgb[0], torch.where(known, guidance.rgb[0], first.rgb[4]))
    torch.testing.assert_close(second.depth[0][~known], first.depth[4][~known])
    assert told[-1] == (3, 3)


def test_seed_and_prompt_decide(core):
    guidance = guidance_of(5)

    def made(**wishes):
        return core.generate(guidance, reference=guidance.rgb[0], request=Request(steps=1, **wishes)).rgb

    once = made(seed=1, prompt="a room")
    assert torch.equal(once, made(seed=1, prompt="a room"))
    assert not torch.equal(once, made(seed=2, prompt="a room"))
    assert not torch.equal(once, made(seed=1, prompt="sky"))


def test_text_encoder_is_given_up_once_a_prompt_is_read(core):
    core.parts.prompts("scene")
    core.parts.prompts.release()
    assert core.parts.prompts._encoder is None


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [(480, 832, (480, 832)), (540, 960, (480, 848)), (48, 64, (48, 64)), (8, 100, (16, 96))],
)
def test_work_size_is_whole_patches_of_the_same_shape(height, width, expected):
    assert work_size(height, width) == expected


@pytest.mark.parametrize(("frames", "latents", "longer"), [(1, 1, 1), (2, 2, 5), (5, 2, 5), (6, 3, 9)])
def test_clips_are_lengthened_to_whole_latents(frames, latents, longer):
    clip = torch.arange(frames)[:, None].float()
    assert latent_frames(frames) == latents
    assert lengthened(clip)[:, 0].tolist() == [*range(frames), *[frames - 1] * (longer - frames)]


def test_it_is_a_core_and_walks_a_world(core, tmp_path):
    from PIL import Image

    assert isinstance(core, Generator)
    draw = torch.Generator().manual_seed(3)
    picture = torch.rand(3, 12, 16, generator=draw).repeat_interleave(4, 1).repeat_interleave(4, 2)
    Image.fromarray(_bytes(picture)).save(tmp_path / "picture.png")
    explorer = Explorer(core)
    world = explorer.open_image(
        tmp_path / "picture.png", tmp_path / "world", depth=LayoutDepth(), view=View(height=48, width=64)
    )
    path = Trajectory.parse("right:5%", frames=14)
    clips = list(explorer.explore(world, path, seed=0, steps=1))
    assert [len(clip) for clip in clips] == [9, 9, 6]
    assert len(world) == 14
    with World.open(tmp_path / "world") as again:
        assert torch.equal(again.rgb(13), clips[-1].rgb[-1])


def broken(checkpoint, folder, spoil):
    shutil.copytree(checkpoint, folder)
    spoil(folder)
    return folder


def _change_class(folder):
    file = folder / "transformer" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"_class_name": "FluxTransformer2DModel"}))


def _cut(folder):
    file = next((folder / "transformer").glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])


def _lose_a_shard(folder):
    part = folder / "transformer"
    next(part.glob("*.safetensors")).rename(part / "model-00001-of-00002.safetensors")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (part / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def _only_a_pickle(folder):
    file = next((folder / "vae").glob("*.safetensors"))
    file.rename(file.with_suffix(".bin"))


def _lose_a_tensor(folder):
    from safetensors.torch import load_file, save_file

    file = next((folder / "transformer").glob("*.safetensors"))
    tensors = load_file(file)
    tensors.pop("proj_out.weight")
    save_file(tensors, file)


def _nonsense(folder):
    file = folder / "transformer" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"num_attention_heads": "many"}))


@pytest.mark.parametrize("memory", ["low", "balanced"])
def test_a_configuration_of_nonsense_is_refused_in_one_line(checkpoint, tmp_path, memory):
    folder = broken(checkpoint, tmp_path / "spoilt", _nonsense)
    with pytest.raises(ValueError, match=r"spoilt/transformer.* cannot be .*WanVACE"):
        load(str(folder), memory=memory)


def test_a_tokenizer_that_is_none_is_refused_when_a_prompt_is_read(checkpoint, tmp_path):
    def spoil(folder):
        for file in (folder / "tokenizer").iterdir():
            file.unlink()

    core = load(str(broken(checkpoint, tmp_path / "spoilt", spoil)))
    with pytest.raises(ValueError, match=r"spoilt: the text encoder cannot be loaded: "):
        core.parts.prompts("a room")


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda folder: shutil.rmtree(folder / "vae"), FileNotFoundError, "diffusers' layout with a vae"),
        (lambda folder: shutil.rmtree(folder / "tokenizer"), FileNotFoundError, "download the checkpoint"),
        (_change_class, ValueError, "describes FluxTransformer2DModel; expected WanVACE"),
        (_cut, ValueError, "is not whole .* download it again"),
        (_lose_a_shard, FileNotFoundError, "lacks 1 of 2 shards, the first model-00002-of-00002"),
        (_only_a_pickle, ValueError, "is a pickle, which can run code and is not loaded"),
        (_lose_a_tensor, ValueError, "1 missing keys, the first proj_out.weight"),
    ],
)
def test_spoilt_checkpoints_are_refused_in_one_line(checkpoint, tmp_path, spoil, error, message):
    folder = broken(checkpoint, tmp_path / "spoilt", spoil)
    with pytest.raises(error, match=message) as refusal:
        load(str(folder))
    assert "\n" not in str(refusal.value)


def test_names_that_are_nothing_are_refused(tmp_path, monkeypatch):
    import socket

    def refuse(*_, **__):
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(FileNotFoundError, match="is no folder"):
        find_checkpoint(str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="could not be fetched from the hub"):
        find_checkpoint("nobody/nothing")
    assert find_checkpoint(str(Path(tmp_path))) == tmp_path


def test_guidance_that_does_not_fit_is_refused(core):
    guidance = guidance_of(10)
    ask = {"reference": guidance.rgb[0], "request": Request(steps=1)}
    with pytest.raises(ValueError, match="guidance has 10 frames; expected 1 to 9"):
        core.generate(guidance, **ask)
    clip = core.generate(guidance[:5], **ask)
    with pytest.raises(ValueError, match="shares 5 frames; the guidance has 3"):
        core.generate(guidance[:3], previous=clip, **ask)


def test_the_command_line_walks_with_it(checkpoint, tmp_path):
    from PIL import Image

    from voyager_lite.cli import main

    picture = torch.rand(3, 48, 64, generator=torch.Generator().manual_seed(3))
    Image.fromarray(_bytes(picture)).save(tmp_path / "picture.png")
    core = ["--core", f"wan-vace:{checkpoint}", "--memory", "low", "--steps", "1", "--prompt", "a still room"]
    walk = ["--path", "right:5%", "--frames", "5", "--depth", "layout", "--output", str(tmp_path / "world")]
    assert main(["explore", str(tmp_path / "picture.png"), *core, *walk]) == 0
    assert (tmp_path / "world" / "video.mp4").is_file()
    missing = ["--core", f"wan-vace:{tmp_path / 'nowhere'}", "--output", str(tmp_path / "other")]
    assert main(["explore", str(tmp_path / "picture.png"), *missing]) == 2
    assert not (tmp_path / "other").exists()
