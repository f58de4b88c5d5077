"""What every benchmark stands on: a migrated database, our processes, and a load of requests."""

import csv
import itertools
import multiprocessing
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import servers
from tests.servers import ROOT

CLIENT_PROCESSES = 2
CONNECTIONS = 4
MARK = "@number@"


@dataclass(frozen=True)
class Line:
    """One printed result: what was measured, against what, and the goal."""

    id: str
    engine: str
    what: str
    measured: str
    goal: str
    is_reached: bool | None = None

    def __str__(self) -> str:
        """The line as it is printed."""
        verdict = {True: "reached", False: "MISSED", None: ""}[self.is_reached]
        place = f"{self.id:<4} {self.engine:<9} {self.what:<66}"
        return f"{place} {self.measured:>10}  {self.goal:<10} {verdict}"


@dataclass(frozen=True)
class Ground:
    """A database of one benchmark's own and the environment our processes find it by.

    `people` is the size somebody asked for; 0 leaves it to the benchmark.
    """

    engine: str
    url: str
    folder: Path
    quick: bool
    people: int = 0

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process of ours."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("PENNANT_")
        }
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        return {
            **kept,
            "PENNANT_DATABASE_URL": self.url,
            "PENNANT_INSTANCE_DIR": str(self.folder),
            "PENNANT_SECRET_KEY": "a-key-for-benchmarks-only-" + "k" * 32,
        }

    def flask(self, *arguments: str, given: str | None = None) -> "Run":
        """Run a command of the app to its end; raises RuntimeError when it fails."""
        return run([sys.executable, "-m", "flask", *arguments], self.env, given=given)

    def script(self, source: str, *arguments: str) -> "Run":
        """Run a few lines of Python in the app's folder."""
        return run([sys.executable, "-c", source, *arguments], self.env)

    def write(self, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
        """Write an import file."""
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        return path


@dataclass(frozen=True)
class Run:
    """A process that ended: seconds, largest resident size in MB, what it printed."""

    seconds: float
    peak_mb: float
    out: str


def run(command: Sequence[str], env: dict[str, str], *, given: str | None = None) -> Run:
    """Run a process to its end and measure it."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as source:
        source.write(given or "")
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=source, stdout=out, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise RuntimeError(
            f"{' '.join(command[:8])} ended with {process.returncode}:\n{text[-3000:]}"
        )
    return Run(seconds, usage.ru_maxrss / 1024, text)


@contextmanager
def fresh(engine: str, *, quick: bool, people: int = 0) -> Iterator[Ground]:
    """A migrated, empty database on SQLite or PostgreSQL, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pennant-bench-"))
    name = f"pennant_bench_{secrets.token_hex(6)}"
    server = servers.find_postgres() if engine == "postgres" else None
    if server:
        server.create(name)
    url = server.url_of(name) if server else f"sqlite:///{folder / 'bench.db'}"
    ground = Ground(engine, url, folder, quick, people)
    try:
        ground.flask("db", "upgrade")
        yield ground
    finally:
        if server:
            server.drop(name)
        shutil.rmtree(folder, ignore_errors=True)


def requests_per_second(
    port: int, request: bytes, seconds: float, marks: Sequence[str] = ()
) -> float:
    """How many answers a second eight kept-open connections get for one raw request.

    Where the request holds MARK, each sending of it gets one of `marks` there, each used once; when
    none is left the load ends. Without any, each sending gets a number of its own.
    """
    context = multiprocessing.get_context("spawn")
    shares = [marks[n::CLIENT_PROCESSES] for n in range(CLIENT_PROCESSES)]
    with context.Pool(CLIENT_PROCESSES) as pool:
        rates = pool.starmap(_hammer, [(port, request, seconds, share) for share in shares])
    return sum(rates)


def _hammer(port: int, request: bytes, seconds: float, marks: Sequence[str]) -> float:
    """Count the answers a second this process gets, its connections taking turns."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    given = iter(marks) if marks else (f"{os.getpid()}-{n}" for n in itertools.count())
    sendings = (request.replace(MARK.encode(), mark.encode()) for mark in given)
    began, count, until = time.perf_counter(), 0, time.perf_counter() + seconds
    waiting = deque(sockets)
    for connection in sockets:
        connection.sendall(next(sendings))
    while waiting:
        connection = waiting.popleft()
        is_open = _read_answer(connection)
        count += 1
        if not is_open:
            connection.close()
            connection = socket.create_connection(("127.0.0.1", port))
        sending = next(sendings, None) if time.perf_counter() < until else None
        if sending is None:
            connection.close()
            continue
        connection.sendall(sending)
        waiting.append(connection)
    return count / (time.perf_counter() - began)


def _read_answer(connection: socket.socket) -> bool:
    """Read one whole answer; False when the server closes afterwards.

    Raises RuntimeError unless the page was given (200) or unchanged (304).
    """
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] not in {b"200", b"304"}:
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    lines = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    left = int(lines.get(b"content-length", 0)) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))
    return lines.get(b"connection", b"").strip() != b"close"


def best_of(times: int, measure: Callable[[], float]) -> float:
    """The smallest of several measurements: the one least disturbed by others."""
    return min(measure() for _ in range(times))
