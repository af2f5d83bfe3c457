"""One writer a world: a lock that dies with its process."""

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voyager_lite.errors import VoyagerLiteError, WorldBusyError

try:
    import fcntl
except ImportError:  # Windows: worlds can be read there.
    fcntl = None  # type: ignore[assignment]

LOCK_NAME = "world.lock"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Be the only writer of a world while the block runs; readers take no lock and are not stopped.

    The kernel holds the lock (flock), so a killed process leaves a file behind but no lock. The file
    says who holds it, and is removed with the lock.

    Raises:
        WorldBusyError: Somebody holds it; the message names the process.
        VoyagerLiteError: The system has no such locks.
        OSError: The folder cannot be written.
    """
    if fcntl is None:
        raise VoyagerLiteError(
            f"{folder}: worlds can be read here, but written under Linux and macOS only (this system has no "
            "flock); under Windows, use WSL"
        )
    file = folder / LOCK_NAME
    held = _lock(folder, file)
    try:
        os.truncate(held, 0)
        os.write(held, json.dumps(_this_process()).encode())
        yield
    finally:
        # While it is still held, so that nobody's newer file is removed.
        file.unlink(missing_ok=True)
        os.close(held)


def is_locked(folder: Path) -> bool:
    """Whether a process is writing to a world now; False where there are no locks."""
    if fcntl is None:
        return False
    try:
        opened = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    finally:
        os.close(opened)
    return False


def _lock(folder: Path, file: Path) -> int:
    """An open and locked file descriptor of the file that has this name now."""
    while True:
        try:
            opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise OSError(error.errno, f"cannot be written ({error.strerror})", str(folder)) from error
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(opened, 4096)
            os.close(opened)
            raise WorldBusyError(
                f"{folder}: {_described(holder)} is writing to it; wait for its end, or branch off with --as"
            ) from error
        except BaseException:
            os.close(opened)
            raise
        # Between opening and locking, the one who held it may have removed the file.
        if _is_still(file, opened):
            return opened
        os.close(opened)


def _is_still(file: Path, opened: int) -> bool:
    try:
        return os.path.samestat(os.stat(file), os.fstat(opened))
    except FileNotFoundError:
        return False


def _this_process() -> dict[str, object]:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return {"process": os.getpid(), "host": socket.gethostname(), "command": command}


def _described(holder: bytes) -> str:
    try:
        found = json.loads(holder)
        return f"process {found['process']} on {found['host']} ({found['command']})"
    except (ValueError, KeyError, TypeError):
        # It has the lock, and is about to write its name.
        return "another process"
