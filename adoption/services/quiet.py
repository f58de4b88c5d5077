"""Our own detector of stalled deals: rules made and switched by sales operations, signals fired."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adoption.models import SignalRule
from adoption.queries import quiet
from adoption.rules.quiet import QuietRule, signal_key, watch_of
from adoption.services.deals import record_signals
from core import audit
from core.calendars import DAY, ProgrammeCalendar
from core.db import db, lock_row, revise
from core.errors import Conflict, NotFound
from core.policy import Actor

# Into a new day: the files of the night are in by then, and nobody has begun to work.
AFTER_MIDNIGHT = timedelta(hours=4)


@dataclass(frozen=True)
class Detected:
    """What a run of the detector did: rules looked at, signals fired."""

    rules: int = 0
    signals: int = 0


def detect_quiet_deals(programme_id: int, as_of: datetime) -> Detected:
    """Fire a signal for every deal a rule calls quiet, dated the first instant of the due date.

    A run looks at all dates since the last one, so days without a run are made up for on their own
    dates; a repeated or an earlier run finds nothing to do. What it fires counts as known from
    `as_of`, for it follows from what was known then.
    """
    owner = quiet.owner_of(programme_id)
    calendar = quiet.calendar_of(owner)
    today = calendar.local_day(as_of - AFTER_MIDNIGHT)
    rows = {row.slug: row for row in quiet.rules_on(programme_id)}
    asked = [
        (quiet.plan_of(row), watch)
        for row in rows.values()
        if row.fires_from is not None
        and row.seen_through is not None
        and (watch := watch_of(row.fires_from, row.seen_through, today)) is not None
    ]
    if not asked:
        return Detected()
    signals = [
        {
            "signal_key": signal_key(rule.slug, firing.deal.key, firing.since),
            "deal_key": firing.deal.key,
            "person_id": firing.deal.person_id,
            "fired_at": calendar.day_start(firing.on),
            "programme_id": programme_id,
        }
        for rule, firing in quiet.firings(owner, asked, as_of)
    ]
    record_signals(signals, as_of)
    for rule, watch in asked:
        revise(rows[rule.slug], {"seen_through": watch.today})
    db.session.flush()
    return Detected(len(asked), len(signals))


def save_rule(programme_id: int, plan: QuietRule, *, actor: Actor, now: datetime) -> SignalRule:
    """Make a rule, switched off, or change the one of this name; the audit keeps every version.

    A rule that is on goes by its new words from the next night: what fell due before stays as it
    is. Raises Conflict when another programme has a rule of this name.
    """
    row = quiet.rule_by_slug(plan.slug)
    if row is None:
        return _make(programme_id, plan, actor, now)
    if row.programme_id != programme_id:
        raise Conflict(
            "Another programme has a rule of this name.", code="rule_exists", field="slug"
        )
    changes = {name: value for name, value in _values(plan).items() if getattr(row, name) != value}
    if not changes:
        return row
    _make_up(row, now)
    before = {name: _plain(getattr(row, name)) for name in changes}
    revise(row, {**changes, "version": row.version + 1} | _by(actor, now))
    if row.is_on and changes.keys() - {"title"}:
        _begin(row, quiet.calendar_of(quiet.owner_of(programme_id)), now)
    _record("signal_rule.change", row, before, actor, now)
    return row


def _make(programme_id: int, plan: QuietRule, actor: Actor, now: datetime) -> SignalRule:
    row = SignalRule(
        programme_id=programme_id,
        slug=plan.slug,
        title=plan.title,
        quiet_days=plan.quiet_days,
        since=plan.since.value,
        kinds=sorted(plan.kinds),
        least_amount=plan.least_amount,
        changed_by=actor.person_id,
        changed_at=now,
    )
    db.session.add(row)
    db.session.flush()
    _record("signal_rule.make", row, {}, actor, now)
    return row


def switch_rule(
    programme_id: int, slug: str, *, is_on: bool, actor: Actor, now: datetime
) -> SignalRule:
    """Switch a rule on or off; on, it fires for what falls due from the next date on.

    A rule that is so already stays untouched. Raises NotFound.
    """
    found = quiet.rule_by_slug(slug)
    row = lock_row(SignalRule, found.id) if found is not None else None
    if row is None or row.programme_id != programme_id:
        raise NotFound("There is no such rule.")
    if row.is_on == is_on:
        return row
    _make_up(row, now)
    revise(row, {"is_on": is_on, "version": row.version + 1} | _by(actor, now))
    if is_on:
        _begin(row, quiet.calendar_of(quiet.owner_of(programme_id)), now)
    _record("signal_rule.switch", row, {"is_on": not is_on}, actor, now)
    return row


def _make_up(row: SignalRule, now: datetime) -> None:
    """Before a rule's words change: fire by the old ones what missed nights left behind."""
    today = quiet.calendar_of(quiet.owner_of(row.programme_id)).local_day(now - AFTER_MIDNIGHT)
    if row.is_on and row.seen_through is not None and row.seen_through < today:
        detect_quiet_deals(row.programme_id, now)


def _begin(row: SignalRule, calendar: ProgrammeCalendar, now: datetime) -> None:
    """Have a rule fire from tomorrow: nobody is surprised by a heap of old silences."""
    today = calendar.local_day(now)
    revise(row, {"fires_from": today + DAY, "seen_through": today})


def _values(plan: QuietRule) -> dict[str, object]:
    """What a rule says, as its row holds it."""
    return {
        "title": plan.title,
        "quiet_days": plan.quiet_days,
        "since": plan.since.value,
        "kinds": sorted(plan.kinds),
        "least_amount": plan.least_amount,
    }


def _by(actor: Actor, now: datetime) -> dict[str, object]:
    return {"changed_by": actor.person_id, "changed_at": now}


def _record(
    action: str, row: SignalRule, before: Mapping[str, object], actor: Actor, now: datetime
) -> None:
    """Hang a version of a rule on the audit trail: what it says, and what it said before."""
    said = ("title", "quiet_days", "since", "kinds", "least_amount", "is_on")
    detail = {
        "version": row.version,
        "rule": {name: _plain(getattr(row, name)) for name in said},
        "before": dict(before),
    }
    audit.record(action, actor=actor, now=now, subject=f"signal_rule:{row.slug}", detail=detail)


def _plain(value: object) -> object:
    """A value as JSON holds it."""
    if value is None or isinstance(value, bool | int | str | list):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
