"""The app as people meet it: a process of its own, on a free port, with a folder for worlds."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 240


@dataclass
class Server:
    """A running app.

    Attributes:
        url: Where it answers, without a slash at the end.
        worlds: The folder it was started with.
        process: The server's own process; its worker is a child of it.
        log: What it wrote.
    """

    url: str
    worlds: Path
    process: subprocess.Popen
    log: Path

    def get(self, path: str, *, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a GET; the path goes out as it is, dots and percent signs included."""
        host, port = self.url.removeprefix("http://").split(":")
        lines = [f"GET {path} HTTP/1.0"]
        lines += [f"{name}: {value}" for name, value in (headers or {"Host": f"{host}:{port}"}).items()]
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            answer = b""
            while block := connection.recv(65536):
                answer += block
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        """End it as Ctrl-C does; what does not heed that is killed."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()
        self.process.wait()


def start_server(worlds: Path, *options: str, port: int | None = None) -> Server:
    """Start the app with this folder, on any free port or this one, and wait until it answers."""
    worlds.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log = worlds.parent / f"{worlds.name}-{port}.log"
    command = [sys.executable, "-m", "app", "--worlds", str(worlds), "--port", str(port), *options]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    server = Server(url=f"http://127.0.0.1:{port}", worlds=worlds, process=process, log=log)
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the app ended with {process.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(server.url, timeout=10):
                return server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    server.kill()
    raise RuntimeError(f"the app did not answer in {START_SECONDS} s: {log.read_text()[-2000:]}")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
