"""`voyager-lite bench durability`: what a hundred killed walks leave behind."""

import json
import subprocess
import sys

from voyager_lite.evaluation.bench import BenchRow
from voyager_lite.evaluation.kills import CLIPS, KillReport

KILLS = 100
LAWS = ("committed clips lost", "corrupt worlds", "finished walks that differ")


def run_durability(kills: int = KILLS, *, seed: int = 0) -> list[BenchRow]:
    """Kill walks at random instants, in a process of its own; half a second a kill.

    The first three rows must be 0. The others tell how hard the test was.

    Raises:
        ChildProcessError: That process failed.
    """
    report = killed_walks(kills, seed=seed)
    case = f"{report.kills} kills at random instants of {CLIPS}-clip walks, {report.worlds} walks finished"
    figures = {
        "committed clips lost": (report.lost, "clips"),
        "corrupt worlds": (report.corrupt, "worlds"),
        "finished walks that differ": (report.different, "walks"),
        "kills while a clip was written": (report.in_commit, "kills"),
        "kills while a world was created": (report.in_creation, "kills"),
    }
    return [
        BenchRow(
            name=name,
            ours=found,
            baseline=0,
            baseline_name="allowed" if name in LAWS else "no target",
            ratio=None,
            unit=unit,
            case=case,
        )
        for name, (found, unit) in figures.items()
    ]


def killed_walks(kills: int, *, seed: int) -> KillReport:
    """``run_kills`` in a process that has no threads, so that it can fork.

    Raises:
        ChildProcessError: That process failed.
    """
    command = [sys.executable, "-m", "voyager_lite.evaluation.kills", str(kills), str(seed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ChildProcessError(f"the process that kills walks ended with code {done.returncode}")
    return KillReport(**json.loads(done.stdout.splitlines()[-1]))
