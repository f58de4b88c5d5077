"""What adoption adds to other rooms' pages: a rep's weeks, streak at stake and stalled deals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from flask import render_template

from adoption import access
from adoption.queries import page, stalled
from adoption.queries.page import OwnWeeks
from adoption.rules import AdoptionState
from core import charts
from core.calendars import DAY
from core.policy import Actor, Scope, scope_of
from core.slots import Panel
from core.web import percent

LONG_STREAK = 2
SHOWN_DEALS = 6
STATE_WORDS: Mapping[AdoptionState | None, str] = {
    AdoptionState.SUSTAINED: "made it a habit",
    AdoptionState.LAPSED: "had the habit before",
    AdoptionState.TRYING: "on the way",
    AdoptionState.NOT_STARTED: "not started yet",
    AdoptionState.NOT_MEASURABLE: "too new to say",
    AdoptionState.LEFT: "not in the programme now",
    None: "too new to say",
}


def _own(actor: Actor, now: datetime) -> OwnWeeks | None:
    owner = page.current_programme()
    if owner is None or actor.person_id is None or not access.is_rep(actor):
        return None
    return page.own_weeks(owner, actor.person_id, now)


def streak_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """A rep's page opens with the streak when this week can still keep or start one."""
    own = _own(actor, now)
    if own is None or not own.standing.counts:
        return None
    stand, first = own.standing, (actor.name.split() or ["there"])[0]
    days = "One more active day" if stand.missing == 1 else f"{stand.missing} more active days"
    if stand.is_met:
        weeks = stand.streak + 1
        said = f"{weeks} weeks in a row, {first}." if weeks > 1 else f"This week counts, {first}."
        return _headline(20, said, "Your week is complete. Everything from here is a bonus.")
    if not stand.is_within_reach:
        return None
    if stand.streak >= LONG_STREAK:
        verb = "keeps" if stand.missing == 1 else "keep"
        said = f"{days} {verb} your {stand.streak}-week streak, {first}."
        return _headline(60 if stand.missing == 1 else 45, said, _left(stand.days_left))
    verb = "makes" if stand.missing == 1 else "make"
    return _headline(30, f"{days} {verb} this week count, {first}.", _left(stand.days_left))


def _left(days: int) -> str:
    return (
        "Today is the last working day of the week." if days == 1 else f"{days} working days left."
    )


def _headline(priority: int, headline: str, lede: str) -> dict[str, object]:
    return {
        "priority": priority,
        "headline": headline,
        "lede": lede,
        "action_url": None,
        "action_label": None,
    }


def my_linescore(actor: Actor, now: datetime) -> str | None:
    """The rep's last weeks as an inning score, the running one marked."""
    own = _own(actor, now)
    return None if own is None or not own.weeks else _linescore(own, now)


def _linescore(own: OwnWeeks, now: datetime) -> str:
    return render_template(
        "adoption/_linescore.html", cells=_cells(own, now), standing=own.standing
    )


def _cells(own: OwnWeeks, now: datetime) -> list[dict[str, object]]:
    """One cell a week: its active days, kept or missed; exempt weeks are neither."""
    newest = own.weeks[-1].week_start
    cells: list[dict[str, object]] = []
    for row in own.weeks:
        running = row.week_start == newest and (now.date() - row.week_start) < 7 * DAY
        state = "kept" if row.met else "miss" if row.eligible else ""
        note = "met" if row.met else "not met" if row.eligible else "does not count"
        cell: dict[str, object] = {
            "label": f"{row.week_start.day} {row.week_start:%b}",
            "value": row.active_days,
            "note": "running" if running else note,
            "state": "now" if running else state,
        }
        if running:
            cell["progress"] = min(row.active_days / max(own.standing.target_days, 1), 1)
        cells.append(cell)
    return cells


@dataclass(frozen=True)
class Rollout:
    """How far the programme is at the end of the last complete week, as counts."""

    sustained: int
    measurable: int
    goal: str
    through: date

    @property
    def rate(self) -> Fraction:
        """The share of measurable reps who made it a habit."""
        return Fraction(self.sustained, self.measurable)


def _rollout(actor: Actor) -> Rollout | None:
    """The state of the programme for those whose week is about it, None for reps and strangers."""
    owner = page.current_programme()
    if owner is None or access.is_rep(actor):
        return None
    if scope_of(actor, "dashboard.public_summary") is Scope.NONE:
        return None
    seen = page.picture_of(owner)
    if seen is None or not seen.share.base:
        return None
    return Rollout(
        seen.share.hits,
        seen.share.base,
        f"{owner.goal_low * 100:.0f} to {owner.goal_high * 100:.0f}%",
        seen.through,
    )


def rollout_headline(actor: Actor, now: datetime) -> dict[str, object] | None:
    """Whoever leads opens with the rollout, unless something more urgent waits."""
    far = _rollout(actor)
    if far is None:
        return None
    counts = f"{charts.plain(far.sustained)} of {charts.plain(far.measurable)} reps"
    return {
        "priority": 5,
        "headline": f"{percent(far.rate)} of reps have made it a habit.",
        "lede": f"{counts}, counted to {far.through.day} {far.through:%B}. Goal: {far.goal}.",
        "action_url": "/adoption",
        "action_label": "See who needs what",
    }


def drop_off(actor: Actor, now: datetime) -> str | None:
    """For those who see teams: how many have, use and keep the tool, the biggest drop named."""
    owner = page.current_programme()
    seen = None if owner is None else page.picture_of(owner)
    if _rollout(actor) is None or seen is None or not access.may_see_teams(actor):
        return None
    stages = charts.funnel(
        [
            ("Have the tool", seen.here),
            ("Ever used it", seen.mark.ever_used),
            ("Active last week", seen.mark.active),
            ("Sustained", seen.share.hits),
        ]
    )
    return render_template("adoption/_drop_off.html", stages=stages, through=seen.through)


def my_stalled_deals(actor: Actor, now: datetime) -> str | None:
    """A rep's open occasions with their days, each to be set aside; where deals can stall."""
    owner = page.current_programme()
    if owner is None or actor.person_id is None or not access.is_rep(actor):
        return None
    if not stalled.is_watching(owner):
        return None
    return render_template(
        "adoption/_stalled.html",
        owner=owner,
        deals=stalled.own_stalled(owner, actor.person_id, now),
        most=SHOWN_DEALS,
        listed_days=stalled.LISTED_DAYS,
        today=stalled.today_of(owner, now),
    )


def weeks_of_person(
    actor: Actor, now: datetime, person_id: int | None = None, **_context: object
) -> str | None:
    """A person's weeks on their page, for themselves and those who lead them."""
    owner = page.current_programme()
    if owner is None or person_id is None or not access.is_shown(actor, person_id, now.date()):
        return None
    own = page.own_weeks(owner, person_id, now)
    if own is None or not own.weeks:
        return None
    return render_template(
        "adoption/_person.html",
        cells=_cells(own, now),
        standing=own.standing,
        words=STATE_WORDS[own.state],
    )


PANELS = (
    Panel(slot="my_week_headline", order=20, render=streak_headline),
    Panel(slot="my_week_headline", order=30, render=rollout_headline),
    Panel(slot="my_week_hero", order=20, render=my_linescore),
    Panel(slot="my_week", order=14, render=my_stalled_deals),
    Panel(slot="my_week", order=20, render=drop_off),
    Panel(slot="person", order=20, render=weeks_of_person),
)
