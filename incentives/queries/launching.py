"""What the launch page needs: who could race, and who would have won under these rules lately."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import select

from adoption.queries import quality
from core.db import db
from core.errors import Conflict
from core.money import show
from incentives.models import Contest, Prize
from incentives.queries.pages import percent
from incentives.queries.records import TeamSize, team_sizes
from incentives.rules.contests import State
from incentives.rules.planning import LaunchAsk
from leaderboard.metrics import MODE_NAMES, plain, scored_kinds
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Line, Mode
from leaderboard.rules.terms import rules_from
from leaderboard.rules.units import UnitKind
from people import queries as people
from people.rules import free_slug
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
LEAGUE = 8
REPLAY_DAYS = 28
OFFERED = 24
EXAMPLES = 6
COMPARED = (Mode.PARTICIPATION, Mode.PER_CAPITA, Mode.TOTAL)


@dataclass(frozen=True)
class ReplayRow:
    """A team's place under each way of ranking."""

    team_id: int
    name: str
    size: int
    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Check:
    """A fair-play finding in words; `is_warning` asks for a second look."""

    title: str
    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Replay:
    """Who would have won over the last weeks, and what that says of the rules."""

    starts_on: date
    last_on: date
    modes: tuple[str, ...]
    chosen: int
    rows: tuple[ReplayRow, ...]
    checks: tuple[Check, ...]
    reps: int
    league: Fraction | None


def candidates(programme: Programme, today: date) -> tuple[TeamSize, ...]:
    """Teams that could race from today on."""
    return team_sizes(programme, today, today + DAY)


def league_of(teams: Sequence[TeamSize], own: Collection[int]) -> tuple[int, ...]:
    """A league to start with: one's own team and those nearest to it in size (METRICS 5.4)."""
    mine = [team for team in teams if team.id in own]
    if not mine:
        return tuple(team.id for team in teams[:LEAGUE])
    size = mine[0].reps
    nearest = sorted(teams, key=lambda team: (team.id not in own, abs(team.reps - size), team.name))
    return tuple(team.id for team in nearest[:LEAGUE])


@dataclass(frozen=True)
class Setting:
    """What the launch page offers: the programme's kinds, its teams, today."""

    today: date
    time_zone: str
    currency: str
    kinds: tuple[str, ...]
    kind_names: tuple[tuple[str, str], ...]
    teams: tuple[TeamSize, ...]
    sources: tuple[str, ...] = ()

    @property
    def team_ids(self) -> frozenset[int]:
        """The teams that could race."""
        return frozenset(team.id for team in self.teams)

    def reps_of(self, chosen: Collection[int]) -> int:
        """How many reps these teams have together."""
        return sum(team.reps for team in self.teams if team.id in chosen)

    def offered(self, chosen: Collection[int], *, everybody: bool) -> list[TeamSize]:
        """The chosen teams first, then others, as many as a page can show."""
        ordered = sorted(self.teams, key=lambda team: (team.id not in chosen, team.name))
        return ordered if everybody else ordered[: max(OFFERED, len(chosen))]


def current_programme() -> Programme:
    """The programme a contest from the page belongs to. Raises Conflict when there is none."""
    found = programmes.default()
    if found is None:
        raise Conflict("There is no programme yet.", fix="Apply a playbook first.")
    return found


def setting(now: datetime) -> Setting:
    """What may be chosen at this moment."""
    programme = current_programme()
    today = programmes.calendar(programme).local_day(now)
    return Setting(
        today=today,
        time_zone=programme.time_zone,
        currency=programme.currency,
        kinds=tuple(programme.key_actions),
        kind_names=scored_kinds(programme.key_actions),
        teams=candidates(programme, today),
        sources=tuple(sorted(row.source for row in quality.sources(programme.id))),
    )


def defaults(offer: Setting) -> dict[str, str]:
    """Sound values for every field: two weeks from next Monday, participation, a goal (5.4)."""
    ahead = (7 - offer.today.weekday()) % 7 or 7
    start = offer.today + ahead * DAY
    return {
        "title": "",
        "starts_on": start.isoformat(),
        "last_on": (start + 11 * DAY).isoformat(),
        "target_days": "2",
        "mode": Mode.PARTICIPATION.value,
        "unit": UnitKind.TEAM.value,
        "tie_break": "",
        "goal_percent": "60",
        "prize_goal": "Breakfast for the team",
    }


@dataclass(frozen=True)
class Example:
    """An earlier contest whose rules one may start from."""

    slug: str
    title: str


