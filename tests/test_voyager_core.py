"""Voyager end to end: a tiny random checkpoint walks, and what does not fit is refused in one line."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from PIL import Image
from voyager_release import NETWORK, RECIPE, write_checkpoint

from geometry.camera import Camera
from voyager_lite.cli import main
from voyager_lite.clip import Clip, Guidance
from voyager_lite.core import load_core
from voyager_lite.core.generator import Generator, Request
from voyager_lite.core.voyager.conditioning import composites, condition_channels, lead_in, pooled_mask
from voyager_lite.core.voyager.core import Voyager
from voyager_lite.core.voyager.parts import read_parts
from voyager_lite.core.voyager.placing import placed_depth
from voyager_lite.core.voyager.text import PromptReader
from voyager_lite.core.voyager.transformer import VoyagerTransformer
from voyager_lite.sampling.flow import schedule
from voyager_lite.sampling.guidance import ClassifierFree, guided
from voyager_lite.sampling.loop import Seam, sample_clip
from voyager_lite.world.world import World

HEIGHT, WIDTH = 32, 48


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("voyager"))


@pytest.fixture(scope="module")
def core(checkpoint):
    return load_core(f"voyager:{checkpoint}")


@pytest.fixture
def copy(checkpoint, tmp_path):
    return shutil.copytree(checkpoint, tmp_path / "copy")


def guidance(frames=5, *, seed=0, unknown=0.3):
    draw = torch.Generator().manual_seed(seed)
    known = torch.rand(frames, HEIGHT, WIDTH, generator=draw) > unknown
    known[0] = True
    rgb = torch.rand(frames, 3, HEIGHT, WIDTH, generator=draw)
    depth = 2 + torch.rand(frames, HEIGHT, WIDTH, generator=draw)
    return Guidance(
        rgb=torch.where(known[:, None], rgb, 0.0),
        depth=torch.where(known, depth, 0.0),
        known=known,
        cameras=Camera.stack([Camera.from_fov(60.0, height=HEIGHT, width=WIDTH)] * frames),
    )


def generate(core, given, **options):
    request = Request(**{"seed": 0, "prompt": "a bright room", **options.pop("request", {})})
    return core.generate(given, reference=given.rgb[0], request=request, **options)


def test_it_is_a_core_of_45_frames_that_reads(core):
    assert isinstance(core, Generator)
    assert core.reads_prompts
    assert core.clip_frames == RECIPE.frames - 4
    assert core.name.startswith("voyager:")


def test_known_pixels_come_back_and_all_others_are_filled(core):
    given = guidance()
    clip = generate(core, given)
    assert len(clip) == 5
    assert torch.equal(clip.depth[given.known], given.depth[given.known])
    assert torch.equal(clip.rgb.movedim(1, -1)[given.known], given.rgb.movedim(1, -1)[given.known])
    assert (clip.depth > 0).all() and torch.isfinite(clip.depth).all()
    assert (clip.rgb >= 0).all() and (clip.rgb <= 1).all()


def test_the_same_seed_gives_the_same_clip_and_another_another(core):
    given = guidance()
    first, again, other = (generate(core, given, request={"seed": seed}) for seed in (0, 0, 1))
    assert torch.equal(first.rgb, again.rgb) and torch.equal(first.depth, again.depth)
    assert not torch.equal(first.rgb, other.rgb)


def test_a_prompt_makes_a_difference(core):
    given = guidance()
    bright, dark = (generate(core, given, request={"prompt": text}) for text in ("a bright room", "bad eyes"))
    assert not torch.equal(bright.rgb, dark.rgb)


def test_a_clip_begins_as_the_one_before_ended(core):
    first = generate(core, guidance())
    overlap = first[2:]
    second = generate(core, guidance(seed=1), previous=overlap)
    known = guidance(seed=1).known
    assert torch.allclose(
        second.rgb[0], torch.where(known[0], guidance(seed=1).rgb[0], overlap.rgb[0]), atol=1e-6
    )


def test_little_memory_gives_nearly_the_same_clip(core, checkpoint):
    """Weights in eight bits, one block at a time; the first picture is known, so only the rest may differ."""
    given = guidance()
    plain = generate(core, given)
    low = generate(Voyager.from_pretrained(str(checkpoint), memory="low"), given)
    assert torch.equal(low.rgb[0], plain.rgb[0])
    assert 0 < float((low.rgb - plain.rgb).abs().mean()) < 0.01


def test_progress_tells_of_every_step_and_of_the_last_denoising(core):
    told = []
    first = generate(core, guidance(), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    told.clear()
    generate(core, guidance(), previous=first[2:], progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("frames", "shared"), [(6, 0), (2, 3)])
def test_clips_of_other_lengths_are_refused(core, frames, shared):
    given = guidance(frames)
    before = guidance(3, unknown=-1.0)
    previous = Clip(rgb=before.rgb, depth=before.depth, cameras=before.cameras) if shared else None
    with pytest.raises(ValueError, match=r"frames; expected 1 to 5|shares 3 frames"):
        generate(core, given, previous=previous)


def test_what_the_network_is_given_is_what_was_encoded(core, monkeypatch):
    """The 50 channels, caught on their way in, against the autoencoder run by hand."""
    caught = []
    transformer = core.parts.transformer
    forward = transformer.forward

    def listen(**given):
        caught.append(given)
        return forward(**given)

    monkeypatch.setattr(transformer, "forward", listen)
    given = guidance()
    generate(core, given)
    assert len(caught) == 2 * RECIPE.steps  # a pass for each prompt, for one is longer
    channels = caught[0]["hidden_states"]
    assert channels.shape == (1, 50, 3, 10, 6)  # 2 * 32 + 16 rows
    assert caught[0]["timestep"].tolist() == [1000]
    assert torch.equal(channels, caught[1]["hidden_states"])
    shown = composites(given[lead_in(5, total=9)], size=(HEIGHT, WIDTH))
    vae = core.parts.vae

    def encoded(frames):
        with torch.no_grad():
            return vae.encode(frames.movedim(0, 1)[None]).latent_dist.mode()[0] * 0.476986

    by_hand = condition_channels(encoded(shown.frames[:1]), encoded(shown.frames), pooled_mask(shown.known))
    assert torch.allclose(channels[0, 16:], by_hand, atol=1e-5)
    # The prompt has three words; what is to be avoided comes before it, and neither is padded.
    assert caught[1]["encoder_hidden_states"].shape[1] == 288 + 3 + 1
    assert caught[0]["encoder_hidden_states"].shape[1] > 288 + 3 + 1
    assert all(one["encoder_attention_mask"] is None for one in caught)


def test_prompts_of_one_length_share_a_pass_and_others_give_what_a_mask_would(core):
    """Against one batched pass over padded text with a mask, as HunyuanVideo's own code has it."""
    draw = torch.Generator().manual_seed(3)
    conditions = {
        "tokens": torch.randn(2, 7, 32, generator=draw),
        "pooled": torch.randn(2, 24, generator=draw),
        "channels": torch.randn(2, 34, 3, 10, 6, generator=draw),
        "length": torch.tensor([7, 4]),
    }
    x, t = torch.randn(2, 3, 16, 10, 6, generator=draw), torch.full((2, 3), 0.7)
    given = {
        "hidden_states": torch.cat([x.transpose(1, 2), conditions["channels"]], dim=1),
        "timestep": torch.full((2,), 700.0),
        "encoder_hidden_states": conditions["tokens"],
        "pooled_projections": conditions["pooled"],
        "return_dict": False,
    }
    with torch.no_grad():
        for lengths in ([7, 4], [7, 7]):
            valid = torch.arange(7) < torch.tensor(lengths)[:, None]
            (masked,) = core.parts.transformer(**given, encoder_attention_mask=valid)
            found = core._velocity(x, t, {**conditions, "length": torch.tensor(lengths)})
            assert torch.allclose(found, masked.transpose(1, 2), atol=1e-5)


