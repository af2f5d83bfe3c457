"""Contact sheets of what was measured, for people: guidance, truth, ours and a classical fill."""

from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from voyager_lite.core.generator import Generator, Request
from voyager_lite.evaluation.cases import FIRST_SEED, FillCase, procedural_case, read_scenes, real_cases
from voyager_lite.evaluation.fills import CLASSICAL
from voyager_lite.export.contact_sheet import write_contact_sheet

PROCEDURAL = 6
"""The first seeds of the table, whatever they show."""

COLUMNS = 5
CELL_WIDTH, WIDE_CELL = 192, 480


def write_pictures(
    generator: Generator, folder: Path, *, data: Path | None, classical: str = "Navier-Stokes"
) -> list[Path]:
    """One sheet for each of the first procedural clips, and one for the first pair of each real scene.

    Args:
        generator: What imagines the unseen.
        folder: Made if it is not there; sheets of the same names are replaced.
        data: A folder of real scenes, or None.
        classical: A fill of ``CLASSICAL`` to show beside.

    Raises:
        ValueError: No such fill.
    """
    if classical not in CLASSICAL:
        raise ValueError(f"there is no classical fill {classical!r}; expected one of {', '.join(CLASSICAL)}")
    folder.mkdir(parents=True, exist_ok=True)
    count = PROCEDURAL + (0 if data is None else len(read_scenes(data)))
    written = []
    cases = _cases(generator.clip_frames, data)
    for name, case in tqdm(cases, total=count, unit="sheet", desc="pictures", leave=False, disable=None):
        path = folder / f"{name}.png"
        _write_sheet(path, case, generator, classical)
        written.append(path)
    return written


def _cases(frames: int, data: Path | None) -> Iterator[tuple[str, FillCase]]:
    for number in range(PROCEDURAL):
        yield f"procedural_{number}", procedural_case(FIRST_SEED + number, frames=frames)
    for scene in read_scenes(data) if data is not None else ():
        yield f"real_{scene.name}", next(real_cases(scene))


def _write_sheet(path: Path, case: FillCase, generator: Generator, classical: str) -> None:
    guidance = case.guidance
    ours = generator.generate(guidance, reference=case.reference, request=Request(seed=0))
    other, _ = CLASSICAL[classical](guidance.rgb, guidance.depth, guidance.known)
    rows = {
        "guidance": guidance.rgb * guidance.known[:, None],
        "truth": case.rgb,
        generator.name: ours.rgb,
        classical: other,
    }
    if not case.moving:
        pictures = {path.stem: [rgb[-1] for rgb in rows.values()]}
        write_contact_sheet(path, pictures, columns=list(rows), cell_width=WIDE_CELL)
        return
    shown = torch.linspace(0, len(guidance) - 1, COLUMNS).round().long().tolist()
    frames: dict[str, list[Float[Tensor, "3 height width"]]] = {
        name: [rgb[frame] for frame in shown] for name, rgb in rows.items()
    }
    write_contact_sheet(path, frames, columns=[f"frame {frame}" for frame in shown], cell_width=CELL_WIDTH)