def examples(programme: Programme, *, sees_drafts: bool) -> tuple[Example, ...]:
    """The newest contests of the programme, those of its playbook among them."""
    hidden = {State.CANCELLED} if sees_drafts else {State.DRAFT, State.SUBMITTED, State.CANCELLED}
    rows = db.session.execute(
        select(Contest.slug, Contest.title)
        .where(
            Contest.programme_id == programme.id,
            Contest.state.not_in([state.value for state in hidden]),
        )
        .order_by(Contest.starts_on.desc(), Contest.id.desc())
        .limit(EXAMPLES)
    )
    return tuple(Example(slug, title) for slug, title in rows)


@dataclass(frozen=True)
class Start:
    """How the fields of the launch page stand at first."""

    given: dict[str, str]
    kinds: tuple[str, ...]
    teams: tuple[int, ...] | None
    sources: tuple[str, ...] = ()


def like(contest: Contest, offer: Setting) -> Start:
    """The fields filled as that contest had them, as long, from next Monday on; its name is new."""
    given = defaults(offer) | {"goal_percent": "", "prize_goal": ""}
    first = date.fromisoformat(given["starts_on"])
    given["last_on"] = (first + (contest.last_on - contest.starts_on)).isoformat()
    terms = contest.terms
    given["mode"] = str(terms.get("mode", given["mode"]))
    given["target_days"] = plain(Fraction(str(terms.get("target_days", 2))))
    given["unit"] = str(terms.get("unit", UnitKind.TEAM.value))
    ties = terms.get("tie_break")
    given["tie_break"] = str(ties[0]) if isinstance(ties, list) and ties else ""
    if contest.goal is not None and given["mode"] == Mode.PARTICIPATION:
        given["goal_percent"] = plain(Fraction(contest.goal) * 100)
    stored = terms.get("rules")
    rules = rules_from(stored if isinstance(stored, list) else [])
    for rule in rules.values():
        given |= _fields_of(rule)
    for prize in db.session.scalars(select(Prize).where(Prize.contest_id == contest.id)):
        key = _key_of(prize)
        given[f"prize_{key}"] = prize.title
        if prize.min_loops_kept is not None:
            given["loops_manager"] = plain(Fraction(prize.min_loops_kept) * 100)
        given[f"cost_{key}"] = show(prize.cost_minor, contest.currency) if prize.cost_minor else ""
    named = terms.get("teams")
    teams = tuple(sorted(offer.team_ids & set(named))) if isinstance(named, list) else None
    awaited = terms.get("sources")
    return Start(
        given,
        tuple(kind for kind in offer.kinds if kind in rules),
        teams,
        tuple(awaited) if isinstance(awaited, list) else (),
    )


def _key_of(prize: Prize) -> str:
    """Which of the page's prizes this one is."""
    if prize.for_manager:
        return "manager"
    if prize.is_improvement:
        return "improved"
    return "goal" if prize.place is None else str(prize.place)


def _fields_of(rule: PointRule) -> dict[str, str]:
    return {
        f"points_{rule.kind}": plain(rule.points),
        f"cap_{rule.kind}": "" if rule.daily_cap is None else str(rule.daily_cap),
        f"unique_{rule.kind}": rule.unique.value if rule.unique else "",
        f"decay_{rule.kind}": plain(rule.decay * 100),
        f"least_{rule.kind}": "" if rule.min_value is None else plain(rule.min_value),
    }


def working_days(start: date | None, last: date | None) -> int:
    """How many working days lie between two days, both included; 0 while one is missing."""
    if start is None or last is None or last < start:
        return 0
    return programmes.calendar(current_programme()).working_days(start, last + DAY)


def replay(programme: Programme, ask: LaunchAsk, now: datetime) -> Replay:
    """The last four weeks under these rules, ranked three ways."""
    calendar = programmes.calendar(programme)
    end = calendar.local_day(now)
    spec = facts.make_spec(
        programme,
        rules={rule.kind: rule for rule in ask.rules},
        mode=ask.mode,
        target_days=Fraction(ask.target_days),
        min_team_size=Fraction(programme.min_team),
        shrink_k=Fraction(str(programme.shrink_k)),
        starts_on=end - REPLAY_DAYS * DAY,
        ends_on=end,
        team_ids=ask.team_ids,
        baseline_days=REPLAY_DAYS,
    )
    by_mode = tables.lines_by_mode(spec, COMPARED, now)
    names = people.team_names(ask.team_ids)
    chosen = by_mode.get(ask.mode, by_mode[Mode.PARTICIPATION])
    found = tuple(
        ReplayRow(
            line.unit_id,
            names.get(line.unit_id, ""),
            line.roster,
            tuple(_rank(by_mode[each], line.unit_id) for each in COMPARED),
        )
        for line in chosen
    )
    participation = by_mode[Mode.PARTICIPATION]
    return Replay(
        starts_on=spec.starts_on,
        last_on=end - DAY,
        modes=tuple(MODE_NAMES[each] for each in COMPARED),
        chosen=COMPARED.index(ask.mode) if ask.mode in COMPARED else 0,
        rows=found,
        checks=checks(chosen, by_mode, ask.mode, ask.goal, names),
        reps=sum(line.roster for line in participation),
        league=_pooled(participation),
    )