@pytest.mark.parametrize("shared", [0, 2])
@torch.no_grad()
def test_the_loop_waits_for_no_device(core, shared):
    """On the meta device, where there are no values, whoever asks for one fails."""
    with torch.device("meta"):
        network = VoyagerTransformer(**NETWORK, depth_blocks=True)
        texts = [
            {"tokens": torch.empty(1, 9, 32), "pooled": torch.empty(1, 24)}
            | {"channels": torch.empty(1, 34, 3, 10, 6)}
            for _ in range(2)
        ]
        noise, before = torch.empty(3, 16, 10, 6), torch.empty(shared, 16, 10, 6)
    positive, negative = (
        given | {"length": torch.tensor([length])} for given, length in zip(texts, (9, 5), strict=True)
    )
    core = Voyager(replace(core.parts, transformer=network), name="meta")
    result = sample_clip(
        guided(core._velocity, positive, negative, guidance=ClassifierFree(scale=6.0)),
        noise,
        times=schedule(3),
        seam=Seam(previous=before, seed=1) if shared else None,
    )
    assert result.is_meta and result.shape == noise.shape


def test_language_states_are_the_pictures_every_second_and_the_prompts(checkpoint):
    """Against the model run by hand on ids put together by hand."""
    from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video_image2video import (
        DEFAULT_PROMPT_TEMPLATE,
    )
    from transformers import AutoTokenizer, LlavaForConditionalGeneration
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    picture = (torch.rand(80, 48, 3, generator=torch.Generator().manual_seed(5)) * 255).byte()
    states = PromptReader(checkpoint, device="cpu", dtype=torch.float32)("a dark garden", picture)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint / "text_encoder")
    model = LlavaForConditionalGeneration.from_pretrained(checkpoint / "text_encoder").eval()
    ids = tokenizer(DEFAULT_PROMPT_TEMPLATE["template"].format("a dark garden")).input_ids
    assert len(ids) == 103 + 3 + 5
    spread = [*ids[:5], *[tokenizer.convert_tokens_to_ids("<image>")] * 576, *ids[6:]]
    pixels = CLIPImageProcessorPil.from_pretrained(checkpoint / "text_encoder")(
        picture.permute(2, 0, 1), return_tensors="pt"
    ).pixel_values
    with torch.no_grad():
        hidden = model(
            input_ids=torch.tensor([spread]), pixel_values=pixels, output_hidden_states=True
        ).hidden_states[-3][0]
    prompt = hidden[103 + 575 : 103 + 575 + 3]
    expected = torch.cat([hidden[5:581:2], prompt, hidden[-1:]])
    assert torch.allclose(states.tokens, expected, atol=1e-5)


