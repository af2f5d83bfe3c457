"""`voyager-lite evaluate`: what it is asked for, what it leaves out, and the sheets for people."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from voyager_lite.cli import main
from voyager_lite.clip import Clip
from voyager_lite.evaluation import pictures
from voyager_lite.evaluation.pictures import write_pictures
from voyager_lite.evaluation.summary import quality_rows
from voyager_lite.evaluation.tables import evaluate


class Grey:
    """Fills holes with grey."""

    name, clip_frames, reads_prompts = "grey", 5, False

    def generate(self, guidance, *, reference, previous=None, request, progress=None):
        rgb = torch.where(guidance.known[:, None], guidance.rgb, torch.tensor(0.5))
        depth = torch.where(guidance.known, guidance.depth, 1.0)
        return Clip(rgb=rgb, depth=depth, cameras=guidance.cameras)


def test_an_unknown_table_and_one_without_its_data_are_refused():
    with pytest.raises(ValueError, match="no table fils; expected mini, fills, steps, rims, walk"):
        evaluate(["fils"], data=None, clips=1)
    with pytest.raises(ValueError, match="table cache, depth needs real scenes; give --data FOLDER"):
        evaluate(["fills", "cache", "depth"], data=None, clips=1)
    with pytest.raises(ValueError, match="core is 'nano'; expected mini or mini:FILE"):
        evaluate(["mini"], data=None, clips=1, core="nano")
    with pytest.raises(FileNotFoundError, match="mine"):
        evaluate(["mini"], data=None, clips=1, core="mini:mine.safetensors")


def test_the_command_refuses_before_it_measures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["evaluate", "--data", str(tmp_path)]) == 2
    assert "holds no B_rgbd folder" in capsys.readouterr().err
    assert main(["evaluate", "fills", "--clips", "0"]) == 2
    assert "clips is 0" in capsys.readouterr().err


def test_sheets_show_the_first_clips_whatever_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "PROCEDURAL", 1)
    (sheet,) = write_pictures(Grey(), tmp_path / "new", data=None, classical="nearest pixel")
    with Image.open(sheet) as picture:
        # Four rows of five frames of 96x64, twice as large.
        assert picture.width > 5 * 192 and picture.height > 4 * 128
        assert len(picture.getcolors(maxcolors=10**6) or ()) > 100
    with pytest.raises(ValueError, match="no classical fill 'magic'; expected one of Telea"):
        write_pictures(Grey(), tmp_path, data=None, classical="magic")


def test_a_smaller_network_is_judged_on_the_same_clips():
    cases = [
        {"mini": {"PSNR": 20.0}, "nano": {"PSNR": 19.0}},
        {"mini": {"PSNR": 30.0}, "nano": {"PSNR": 29.5}},
    ]
    (row,) = quality_rows(cases, "mini", ["nano"])
    assert (row.ours, row.baseline, row.baseline_name) == (24.25, 25.0, "mini")
    assert row.case.startswith("holes of 2 clips; -0.750 +- 0.250")
    assert quality_rows(cases, "mini", []) == []
