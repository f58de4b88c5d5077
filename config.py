"""Settings from the environment, checked at start. Nothing else reads os.environ."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
INSTANCE = ROOT / "instance"
PREFIX = "PENNANT_"
MIN_SECRET = 32
MAX_WORKERS = 64
MAX_DAYS = 36_500


class BadSetting(SystemExit):
    """A setting that stops the start; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting with its default; in the environment PENNANT_ and the field in capitals."""

    database_url: str = f"sqlite:///{INSTANCE / 'pennant.db'}"
    secret_key: str = field(repr=False, default="")
    base_url: str = "http://127.0.0.1:8000"
    mail_url: str = field(repr=False, default="")
    mail_from: str = "Pennant <pennant@localhost>"
    web_workers: int = 1
    development: bool = False
    contest_retention_days: int = 730
    embed_origins: str = ""
    instance_dir: str = str(INSTANCE)

    @property
    def is_https(self) -> bool:
        """Say whether pages are served over TLS, which cookies and HSTS depend on."""
        return self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        """Return host and port of the base URL, the only host pages answer to."""
        return urlsplit(self.base_url).netloc


# Read by the test suite and the launcher, so that they are not "unknown" here.
FOREIGN = frozenset({"PENNANT_TEST_REQUIRE", "PENNANT_TEST_POSTGRES_URL", "PENNANT_TEST_MAVEN"})


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from the environment; stops the start with a message on a bad one."""
    env = os.environ if environ is None else environ
    names = {f"{PREFIX}{item.name.upper()}": item.name for item in fields(Settings)}
    given = {name: value for name, value in env.items() if name.startswith(PREFIX)}
    unknown = sorted(set(given) - set(names) - FOREIGN)
    if unknown:
        msg = f"{unknown[0]} is not a setting of Pennant; README lists them all."
        raise BadSetting(msg)
    values: dict[str, Any] = {
        names[name]: _convert(name, value) for name, value in given.items() if name in names
    }
    settings = Settings(**values)
    if not settings.secret_key:
        values["secret_key"] = _kept_secret(Path(settings.instance_dir))
        settings = Settings(**values)
    return settings


def _convert(name: str, value: str) -> str | int | bool:
    """Turn one environment value into its type, or stop the start by name."""
    convert = CONVERTERS.get(name.removeprefix(PREFIX))
    return convert(name, value) if convert else value


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", value) or not 1 <= int(value) <= MAX_WORKERS:
        msg = f"{name} must be a whole number from 1 to {MAX_WORKERS}, not {value!r}."
        raise BadSetting(msg)
    return int(value)


def _days(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= MAX_DAYS:
        msg = f"{name} must be a whole number of days from 1 to {MAX_DAYS}, not {value!r}."
        raise BadSetting(msg)
    return int(value)


def _switch(name: str, value: str) -> bool:
    if value not in {"0", "1"}:
        msg = f"{name} must be 0 or 1, not {value!r}."
        raise BadSetting(msg)
    return value == "1"


def _database_url(name: str, value: str) -> str:
    if value.startswith(("sqlite:///", "postgresql+psycopg://")):
        return value
    if value.startswith("postgresql://"):
        return value.replace("postgresql://", "postgresql+psycopg://", 1)
    msg = f"{name} must start with sqlite:/// or postgresql+psycopg://."
    raise BadSetting(msg)


def _base_url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        msg = f"{name} must be an http:// or https:// address, not {value!r}."
        raise BadSetting(msg)
    return value.rstrip("/")


def _origins(name: str, value: str) -> str:
    """Return the origins apart by commas, each `scheme://host` or with a port, and no more."""
    given = [each.strip().rstrip("/").lower() for each in value.split(",") if each.strip()]
    for origin in given:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
            msg = f"{name} must be addresses like https://intranet.example, not {origin!r}."
            raise BadSetting(msg)
    return ",".join(given)


def _mail_url(name: str, value: str) -> str:
    if value and urlsplit(value).scheme not in {"smtp", "smtps"}:
        msg = f"{name} must be smtp://... or smtps://..., or empty to capture mail."
        raise BadSetting(msg)
    return value


def _secret(name: str, value: str) -> str:
    if len(value) < MIN_SECRET:
        msg = f"{name} must have at least {MIN_SECRET} characters."
        raise BadSetting(msg)
    return value


def _kept_secret(instance: Path) -> str:
    """Return the secret kept in the instance folder; the first start makes it."""
    path = instance / "secret_key"
    instance.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


CONVERTERS: Mapping[str, Callable[[str, str], str | int | bool]] = {
    "WEB_WORKERS": _number,
    "CONTEST_RETENTION_DAYS": _days,
    "DEVELOPMENT": _switch,
    "DATABASE_URL": _database_url,
    "BASE_URL": _base_url,
    "EMBED_ORIGINS": _origins,
    "MAIL_URL": _mail_url,
    "SECRET_KEY": _secret,
}
