"""How the page looks: one style sheet over Gradio's own, light and dark."""

import gradio as gr

from app.viewer import STATIC

THEME_CSS = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("look.css", "page.css"))
"""For the whole page. Defines --vl-bg, --vl-panel, --vl-text, --vl-muted, --vl-line, --vl-accent, --vl-danger
and --vl-ok, and hands them to Gradio's widgets."""


def page_theme() -> gr.themes.Base:
    """Gradio's plain theme with the system's own fonts: none is fetched from anywhere."""
    return gr.themes.Base(
        font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"], text_size="sm"
    )
