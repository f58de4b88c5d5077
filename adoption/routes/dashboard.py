"""The adoption page: one sentence, the lines behind it, and the people it is about."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil
from urllib.parse import urlencode

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from adoption import access
from adoption.queries import page
from adoption.queries.page import Picture
from adoption.routes import drawings
from adoption.rules import TeamAdoption, sentences
from adoption.rules.behind import Basis, Behind
from core import charts
from core.figures import read_day
from core.guards import current_actor, guard
from core.policy import Actor
from core.slots import collect

SHOWN_PEOPLE = 24
SHOWN_TEAMS = 40


@guard("dashboard.public_summary")
def adoption() -> ResponseReturnValue:
    """How many made the tool a habit, against the goal; teams and names as the reader may see."""
    actor, owner = current_actor(), page.current_programme()
    seen = None if owner is None else page.picture_of(owner)
    if owner is None or seen is None:
        return render_template("adoption/empty.html", owner=owner)
    reader = _reader(actor, seen)
    days, uses = page.own_days(owner), page.week_uses(owner)
    basis, before = _cohorts_asked()
    cohorts = page.cohorts(seen, basis, before)
    heads, heat = drawings.heat(cohorts, basis, owner.min_group, may_list=reader.may_list)
    return render_template(
        "adoption/adoption.html",
        owner=owner,
        seen=seen,
        reader=reader,
        received=page.latest_received_at(owner),
        rate_said=sentences.rate(seen.share, seen.week.not_measurable, seen.week.left),
        logins_said=_logins(seen),
        missing=max(ceil(owner.goal_low * seen.share.base) - seen.share.hits, 0),
        way=drawings.way(seen, days),
        days=days,
        bars=drawings.week_bars(uses),
        uses=uses,
        basis=basis.value,
        cohorts=cohorts,
        earlier=_earlier(seen, cohorts, basis),
        heads=heads,
        heat=heat,
        heat_seg=_heat_seg(basis),
        heat_finding=drawings.heat_finding(cohorts),
        **_series(seen),
        **(_for_leaders(seen, reader) if reader.sees_teams else {"stages": ()}),
    )


@dataclass(frozen=True)
class Reader:
    """How far the reader sees: `among` None is everybody, nobody reads sums only."""

    among: frozenset[int] | None
    sees_teams: bool
    may_list: bool
    may_take_teams: bool
    is_rep: bool

    @property
    def reads_sums(self) -> bool:
        """Whether groups small enough to know people by must stay hidden."""
        return self.among == frozenset()


def _reader(actor: Actor, seen: Picture) -> Reader:
    among = access.people_to_see(actor, seen.through)
    return Reader(
        among,
        access.may_see_teams(actor),
        access.may_list(actor, among),
        access.may_take_teams(actor),
        access.is_rep(actor),
    )


def _cohorts_asked() -> tuple[Basis, date | None]:
    """Which cohorts the address asks for, and before which date they began."""
    basis = Basis.START if request.args.get("cohorts") == Basis.START.value else Basis.FIRST_USE
    before = request.args.get("before", "")
    return basis, read_day("before", before) if before else None


def _heat_seg(basis: Basis) -> list[dict[str, object]]:
    words = {Basis.FIRST_USE: "By first use", Basis.START: "By launch cohort"}
    return [
        {
            "label": label,
            "href": url_for("adoption.adoption", cohorts=each.value) + "#cohorts",
            "current": each is basis,
        }
        for each, label in words.items()
    ]


def _earlier(seen: Picture, cohorts: list[page.Cohort], basis: Basis) -> str:
    """Where the cohorts before those shown are; nowhere when there can be none."""
    if not cohorts or cohorts[0].begun <= (seen.mark.origin or cohorts[0].begun):
        return ""
    if not page.cohorts(seen, basis, cohorts[0].begun):
        return ""
    began = cohorts[0].begun.isoformat()
    return url_for("adoption.adoption", cohorts=basis.value, before=began) + "#cohorts"


def _logins(seen: Picture) -> str | None:
    """METRICS G2 in a sentence, once both windows are complete."""
    told = seen.logins
    growth, times, each = told.growth, told.times_rep_days, told.growth_per_rep_day
    if growth is None or times is None or each is None:
        return None
    return sentences.logins(growth, times, each)


def _series(seen: Picture) -> dict[str, object]:
    """The line week by week, and what the rule was before the present one."""
    versions = page.rule_versions(seen.owner)
    changes = [
        {
            "since": now.since,
            "words": sentences.rule_changes(before.rule, now.rule),
        }
        for before, now in pairwise(versions)
    ]
    return {
        "series": drawings.weeks(seen, page.series(seen.owner, seen.year_ago), versions),
        "rule_changes": changes[::-1],
    }


def _for_leaders(seen: Picture, reader: Reader) -> dict[str, object]:
    """What those see who see teams: the steps, channels, teams, and who is nearly there."""
    owner = seen.owner
    steps = steps_of(seen)
    rows = page.groups(owner, "team")
    own = None if reader.among is None or reader.reads_sums else page.teams_of(seen, reader.among)
    wanted = {row.name: row for row in rows if own is None or row.team_id in own}
    teams = [row for row in page.team_rates(seen, rows) if row.team in wanted]
    if reader.reads_sums:
        teams = [row for row in teams if row.share.base >= owner.min_group]
    shown = teams[:SHOWN_TEAMS]
    near = page.reps_behind(seen, Behind(is_near=True), reader.among) if reader.may_list else None
    active = page.active_days(owner)
    return {
        "stages": charts.funnel([(step.label, step.count) for step in steps]),
        "step_hrefs": [step.href if step.is_open or reader.may_list else "" for step in steps],
        "step_notes": [step.note for step in steps if step.note],
        "channels": _channels(seen, reader),
        "teams": shown,
        "leads": page.leads_of(seen, [wanted[row.team].team_id for row in shown]),
        "team_ids": {name: row.team_id for name, row in wanted.items()},
        "near_of": {name: row.near for name, row in wanted.items()},
        "teams_more": len(teams) - len(shown),
        "intervals": {row.team: drawings.interval(seen, row.share) for row in shown},
        "team_said": {row.team: sentences.small_team(row.share, owner.min_group) for row in shown},
        "ranking_said": sentences.ranking(owner.shrink_k, _first(teams)),
        "near": near,
        "near_shown": near.rows[:SHOWN_PEOPLE] if near else (),
        "power": drawings.power_curve(active),
        "active_days": active,
    }


def _first(teams: list[TeamAdoption]) -> page.Share | None:
    return teams[0].share if teams and teams[0].rank == 1 else None


@dataclass(frozen=True, kw_only=True)
class FunnelStep:
    """A step on the way; `is_open` leads there whoever reads, else only who may see names."""

    order: int
    label: str
    count: int
    href: str
    note: str = ""
    is_open: bool = False


def steps_of(seen: Picture) -> list[FunnelStep]:
    """From having the tool to the habit; rooms above put their own steps between (slot)."""
    own = (
        (0, "Have it", seen.here, {"step": "here"}),
        (20, "Logged in", seen.mark.opened, {"step": "opened"}),
        (30, "Active last week", seen.mark.active, {"step": "active"}),
        (40, "Sustained", seen.share.hits, {"state": "sustained"}),
    )
    steps = [
        FunnelStep(
            order=order,
            label=label,
            count=count,
            href=f"{url_for('adoption.people')}?{urlencode(asked)}",
        )
        for order, label, count, asked in own
    ]
    steps += [FunnelStep(**given) for given in collect("adoption_steps", through=seen.through)]
    return sorted(steps, key=lambda step: step.order)


Channel = tuple[str, page.Share, charts.Interval | None]


def _channels(seen: Picture, reader: Reader) -> list[Channel]:
    """Channels large enough to say something about, if there is more than one."""
    found = [
        (row.name, page.Share(row.sustained, row.measurable))
        for row in page.groups(seen.owner, "channel")
        if row.name and row.measurable >= seen.owner.min_group
    ]
    if len(found) < 2 or (reader.among is not None and not reader.reads_sums):
        return []
    found.sort(key=lambda pair: -(pair[1].rate or 0.0))
    return [(name, share, drawings.interval(seen, share)) for name, share in found]
