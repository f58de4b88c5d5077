"""The registry of figures: rooms declare them, one command and one machine door answer them.

CONTRACT section 5. A figure gets typed parameters and an instant and returns plain values; a rate
is an unrounded fraction, "no base" is None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, Protocol

from flask import current_app

from core.errors import Invalid, NotFound
from core.policy import Actor

ParamKind = Literal["date", "str", "int", "span", "list", "month", "choice", "number"]
FIRST_YEAR, LAST_YEAR = 1970, 2199


@dataclass(frozen=True)
class Param:
    """One parameter of a figure and how its text is read."""

    name: str
    kind: ParamKind = "str"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FigureRequest:
    """What a figure is asked: typed parameters, and the instant up to which things were known.

    `actor` is who asks through the machine door; the command line asks for the house.
    """

    programme_id: int
    params: Mapping[str, Any]
    as_of: datetime
    as_of_given: bool
    actor: Actor | None = None


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What must stand beside a figure wherever people read it (METRICS V4), under its title."""

    title: str
    compute: Callable[[FigureRequest], Mapping[str, object]]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A named number of METRICS. `compute` returns exactly CONTRACT's value keys.

    One that `lists_people` by name is told only to persons who may read everybody's `action`.
    `says` is one plain sentence: what is counted, of what.
    """

    name: str
    params: tuple[Param, ...]
    compute: Callable[[FigureRequest], Mapping[str, object]]
    rows: Callable[[FigureRequest], Sequence[Mapping[str, object]]] | None = None
    beside: Beside | None = None
    action: str = "dashboard.programme"
    lists_people: bool = False
    says: str = ""

    @property
    def title(self) -> str:
        """Its name as people read it."""
        return self.name.replace("_", " ").capitalize()


class ProgrammeRef(Protocol):
    """What the registry must know of a programme."""

    @property
    def id(self) -> int:
        """Return its key."""

    @property
    def slug(self) -> str:
        """Return its name in addresses."""


def registered() -> dict[str, Figure]:
    """Return every declared figure by name."""
    figures: dict[str, Figure] = current_app.extensions["pennant"]["figures"]
    return figures


def find(name: str) -> Figure:
    """Return a figure by name; raises NotFound."""
    figure = registered().get(name)
    if figure is None:
        msg = f"There is no figure {name}."
        raise NotFound(msg, fix=f"Figures: {', '.join(sorted(registered()))}.")
    return figure


def ask(
    figure: Figure, programme: ProgrammeRef, given: Mapping[str, str], now: datetime
) -> FigureRequest:
    """Read a figure's parameters from text; raises Invalid naming the parameter."""
    known = {param.name: param for param in figure.params}
    unknown = sorted(set(given) - set(known) - {"as_of"})
    if unknown:
        msg = f"{figure.name} has no parameter {unknown[0]}."
        raise Invalid(msg, field=unknown[0], fix=f"It has: {', '.join([*known, 'as_of'])}.")
    as_of_text = given.get("as_of")
    as_of = read_instant("as_of", as_of_text) if as_of_text else now
    values: dict[str, Any] = {}
    for param in figure.params:
        text = given.get(param.name, "")
        if text:
            values[param.name] = _read(param, text)
        elif param.required:
            msg = f"{figure.name} needs the parameter {param.name}."
            raise Invalid(msg, field=param.name, code="missing")
        else:
            values[param.name] = None
    return FigureRequest(
        programme_id=programme.id, params=values, as_of=as_of, as_of_given=bool(as_of_text)
    )


def answer(
    figure: Figure, programme: ProgrammeRef, request: FigureRequest, rows_url: str | None
) -> dict[str, object]:
    """Compute a figure and wrap it as CONTRACT section 5 says."""
    return {
        "figure": figure.name,
        "programme": programme.slug,
        "params": {
            param.name: _plain(param.kind, request.params[param.name])
            for param in figure.params
            if request.params[param.name] is not None
        },
        "as_of": request.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "value": dict(figure.compute(request)),
        "rows_url": rows_url,
    }


def read_instant(name: str, text: str) -> datetime:
    """Read an ISO 8601 instant with offset; raises Invalid when there is none (METRICS T1)."""
    try:
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        msg = f"{name} must be an instant such as 2026-10-31T18:00:00Z, not {text!r}."
        raise Invalid(msg, field=name, code="not_an_instant") from None
    if instant.tzinfo is None:
        msg = f"{name} needs an offset or Z."
        raise Invalid(msg, field=name, code="naive_instant")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        msg = f"{name} is out of range."
        raise Invalid(msg, field=name, code="out_of_range")
    return instant.astimezone(UTC)


def read_day(name: str, text: str) -> date:
    """Read a date YYYY-MM-DD; raises Invalid."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        msg = f"{name} must be a date such as 2026-10-31, not {text!r}."
        raise Invalid(msg, field=name, code="not_a_date") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        msg = f"{name} is out of range."
        raise Invalid(msg, field=name, code="out_of_range")
    return day


def _read(param: Param, text: str) -> object:
    match param.kind:
        case "date":
            return read_day(param.name, text)
        case "month":
            first = read_day(param.name, f"{text}-01")
            return first, (first + timedelta(days=31)).replace(day=1)
        case "span":
            start, slash, end = text.partition("/")
            if not slash:
                msg = f"{param.name} must be two dates, START/END."
                raise Invalid(msg, field=param.name)
            return _span(param.name, start, end)
        case "int" | "number":
            return _number(param, text)
        case "list":
            return tuple(part for part in text.split(",") if part)
        case "choice" if text not in param.choices:
            msg = f"{param.name} must be one of {', '.join(param.choices)}."
            raise Invalid(msg, field=param.name)
        case _:
            return text


def _span(name: str, start: str, end: str) -> tuple[date, date]:
    first, last = read_day(name, start), read_day(name, end)
    if first >= last:
        msg = f"{name} must end after it starts."
        raise Invalid(msg, field=name)
    return first, last


def _number(param: Param, text: str) -> int | float:
    try:
        value = int(text) if param.kind == "int" else float(text)
    except ValueError:
        msg = f"{param.name} must be a number, not {text!r}."
        raise Invalid(msg, field=param.name) from None
    if not abs(value) < 1e15:
        msg = f"{param.name} is out of range."
        raise Invalid(msg, field=param.name, code="out_of_range")
    return value


def _plain(kind: ParamKind, value: Any) -> object:  # noqa: ANN401 - what `_read` made of it
    """A parameter as it is written (CONTRACT section 5: a month is YYYY-MM)."""
    if kind == "month":
        return f"{value[0]:%Y-%m}"
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], date):
        return f"{value[0].isoformat()}/{value[1].isoformat()}"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return value.isoformat() if isinstance(value, date) else value
