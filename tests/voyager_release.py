"""A Voyager release in miniature: random weights in the released layout, small enough for any test."""

from pathlib import Path

import torch
from diffusers import AutoencoderKLHunyuanVideo
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from voyager_lite.core.voyager.convert import convert_release
from voyager_lite.core.voyager.recipe import Recipe
from voyager_lite.core.voyager.released import released_shapes
from voyager_lite.core.voyager.transformer import VoyagerTransformer

NETWORK = {
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "num_layers": 1,
    "num_single_layers": 2,
    "num_refiner_layers": 1,
    "text_embed_dim": 32,
    "pooled_projection_dim": 24,
    "rope_axes_dim": [4, 14, 14],
}

VAE = {"block_out_channels": [8, 8, 8, 8], "layers_per_block": 1, "norm_num_groups": 4}

RECIPE = Recipe(height=32, width=48, frames=9, steps=2)


def random_state(shapes, *, seed=0, dtype=torch.float32):
    draw = torch.Generator().manual_seed(seed)
    return {key: (torch.randn(shape, generator=draw) * 0.05).to(dtype) for key, shape in shapes.items()}


def network_state(*, depth_blocks=True, **changes):
    """The network's tensors under their released names."""
    with torch.device("meta"):
        network = VoyagerTransformer(**{**NETWORK, **changes}, depth_blocks=depth_blocks)
    return random_state(released_shapes(network))


def vae_state():
    with torch.device("meta"):
        vae = AutoencoderKLHunyuanVideo(**VAE)
    return random_state({key: tuple(tensor.shape) for key, tensor in vae.state_dict().items()}, seed=1)


def write_release(folder: Path, *, network=None, vae=None, name="mp_rank_00_model_states_context.pt"):
    """All parts in the released layout; returns the network's file."""
    states = folder / "Voyager/transformers" / name
    states.parent.mkdir(parents=True)
    torch.save({"module": network_state() if network is None else network}, states)
    file = folder / "hunyuan-video-i2v-720p/vae/pytorch_model.pt"
    file.parent.mkdir(parents=True)
    torch.save({"state_dict": {f"vae.{key}": value for key, value in (vae or vae_state()).items()}}, file)
    write_llava(folder / "text_encoder_i2v")
    write_clip(folder / "text_encoder_2")
    (folder / "text_encoder_2/pytorch_model.bin").write_text("a pickle, not to be taken along")
    return states


def write_llava(folder: Path):
    """LLaVA with 576 cells a picture, and a tokenizer that makes 103 tokens of the template, as Llama's."""
    torch.manual_seed(2)
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        projection_dim=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=336,
        patch_size=14,
    )
    language = LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=NETWORK["text_embed_dim"],
        intermediate_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        pad_token_id=0,
    )
    config = LlavaConfig(
        vision_config=vision, text_config=language, image_token_index=WORDS.index("<image>"), pad_token_id=0
    )
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    CLIPImageProcessorPil(size={"shortest_edge": 336}, crop_size=336).save_pretrained(folder)


def write_clip(folder: Path):
    """CLIP's text tower, with the same words."""
    torch.manual_seed(3)
    config = CLIPTextConfig(
        vocab_size=len(WORDS),
        hidden_size=NETWORK["pooled_projection_dim"],
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=WORDS.index("<|eot_id|>"),
        bos_token_id=1,
        pad_token_id=0,
    )
    CLIPTextModel(config).save_pretrained(folder)
    tokenizer(last=" <|eot_id|>").save_pretrained(folder)


SPECIAL = [
    "<pad>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<image>",
    "<unk>",
]
WORDS = [
    *SPECIAL,
    "\n\n",
    "system",
    "user",
    "assistant",
    "a",
    "bright",
    "dark",
    "room",
    "garden",
    "bad",
    "eyes",
]


def tokenizer(last=""):
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    # One word of the template is cut in two, which makes its tokens 103.
    cut = Regex(r"\n\n|\n|transit|\w+|[^\w\s]")
    words.pre_tokenizer = pre_tokenizers.Split(cut, "removed", invert=True)
    words.post_processor = processors.TemplateProcessing(
        single=f"<|begin_of_text|> $A{last}", special_tokens=[(SPECIAL[1], 1), (SPECIAL[4], 4)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<|begin_of_text|>",
        additional_special_tokens=SPECIAL[2:6],
        model_max_length=2048,
    )


def write_checkpoint(folder: Path, **changes):
    """A converted checkpoint, ready to be loaded."""
    write_release(folder / "ckpts", network=network_state(**changes))
    network = {**NETWORK, **changes}
    convert_release(folder / "ckpts", folder / "voyager", network=network, vae=VAE, recipe=RECIPE)
    return folder / "voyager"
