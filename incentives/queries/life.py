"""What the life of a contest leaves behind beside its transitions: pauses, waivers, second yeses,
disqualifications; and what its guards ask for.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import case, func, select

from adoption.models import UsageEvent, UsageSource
from core.db import db
from core.errors import NotFound
from incentives.models import (
    Award,
    AwardEvent,
    Contest,
    ContestEvent,
    ContestPause,
    Disqualification,
    SecondYes,
    SourceWaiver,
)
from incentives.rules.awards import IN_FORCE, WAITING
from incentives.rules.contests import State, Step
from leaderboard.models import Board
from programme.models import Programme


@dataclass(frozen=True)
class EventChanges:
    """What became known of a contest's events after its result: how many, by what they are."""

    added: int
    deleted: int

    @property
    def is_only_deletions(self) -> bool:
        """A source took events back and nothing else happened (case 28)."""
        return self.deleted > 0 and self.added == 0


def declared_sources(contest: Contest) -> tuple[str, ...]:
    """The sources a contest's rules name; each has to report past the end."""
    return tuple(cast("list[str]", contest.terms.get("sources", [])))


def silent_sources(contest: Contest) -> tuple[str, ...]:
    """Declared sources whose data does not reach the end and that nobody waived (case 7)."""
    declared = declared_sources(contest)
    if not declared:
        return ()
    reported = db.session.scalars(
        select(UsageSource.source).where(
            UsageSource.programme_id == contest.programme_id,
            UsageSource.latest_occurred_at >= contest.ends_at,
        )
    )
    spared = {waiver.source for waiver in waivers(contest.id)}
    return tuple(sorted(set(declared) - set(reported) - spared))


def waivers(contest_id: int) -> tuple[SourceWaiver, ...]:
    """Sources that need not report, by name."""
    return tuple(
        db.session.scalars(
            select(SourceWaiver)
            .where(SourceWaiver.contest_id == contest_id)
            .order_by(SourceWaiver.source)
        )
    )


def high_water(programme_id: int) -> int | None:
    """The last usage event stored so far."""
    return db.session.scalar(
        select(func.max(UsageEvent.id)).where(UsageEvent.programme_id == programme_id)
    )


def changes_since(contest: Contest, board: Board, until: datetime) -> EventChanges:
    """Versions of the window's scoring events received after the result's cut-off, up to `until`.

    A version that takes an event back is a deletion; any other adds or corrects one.
    """
    deleted = func.sum(case((UsageEvent.voided, 1), else_=0))
    total, gone = db.session.execute(
        select(func.count(), deleted).where(
            UsageEvent.programme_id == contest.programme_id,
            UsageEvent.kind.in_([str(rule["kind"]) for rule in board.rules]),
            UsageEvent.occurred_at >= contest.starts_at,
            UsageEvent.occurred_at < contest.ends_at,
            UsageEvent.received_at > board.closes_at,
            UsageEvent.received_at <= until,
            UsageEvent.quarantine.is_(None),
        )
    ).one()
    return EventChanges(added=total - int(gone or 0), deleted=int(gone or 0))


def pauses(contest_id: int) -> tuple[ContestPause, ...]:
    """The intervals in which a contest rested, in order."""
    return tuple(
        db.session.scalars(
            select(ContestPause)
            .where(ContestPause.contest_id == contest_id)
            .order_by(ContestPause.number)
        )
    )


def disqualifications(contest_id: int) -> tuple[Disqualification, ...]:
    """Everybody ever left out of a contest, those who were restored too, oldest first."""
    return tuple(
        db.session.scalars(
            select(Disqualification)
            .where(Disqualification.contest_id == contest_id)
            .order_by(Disqualification.id)
        )
    )


def left_out(contest_id: int) -> tuple[Disqualification, ...]:
    """Who is left out at present."""
    return tuple(row for row in disqualifications(contest_id) if row.restored_at is None)


def open_seconds(contest_id: int) -> tuple[SecondYes, ...]:
    """Steps of a contest or of its awards that wait for a second person, oldest first."""
    return tuple(
        db.session.scalars(
            select(SecondYes)
            .where(SecondYes.contest_id == contest_id, SecondYes.state == "open")
            .order_by(SecondYes.id)
        )
    )


def second_by_key(open_key: str) -> SecondYes | None:
    """The request that waits under this key."""
    return db.session.scalar(select(SecondYes).where(SecondYes.open_key == open_key))


def to_archive(before: datetime, limit: int = 500) -> tuple[int, ...]:
    """Final contests decided before an instant, none of whose awards waits; oldest first."""
    waiting = select(Award.id).where(
        Award.contest_id == Contest.id, Award.state.in_([state.value for state in WAITING])
    )
    return tuple(
        db.session.scalars(
            select(Contest.id)
            .where(Contest.state == State.FINAL, Contest.final_at <= before, ~waiting.exists())
            .order_by(Contest.final_at, Contest.id)
            .limit(limit)
        )
    )


def awards_in_force(contest_id: int) -> tuple[Award, ...]:
    """What a contest has given and not taken back, of whatever revision."""
    return awards_in(contest_id, [state.value for state in IN_FORCE])


def awards_in(contest_id: int, states: Collection[str]) -> tuple[Award, ...]:
    """A contest's awards in these states, by place."""
    return tuple(
        db.session.scalars(
            select(Award)
            .where(Award.contest_id == contest_id, Award.state.in_(list(states)))
            .order_by(Award.place.is_(None), Award.place, Award.id)
        )
    )


def award_ids(state: str, before: datetime) -> tuple[int, ...]:
    """Awards in a state since before an instant; held ones by when they were held."""
    since = Award.held_at if state == "held" else Award.granted_at
    return tuple(
        db.session.scalars(
            select(Award.id).where(Award.state == state, since <= before).order_by(Award.id)
        )
    )


def has_award_event(key: str) -> bool:
    """Whether a transition of an award was written under this key."""
    return db.session.scalar(select(AwardEvent.id).where(AwardEvent.key == key)) is not None


def award_history(award_id: int) -> tuple[AwardEvent, ...]:
    """Every transition of an award, in order."""
    return tuple(
        db.session.scalars(
            select(AwardEvent).where(AwardEvent.award_id == award_id).order_by(AwardEvent.id)
        )
    )


def adjustments(contest_id: int) -> tuple[ContestEvent, ...]:
    """Amendments of a final result, in order; the key of each ends with the revision amended."""
    return tuple(
        db.session.scalars(
            select(ContestEvent)
            .where(ContestEvent.contest_id == contest_id, ContestEvent.step == Step.ADJUST)
            .order_by(ContestEvent.id)
        )
    )


def award_by_key(entry_key: str) -> Award:
    """An award by the key of its fact."""
    return db.session.scalars(select(Award).where(Award.entry_key == entry_key)).one()


def programme_called(slug: str) -> Programme:
    """The programme with this slug. Raises NotFound."""
    found = db.session.scalar(select(Programme).where(Programme.slug == slug))
    if found is None:
        raise NotFound(f"There is no programme {slug}.")
    return found
