"""What every test may ask for: a fresh database on both engines, the app, a client, a clock.

A database is copied from a migrated template, so every commit in a test is a real commit. A test
that asks for none of `database`, `app`, `client` pays for none.
"""

import contextvars
import gc
import itertools
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import click
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy import select
from werkzeug.test import TestResponse

from config import Settings
from tests import servers
from tests.servers import ROOT

ROOMS = (
    "core",
    "people",
    "programme",
    "adoption",
    "training_tracker",
    "leaderboard",
    "incentives",
    "coaching",
    "comms",
    "reports",
)
ENGINES = ("sqlite", "postgres")
DEMO_SEED = 7
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

hypothesis_settings.register_profile("house", deadline=None, max_examples=60)
hypothesis_settings.load_profile("house")
for _name in [name for name in os.environ if name.startswith("PENNANT_")]:
    if not _name.startswith("PENNANT_TEST_"):
        del os.environ[_name]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that needs a database once per engine, unless it is marked for one of them."""
    if "engine" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "sqlite_only" in marks:
        engines: tuple[str, ...] = ("sqlite",)
    elif "postgres_only" in marks:
        engines = ("postgres",)
    else:
        engines = ENGINES
    metafunc.parametrize("engine", engines)


@pytest.fixture(autouse=True)
def _no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def settings_for(url: str, instance: Path) -> Settings:
    """The settings of an app under test: captured mail, a fixed key, the client's own address."""
    return Settings(
        database_url=url,
        secret_key="a-key-for-tests-only-" + "k" * 32,
        base_url="http://localhost",
        instance_dir=str(instance),
    )


def assemble(settings: Settings) -> Flask:
    """The whole app with its commands, which it hangs only in a process that runs one."""
    from app import create_app

    with click.Context(click.Command("tests")):
        return create_app(settings)


def build_schema(settings: Settings) -> None:
    """Bring an empty database up by the migrations."""
    from flask_migrate import upgrade

    from core.db import db

    with assemble(settings).app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.session.remove()
        db.engine.dispose()


def load_small_demo(settings: Settings) -> None:
    """Fill a migrated database with the small demo, by the command anybody would use."""
    from core.db import db

    app = assemble(settings)
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["demo", "load", "--size", "small"])
        db.session.remove()
        db.engine.dispose()
    if done.exit_code:
        raise AssertionError(f"the small demo did not load: {done.output}") from done.exception


def fill_small_world(settings: Settings) -> None:
    """Fill a migrated database with the small demo and its first two races; run no job."""
    from core.db import db
    from demo import loading
    from demo.world import generate

    world = generate("small", DEMO_SEED, None)
    after_it_all = datetime(world.timeline.today.year + 1, 1, 1, tzinfo=UTC)
    with TemporaryDirectory() as folder, assemble(settings).app_context():
        world.write(Path(folder))
        when = loading.moments(world.timeline, after_it_all)
        loading.fill(world, Path(folder), when, lambda _line: None, races=2)
        db.session.remove()
        db.engine.dispose()


FURNISHERS: dict[str, Callable[[Settings], None]] = {
    "empty": build_schema,
    "demo": load_small_demo,
    "eve": fill_small_world,
}


