"""What the contest pages show, worked out in one place: lanes, own team, race so far, fairness."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import takewhile

from core import charts
from core.charts import Chart, Run
from core.db import detached
from core.money import show
from incentives.models import Contest
from incentives.queries import records as rows
from incentives.queries.documents import Reader, board_of, table_for
from incentives.rules.contests import State
from leaderboard.metrics import MODE_NAMES, SCORE_UNITS, kind_name, plain, rule_limits
from leaderboard.models import Board
from leaderboard.queries import facts, reads
from leaderboard.queries.reads import Place, Table, TeamLine
from leaderboard.rules.standing import MemberScore, Mode
from leaderboard.rules.terms import rules_from
from people import queries as people
from programme import queries as programmes

DAY = timedelta(days=1)
SHOWN = 10
AROUND = 2
MOST_RUNS = 12


@dataclass(frozen=True)
class LaneView:
    """One team on the Board."""

    rank: int | None
    name: str
    score: str
    value: float
    was: float | None
    places: int | None
    team: int
    you: bool
    note: str


@dataclass(frozen=True)
class BoardView:
    """The Board: its answer, its lanes, and how fresh it is."""

    title: str
    answer: str
    lanes: tuple[LaneView, ...]
    top: float
    ticks: tuple[str, ...]
    unit: str
    seconds_left: int | None
    when: str
    is_covered: bool
    updated_at: datetime
    time_zone: str
    teams: int
    more: int
    tag: str
    action: str = ""


@dataclass(frozen=True)
class SquadLine:
    """One rep as their own team sees them; never ordered by what they have."""

    name: str
    done: int
    asked: int
    words: str


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


OwnTeam = Place


@dataclass(frozen=True)
class Whole:
    """What a contest's page is made of before anybody looks at it; `lanes` as far as asked for.

    `contest` and `board` are copies that belong to no session. Whose team somebody is in, and what
    their colleagues did, is asked for with it in hand.
    """

    contest: Contest
    board: Board
    table: Table
    placed: tuple[Place, ...]
    is_covered: bool
    time_zone: str
    now: datetime
    points: tuple[PointLine, ...]
    points_foot: str
    prizes: tuple[PrizeView, ...]
    fairness: tuple[tuple[str, str], ...]
    unranked: tuple[Place, ...]
    index: Mapping[int, int]
    lanes: dict[int, LaneView]

    @property
    def mode(self) -> Mode:
        """How its teams are ranked."""
        return Mode(self.board.mode)


@dataclass(frozen=True)
class Squad:
    """A team's reps for the team's own eyes: those listed by name, and each as they see it."""

    team: str
    listed: tuple[tuple[int, SquadLine], ...]
    unlisted: Mapping[int, SquadLine]
    foot: str


def percent(number: Fraction | None) -> str:
    """A share as whole percent, half up."""
    return "–" if number is None else f"{int(number * 100 + Fraction(1, 2))}%"


def score_words(mode: Mode, score: Fraction | None) -> str:
    """A score as the Board prints it."""
    if score is None:
        return "–"
    if mode is Mode.PARTICIPATION:
        return percent(score)
    if mode is Mode.TOTAL:
        return plain(score)
    return f"{float(score):.1f}"


def _shown_table(contest: Contest, board: Board, reader: Reader, now: datetime) -> Table:
    """Pages read the rows as they stand; only a board never counted is worked out."""
    if not reader.sees_through_freeze and reads.is_hidden(board, now):
        return reads.snapshot_table(board)
    if board.counted_at is None:
        return table_for(contest, reader, as_of=None, now=now)
    return reads.current_table(board, now)


def whole(contest_id: int, reader: Reader, now: datetime) -> Whole:
    """Everything on a contest's page that does not depend on the reader's own team."""
    contest = detached(Contest, contest_id)
    board = detached(Board, contest.board_id)
    table = _shown_table(contest, board, reader, now)
    return Whole(
        contest=contest,
        board=board,
        table=table,
        placed=tuple(place for place in table.places if place.ranked),
        is_covered=board.frozen_at is None and table.is_frozen and board.frozen_rev is None,
        time_zone=programmes.by_id(contest.programme_id).time_zone,
        now=now,
        points=point_lines(board),
        points_foot=points_foot(board),
        prizes=prize_views(contest),
        fairness=_fairness(contest, board, table),
        unranked=tuple(place for place in table.places if not place.ranked),
        index={place.unit_id: number for number, place in enumerate(table.places)},
        lanes={},
    )


def board_view(found: Whole, own: Collection[int], *, everybody: bool = False) -> BoardView:
    """The Board as this reader sees it; the leaders and their own neighbourhood, or all teams."""
    contest, board, placed, now = found.contest, found.board, found.placed, found.now
    mine = sorted(found.index[unit] for unit in own if unit in found.index)
    mine = [number for number in mine if number < len(placed)]
    shown = placed if everybody else _neighbourhood(placed, mine)
    mode = found.mode
    scale = charts.lane_scale(
        [float(place.score or 0) for place in shown], as_percent=mode is Mode.PARTICIPATION
    )
    return BoardView(
        title=contest.title,
        answer=_answer(contest, mode, placed, [placed[number] for number in mine]),
        lanes=tuple(_lane_for(found, place, own) for place in shown),
        top=scale.top,
        ticks=scale.ticks,
        unit=SCORE_UNITS[mode].removeprefix("% "),
        seconds_left=_seconds_left(contest, now),
        when=_when(contest, found.time_zone, now),
        is_covered=found.is_covered,
        updated_at=board.changed_at or board.counted_at or now,
        time_zone=found.time_zone,
        teams=len(found.table.places),
        more=len(placed) - len(shown),
        tag=f"{board.version}.{contest.change}",
    )


def _neighbourhood(placed: Sequence[Place], mine: Iterable[int]) -> list[Place]:
    """The first ten, and two places either side of each own team."""
    wanted = set(range(min(SHOWN, len(placed))))
    for index in mine:
        wanted |= {*range(max(0, index - AROUND), min(len(placed), index + AROUND + 1))}
    return [placed[index] for index in sorted(wanted)]


def _lane_for(found: Whole, place: Place, own: Collection[int]) -> LaneView:
    """A lane worked out once for all, and marked for its own team."""
    lane = found.lanes.get(place.unit_id)
    if lane is None:
        lane = found.lanes[place.unit_id] = _lane(place, found.mode)
    return replace(lane, you=True) if place.unit_id in own else lane


def _lane(place: Place, mode: Mode) -> LaneView:
    moved = (
        None
        if place.previous_rank is None or place.rank is None
        else place.previous_rank - place.rank
    )
    return LaneView(
        rank=place.rank,
        name=place.unit,
        score=score_words(mode, place.score),
        value=float(place.score or 0),
        was=None if place.previous_score is None else float(place.previous_score),
        places=moved,
        team=place.unit_id,
        you=False,
        note=_lane_note(place, mode),
    )


def _lane_note(place: Place, mode: Mode) -> str:
    if mode is Mode.PARTICIPATION:
        return f"{place.participants} of {place.roster} reps, {percent(place.rank_score)} adjusted"
    return f"{place.roster} reps, {plain(place.points)} points"


def _answer(contest: Contest, mode: Mode, placed: Sequence[Place], mine: Sequence[Place]) -> str:
    """The sentence under the title: who leads, and where the reader's team stands."""
    sentences = []
    leaders = list(takewhile(lambda place: place.rank == 1, placed))
    verb = "won" if contest.state in {State.FINAL, State.ARCHIVED} else "leads"
    if leaders and leaders[0].rank_score:
        if len(leaders) == 1:
            sentences.append(f"{leaders[0].unit} {verb}, {_lead_words(mode, placed)}.")
        else:
            shared = "share first place"
            sentences.append(f"{_list([place.unit for place in leaders[:4]])} {shared}.")
    elif contest.state in {State.RUNNING, State.PAUSED}:
        sentences.append("Nobody has reached their target yet: everything is open.")
    sentences += [_own_words(place) for place in mine[:1] if place.rank != 1]
    return " ".join(sentences)


