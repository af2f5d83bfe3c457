"""Sharing rows, or points, among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

MOST_THREADS = 8


def in_strips(height: int, work: Callable[..., object], out: object) -> None:
    """Call ``work((first row, row after the last), out)`` for strips that make up ``height`` rows.

    One strip for each thread that torch may use. ``work`` must release the interpreter to gain by it,
    and write only what belongs to its own rows.
    """
    count = max(1, min(torch.get_num_threads(), MOST_THREADS, height))
    strips = [(height * i // count, height * (i + 1) // count) for i in range(count)]
    if count == 1:
        work(strips[0], out)
        return
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, strips, [out] * count))
