"""One clip over two processes is the clip of one."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from tiny_wan import write_tiny_wan
from voyager_release import write_checkpoint

from voyager_lite.core.parallel import Driven, follows, processes, split

SCRIPT = Path(__file__).with_name("parallel_clip.py")


def run(command, **environment):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("core", "kind"),
    [("wan-vace", "ulysses"), ("wan-vace", "ring"), ("voyager", "ulysses"), ("voyager", "ring")],
)
def test_two_processes_give_what_one_gives(tmp_path, core, kind):
    """Two heads are dealt out, three go round; Voyager has depth blocks, and prompts of two lengths."""
    heads = 2 if kind == "ulysses" else 3
    if core == "voyager":
        checkpoint = write_checkpoint(tmp_path, num_attention_heads=heads)
    else:
        checkpoint = write_tiny_wan(tmp_path / "wan", heads=heads)
    run([SCRIPT, checkpoint, tmp_path / "one", kind])
    launch = ["-m", "torch.distributed.run", "--nproc-per-node", 2, "--standalone"]
    run([*launch, SCRIPT, checkpoint, tmp_path / "two", kind])
    one, two = (load_file(tmp_path / name)["rgb"] for name in ("one", "two"))
    torch.testing.assert_close(one, two, atol=1e-4, rtol=0)


def test_a_ring_on_a_processor_is_refused_in_one_line(monkeypatch):
    import torch.distributed as dist

    monkeypatch.setattr(dist, "get_world_size", lambda: 5)
    transformer = SimpleNamespace(config=SimpleNamespace(num_attention_heads=24))
    with pytest.raises(ValueError, match=r"^5 processes cannot share 24 heads on cpu.*that divides 24$"):
        split(transformer, {}, device="cpu")


def test_padded_text_is_not_split():
    with pytest.raises(ValueError, match="padded text cannot be split"):
        Driven(torch.nn.Identity())(encoder_attention_mask=torch.ones(2, 3, dtype=torch.bool))


def test_without_a_launcher_there_is_one_process_and_it_drives(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    assert processes() == 1 and not follows()


def test_the_launchers_numbers_are_read(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    assert processes() == 4 and follows()


def test_a_following_process_loads_the_core_and_does_nothing_else(monkeypatch, tmp_path):
    from voyager_lite import cli
    from voyager_lite.explorer import Explorer

    loaded = []

    def load(core, *, device, memory):
        loaded.append((core, device, memory))
        raise SystemExit(0)  # the driver has ended

    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(Explorer, "from_pretrained", load)
    with pytest.raises(SystemExit):
        cli.main(
            [
                "explore",
                "nowhere.jpg",
                "--output",
                str(tmp_path / "w"),
                "--core",
                "wan-vace:x/y",
                "--memory",
                "low",
            ]
        )
    assert loaded == [("wan-vace:x/y", "cpu", "low")]
    assert not (tmp_path / "w").exists()