def test_prompts_are_read_once_and_kept_in_the_world(checkpoint, tmp_path, monkeypatch):
    import voyager_lite.core.voyager.text as text

    loads = []
    load = text._load_encoders
    monkeypatch.setattr(text, "_load_encoders", lambda *a, **k: loads.append(1) or load(*a, **k))
    picture = torch.zeros(80, 48, 3, dtype=torch.uint8)

    def reader():
        return PromptReader(checkpoint, device="cpu", dtype=torch.float32)

    first = reader()
    states = first("a room", picture, kept=tmp_path)
    first.release()
    assert first._encoders is None
    assert len(list(tmp_path.glob("*.safetensors"))) == 1
    again = reader()("a room", picture, kept=tmp_path)
    assert loads == [1]
    assert torch.equal(again.tokens, states.tokens) and torch.equal(again.pooled, states.pooled)
    reader()("a garden", picture, kept=tmp_path)
    assert loads == [1, 1]
    (file,) = [file for file in tmp_path.glob("*.safetensors") if file.stat().st_mtime][:1]
    file.write_bytes(b"cut")
    reader()("a room", picture, kept=tmp_path)
    reader()("a garden", picture, kept=tmp_path)
    assert loads == [1, 1, 1]  # only the damaged one


def test_depth_in_another_scale_comes_back_in_the_worlds(core):
    given = guidance(2)
    truth = 2 + torch.linspace(0, 2, WIDTH).expand(2, HEIGHT, WIDTH)
    known = given.known.clone()
    frame = Guidance(rgb=given.rgb, depth=torch.where(known, truth, 0.0), known=known, cameras=given.cameras)
    placed = placed_depth(1 / (0.5 / truth + 0.1), frame, spans=[(0.2, 0.5)] * 2)
    assert torch.allclose(placed, truth, rtol=1e-3)


