"""What a contest's page says of its rules: points, prizes, and why the race is fair."""

from dataclasses import dataclass
from fractions import Fraction

from core.money import show
from incentives.models import Contest, Prize
from incentives.queries import life
from incentives.queries import records as rows
from incentives.queries.pages.words import count_words, moment_words, nth
from leaderboard.metrics import (
    LOOP_NOTE,
    MODE_NAMES,
    SCORE_UNITS,
    kind_name,
    percent,
    plain,
    rule_limits,
    tie_sentence,
)
from leaderboard.models import Board
from leaderboard.queries import facts, reads
from leaderboard.queries.reads import Table
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.terms import rules_from
from leaderboard.rules.units import TieBreak, UnitKind


@dataclass(frozen=True)
class PointLine:
    """One way to earn points."""

    points: str
    title: str
    limits: str


@dataclass(frozen=True)
class PrizeView:
    """One prize in words."""

    title: str
    words: str
    cost: str
    stock: int | None = None


def point_lines(board: Board) -> tuple[PointLine, ...]:
    """What earns points, in plain words."""
    return tuple(map(point_line, rules_from(board.rules).values()))


def point_line(rule: PointRule) -> PointLine:
    """One rule in plain words."""
    return PointLine(
        plain(rule.points),
        kind_name(rule.kind).capitalize(),
        ", ".join(rule_limits(rule)) or "every time",
    )


def points_foot(board: Board) -> str:
    """How points become a score."""
    mode, days = Mode(board.mode), Fraction(board.target_days)
    if UnitKind(board.unit) is UnitKind.PERSON:
        return _foot_for_one(mode, days)
    return foot_of(mode, days)


def _foot_for_one(mode: Mode, target_days: Fraction) -> str:
    """The same where everybody races for themselves."""
    words = {
        Mode.PARTICIPATION: (
            f"A day counts once you have a point on it. Your target is {plain(target_days)} days "
            "in a full week; days away lower it. Everybody who reaches it is level."
        ),
        Mode.PER_CAPITA: "Your score is your points, divided by the share of days you were here.",
        Mode.TOTAL: "Your score is the sum of your points.",
        Mode.IMPROVEMENT: "Your score is how much more you do than in the weeks before.",
        Mode.HANDICAP: "Your points, levelled by what you did in the weeks before.",
    }
    return words[mode]


def foot_of(mode: Mode, target_days: Fraction) -> str:
    """The same for a contest that is only being thought of."""
    days = plain(target_days)
    words = {
        Mode.PARTICIPATION: (
            f"A day counts once you have a point on it. Your target is {days} days in a full "
            "week; days away lower it. The team's score is the share of its reps on target, so "
            "one star cannot carry a team."
        ),
        Mode.PER_CAPITA: "A team's score is its points divided by its reps, days away left out.",
        Mode.TOTAL: "A team's score is the sum of its points. Large teams have an advantage here.",
        Mode.IMPROVEMENT: "A team's score is how much more it does than in the weeks before.",
        Mode.HANDICAP: "Points per rep, levelled by what the team did in the weeks before.",
    }
    return words[mode]


def prize_views(contest: Contest) -> tuple[PrizeView, ...]:
    """The prizes as the page words them."""
    return tuple(
        PrizeView(
            prize.title,
            _prize_words(contest, prize),
            _cost(prize.cost_minor, contest),
            prize.stock,
        )
        for prize in rows.prizes(contest.id)
    )


def _prize_words(contest: Contest, prize: Prize) -> str:
    """Whom a prize is for: a place, everybody at the goal, the most improved, or a manager."""
    noun = "rep" if rows.unit_kind(contest) is UnitKind.PERSON else "team"
    if prize.is_improvement:
        won = "the most improved" if noun == "rep" else "the most improved team"
    elif prize.place is not None:
        won = f"{'the team in ' if prize.for_manager else ''}{nth(prize.place)} place"
    else:
        won = f"every {noun} that reaches {_aim(contest)}"
    if not prize.for_manager:
        return f"For {won}"
    asked = prize.min_loops_kept
    loops = f" and kept at least {percent(Fraction(asked))} of the weekly loops" if asked else ""
    return f"For whoever led {won}{loops}"


def _aim(contest: Contest) -> str:
    mode, goal = Mode(str(contest.terms["mode"])), Fraction(contest.goal or 1)
    return percent(goal) if mode is Mode.PARTICIPATION else f"{plain(goal)} {SCORE_UNITS[mode]}"


def _cost(minor: int, contest: Contest) -> str:
    return show(minor, contest.currency) if minor else ""


def fairness(contest: Contest, board: Board, table: Table) -> tuple[tuple[str, str], ...]:
    """Why the race is fair, each with its count."""
    sizes = [place.roster for place in table.places if place.ranked]
    away = reads.people_with_days_away(board.id, facts.spec_of(board).terms.working_days)
    uncounted = reads.uncounted(board.id)
    notes = []
    is_person = UnitKind(board.unit) is UnitKind.PERSON
    whom = "everybody" if is_person else "every team"
    if sizes and not is_person and Mode(board.mode) in {Mode.PARTICIPATION, Mode.PER_CAPITA}:
        span = f"{min(sizes)} to {max(sizes)}" if min(sizes) != max(sizes) else str(sizes[0])
        notes.append(
            (
                "Team size does not matter.",
                f"Teams of {span} reps race on a score adjusted for size.",
            )
        )
    notes.append(
        (
            "Time off does not hurt you.",
            f"Days away come out of the count. {count_words(away, 'rep')} so far.",
        )
    )
    if uncounted:
        notes.append(
            (
                "Repeats add nothing.",
                f"{count_words(uncounted, 'event')} over a cap, repeated or held, counted as 0.",
            )
        )
    ties = [TieBreak(each) for each in board.tie_break]
    if ties:
        said = tie_sentence(ties)
        notes.append(
            ("When two are equal.", f"{said} {LOOP_NOTE}" if TieBreak.LOOP in ties else said)
        )
    notes += _rests(contest)
    notes.append(("The rules stand.", f"Version {contest.rules_hash[:8]}, the same for {whom}."))
    return tuple(notes)


def _rests(contest: Contest) -> list[tuple[str, str]]:
    """What a pause did: what was done meanwhile counts, the end moves where the rules say so."""
    notes = []
    zone = str(contest.terms["time_zone"])
    moves = contest.terms.get("pause_moves_end") is True
    for pause in life.pauses(contest.id):
        since = moment_words(pause.opened_at, zone)
        if pause.closed_at is None:
            end = "its end moves by the days it rests" if moves else "its end stays"
            said = f"It rests since {since}: {pause.reason} What you do meanwhile counts; {end}."
        else:
            moved = count_words(pause.moved_days, "day")
            end = f"its end moved by {moved}" if pause.moved_days else "its end stayed"
            until = moment_words(pause.closed_at, zone)
            said = f"It rested from {since} to {until}. What was done then counts; {end}."
        notes.append(("A rest takes nothing away.", said))
    return notes


def mode_choices() -> tuple[tuple[str, str], ...]:
    """Ways of ranking a new contest may choose."""
    return tuple(
        (mode.value, MODE_NAMES[mode]) for mode in (Mode.PARTICIPATION, Mode.PER_CAPITA, Mode.TOTAL)
    )
