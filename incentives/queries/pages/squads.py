"""A team's reps in a contest, for the team's own eyes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from incentives.queries.pages.whole import Whole
from leaderboard.metrics import percent, plain
from leaderboard.queries import reads
from leaderboard.queries.reads import Place, TeamLine
from leaderboard.rules.standing import Mode

OwnTeam = Place


@dataclass(frozen=True)
class SquadLine:
    """One rep as their own team sees them; never ordered by what they have."""

    name: str
    done: int
    asked: int
    words: str
    on_roster: bool = True


@dataclass(frozen=True)
class Squad:
    """A team's reps for the team's own eyes: those listed by name, and each as they see it."""

    team: str
    listed: tuple[tuple[int, SquadLine], ...]
    unlisted: Mapping[int, SquadLine]
    foot: str


def own_team(found: Whole, own: Collection[int]) -> OwnTeam | None:
    """The reader's team on this board; the first of several."""
    first = min((found.index[unit] for unit in own if unit in found.index), default=None)
    return None if first is None else found.table.places[first]


@dataclass(frozen=True)
class LeadView:
    """A team for who leads it: who is on target, who is close, who has most before them.

    In each group by name, never by what they have; those not listed are counted in none by name.
    """

    team: str
    on_target: int
    roster: int
    met: tuple[SquadLine, ...]
    close: tuple[SquadLine, ...]
    open: tuple[SquadLine, ...]
    part_time: tuple[SquadLine, ...]
    not_listed: int
    foot: str


# So many days before the target somebody is close to it.
CLOSE = 1


def lead_view(found: Whole, team: Place) -> LeadView:
    """A team's reps as its lead sees them; not to be shown while the Board is covered."""
    seen = squad(found, team)
    groups: dict[str, list[SquadLine]] = {"met": [], "close": [], "open": [], "part_time": []}
    for _, line in seen.listed:
        groups[_group(line)].append(line)
    return LeadView(
        team=seen.team,
        on_target=team.participants,
        roster=team.roster,
        **{name: tuple(lines) for name, lines in groups.items()},
        not_listed=len(seen.unlisted),
        foot=seen.foot,
    )


def _group(line: SquadLine) -> str:
    if not line.on_roster:
        return "part_time"
    left = line.asked - line.done
    if left <= 0:
        return "met"
    return "close" if left <= CLOSE else "open"


def squad(found: Whole, team: Place) -> Squad:
    """What a team's reps did, for the team's own eyes; not to be shown while the Board is covered.

    Who chose not to be listed is named to nobody else (CONTESTS case 35).
    """
    lines = reads.team_lines(found.board.id, team.unit_id)
    return Squad(
        team=team.unit,
        listed=tuple((line.person_id, _squad_line(line)) for line in lines if line.is_listed),
        unlisted={line.person_id: _squad_line(line) for line in lines if not line.is_listed},
        foot=squad_foot(found, team),
    )


def own_part(found: Whole, person_id: int | None) -> tuple[SquadLine, ...]:
    """While the Board is covered one still sees one's own part (case 36)."""
    if person_id is None:
        return ()
    return tuple(
        SquadLine(
            name="You",
            done=score.active_days,
            asked=score.asked_days,
            words=_progress(score.active_days, score.asked_days, score.on_roster),
        )
        for score in reads.member_scores_of(found.board.id, person_id)
    )


def _squad_line(line: TeamLine) -> SquadLine:
    return SquadLine(
        name=line.shown,
        done=line.active_days,
        asked=line.asked_days,
        words=_progress(line.active_days, line.asked_days, line.on_roster),
        on_roster=line.on_roster,
    )


def _progress(done: int, asked: int, on_roster: bool) -> str:  # noqa: FBT001 - three facts of one row
    """How far a rep is, never as a shortfall."""
    if not on_roster:
        return "here for part of it"
    if done >= asked:
        return "on target"
    left = asked - done
    return f"{left} {'day' if left == 1 else 'days'} to play for"


def squad_foot(found: Whole, team: Place) -> str:
    """What the team's days come to."""
    if found.is_person:
        return f"{plain(team.points)} points so far."
    if found.mode is Mode.PARTICIPATION:
        return (
            f"{team.participants} of {team.roster} on the roster are on target. "
            f"Compared with other teams as {percent(team.rank_score)}: we add ten average "
            "colleagues to every team, so that size is no advantage."
        )
    return f"{plain(team.points)} points shared by {plain(team.headcount)} reps."