def test_what_is_as_far_as_known_sky_is_sky():
    given = guidance(1)
    known = given.known.clone()
    known[0, :, WIDTH // 2 :] = False
    known[0, :8] = True
    truth = torch.full((1, HEIGHT, WIDTH), 3.0)
    truth[0, :, :8] = 2.0
    truth[0, :10] = 200.0
    frame = Guidance(
        rgb=given.rgb,
        depth=torch.where(known, truth, 0.0),
        known=known,
        cameras=given.cameras,
        sky_from=100.0,
    )
    placed = placed_depth(truth, frame, spans=[(1 / 200, 1 / 2)])
    assert (placed[0, 8:10] >= 100).all() and (placed[0, 12:] < 100).all()


def test_explore_walks_with_it_and_continues(checkpoint, tmp_path, capsys):
    pixels = (torch.rand(48, 72, 3, generator=torch.Generator().manual_seed(7)) * 255).byte().numpy()
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    world = tmp_path / "world"
    walk = ["--core", f"voyager:{checkpoint}", "--prompt", "a bright room", "--steps", "1"]
    command = ["explore", str(tmp_path / "photo.png"), "--output", str(world), "--size", "48x32", *walk]
    assert main([*command, "--path", "orbit:5deg", "--frames", "7"]) == 0, capsys.readouterr().err
    with World.open(world) as opened:
        assert len(opened) == 7
        assert opened.clips[-1].making["core"] == f"voyager:{checkpoint}"
        assert opened.clips[-1].making["prompt"] == "a bright room"
    kept = list((world / "prompts").glob("*.safetensors"))
    assert len(kept) == 2  # the prompt and what is to be avoided, whatever the number of clips
    assert main(["continue", str(world), *walk, "--path", "forward:5%", "--frames", "5"]) == 0, (
        capsys.readouterr().err
    )
    assert sorted((world / "prompts").glob("*.safetensors")) == sorted(kept)


@pytest.fixture
def refused(capsys, tmp_path):
    def refuse(folder):
        world = tmp_path / "world"
        capsys.readouterr()
        command = ["explore", "--sample", "coffee", "--output", str(world), "--core", f"voyager:{folder}"]
        assert main(command) == 2
        assert not world.exists()
        (line,) = capsys.readouterr().err.strip().splitlines()
        return line

    return refuse


def test_a_folder_that_is_none_is_named(refused, tmp_path):
    assert "nowhere" in refused(tmp_path / "nowhere")


def test_the_release_itself_is_refused_with_the_command_that_converts_it(refused, checkpoint):
    assert "voyager-lite convert voyager" in refused(checkpoint.parent / "ckpts")


def test_half_downloaded_shards_are_named(refused, copy):
    (file,) = (copy / "transformer").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:10_000])
    assert file.name in refused(copy)
    file.unlink()
    assert "transformer" in refused(copy)


def test_another_architecture_is_named(refused, copy):
    config = copy / "transformer/config.json"
    entries = json.loads(config.read_text())
    config.write_text(json.dumps({**entries, "_class_name": "CogVideoXTransformer3DModel"}))
    assert "CogVideoXTransformer3DModel; expected VoyagerTransformer" in refused(copy)
    config.write_text(json.dumps({**entries, "num_single_layers": 3}))
    assert "missing keys" in refused(copy)


def test_text_encoders_of_another_kind_and_pickles_are_refused(refused, copy):
    for file in (copy / "text_encoder_2").glob("*.safetensors"):
        file.rename(file.with_name("pytorch_model.bin"))
    assert "pickle" in refused(copy)
    (copy / "text_encoder/config.json").write_text(json.dumps({"model_type": "t5"}))
    assert "describes t5; expected llava" in refused(copy)


def test_full_size_weights_without_a_gpu_are_refused(checkpoint, monkeypatch):
    import voyager_lite.core.voyager.parts as parts

    monkeypatch.setattr(parts, "LARGEST_ON_CPU", 1000)
    with pytest.raises(ValueError, match="use --device cuda"):
        read_parts(checkpoint, device="cpu", memory="balanced")


def test_a_recipe_with_faults_is_refused(refused, copy):
    for entries, message in (
        ({"frames": 48}, "expected 9, 13, 17"),
        ({"speed": 1}, "unknown entries speed"),
        ({"shift": "fast"}, "shift is 'fast'"),
    ):
        (copy / "voyager.json").write_text(json.dumps(entries))
        assert message in refused(copy)


@pytest.mark.parametrize("here", [True, False])
def test_its_blueprint_is_that_of_the_clip_it_samples(checkpoint, here):
    from voyager_lite.core.voyager.blueprint import blueprint

    plan = blueprint("voyager", checkpoint if here else None)
    with torch.device("meta"):
        network, vae, (llava, clip) = plan.network(), plan.autoencoder(), (make() for make in plan.encoders)
    with torch.no_grad():
        velocity = network.bfloat16()(**plan.inputs(2)).sample
    assert velocity.shape == (2, *plan.latents[1:])
    if here:
        assert plan.latents == (1, 16, 3, 10, 6)
        return
    assert plan.latents == (1, 16, 13, 130, 96)
    assert sum(tensor.numel() for tensor in network.parameters()) == 13_312_121_664
    assert sum(tensor.numel() for tensor in vae.parameters()) == 246_478_803
    assert sum(tensor.numel() for tensor in llava.parameters()) == pytest.approx(8.35e9, rel=0.01)
    assert sum(tensor.numel() for tensor in clip.parameters()) == pytest.approx(123e6, rel=0.01)
