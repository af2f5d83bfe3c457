"""The samples to choose from: every one is there, looks like itself, and is told of when pressed."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from bare_page import page_of, served
from PIL import Image

from app.sample_picker import ON_LOAD, SamplePicker
from voyager_lite.samples import SAMPLES, read_sample


@pytest.fixture(scope="module")
def markup() -> str:
    return SamplePicker().html_template


def test_every_sample_shows_its_picture(markup):
    found = dict(re.findall(r'value="(\w+)".*?base64,([^"]+)"', markup))
    assert list(found) == list(SAMPLES)
    for name, data in found.items():
        small = np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) / 255
        rgb = read_sample(name).photograph.rgb
        assert small.shape[1] / small.shape[0] == pytest.approx(rgb.shape[2] / rgb.shape[1], rel=0.01)
        assert small.mean((0, 1)) == pytest.approx(rgb.mean((1, 2)).numpy(), abs=0.01)


def test_a_pressed_sample_is_told_of(page, markup):
    component = SimpleNamespace(MARKUP=markup, ON_LOAD=ON_LOAD + "window.props = props;")
    with served({"/": page_of(component, "sample_picker.css")}) as address:
        page.goto(address)
        for name in ("china", "coffee"):
            page.get_by_role("button", name=name, exact=True).press("Enter")
            assert page.evaluate("[props.value, events.at(-1)[0]]") == [name, "input"]