def _rank(lines: Sequence[Line], team_id: int) -> int | None:
    return next((line.rank for line in lines if line.unit_id == team_id), None)


def _pooled(lines: Sequence[Line]) -> Fraction | None:
    roster = sum(line.roster for line in lines)
    return Fraction(sum(line.participants for line in lines), roster) if roster else None


def checks(
    chosen: Sequence[Line],
    by_mode: Mapping[Mode, Sequence[Line]],
    mode: Mode,
    goal: Fraction | None,
    names: Mapping[int, str],
) -> tuple[Check, ...]:
    """What a manager should know before launching, in plain words."""
    found = [*_size_checks(chosen, mode, names), *_tie_checks(chosen, names)]
    if mode is Mode.TOTAL:
        found.append(_total_check(by_mode, names))
    if goal is not None:
        found += _goal_checks(by_mode[Mode.PARTICIPATION], goal)
    return tuple(found)


def _size_checks(chosen: Sequence[Line], mode: Mode, names: Mapping[int, str]) -> list[Check]:
    small = [line for line in chosen if line.rank is None]
    sizes = [line.roster for line in chosen if line.rank is not None]
    found = []
    if small:
        who = ", ".join(names.get(line.unit_id, "") for line in small[:4])
        found.append(
            Check(
                "Too small to be ranked.",
                f"{who}: under three reps there is no place, only the goal prize. Join them to "
                "another team, or leave them out.",
                is_warning=True,
            )
        )
    if sizes and min(sizes) < 8:
        found.append(
            Check(
                "Small teams swing more.",
                f"With {min(sizes)} reps one person moves the score by "
                f"{percent(Fraction(1, max(min(sizes), 1)))}. We add ten average colleagues to "
                "every team, so luck decides less.",
                is_warning=mode is Mode.TOTAL,
            )
        )
    if len(sizes) > 1 and max(sizes) > 2 * min(sizes):
        found.append(
            Check(
                "Very different sizes.",
                f"{min(sizes)} to {max(sizes)} reps. Six to ten teams of similar size race best.",
                is_warning=True,
            )
        )
    return found


def _tie_checks(chosen: Sequence[Line], names: Mapping[int, str]) -> list[Check]:
    first = [line for line in chosen if line.rank == 1]
    if not first or not first[0].rank_score:
        return [
            Check(
                "Nobody would have scored.",
                "No team reached a target in the last four weeks: lower the target, or see "
                "that people know how to start.",
                is_warning=True,
            )
        ]
    if len(first) > 1:
        return [
            Check(
                "A tie for first.",
                f"{len(first)} teams would have shared first place, and each its prize.",
                is_warning=True,
            )
        ]
    return [Check("A clear first.", f"{names.get(first[0].unit_id, '')} would have won.")]


def _total_check(by_mode: Mapping[Mode, Sequence[Line]], names: Mapping[int, str]) -> Check:
    order = [line for line in by_mode[Mode.TOTAL] if line.rank is not None]
    largest = max(order, key=lambda line: line.roster, default=None)
    place = largest.rank if largest is not None else None
    told = f" {names.get(largest.unit_id, '')}, the largest, would be {place}." if largest else ""
    return Check(
        "Team total favours big teams.", f"More people, more points.{told}", is_warning=True
    )


def _goal_checks(participation: Sequence[Line], goal: Fraction) -> list[Check]:
    pooled = _pooled(participation)
    if pooled is None:
        return []
    if goal < pooled + Fraction(1, 10):
        return [
            Check(
                "The goal is close to today.",
                f"{percent(pooled)} took part in the last four weeks. Set the goal ten points "
                "above that, or luck decides who reaches it.",
                is_warning=True,
            )
        ]
    return [
        Check(
            "The goal asks for more.",
            f"{percent(goal)} against {percent(pooled)} in the last four weeks.",
        )
    ]


def free_address(title: str) -> str:
    """An address for a new contest that nobody has yet."""
    return free_slug(title, reads.taken_slugs() | {"new", "preview"})
