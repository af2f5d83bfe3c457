"""The samples as small pictures to choose from."""

import base64
import html
import io
from typing import Any, Final

import gradio as gr
import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from app.viewer import STATIC
from voyager_lite.samples import SAMPLES, read_sample

HEIGHT: Final = 150
"""Of a small picture, pixels; shown at half of it, so that dense screens have enough."""

ON_LOAD: Final = """
for (const button of element.querySelectorAll('button')) {
  button.addEventListener('click', () => {
    props.value = button.value;
    trigger('input');
  });
}
"""


def SamplePicker(**settings: Any) -> gr.HTML:
    """One button for each sample; its value is the name of the one pressed last, its event ``input``.

    Not a class; see `app.viewer`.
    """
    buttons = "".join(
        f'<button type="button" value="{name}" aria-label="{html.escape(name)}">'
        f'<img src="{_small_picture(read_sample(name).photograph.rgb)}" alt=""><span>{name}</span></button>'
        for name in SAMPLES
    )
    return gr.HTML(
        html_template=f'<div class="vl-samples" role="group" aria-label="Samples">{buttons}</div>',
        css_template=(STATIC / "sample_picker.css").read_text(encoding="utf-8"),
        js_on_load=ON_LOAD,
        apply_default_css=False,
        **settings,
    )


def _small_picture(rgb: Float[Tensor, "3 height width"]) -> str:
    """As a data address."""
    width = round(HEIGHT * rgb.shape[2] / rgb.shape[1])
    small = F.interpolate(rgb[None], (HEIGHT, width), mode="bilinear", antialias=True)[0]
    file = io.BytesIO()
    Image.fromarray((small * 255).round().byte().permute(1, 2, 0).numpy()).save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
