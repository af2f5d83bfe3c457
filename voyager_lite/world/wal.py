"""SQLite's write-ahead log, looked at before SQLite does, which passes over a broken end in silence.

The file format is in https://sqlite.org/walformat.html: a header, then frames of a page each; the last frame
of a transaction says so. Each frame carries the salts of the header, and a checksum of all bytes up to it.
"""

import struct
from pathlib import Path

import numpy as np
from jaxtyping import UInt32

HEADER = struct.Struct(">8I")  # magic, version, page size, checkpoint, two salts, two sums of what is before
FRAME = np.dtype([("page", ">u4"), ("commit", ">u4"), ("salts", ">u4", 2), ("sums", ">u4", 2)])
MAGIC = {0x377F0682: "<u4", 0x377F0683: ">u4"}
"""And in which order of bytes the words are summed."""

Sums = tuple[int, int]


def bytes_without_commit(log: Path) -> int:
    """Bytes at the end of a log that were written last, and belong to no whole transaction.

    They are what a process killed while it wrote leaves behind; or the log was cut short or damaged since,
    and they held what had been committed. 0 for a log that is whole, empty or missing.
    """
    data = np.fromfile(log, np.uint8) if log.is_file() else np.empty(0, np.uint8)
    if len(data) < HEADER.size:
        return len(data)
    magic, _, page, _, *salts, first, second = HEADER.unpack(data[: HEADER.size].tobytes())
    words = MAGIC.get(magic)
    if words is None or _sums(data[None, :24], words, (0, 0))[0] != (first, second):
        return len(data)
    size = FRAME.itemsize + page
    count, rest = divmod(len(data) - HEADER.size, size)
    frames = data[HEADER.size :][: count * size].reshape(count, size)
    heads = frames[:, : FRAME.itemsize].copy().view(FRAME)[:, 0]
    ours = (heads["salts"] == salts).all(-1)
    # Behind them may lie what an earlier use of the file has left.
    written = count if ours.all() else int(ours.argmin())
    summed = np.concatenate([frames[:written, :8], frames[:written, FRAME.itemsize :]], axis=1)
    found = np.array(_sums(summed, words, (first, second)), np.uint32).reshape(-1, 2)
    sound = (found == heads["sums"][:written]).all(-1)
    whole = written if sound.all() else int(sound.argmin())
    commits = np.flatnonzero(heads["commit"][:whole])
    kept = int(commits[-1]) + 1 if len(commits) else 0
    return (written - kept) * size + (rest if written == count else 0)


def _sums(rows: np.ndarray, words: str, start: Sums) -> list[Sums]:
    """The running checksum after each row of bytes.

    For two words a and b at a time, s += a + t and t += b + s: linear in what was before, so that the share
    of every word in the end of a row is a constant, known in advance.
    """
    values = np.ascontiguousarray(rows).view(words).astype(np.uint32)
    shares, step = _shares(values.shape[1])
    found = []
    s, t = start
    for row in (values @ shares).tolist():
        s, t = ((int(step[i, 0]) * s + int(step[i, 1]) * t + row[i]) % 2**32 for i in (0, 1))
        found.append((s, t))
    return found


def _shares(words: int) -> tuple[UInt32[np.ndarray, "word 2"], UInt32[np.ndarray, "2 2"]]:
    """What each word of a row adds to both sums, and what the sums before it become; modulo 2 ** 32."""
    step = np.array([[1, 1], [1, 2]], np.uint32)
    shares = np.empty((words, 2), np.uint32)
    after = np.eye(2, dtype=np.uint32)
    for pair in range(words // 2 - 1, -1, -1):
        shares[2 * pair], shares[2 * pair + 1] = after.sum(1, dtype=np.uint32), after[:, 1]
        after = after @ step
    return shares, after
