"""Boards of no contest: always on, without an end, their window growing by the date."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from core import audit
from core.db import db
from core.errors import Invalid
from core.policy import Actor
from leaderboard.models import Board
from leaderboard.queries import lists, reads
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.terms import stored_rules
from leaderboard.services.folding import refresh
from leaderboard.services.keeping import list_board, move_end
from leaderboard.services.opening import BoardPlan, open_board
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
# After a longer sleep of the scheduler the days between are not closed one by one.
CLOSED_ONE_BY_ONE = 14


class OpenKind(StrEnum):
    """Which boards go on by themselves.

    `STANDING` counts from the programme's launch, or from a day named; `ALL_TIME` from the first
    use there is.
    """

    STANDING = "standing"
    ALL_TIME = "all_time"


@dataclass(frozen=True, kw_only=True)
class StandingPlan:
    """A board without an end as planned. `counts` are kinds of events; none: the key actions."""

    slug: str
    title: str
    kind: OpenKind = OpenKind.STANDING
    mode: Mode = Mode.PARTICIPATION
    counts: tuple[str, ...] = ()
    daily_cap: int = 1
    target_days: Fraction = Fraction(2)
    starts_on: date | None = None


def open_standing(programme_id: int, plan: StandingPlan, *, actor: Actor, now: datetime) -> Board:
    """Open a board without an end, shown to all at once. Raises Conflict: the address is taken."""
    programme = programmes.by_id(programme_id)
    board = open_board(_board_plan(programme, plan, now))
    board.kind = plan.kind.value
    db.session.flush()
    list_board(board.id)
    audit.record("contest.create_draft", actor=actor, now=now, subject=f"board:{board.id}")
    return board


def _board_plan(programme: Programme, plan: StandingPlan, now: datetime) -> BoardPlan:
    calendar = programmes.calendar(programme)
    kinds = plan.counts or tuple(programme.key_actions)
    if not kinds:
        raise Invalid("There is nothing to count.", field="counts", fix="Name kinds of events.")
    starts_on = plan.starts_on or programme.launch_on
    if plan.kind is OpenKind.ALL_TIME:
        starts_on = min(starts_on, lists.first_use(programme.id, kinds) or starts_on)
    ends_on = max(starts_on, calendar.local_day(now)) + DAY
    return BoardPlan(
        programme_id=programme.id,
        slug=plan.slug,
        title=plan.title,
        link=f"/boards/{plan.slug}",
        starts_on=starts_on,
        ends_on=ends_on,
        closes_at=calendar.day_start(ends_on) + timedelta(hours=programme.late_grace_hours),
        rules=tuple(PointRule(kind, Fraction(1), daily_cap=plan.daily_cap) for kind in kinds),
        mode=plan.mode,
        target_days=plan.target_days,
        min_team_size=Fraction(programme.min_team),
        shrink_k=Fraction(str(programme.shrink_k)),
    )


def roll(board_id: int, as_of: datetime) -> bool:
    """Let a board without an end reach the date of `as_of`; True when its window grew.

    Each date is closed as it stood at its end before the next one begins, so that late or missed
    runs leave the days they would have left. Contests' boards are left alone.
    """
    board = db.session.get_one(Board, board_id)
    if board.is_contest or board.frozen_at is not None:
        return False
    programme = programmes.by_id(board.programme_id)
    calendar = programmes.calendar(programme)
    wanted = max(board.starts_on, calendar.local_day(as_of)) + DAY
    grew = False
    while board.ends_on < wanted:
        is_far = (wanted - board.ends_on).days > CLOSED_ONE_BY_ONE
        ends_on = wanted - CLOSED_ONE_BY_ONE * DAY if is_far else board.ends_on + DAY
        if board.counted_at is not None:
            refresh(board_id, calendar.day_start(board.ends_on))
        closes_at = calendar.day_start(ends_on) + timedelta(hours=programme.late_grace_hours)
        move_end(board_id, ends_on=ends_on, closes_at=closes_at, hides_at=None)
        grew = True
    return grew


def define_boards(
    programme_id: int, plans: Sequence[StandingPlan], *, actor: Actor, now: datetime
) -> list[str]:
    """Open or change a playbook's boards; sentences for what changed, none when nothing did."""
    changes = []
    for plan in plans:
        found = reads.board_by_slug(plan.slug)
        if found is None:
            open_standing(programme_id, plan, actor=actor, now=now)
            changes.append(f"board {plan.slug}: opened")
        elif _change(found, programme_id, plan, now):
            changes.append(f"board {plan.slug}: changed")
    return changes


def _change(board: Board, programme_id: int, plan: StandingPlan, now: datetime) -> bool:
    """Give a board without an end other terms; it counts everything anew at the next refresh."""
    if board.is_contest or board.programme_id != programme_id:
        raise Invalid(
            f"The address {plan.slug} belongs to something else.",
            field="slug",
            fix="Choose another one.",
        )
    wanted = _board_plan(programmes.by_id(programme_id), plan, now)
    terms: dict[str, object] = {
        "title": wanted.title,
        "kind": plan.kind.value,
        "mode": wanted.mode.value,
        "rules": stored_rules(wanted.rules),
        "starts_on": wanted.starts_on,
        "target_days": str(wanted.target_days),
    }
    changed = {name: value for name, value in terms.items() if getattr(board, name) != value}
    for name, value in changed.items():
        setattr(board, name, value)
    db.session.flush()
    return bool(changed)


def free_slug(title: str) -> str:
    """A free address for a board with this title."""
    stem = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "board"
    taken = reads.taken_slugs()
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(slug for slug in names if slug not in taken)
