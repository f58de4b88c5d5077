"""The reps behind a number of the adoption page, by name, as far as the reader may see."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

import people.queries
import programme.queries
from adoption.models import RepPicture
from adoption.queries.figures import UNASSIGNED
from adoption.queries.page.picture import Picture
from adoption.rules import AdoptionState, Day60
from adoption.rules.behind import Basis, Behind, Step, came_back, has_phase, start_cohort
from adoption.rules.picture import RepWeeks
from core.calendars import WEEK_DAYS
from core.db import db
from people.models import Person

PAGE = 50


@dataclass(frozen=True)
class RepRow:
    """One rep and what counted; `was_back` only where a cohort's period was asked about."""

    key: str
    name: str
    team: str
    state: AdoptionState
    weeks_met: int
    weeks_counted: int
    active_days: int
    streak: int
    start_day: date
    day60: Day60
    was_back: bool | None = None


@dataclass(frozen=True)
class RepPage:
    """One page of the list, and how many there are in all."""

    rows: tuple[RepRow, ...]
    total: int
    number: int

    @property
    def pages(self) -> int:
        """How many pages hold all of them."""
        return max(-(-self.total // PAGE), 1)


def reps_behind(
    picture: Picture, asked: Behind, among: Collection[int] | None, number: int = 1
) -> RepPage:
    """One page of the reps of `among` (None: all) behind a number, by name."""
    statement = _statement(picture, asked, among)
    start = (number - 1) * PAGE
    if asked.asks_weeks:
        found = _by_weeks(picture, asked, statement)
        return RepPage(_named(found[start : start + PAGE]), len(found), number)
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = db.session.execute(statement.limit(PAGE).offset(start))
    return RepPage(_named([(row, None) for row in rows]), total, number)


def all_reps_behind(
    picture: Picture, asked: Behind, among: Collection[int] | None
) -> tuple[RepRow, ...]:
    """All of them, for taking along."""
    statement = _statement(picture, asked, among)
    if asked.asks_weeks:
        return _named(_by_weeks(picture, asked, statement))
    return _named([(row, None) for row in db.session.execute(statement)])


def _statement(
    picture: Picture, asked: Behind, among: Collection[int] | None
) -> Select[*tuple[Any, ...]]:
    conditions = [RepPicture.programme_id == picture.owner.id, *_narrowed(asked)]
    if among is not None:
        conditions.append(RepPicture.person_id.in_(sorted(among)))
    return (
        select(
            Person.key,
            Person.name,
            RepPicture.team_id,
            RepPicture.state,
            RepPicture.weeks_met,
            RepPicture.weeks_counted,
            RepPicture.active_days,
            RepPicture.streak,
            RepPicture.start_day,
            RepPicture.day60,
            RepPicture.active_weeks,
            RepPicture.first_day_weeks,
            RepPicture.there_weeks,
        )
        .join(Person, Person.id == RepPicture.person_id)
        .where(*conditions)
        .order_by(Person.name, Person.key)
    )


def _narrowed(asked: Behind) -> list[ColumnElement[bool]]:
    """What the columns can say. Who has left stands behind few numbers, and is asked for then."""
    is_of_now = not asked.asks_weeks and asked.day60 is None and asked.state is None
    every = {
        RepPicture.state != AdoptionState.LEFT.value: is_of_now,
        RepPicture.state == asked.state: asked.state is not None,
        RepPicture.day60 == asked.day60: asked.day60 is not None,
        RepPicture.active_days == asked.active_days: asked.active_days is not None,
        RepPicture.is_near.is_(True): asked.is_near,
        RepPicture.has_opened.is_(True): asked.step is Step.OPENED,
        RepPicture.active_weeks != "0": asked.step is Step.USED,
        RepPicture.is_active.is_(True): asked.step is Step.ACTIVE,
        func.coalesce(Person.channel, "") == asked.channel: asked.channel is not None,
    }
    found = [condition for condition, is_asked in every.items() if is_asked]
    return found if asked.team is None else [*found, _of_team(asked.team)]


def _of_team(name: str) -> ColumnElement[bool]:
    if name == UNASSIGNED:
        return RepPicture.team_id.is_(None)
    return RepPicture.team_id == people.queries.team_ids_by_name([name]).get(name, -1)


Found = list[tuple[Row[*tuple[Any, ...]], bool | None]]


def _by_weeks(picture: Picture, asked: Behind, statement: Select[*tuple[Any, ...]]) -> Found:
    """Those whose weeks fit: a phase of a week, or a cohort and who came back of it."""
    calendar = programme.queries.calendar(picture.owner)
    origin = picture.mark.origin
    assert origin is not None  # noqa: S101 - a picture that is drawn has one

    def index(day: date) -> int:
        return (calendar.week_of(day) - origin).days // WEEK_DAYS

    found: Found = []
    for row in db.session.execute(statement):
        weeks = RepWeeks(*(int(text, 16) for text in row[-3:]))
        if asked.phase is not None:
            if has_phase(weeks, index(asked.week or picture.week.week_start), asked.phase):
                found.append((row, None))
            continue
        begin = _begin(picture, asked, row.start_day, weeks, index)
        if begin is None:
            continue
        is_counted, back = came_back(weeks, begin, asked.period)
        if is_counted:
            found.append((row, back))
    return found


def _begin(
    picture: Picture,
    asked: Behind,
    start_day: date,
    weeks: RepWeeks,
    index: Any,  # noqa: ANN401 - a plain function of a date
) -> int | None:
    """The week in which a rep began, if that puts them into the cohort asked about."""
    assert asked.cohort is not None  # noqa: S101 - else a phase was asked about
    if asked.basis is Basis.START:
        month, begun = start_cohort(start_day, picture.owner.launch_on)
        begin: int = index(begun)
        is_in = month == asked.cohort and begun <= picture.through and weeks.there >> begin
        return begin if is_in else None
    first = weeks.first_use
    return first if first is not None and first == index(asked.cohort) else None


def _named(found: Found) -> tuple[RepRow, ...]:
    names = people.queries.team_names({row.team_id for row, _back in found if row.team_id})
    return tuple(
        RepRow(
            row.key,
            row.name,
            UNASSIGNED if row.team_id is None else names[row.team_id],
            AdoptionState(row.state),
            row.weeks_met,
            row.weeks_counted,
            row.active_days,
            row.streak,
            row.start_day,
            Day60(row.day60),
            back,
        )
        for row, back in found
    )
