"""The command lines that make a world anew."""

import itertools
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from geometry.camera import Camera
from voyager_lite.world.rows import ClipRecord, WorldHeader

WALK_FILE = "walk_{}.json"
"""Cameras of the n-th walk, counted from 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Retraced:
    """What to type, and the camera files that it names.

    Attributes:
        commands: One a walk, the first of them opening the photograph; words as a program gets them.
        cameras: Of each walk, one a frame, by the name of its file.
    """

    commands: tuple[tuple[str, ...], ...]
    cameras: dict[str, Camera]

    def text(self) -> str:
        """For a shell: one line a command."""
        return "\n".join(shlex.join(command) for command in self.commands)


def retrace(
    header: WorldHeader,
    records: Sequence[ClipRecord],
    *,
    picture: Path | None,
    walks: Path,
    output: Path,
) -> Retraced:
    """How a world came about, as command lines; none if nobody has walked in it.

    A clip begins a walk if it begins where the one before has ended: clips of one walk overlap by half.
    Of a walk that was broken off, or partly taken back, the rest is retraced.

    Args:
        header: Of the world. What was asked for at its opening stands in ``origin["asked"]``.
        records: Its clips, the photograph first.
        picture: The photograph's file; None where the world was made of a sample.
        walks: The folder for the camera files.
        output: The folder for the new world.
    """
    parts = _walks(records)
    names = [WALK_FILE.format(number) for number in range(1, len(parts) + 1)]
    cameras = {name: _cameras(part) for name, part in zip(names, parts, strict=True)}
    commands = []
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        begin = ("continue", str(output)) if number else _explore(header, picture=picture, output=output)
        path = ("--path", str(walks / name), "--frames", str(len(cameras[name])))
        commands.append(("voyager-lite", *begin, *path, *_making(part[0].making)))
    return Retraced(commands=tuple(commands), cameras=cameras)


def _walks(records: Sequence[ClipRecord]) -> list[list[ClipRecord]]:
    walks: list[list[ClipRecord]] = []
    for before, clip in itertools.pairwise(records):
        if clip.first_frame == before.end_frame - 1:
            walks.append([])
        walks[-1].append(clip)
    return walks


def _cameras(walk: Sequence[ClipRecord]) -> Camera:
    """Of each frame once, from the newest clip that holds it."""
    pieces = [
        clip.cameras[: after.first_frame - clip.first_frame] for clip, after in itertools.pairwise(walk)
    ]
    pieces.append(walk[-1].cameras)
    return Camera(
        K=torch.cat([piece.K for piece in pieces]),
        world_to_camera=torch.cat([piece.world_to_camera for piece in pieces]),
        height=pieces[-1].height,
        width=pieces[-1].width,
    )


def _explore(header: WorldHeader, *, picture: Path | None, output: Path) -> tuple[str, ...]:
    found = header.origin.get("asked")
    asked = found if isinstance(found, dict) else {}
    words = ["explore", *(("--sample", str(asked.get("sample"))) if picture is None else (str(picture),))]
    words += ["--output", str(output), "--size", f"{header.width}x{header.height}"]
    if header.fps != 24:
        words += ["--fps", f"{header.fps:.17g}"]
    for option, key in (("--depth", "depth"), ("--fov-degrees", "fov_degrees")):
        if asked.get(key) is not None:
            words += [option, str(asked[key])]
    return tuple(words)


def _making(making: dict[str, object]) -> tuple[str, ...]:
    words = ["--core", str(making["core"]), "--seed", str(making.get("walk_seed", making["seed"]))]
    for option in ("steps", "prompt"):
        if making.get(option) is not None:
            words += [f"--{option}", str(making[option])]
    return tuple(words)