def _lead_words(mode: Mode, placed: Sequence[Place]) -> str:
    first = placed[0]
    if mode is Mode.PARTICIPATION:
        return f"{first.participants} of {first.roster} reps on target"
    second = placed[1] if len(placed) > 1 else None
    ahead = (first.score or Fraction(0)) - ((second.score if second else None) or Fraction(0))
    return f"{float(ahead):g} ahead of {second.unit}" if second else score_words(mode, first.score)


def _own_words(place: Place) -> str:
    if place.previous_rank is None or place.rank is None or place.previous_rank == place.rank:
        return f"Your team, {place.unit}, is {_nth(place.rank or 0)}."
    gained = place.previous_rank - place.rank
    moved = f"up {gained}" if gained > 0 else f"down {-gained}"
    return f"Your team, {place.unit}, is {_nth(place.rank)} and {moved} since last week."


def _nth(place: int) -> str:
    if 10 <= place % 100 <= 20:
        return f"{place}th"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th') }"


def _list(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _seconds_left(contest: Contest, now: datetime) -> int | None:
    """Until the end while it runs, until the start before; None once it is over."""
    if contest.state in {State.RUNNING, State.PAUSED}:
        return max(0, int((contest.ends_at - now).total_seconds()))
    return None


def _when(contest: Contest, zone: str, now: datetime) -> str:
    first, last = _day(contest.starts_on), _day(contest.last_on)
    span = f"{first} to {last}"
    words = {
        State.DRAFT: f"A draft, {span}. Only you see it.",
        State.SUBMITTED: f"Waits for approval, {span}.",
        State.SCHEDULED: f"Starts {first}, ends {last}.",
        State.RUNNING: f"Ends {last}, {zone.replace('_', ' ')}.",
        State.PAUSED: f"Resting at the moment; ends {last}.",
        State.GRACE: f"Over. Late data still counts until {_moment(contest.grace_ends_at, zone)}.",
        State.COMPUTING: "Over. The result is being worked out.",
        State.PROVISIONAL: "Over. The result stands unless somebody finds something wrong.",
        State.FINAL: f"Decided. {span}.",
        State.CANCELLED: f"Called off. {span}.",
        State.ARCHIVED: f"Decided. {span}.",
    }
    return words[State(contest.state)]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _moment(instant: datetime, zone: str) -> str:
    from core.calendars import zone_of

    local = instant.astimezone(zone_of(zone))
    return f"{_day(local.date())}, {local:%H:%M}"


def is_on(found: Whole) -> bool:
    """Whether a day still counts: it runs or rests."""
    return _seconds_left(found.contest, found.now) is not None


def own_team(found: Whole, own: Collection[int]) -> OwnTeam | None:
    """The reader's team on this board; the first of several."""
    first = min((found.index[unit] for unit in own if unit in found.index), default=None)
    return None if first is None else found.table.places[first]


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
    if found.mode is Mode.PARTICIPATION:
        return (
            f"{team.participants} of {team.roster} on the roster are on target. "
            f"Compared with other teams as {percent(team.rank_score)}: we add ten average "
            "colleagues to every team, so that size is no advantage."
        )
    return f"{plain(team.points)} points shared by {plain(team.headcount)} reps."


def point_lines(board: Board) -> tuple[PointLine, ...]:
    """What earns points, in plain words."""
    return tuple(
        PointLine(
            plain(rule.points),
            kind_name(rule.kind).capitalize(),
            ", ".join(rule_limits(rule)) or "every time",
        )
        for rule in rules_from(board.rules).values()
    )


def points_foot(board: Board) -> str:
    """How points become a team's score."""
    days = plain(Fraction(board.target_days))
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
    return words[Mode(board.mode)]


def prize_views(contest: Contest) -> tuple[PrizeView, ...]:
    """The prizes as the page words them."""
    return tuple(
        PrizeView(
            prize.title, _prize_words(prize.place, contest.goal), _cost(prize.cost_minor, contest)
        )
        for prize in rows.prizes(contest.id)
    )


def _prize_words(place: int | None, goal: str | None) -> str:
    if place is None:
        return f"For every team that reaches {percent(Fraction(goal or 1))}"
    return f"For {_nth(place)} place"


def _cost(minor: int, contest: Contest) -> str:
    return show(minor, contest.currency) if minor else ""


def race_of(found: Whole, own: Collection[int]) -> Chart | None:
    """Places at the close of each working day; only where all lines can be followed."""
    placed, board, table = found.placed, found.board, found.table
    if not 2 <= len(placed) <= MOST_RUNS:
        return None
    spec = facts.spec_of(board)
    until = spec.calendar.local_day(min(table.as_of, found.now) if table.is_frozen else found.now)
    closes = reads.race(board.id, [place.unit_id for place in placed])
    days = (
        sorted(
            day
            for day in set.intersection(
                *({day for day, rank in ranks.items() if rank} for ranks in closes.values())
            )
            if day in spec.working and day <= until
        )
        if len(closes) == len(placed)
        else []
    )
    if len(days) < 2:
        return None
    days = _from_the_first_move(days, closes)
    runs = [
        Run(
            place.unit,
            place.unit_id,
            [closes[place.unit_id][day] or len(placed) for day in days],
            score_words(found.mode, place.score),
            place.unit_id in own,
        )
        for place in placed
    ]
    first = placed[0]
    finding = (
        f"Place of each team at the close of each working day, {_day(days[0])} to "
        f"{_day(days[-1])}. {first.unit} is first with "
        f"{score_words(found.mode, first.score)}."
    )
    return charts.bump(runs, [f"{day.day} {day:%b}" for day in days], finding)


def _from_the_first_move(
    days: list[date], found: Mapping[int, Mapping[date, int | None]]
) -> list[date]:
    """Leave out the days before anybody had reached a target: all share the first place then."""
    moved = next(
        (n for n, day in enumerate(days) if len({ranks[day] for ranks in found.values()}) > 1), 0
    )
    return days[max(0, min(moved - 1, len(days) - 2)) :]


def _fairness(contest: Contest, board: Board, table: Table) -> tuple[tuple[str, str], ...]:
    """Why the race is fair, each with its count."""
    sizes = [place.roster for place in table.places if place.ranked]
    away = reads.people_with_days_away(board.id, facts.spec_of(board).terms.working_days)
    uncounted = reads.uncounted(board.id)
    notes = []
    if sizes and Mode(board.mode) in {Mode.PARTICIPATION, Mode.PER_CAPITA}:
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
            f"Days away come out of the count. {_count(away, 'rep')} so far.",
        )
    )
    if uncounted:
        notes.append(
            (
                "Repeats add nothing.",
                f"{_count(uncounted, 'event')} over a cap, repeated or held, counted as 0.",
            )
        )
    notes.append(
        ("The rules stand.", f"Version {contest.rules_hash[:8]}, the same for every team.")
    )
    return tuple(notes)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def mode_choices() -> tuple[tuple[str, str], ...]:
    """Ways of ranking a new contest may choose."""
    return tuple(
        (mode.value, MODE_NAMES[mode]) for mode in (Mode.PARTICIPATION, Mode.PER_CAPITA, Mode.TOTAL)
    )


