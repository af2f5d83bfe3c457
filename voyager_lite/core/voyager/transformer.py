"""Voyager's velocity network: HunyuanVideo's transformer (arXiv 2412.03603) over 50 channels, with two
further blocks that look at the depth rows alone."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import register_to_config
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.transformers.transformer_hunyuan_video import (
    HunyuanVideoPatchEmbed,
    HunyuanVideoSingleTransformerBlock,
    HunyuanVideoTransformer3DModel,
    HunyuanVideoTransformerBlock,
)
from jaxtyping import Bool, Float
from torch import Tensor, nn

from voyager_lite.core.voyager.conditioning import CHANNELS, LATENT_CHANNELS, depth_rows


class VoyagerTransformer(HunyuanVideoTransformer3DModel):
    """The released architecture in diffusers' form, to be saved and loaded as such.

    The residuals of the depth blocks are added to the *last* tokens of the sequence, which runs over
    frames, rows, columns. These are not the depth rows of each frame but, of 13 frames, all rows from
    the middle of the seventh on. The weights were trained so.

    Args (those that diffusers' transformer has not):
        depth_blocks: With the blocks that the release calls context blocks.
    """

    _skip_layerwise_casting_patterns: ClassVar[list[str]] = [  # type: ignore[misc]
        "x_embedder",
        "context_embedder",
        "depth_embedder",
        "norm",
    ]
    ignore_for_config: ClassVar[list[str]] = [  # type: ignore[misc]
        "patch_size",
        "patch_size_t",
        "qk_norm",
        "guidance_embeds",
        "image_condition_type",
    ]
    """What the parent would write into config.json, though here it is always the same."""

    @register_to_config
    def __init__(  # noqa: PLR0913 - the keys of config.json
        self,
        *,
        in_channels: int = CHANNELS,
        out_channels: int = LATENT_CHANNELS,
        num_attention_heads: int = 24,
        attention_head_dim: int = 128,
        num_layers: int = 20,
        num_single_layers: int = 40,
        num_refiner_layers: int = 2,
        mlp_ratio: float = 4.0,
        text_embed_dim: int = 4096,
        pooled_projection_dim: int = 768,
        rope_theta: float = 256.0,
        rope_axes_dim: tuple[int, ...] | list[int] = (16, 56, 56),
        depth_blocks: bool = False,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            num_attention_heads=num_attention_heads,
            attention_head_dim=attention_head_dim,
            num_layers=num_layers,
            num_single_layers=num_single_layers,
            num_refiner_layers=num_refiner_layers,
            mlp_ratio=mlp_ratio,
            guidance_embeds=False,
            text_embed_dim=text_embed_dim,
            pooled_projection_dim=pooled_projection_dim,
            rope_theta=rope_theta,
            rope_axes_dim=tuple(rope_axes_dim),
            image_condition_type="latent_concat",
        )
        if depth_blocks:
            width = num_attention_heads * attention_head_dim
            self.depth_embedder = HunyuanVideoPatchEmbed((1, 2, 2), in_channels, width)
            self.depth_block = HunyuanVideoTransformerBlock(
                num_attention_heads, attention_head_dim, mlp_ratio
            )
            self.depth_single_block = HunyuanVideoSingleTransformerBlock(
                num_attention_heads, attention_head_dim, mlp_ratio
            )
            self.depth_proj = nn.Linear(width, width)
            self.depth_single_proj = nn.Linear(width, width)
            self.depth_whole, self.depth_sum = nn.Identity(), Sum()

    def forward(  # noqa: PLR0913 - as diffusers calls it
        self,
        hidden_states: Float[Tensor, "batch channel frame row column"],
        timestep: Float[Tensor, " batch"],
        encoder_hidden_states: Float[Tensor, "batch token text"],
        encoder_attention_mask: Bool[Tensor, "batch token"] | None,
        pooled_projections: Float[Tensor, "batch pooled"],
        guidance: None = None,
        attention_kwargs: dict[str, Any] | None = None,
        return_dict: bool = True,
    ) -> Transformer2DModelOutput | tuple[Tensor]:
        """The velocity, noise - data, of the first 16 channels.

        Args:
            hidden_states: Noisy latent and its conditions; see ``conditioning``. Even rows and columns.
            timestep: 1000 at noise, 0 at data.
            encoder_hidden_states: Of picture and prompt.
            encoder_attention_mask: True where they are no padding; None if none is. Without a mask
                attention takes its fastest path.
            pooled_projections: Of the prompt.
            guidance: There is none in these weights.
            attention_kwargs: As diffusers' transformers have them; not read.
            return_dict: False for a tuple.
        """
        frames, rows, columns = hidden_states.shape[2:]
        embedding, _ = self.time_text_embed(timestep, pooled_projections)
        text = self.context_embedder(encoder_hidden_states, timestep, encoder_attention_mask)
        x = self.x_embedder(hidden_states)
        count = x.shape[1]
        near: tuple[Tensor, ...] = ()
        if self.config["depth_blocks"]:
            depth = depth_rows(hidden_states)
            near = self._depth_residuals(depth, text, embedding, encoder_attention_mask, count=count)
        positions = self.rope(hidden_states)
        mask = _key_mask(encoder_attention_mask, before=count)
        for block in self.transformer_blocks:
            x, text = block(x, text, embedding, mask, positions)
            if near:
                x = self.depth_sum(x, near[0])
        for block in self.single_transformer_blocks:
            x, text = block(x, text, embedding, mask, positions)
            if near:
                x, text = self.depth_sum(x, near[1]), text + near[2]
        x = self.proj_out(self.norm_out(x, embedding))
        x = x.unflatten(1, (frames, rows // 2, columns // 2)).unflatten(-1, (-1, 2, 2))
        x = x.permute(0, 4, 1, 2, 5, 3, 6).flatten(5, 6).flatten(3, 4)
        return Transformer2DModelOutput(sample=x) if return_dict else (x,)

    def _depth_residuals(
        self, depth: Tensor, text: Tensor, embedding: Tensor, valid: Tensor | None, *, count: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What is added after every two-stream block, and after every one-stream block to picture and text.

        Those of the picture are ``count`` tokens long, zero but for the last.
        """
        positions = self.rope(depth)
        x = self.depth_embedder(depth)
        mask = _key_mask(valid, before=x.shape[1])
        x, text = self.depth_block(x, text, embedding, mask, positions)
        first = self.depth_whole(self.depth_proj(x))
        x, text = self.depth_single_block(x, text, embedding, mask, positions)
        further = self.depth_whole(self.depth_single_proj(x))
        return _last_of(first, count), _last_of(further, count), self.depth_single_proj(text)


class Sum(nn.Module):
    """A layer without weights, for ``split_plan`` to name."""

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """The sum of both."""
        return x + residual


def split_plan(*, depth_blocks: bool) -> dict[str, Any]:
    """Where the tokens of a pass are split among processes, and where they are put together again.

    Picture and text are each split evenly, so every process has a part of both, and attention sees the parts
    in another order; without a mask order makes no difference. The depth blocks' tokens end elsewhere in the
    sequence than they began: they are put together and split anew.
    """
    from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput

    tokens = ContextParallelInput(split_dim=1, expected_dims=3)
    angles = ContextParallelInput(split_dim=0, expected_dims=2, split_output=True)
    whole = ContextParallelOutput(gather_dim=1, expected_dims=3)
    plan: dict[str, Any] = {
        "rope": {0: angles, 1: angles},
        "transformer_blocks.0": {"hidden_states": tokens, "encoder_hidden_states": tokens},
        "proj_out": whole,
    }
    if depth_blocks:
        plan |= {
            "depth_block": {"hidden_states": tokens, "encoder_hidden_states": tokens},
            "depth_whole": whole,
            "depth_sum": {"residual": tokens},
        }
    return plan


def _key_mask(valid: Tensor | None, *, before: int) -> Tensor | None:
    """(B, 1, 1, N): all ``before`` tokens of the picture, and the valid ones of the text."""
    if valid is None:
        return None
    picture = valid.new_ones(len(valid), before)
    return torch.cat([picture, valid], dim=1)[:, None, None]


def _last_of(residual: Tensor, count: int) -> Tensor:
    """The residual as the last of ``count`` tokens, the others zero."""
    return F.pad(residual, (0, 0, count - residual.shape[1], 0))
