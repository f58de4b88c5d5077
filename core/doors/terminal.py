"""What commands share: exit codes, JSON on stdout only, messages on stderr, instants."""

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import click

from core.errors import PennantError
from core.figures import read_instant

P = ParamSpec("P")
R = TypeVar("R")
ALL_DONE, PARTLY, NOTHING_DONE = 0, 1, 2


class InstantType(click.ParamType):
    """An ISO 8601 instant with offset or Z."""

    name = "instant"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Read the argument; a naive instant is refused."""
        if isinstance(value, datetime):
            return value
        try:
            return read_instant(param.name if param and param.name else "instant", str(value))
        except PennantError as error:
            self.fail(error.message, param, ctx)


INSTANT = InstantType()


def say(message: str) -> None:
    """Write a message for a person, on stderr so that --json output stays clean."""
    click.echo(message, err=True)


def print_json(value: object) -> None:
    """Write one JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def stop(message: str, fix: str | None = None, code: int = NOTHING_DONE) -> NoReturn:
    """End the command with a message and what to do."""
    say(f"{message} {fix}" if fix else message)
    sys.exit(code)


def friendly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a named error into its message and exit code 2."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except PennantError as error:
            stop(error.message, error.fix)

    return run