@dataclass(frozen=True)
class OwnPlace:
    """A rep's week in one running contest."""

    contest: Contest
    team: str
    rank: int | None
    ranked: int
    moved: int | None
    score: str
    mine: MemberScore
    near: tuple[Place, ...]
    is_covered: bool
    own_team_id: int


def own_places(person_id: int, now: datetime) -> tuple[OwnPlace, ...]:
    """Where a rep stands in every running contest they take part in."""
    found = []
    for contest in rows.running():
        mine = reads.member_scores_of(contest.board_id, person_id)
        best = max(mine, key=lambda score: score.available_days, default=None)
        if best is None:
            continue
        found.append(_own_place(contest, best, best.team_id, now))
    return tuple(found)


def team_places(team_ids: Collection[int], now: datetime) -> tuple[OwnPlace, ...]:
    """Where teams stand in every running contest."""
    nobody = MemberScore(0, 0, Fraction(0), 0, 0, 0, on_roster=False)
    return tuple(
        _own_place(contest, nobody, team_id, now)
        for contest in rows.running()
        for team_id in sorted(reads.units_of(contest.board_id) & set(team_ids))
    )


def _own_place(contest: Contest, mine: MemberScore, team_id: int, now: datetime) -> OwnPlace:
    board = board_of(contest)
    covered = reads.is_hidden(board, now)
    if covered:
        near = reads.snapshot_table(board).places
        index = next((n for n, place in enumerate(near) if place.unit_id == team_id), 0)
        near = near[max(0, index - AROUND) : index + AROUND + 1]
    else:
        near = reads.near(contest.board_id, team_id, top=0, around=AROUND)
    place = next((each for each in near if each.unit_id == team_id), None)
    moved = None
    if place is not None and place.previous_rank is not None and place.rank is not None:
        moved = place.previous_rank - place.rank
    return OwnPlace(
        contest=contest,
        team=place.unit if place else people.team_names([team_id]).get(team_id, ""),
        rank=place.rank if place else None,
        ranked=reads.ranked_count(contest.board_id),
        moved=moved,
        score=score_words(Mode(board.mode), place.score if place else None),
        mine=mine,
        near=tuple(each for each in near if each.ranked),
        is_covered=covered,
        own_team_id=team_id,
    )


