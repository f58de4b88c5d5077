"""Assembly: makes the Flask app and hangs every room's doors on it; knows every room."""

import gc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import click
from flask import Flask
from flask_login import LoginManager

import config
import menu
from core import db as database
from core import web
from core.doorstep import Doorstep
from core.guards import csrf, mark, unguarded
from core.outbox import Recipient

ROOT = Path(__file__).resolve().parent
# From the ground up: doors, jobs and tables are collected in this order.
ROOMS = (
    "core.intake",
    "people",
    "programme",
    "adoption",
    "training_tracker",
    "leaderboard",
    "incentives",
    "coaching",
    "comms",
    "reports",
    "demo",
)
CORE_DOORS = ("health", "figures", "figure_pages", "outbox", "jobs", "audit", "appearance")
CORE_TABLES = ("core.audit", "core.ledger", "core.outbox", "core.scheduler")
MAX_BODY = 64 * 1024 * 1024
# More than a process has threads: one over the limit would be opened anew at every request.
KEPT_CONNECTIONS = 16


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the app. Raises at start when a door has no guard or two jobs share an id."""
    chosen = settings or config.load()
    with _without_collector():
        return _assemble(chosen)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Stop the collector while modules load: nothing they make is garbage, and it looks at all.

    Afterwards what they made counts as old, so that the next look is not at all of it either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_on:
            gc.enable()


def _assemble(chosen: config.Settings) -> Flask:
    app = Flask(__name__, root_path=str(ROOT))
    _configure(app, chosen)
    database.db.init_app(app)
    with app.app_context():
        database.set_up_engine(database.db.engine)
    csrf.init_app(app)
    app.extensions["pennant"] = _collect()
    _sign_in(app)
    web.set_up_web(app)
    menu.set_up_menu(app)
    _hang_doors(app, development=chosen.development)
    _hang_commands(app)
    app.wsgi_app = Doorstep(app, _declared("DOORSTEP", "routes"))  # type: ignore[method-assign]
    open_doors = unguarded(app)
    if open_doors:
        msg = f"no guard on: {', '.join(open_doors)}"
        raise RuntimeError(msg)
    return app


def _configure(app: Flask, settings: config.Settings) -> None:
    cookie = "__Host-pennant" if settings.is_https else "pennant"
    app.config.update(
        PENNANT=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database_url),
        SESSION_COOKIE_NAME=cookie,
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=500_000,
        TRUSTED_HOSTS=sorted({settings.host.partition(":")[0], "127.0.0.1", "localhost"}),
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.is_https,
        TEMPLATES_AUTO_RELOAD=settings.development,
    )
    logging.getLogger("pennant").setLevel(logging.INFO)


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return {"connect_args": {"timeout": 15}, "pool_size": KEPT_CONNECTIONS}
    return {"pool_pre_ping": True, "pool_size": KEPT_CONNECTIONS}


def _modules(*names: str) -> list[ModuleType]:
    """Import the named door of every room that has it, in the order of the floors."""
    found: list[ModuleType] = []
    for room in ROOMS:
        present = [f"{room}.{name}" for name in names if find_spec(f"{room}.{name}") is not None]
        found.extend(import_module(name) for name in present)
    return found


class Declared(dict[str, Any]):
    """What rooms declare as data, gathered when first asked for.

    A page needs few of these, and the modules that hold the others bring libraries no page needs.
    """

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - each registry has its own type
        """Gather one registry and keep it."""
        self[name] = gathered = GATHERERS[name]()
        return gathered


def _declared(kind: str, *doors: str) -> list[Any]:
    return [item for module in _modules(*doors) for item in getattr(module, kind, ())]


def _jobs() -> list[Any]:
    jobs = [*_declared("JOBS", "jobs"), *import_module("core.doors.housekeeping").JOBS]
    _refuse_doubles("job", [job.id for job in jobs])
    return jobs


def _by_name(kind: str, noun: str) -> dict[str, Any]:
    items = _declared(kind, "cli")
    _refuse_doubles(noun, [item.name for item in items])
    return {item.name: item for item in items}


def _presets() -> dict[str, Any]:
    exports = import_module("core.intake.exports").PRESETS
    return {preset.name: preset for preset in exports} | _by_name("PRESETS", "preset")


GATHERERS: dict[str, Callable[[], Any]] = {
    "jobs": _jobs,
    "figures": lambda: _by_name("FIGURES", "figure"),
    "imports": lambda: _by_name("IMPORTS", "import kind"),
    "presets": _presets,
    "import_followers": lambda: _declared("IMPORT_FOLLOWERS", "cli"),
    "playbook_followers": lambda: _declared("PLAYBOOK_FOLLOWERS", "cli"),
    "playbook_parts": lambda: _declared("PLAYBOOK_PARTS", "cli"),
    "checks": lambda: _declared("CHECKS", "cli"),
    "panels": lambda: _declared("PANELS", "panels"),
}


def _collect() -> Declared:
    """Load every table, and say where the house finds what only rooms know."""
    for name in CORE_TABLES:
        import_module(name)
    _modules("models")
    queries, services = import_module("people.queries"), import_module("people.services")
    programmes = import_module("programme.queries")

    def recipients(person_ids: Sequence[int], today: date | None) -> Mapping[int, Recipient]:
        """Who gets letters, in the programme's zone where a person has none of their own."""
        latest = programmes.default()
        zone = latest.time_zone if latest is not None else "UTC"
        return cast("Mapping[int, Recipient]", queries.recipients(person_ids, today, zone))

    return Declared(
        recipients=recipients,
        admin_count=lambda: len(queries.ids_with_role("admin")),
        person_ids=queries.by_key,
        person_keys=queries.keys_of,
        actor_of=queries.actor_of,
        everybody=queries.everybody,
        token_lookup=services.load_actor_for_token,
        programmes=programmes,
    )


def _refuse_doubles(kind: str, names: list[str]) -> None:
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        msg = f"two declarations of the {kind} {doubles[0]}"
        raise RuntimeError(msg)


def _sign_in(app: Flask) -> None:
    manager = LoginManager()
    manager.init_app(app)
    manager.session_protection = None
    loader = import_module("people.routes").load_viewer
    manager.user_loader(loader)


def _hang_doors(app: Flask, *, development: bool) -> None:
    doors = list(CORE_DOORS)
    if development and find_spec("core.doors.styleguide") is not None:
        doors.append("styleguide")
    for name in doors:
        app.register_blueprint(import_module(f"core.doors.{name}").blueprint)
    for module in _modules("routes", "api"):
        if hasattr(module, "blueprint"):
            app.register_blueprint(module.blueprint)

    def static_file(filename: str) -> Any:  # noqa: ANN401 - Flask's own response type
        return app.send_static_file(filename)

    app.view_functions["static"] = mark(static_file, "public", "")


def _hang_commands(app: Flask) -> None:
    """Hang the commands, only in a process that is one: they bring libraries no page needs."""
    if click.get_current_context(silent=True) is None and not app.config.get("COMMANDS"):
        return
    for door in CORE_DOORS:
        module = import_module(f"core.doors.{door}")
        for command in getattr(module, "COMMANDS", ()):
            app.cli.add_command(command)
    for module in _modules("cli"):
        for command in getattr(module, "COMMANDS", ()):
            app.cli.add_command(command)
    from flask_migrate import Migrate

    Migrate(app, database.db, directory=str(ROOT / "migrations"))
