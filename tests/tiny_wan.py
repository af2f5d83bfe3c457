"""A whole Wan VACE checkpoint, tiny and random, in the layout of the real ones."""

from pathlib import Path

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanVACETransformer3DModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel


def write_tiny_wan(
    folder: Path, *, heads: int = 2, layers: int = 2, text_width: int = 16, text_layers: int = 1
) -> Path:
    """Write it; heads are 12 channels wide."""
    torch.manual_seed(0)
    words = ["<pad>", "</s>", "<unk>", "a", "still", "scene", "room", "sky", "blur"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder / "tokenizer")
    UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(words),
            d_model=text_width,
            d_ff=2 * text_width,
            d_kv=8,
            num_layers=text_layers,
            num_heads=text_width // 8,
        )
    ).save_pretrained(folder / "text_encoder")
    WanVACETransformer3DModel(
        num_attention_heads=heads,
        attention_head_dim=12,
        text_dim=text_width,
        freq_dim=16,
        ffn_dim=24 * heads,
        num_layers=layers,
        vace_layers=[0],
        vace_in_channels=96,
    ).save_pretrained(folder / "transformer")
    AutoencoderKLWan(base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1).save_pretrained(
        folder / "vae"
    )
    UniPCMultistepScheduler(
        use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=3.0
    ).save_pretrained(folder / "scheduler")
    return folder