def headline(place: OwnPlace) -> dict[str, object] | None:
    """One sentence for the first page, or None when the race asks nothing of the reader."""
    mine = place.mine
    left = mine.asked_days - mine.active_days
    if not mine.on_roster or left <= 0:
        return None
    days = "day" if left == 1 else "days"
    stands = f"{place.team} is {_nth(place.rank)} of {place.ranked}. " if place.rank else ""
    return {
        "priority": 30,
        "headline": f"{left} more {days} and you count for {place.team}.",
        "lede": f"{'' if place.is_covered else stands}{place.contest.title} runs until "
        f"{_day(place.contest.last_on)}.",
        "action_url": f"/contests/{place.contest.slug}",
        "action_label": "See the race",
    }


def team_headline(place: OwnPlace) -> dict[str, object] | None:
    """One sentence for a lead's first page: where the team stands, and what moves it."""
    own = next((each for each in place.near if each.unit_id == place.own_team_id), None)
    if place.is_covered or own is None or own.rank is None:
        return None
    return {
        "priority": 10,
        "headline": f"{place.team} is {_nth(own.rank)} of {place.ranked} in {place.contest.title}.",
        "lede": f"{own.participants} of {own.roster} reps are on target. It runs until "
        f"{_day(place.contest.last_on)}.",
        "action_url": f"/contests/{place.contest.slug}",
        "action_label": "See the race",
    }
