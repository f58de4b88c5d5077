"""What the launch page needs: who could race, and who would have won under these rules lately."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from core.errors import Conflict
from incentives.queries.pages import percent
from incentives.queries.records import TeamSize, team_sizes
from incentives.rules.planning import LaunchAsk
from leaderboard.metrics import MODE_NAMES, scored_kinds
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.standing import Line, Mode
from people import queries as people
from people.rules import free_slug
from programme import queries as programmes
from programme.models import Programme

DAY = timedelta(days=1)
LEAGUE = 8
REPLAY_DAYS = 28
OFFERED = 24
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

    @property
    def team_ids(self) -> frozenset[int]:
        """The teams that could race."""
        return frozenset(team.id for team in self.teams)

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
    )


def defaults(offer: Setting) -> dict[str, str]:
    """Sound values for every field: two weeks from next Monday, participation, a goal (5.4)."""
    ahead = (7 - offer.today.weekday()) % 7 or 7
    start = offer.today + ahead * DAY
    return {
        "title": "",
        "kind": offer.kinds[0] if offer.kinds else "",
        "starts_on": start.isoformat(),
        "last_on": (start + 11 * DAY).isoformat(),
        "target_days": "2",
        "mode": Mode.PARTICIPATION.value,
        "points": "1",
        "daily_cap": "3",
        "goal_percent": "60",
        "prize_goal": "Breakfast for the team",
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
        rules={ask.kind: ask.rule},
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
            line.team_id,
            names.get(line.team_id, ""),
            line.roster,
            tuple(_rank(by_mode[each], line.team_id) for each in COMPARED),
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
    return next((line.rank for line in lines if line.team_id == team_id), None)


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
        who = ", ".join(names.get(line.team_id, "") for line in small[:4])
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
    return [Check("A clear first.", f"{names.get(first[0].team_id, '')} would have won.")]


def _total_check(by_mode: Mapping[Mode, Sequence[Line]], names: Mapping[int, str]) -> Check:
    order = [line for line in by_mode[Mode.TOTAL] if line.rank is not None]
    largest = max(order, key=lambda line: line.roster, default=None)
    place = largest.rank if largest is not None else None
    told = f" {names.get(largest.team_id, '')}, the largest, would be {place}." if largest else ""
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
