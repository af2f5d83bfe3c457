"""`train`: the embedded models, from procedural scenes alone."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from voyager_lite.cli.report import say


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train an embedded model on procedural scenes; a run found in --folder is continued.

    mini and nano complete clips, depth estimates depth. FOLDER/weights holds the weights so far, as they
    are shipped, and FOLDER/curve.png shows how far it has come.

    Example: voyager-lite train mini --folder runs/mini --minutes 120
    """

    model: Annotated[
        Literal["mini", "nano", "depth"], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL", help="Which.")
    ] = "mini"
    folder: Annotated[Path, tyro.conf.arg(help="Checkpoint, log, curve and weights.")]
    minutes: Annotated[float, tyro.conf.arg(help="Time to spend, over all continuations.")] = 120.0
    workers: Annotated[
        int | None,
        tyro.conf.arg(
            help="Processes that render scenes: 1, or with a GPU one less than the machine has processors."
        ),
    ] = None
    device: Annotated[Literal["cpu", "cuda"], tyro.conf.arg(help="Where the network learns.")] = "cpu"
    generator: Annotated[
        bool,
        tyro.conf.arg(
            help="mini and nano: learn to gain from several steps (`explore --steps 8`), too. With a GPU they"
            " always do."
        ),
    ] = False
    start: Annotated[
        Path | None,
        tyro.conf.arg(
            help="Weights (.safetensors) to begin with, as those in assets, not with new ones. Of a depth "
            "network's, a share stays in what is written."
        ),
    ] = None

    def run(self) -> None:
        """Train."""
        if not 0 < self.minutes < 1e5:
            raise ValueError(f"--minutes is {self.minutes:g}; expected more than 0")
        if self.workers is not None and self.workers < 0:
            raise ValueError(f"--workers is {self.workers}; expected 0 or more")
        workers = self.workers
        if workers is None:
            workers = 1 if self.device == "cpu" else max(1, (os.cpu_count() or 1) - 1)
        if self.model == "depth":
            if self.generator:
                raise ValueError("--generator is for mini and nano; depth is estimated in one step")
            from voyager_lite.training.depth_loop import DepthTrainingConfig, train_depth

            train_depth(
                DepthTrainingConfig(
                    folder=self.folder,
                    minutes=self.minutes,
                    workers=workers,
                    device=self.device,
                    start=self.start,
                )
            )
        else:
            from voyager_lite.training.loop import TrainingConfig, as_generator, on_gpu, train

            config = TrainingConfig(
                model=self.model,
                folder=self.folder,
                minutes=self.minutes,
                workers=workers,
                device=self.device,
                start=self.start,
            )
            if self.device == "cuda":
                config = on_gpu(config)
                by = {"cuda": "the GPU", "cpu": "processors (with the package numba-cuda a GPU would)"}
                say(f"Rays through the scenes are cast by {by[config.scenes]}.")
            elif self.generator:
                config = as_generator(config)
            train(config)
