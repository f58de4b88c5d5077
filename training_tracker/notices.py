"""The letters of the training room: try it now, it slipped by, it is overdue, someone needs you."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.letters import render_letter
from core.outbox import Letter, unsubscribe_token

NUDGE_KEEPS = timedelta(days=6)


@dataclass(frozen=True)
class OverdueLine:
    """One overdue milestone as a letter names it."""

    person: str
    course: str
    course_slug: str
    due_on: date
    days_late: int


@dataclass(frozen=True)
class PracticeLine:
    """Real use asked for after a class, in the words of a letter."""

    course: str
    kind: str
    needed: int
    seen: int
    until: date
    hours: int

    @property
    def window(self) -> str:
        """How long there is, in days where it comes out even."""
        return window_words(self.hours)


def window_words(hours: int) -> str:
    """`48` as "2 days", `36` as "36 hours"."""
    days, rest = divmod(hours, 24)
    if rest or days < 2:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{days} days"


def _letter(
    template: str,
    *,
    to: int,
    name: str,
    key: str,
    now: datetime,
    keeps: timedelta,
    data: dict[str, object],
) -> Letter:
    subject, text, html = render_letter(
        f"training_tracker/{template}",
        first_name=name.split(maxsplit=1)[0] if name.split() else "there",
        stop_token=unsubscribe_token(to, "training"),
        **data,
    )
    return Letter(
        kind=f"training.{template}",
        list_name="training",
        person_id=to,
        subject=subject,
        text=text,
        html=html,
        dedupe_key=key,
        use_by=now + keeps,
    )


def now_try_it(
    *, to: int, name: str, line: PracticeLine, check_id: int, now: datetime, until: datetime
) -> Letter:
    """After a class: use it for real before the window closes. Useless once it has."""
    return _letter(
        "now_try_it",
        to=to,
        name=name,
        key=f"hands-on:open:{check_id}",
        now=now,
        keeps=until - now,
        data={"line": line},
    )


def hands_on_due(*, to: int, name: str, line: PracticeLine, check_id: int, now: datetime) -> Letter:
    """The window closed before enough real use was seen; what to do instead."""
    return _letter(
        "hands_on_due",
        to=to,
        name=name,
        key=f"hands-on:missed:{check_id}",
        now=now,
        keeps=NUDGE_KEEPS,
        data={"line": line},
    )


def overdue_rep(
    *, to: int, name: str, lines: Sequence[OverdueLine], day: date, now: datetime
) -> Letter:
    """Day 1: the rep hears first."""
    return _letter(
        "overdue_rep",
        to=to,
        name=name,
        key=f"overdue:rep:{to}:{day}",
        now=now,
        keeps=NUDGE_KEEPS,
        data={"lines": lines},
    )


def overdue_manager(
    *, to: int, name: str, lines: Sequence[OverdueLine], day: date, now: datetime
) -> Letter:
    """Day 3: one letter to the manager with everybody who came to that rung today."""
    return _letter(
        "overdue_manager",
        to=to,
        name=name,
        key=f"overdue:manager:{to}:{day}",
        now=now,
        keeps=NUDGE_KEEPS,
        data={"lines": lines, "people": len({line.person for line in lines})},
    )


def overdue_director(
    *, to: int, name: str, lines: Sequence[OverdueLine], day: date, now: datetime
) -> Letter:
    """Day 7: one letter to the director, with the same names and one thing to do."""
    return _letter(
        "overdue_director",
        to=to,
        name=name,
        key=f"overdue:director:{to}:{day}",
        now=now,
        keeps=NUDGE_KEEPS,
        data={"lines": lines, "people": len({line.person for line in lines})},
    )
