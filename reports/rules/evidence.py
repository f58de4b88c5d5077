"""All the evidence of one night, and how it is kept: as plain data that reads back the same."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from reports.rules.compared import Compared
from reports.rules.lift import Trial

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Known:
    """Every experiment, and the comparison over the usual window; None before there is one."""

    trials: tuple[Trial, ...]
    compared: Compared | None


def to_plain(value: object) -> Any:  # noqa: ANN401 - plain data is whatever JSON holds
    """Dataclasses, tuples, dates and names as what JSON holds."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def from_plain(kind: type[Kept], plain: Any) -> Kept:  # noqa: ANN401 - see to_plain
    """What `to_plain` wrote, as the dataclass it was."""
    hints = get_type_hints(kind)
    return kind(**{name: _read(hint, plain[name]) for name, hint in hints.items()})


def _read(hint: Any, plain: Any) -> Any:  # noqa: ANN401 - a type and its plain data
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType:
        (real,) = (one for one in inner if one is not NoneType)
        return None if plain is None else _read(real, plain)
    if origin is tuple:
        return tuple(_read(inner[0], item) for item in plain)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_read(inner[0], key): _read(inner[1], item) for key, item in plain.items()}
    if is_dataclass(hint):
        return from_plain(hint, plain)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(plain)
    return date.fromisoformat(plain) if hint is date else plain