@pytest.fixture(scope="session")
def postgres_server() -> servers.PostgresServer:
    """A PostgreSQL server, or one skip line that says how to get one."""
    try:
        return servers.find_postgres()
    except servers.Missing as missing:
        if servers.is_required("postgres"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@dataclass(frozen=True)
class Templates:
    """Databases to copy from, one per engine and kind, each built when first asked for."""

    folder: Path
    request: pytest.FixtureRequest
    built: dict[tuple[str, str], str]
    failed: dict[tuple[str, str], str]

    def copy(self, engine: str, kind: str, place: Path) -> Iterator[str]:
        """Give the address of a fresh copy; a PostgreSQL one is dropped afterwards."""
        source = self._template(engine, kind)
        if engine == "sqlite":
            path = place / "pennant.db"
            shutil.copy(source, path)
            yield f"sqlite:///{path}"
            return
        server: servers.PostgresServer = self.request.getfixturevalue("postgres_server")
        name = f"pennant_test_{uuid4().hex[:12]}"
        server.create(name, source)
        yield server.url_of(name)
        server.drop(name)

    def _template(self, engine: str, kind: str) -> str:
        """The file or database of a template, built at the first call."""
        if (engine, kind) in self.failed:
            pytest.fail(self.failed[engine, kind])
        if (engine, kind) not in self.built:
            self.failed[engine, kind] = f"the {kind} template failed to build, see its first test"
            base = None if kind == "empty" else self._template(engine, "empty")
            name, url = self._blank(engine, kind, base)
            FURNISHERS[kind](settings_for(url, self.folder))
            self.built[engine, kind] = name
            del self.failed[engine, kind]
        return self.built[engine, kind]

    def _blank(self, engine: str, kind: str, base: str | None) -> tuple[str, str]:
        """A new file or database, empty or a copy; returns its name and address."""
        if engine == "sqlite":
            path = self.folder / f"{kind}.db"
            if base:
                shutil.copy(base, path)
            return str(path), f"sqlite:///{path}"
        server: servers.PostgresServer = self.request.getfixturevalue("postgres_server")
        name = f"pennant_{kind}_{uuid4().hex[:12]}"
        server.create(name, base or "template1")
        self.request.addfinalizer(lambda: server.drop(name))
        return name, server.url_of(name)


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    """The databases tests are copied from, made once per process."""
    return Templates(tmp_path_factory.mktemp("templates"), request, {}, {})


@pytest.fixture
def database(engine: str, templates: Templates, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, migrated, empty database of this test's own."""
    yield from templates.copy(engine, "empty", tmp_path)


@pytest.fixture
def demo_database(engine: str, templates: Templates, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh copy of the small demo."""
    yield from templates.copy(engine, "demo", tmp_path)


class Visitor(FlaskClient):
    """A test client whose requests share nothing with the test's own app context.

    Flask would reuse the test's context for every request, and with it `g`, the signed-in person
    and the session. Here each request starts clean, and what it committed is seen afterwards.
    Do not use it as a context manager.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request in a context of its own, and let the test see what it changed."""
        from core.db import db

        _forget(db)
        kwargs.setdefault("buffered", True)
        response = contextvars.Context().run(super().open, *args, **kwargs)
        _forget(db)
        return response


def _forget(db: Any) -> None:
    """End the test's own read, so that the next one sees the present."""
    from flask import has_app_context

    if has_app_context():
        db.session.rollback()


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """The settings the test's app is built from; processes started by a test use the same."""
    return settings_for(database, tmp_path)


# An app counts as old from its start, so the collector hardly ever looks at those of past tests: a
# process would grow by a megabyte a test.
APPS_KEPT = 40
_opened = itertools.count(1)


def opened(settings: Settings) -> Iterator[Flask]:
    """The app with its context open, forms accepted without a token."""
    from core.db import db

    flask_app = assemble(settings)
    flask_app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    flask_app.test_client_class = Visitor
    with flask_app.app_context():
        yield flask_app
        db.session.remove()
        db.engine.dispose()
    if next(_opened) % APPS_KEPT == 0:
        gc.collect()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The whole app on a fresh, empty database.

    The form token is tested once for all doors in tests/house/test_doors.py.
    """
    yield from opened(settings)


@pytest.fixture
def demo_app(demo_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The whole app on a copy of the small demo."""
    yield from opened(settings_for(demo_database, tmp_path))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who has not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in_as(app: Flask) -> Callable[..., FlaskClient]:
    """`sign_in_as("manager")` or `sign_in_as(person)`: a client that has signed in by the form."""
    from core.db import db
    from people.models import Account
    from tests.factories.people import PASSWORD, make_account, make_person

    def sign_in(who: Any = "rep", **given: Any) -> FlaskClient:
        person = make_person(role=str(who), **given) if isinstance(who, str) else who
        if db.session.get(Account, person.id) is None:
            make_account(person)
        visitor = app.test_client()
        answer = visitor.post("/sign-in", data={"email": person.email, "password": PASSWORD})
        if answer.status_code not in {302, 303}:
            raise AssertionError(f"{person.email} could not sign in: {answer.status}")
        return visitor

    return sign_in


class Outbox:
    """The letters written so far, whatever became of them."""

    def letters(self, **wanted: Any) -> list[Any]:
        """Letters in the order they were written, narrowed by column: `letters(kind="tip")`."""
        from core.db import db
        from core.outbox import OutboxLetter

        query = select(OutboxLetter).filter_by(**wanted).order_by(OutboxLetter.id)
        return list(db.session.scalars(query))


@pytest.fixture
def outbox(app: Flask) -> Outbox:
    """What the house has written to people."""
    return Outbox()


@pytest.fixture
def at() -> Iterator[Callable[[datetime], None]]:
    """`at(instant)` stops the clock there, for the rest of the test or until the next call."""
    travels: list[AbstractContextManager[Any]] = []

    def travel(instant: datetime) -> None:
        if instant.tzinfo is None:
            raise AssertionError("an instant needs its zone")
        while travels:
            travels.pop().__exit__(None, None, None)
        stop = time_machine.travel(instant, tick=False)
        stop.__enter__()
        travels.append(stop)

    yield travel
    while travels:
        travels.pop().__exit__(None, None, None)
