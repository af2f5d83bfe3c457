"""The command lines that make a world anew."""

import itertools
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from geometry.camera import Camera
from voyager_lite.world.rows import ClipRecord, WorldHeader

MEASURED = "measured"
"""What a clip's making calls its core if nothing was imagined: the frames of ``reconstruct``."""

OPENING = {"depth": None, "depth_kind": "depth", "depth_scale": None, "fov_degrees": None}
"""Options of ``explore``, beside the picture, that decide what a world begins with; and what goes unsaid."""

WALK_FILE = "walk_{}.json"
"""Cameras of the n-th walk, counted from 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Retraced:
    """What to type, and the camera files that it names.

    Attributes:
        commands: One a walk, the first of them opening the photograph; words as a program gets them.
        cameras: Of each walk, one a frame, by the name of its file.
        unknown: What the world does not say, and which word of a command stands for it, one sentence each.
    """

    commands: tuple[tuple[str, ...], ...]
    cameras: dict[str, Camera]
    unknown: tuple[str, ...] = ()

    def text(self) -> str:
        """For a shell: one line a command; before them, as comments, what is not known."""
        remarks = ["# " + " ".join(sentence.split()) for sentence in self.unknown]
        return "\n".join([*remarks, *(shlex.join(command) for command in self.commands)])


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
        header: Of the world. What was asked for at its opening stands in ``origin["asked"]``, as
            ``asked_of`` makes it; worlds that no command has made lack it.
        records: Its clips, the photograph first.
        picture: A copy of the photograph, where one was kept; else the file that was asked for is named.
        walks: The folder for the camera files.
        output: The folder for the new world.
    """
    measured = [record for record in records if record.making.get("core") == MEASURED]
    parts = _walks(records[len(measured) :])
    if not parts:
        return Retraced(commands=(), cameras={})
    names = [WALK_FILE.format(number) for number in range(1, len(parts) + 1)]
    cameras = {name: _cameras(part) for name, part in zip(names, parts, strict=True)}
    commands: list[tuple[str, ...]] = []
    unknown: list[str] = []
    if measured:
        given = ("FRAMES", "--cameras", "CAMERAS", "--depth", "DEPTH")
        commands.append(("voyager-lite", "reconstruct", *given, "--output", str(output)))
        unknown.append(
            f"It was fused from pictures with measured depth ({header.origin.get('image')}). Where they and "
            "their cameras lie is not known here; FRAMES, CAMERAS and DEPTH stand for that."
        )
    else:
        source, unknown = _source(header, picture)
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        if number or measured:
            begin: tuple[str, ...] = ("continue", str(output))
        else:
            begin = _explore(header, source, output=output)
        path = ("--path", str(walks / name), "--frames", str(len(cameras[name])))
        commands.append(("voyager-lite", *begin, *path, *_making(part[0].making)))
    return Retraced(commands=tuple(commands), cameras=cameras, unknown=tuple(unknown))


def asked_of(options: Mapping[str, object]) -> dict[str, object]:
    """What a command was asked for at the opening of a world, to be kept in its origin.

    Args:
        options: Of ``explore``, by name; what does not decide the opening, or was not given, is left out.
    """
    found = {name: options.get(name) for name in ("image", "sample", "guidance", *OPENING)}
    kept = {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}
    return {name: value for name, value in kept.items() if value not in (None, OPENING.get(name))}


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


def _asked(header: WorldHeader) -> dict[str, object]:
    found = header.origin.get("asked")
    return found if isinstance(found, dict) else {}


def _source(header: WorldHeader, picture: Path | None) -> tuple[tuple[str, ...], list[str]]:
    """What the first command is to open, and what is not known of it."""
    asked = _asked(header)
    unknown: list[str] = []
    if not asked:
        unknown.append(
            "No command has made this world, or an older version; how its depth and its field of view were "
            f"chosen is not known. The world says of its depth: {header.origin.get('depth')}."
        )
    if picture is not None:
        return (str(picture),), unknown
    for option in ("sample", "guidance"):
        if asked.get(option) is not None:
            return (f"--{option}", str(asked[option])), unknown
    if asked.get("image") is not None:
        return (str(asked["image"]),), unknown
    unknown.append(
        f"Where its picture ({header.origin.get('image')}) lies is not known here; PHOTOGRAPH stands for it."
    )
    return ("PHOTOGRAPH",), unknown


def _explore(header: WorldHeader, source: tuple[str, ...], *, output: Path) -> tuple[str, ...]:
    asked = _asked(header)
    words = ["explore", *source, "--output", str(output), "--size", f"{header.width}x{header.height}"]
    if header.fps != 24:
        words += ["--fps", f"{header.fps:.17g}"]
    for name in OPENING:
        if asked.get(name) is not None:
            words += [f"--{name.replace('_', '-')}", str(asked[name])]
    return tuple(words)


def _making(making: dict[str, object]) -> tuple[str, ...]:
    words = ["--core", str(making["core"]), "--seed", str(making.get("walk_seed", making["seed"]))]
    for option in ("steps", "prompt"):
        if making.get(option) is not None:
            words += [f"--{option}", str(making[option])]
    return tuple(words)
