"""Every SELECT of the incentives room."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import false, func, or_, select, union

from core.db import db
from incentives.models import (
    Award,
    Contest,
    ContestEvent,
    Dispute,
    Prize,
    Recognition,
    ReviewFlag,
    UsageClaim,
)
from incentives.rules.contests import BY_CLOCK, DISPUTE_WINDOW, Dates, State
from incentives.rules.prizes import PrizeTerms, Side
from leaderboard.models import Board, BracketDraw, FrozenStanding
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes
from programme.models import Programme

FIRST_DAY = date(1970, 1, 2)
AT_ONCE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Invited:
    """Who hears of a contest: reps with their team, and the leads of the teams."""

    reps: dict[int, int]
    leads: dict[int, int]
    team_names: dict[int, str]


@dataclass(frozen=True)
class TeamSize:
    """A team that could race, with how many reps it has."""

    id: int
    name: str
    reps: int


@dataclass(frozen=True)
class Thanks:
    """A recognition as shown. `name` None: the person chose not to be listed."""

    person_id: int
    name: str | None
    title: str
    text: str
    given_at: datetime
    contest_slug: str | None
    contest_title: str | None
    team: str | None
    place: int | None


@dataclass(frozen=True)
class TeamAward:
    """A team's award as shown."""

    award_id: int
    link: str
    contest_title: str
    team: str
    prize: str
    place: int | None
    amount_minor: int
    currency: str
    state: str
    granted_at: datetime


def contest_by_slug(slug: str) -> Contest | None:
    """One contest by its address."""
    return db.session.scalar(select(Contest).where(Contest.slug == slug))


def contests(programme_id: int | None = None) -> tuple[Contest, ...]:
    """Contests, latest start first."""
    columns = select(Contest).order_by(Contest.starts_on.desc(), Contest.id.desc())
    if programme_id is not None:
        columns = columns.where(Contest.programme_id == programme_id)
    return tuple(db.session.scalars(columns))


def unpublished(author_id: int | None) -> tuple[Contest, ...]:
    """Drafts and submissions: of one author, or everybody's."""
    columns = (
        select(Contest)
        .where(Contest.state.in_([State.DRAFT, State.SUBMITTED]))
        .order_by(Contest.created_at.desc(), Contest.id.desc())
    )
    if author_id is not None:
        columns = columns.where(Contest.author_id == author_id)
    return tuple(db.session.scalars(columns))


def dates_of(contest: Contest) -> Dates:
    """The contest's official instants."""
    return Dates(contest.starts_at, contest.ends_at, contest.grace_ends_at)


def due_contests(as_of: datetime) -> tuple[int, ...]:
    """Contests whose next step by the clock is due, earliest official instant first."""
    waiting = db.session.scalars(select(Contest).where(Contest.state.in_(list(BY_CLOCK))))
    due = []
    for contest in waiting:
        at = dates_of(contest).due(State(contest.state), contest.provisional_at)
        if at is not None and at <= as_of:
            due.append((at, contest.id))
    return tuple(ident for _, ident in sorted(due))


def instants(after: datetime, until: datetime) -> tuple[datetime, ...]:
    """The instants within (after, until] at which some contest moves on.

    A step whose instant lies behind `after` is due at once. Contests that wait for a person (an
    open doubt, an alarm) name none: a catch-up over months would look at them in vain.
    """
    found: set[datetime] = set()
    doubted = waiting_for_people()
    for contest in db.session.scalars(select(Contest).where(Contest.state.in_(list(BY_CLOCK)))):
        if contest.alarm is not None or contest.id in doubted:
            continue
        dates = dates_of(contest)
        found.update(dates.instants())
        next_due = dates.due(State(contest.state), contest.provisional_at)
        if next_due is not None:
            found.add(max(next_due, after + AT_ONCE))
    return tuple(sorted(instant for instant in found if after < instant <= until))


def waiting_for_people() -> frozenset[int]:
    """Provisional contests with a doubt, a claim or a flag nobody has decided."""
    undecided = union(
        select(Dispute.contest_id).where(Dispute.state == "open"),
        select(UsageClaim.contest_id).where(UsageClaim.state == "open"),
        select(ReviewFlag.contest_id).where(ReviewFlag.state.in_(["open", "held"])),
    )
    return frozenset(
        db.session.scalars(
            select(Contest.id).where(Contest.state == State.PROVISIONAL, Contest.id.in_(undecided))
        )
    )


def has_event(key: str) -> bool:
    """Whether a transition was written under this key."""
    return db.session.scalar(select(ContestEvent.id).where(ContestEvent.key == key)) is not None


def history(contest_id: int) -> tuple[ContestEvent, ...]:
    """Every transition, in order."""
    return tuple(
        db.session.scalars(
            select(ContestEvent)
            .where(ContestEvent.contest_id == contest_id)
            .order_by(ContestEvent.id)
        )
    )


def prizes(contest_id: int) -> tuple[Prize, ...]:
    """A contest's prizes: by place, the goal prize last."""
    return tuple(
        db.session.scalars(
            select(Prize)
            .where(Prize.contest_id == contest_id)
            .order_by(Prize.place.is_(None), Prize.place, Prize.id)
        )
    )


def prize_terms(contest_id: int) -> tuple[PrizeTerms, ...]:
    """The prizes as sharing out needs them."""
    return tuple(
        PrizeTerms(
            prize.id,
            prize.place,
            prize.cost_minor,
            None if prize.reserve_score is None else Fraction(prize.reserve_score),
            is_improvement=prize.is_improvement,
            for_manager=prize.for_manager,
            stock=prize.stock,
        )
        for prize in prizes(contest_id)
    )


def result_sides(contest: Contest) -> tuple[Side, ...]:
    """The kept result of the contest's revision."""
    is_person = unit_kind(contest) is UnitKind.PERSON
    rows = db.session.scalars(
        select(FrozenStanding).where(
            FrozenStanding.board_id == contest.board_id, FrozenStanding.rev == contest.rev
        )
    )
    return tuple(
        Side(
            row.unit_id,
            row.rank,
            None if row.score is None else Fraction(row.score),
            None if row.rank_score is None else Fraction(row.rank_score),
            row.roster,
            row.division,
            None if row.improvement is None else Fraction(row.improvement),
            is_person=is_person,
        )
        for row in rows
    )


def unit_kind(contest: Contest) -> UnitKind:
    """What the contest ranks: its rows' keys are ids of these."""
    return UnitKind(db.session.get_one(Board, contest.board_id).unit)


def people_by_key(keys: Collection[str]) -> dict[str, int]:
    """People a playbook may name by the files' person_id."""
    return people.by_key(keys) if keys else {}


def open_disputes(contest_id: int) -> int:
    """How many doubts wait for an answer."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Dispute)
            .where(Dispute.contest_id == contest_id, Dispute.state == "open")
        )
        or 0
    )


def disputes(contest_id: int) -> tuple[Dispute, ...]:
    """Every doubt about a contest, oldest first."""
    return tuple(
        db.session.scalars(
            select(Dispute).where(Dispute.contest_id == contest_id).order_by(Dispute.id)
        )
    )


def awards(contest_id: int, rev: int | None = None) -> tuple[Award, ...]:
    """A contest's awards, by prize and team."""
    columns = (
        select(Award)
        .where(Award.contest_id == contest_id)
        .order_by(Award.place.is_(None), Award.place, Award.id)
    )
    if rev is not None:
        columns = columns.where(Award.rev == rev)
    return tuple(db.session.scalars(columns))


def granted_awards() -> tuple[tuple[int, int, int, tuple[int, ...]], ...]:
    """(award, contest, revision, people thanked) of awards not announced yet."""
    rows = db.session.execute(
        select(Award.id, Award.contest_id, Award.rev, Recognition.person_id)
        .outerjoin(Recognition, Recognition.award_id == Award.id)
        .where(Award.state == "granted", Award.is_sealed.is_(False))
        .order_by(Award.id)
    )
    found: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for award_id, contest_id, rev, person_id in rows:
        thanked = found[award_id, contest_id or 0, rev]
        if person_id is not None:
            thanked.append(person_id)
    return tuple((*key, tuple(thanked)) for key, thanked in found.items())


def invited(contest: Contest) -> Invited:
    """Reps of the racing units as of the first day, and whoever leads the teams then."""
    board = db.session.get_one(Board, contest.board_id)
    spec = facts.spec_of(board)
    here = facts.staff(spec)
    racing = tables.sides(spec, here)
    reps: dict[int, int] = {}
    if spec.units.needs_no_team:
        found = {person: spec.units.of(person, None) for person in here.calendars}
        reps = {person: unit for person, unit in found.items() if unit in racing and unit}
    for span in here.spans:
        is_here = span.covers(contest.starts_on) or span.starts_on > contest.starts_on
        unit = spec.units.of(span.person_id, span.team_id)
        if unit in racing and unit is not None and is_here:
            reps.setdefault(span.person_id, unit)
    names = reads.unit_names(spec, racing)
    return Invited(
        reps,
        leads_by_person(racing if spec.kind.is_team else (), contest.starts_on),
        {unit: names.get(unit, "") for unit in racing},
    )


def leads_of_contest(contest: Contest, unit_ids: Collection[int], on: date) -> dict[int, int]:
    """Lead -> team, where the contest is between teams; lists and persons have none."""
    return leads_by_person(unit_ids, on) if unit_kind(contest).is_team else {}


def leads_by_person(team_ids: Collection[int], on: date) -> dict[int, int]:
    """Lead -> team they lead, for these teams on a day."""
    return {
        lead: team
        for team, leads in sorted(people.leads_of(team_ids, on).items())
        for lead in leads
    }


def leads_between(
    team_ids: Collection[int], days: Collection[date]
) -> dict[int, dict[date, tuple[int, ...]]]:
    """Who led each team on each of these days; days without anybody are left out."""
    if not days:
        return {}
    found: dict[int, dict[date, tuple[int, ...]]] = defaultdict(dict)
    spans = [
        span
        for span in people.memberships_between(min(days), max(days) + timedelta(days=1))
        if span.is_lead and span.team_id in team_ids
    ]
    for day in days:
        for span in spans:
            if span.covers(day):
                known = found[span.team_id].get(day, ())
                found[span.team_id][day] = (*known, span.person_id)
    return dict(found)


def next_level_up(team_ids: Collection[int], on: date) -> dict[int, int]:
    """Whom each team's last lead answered to; where it never had one, whom most of it does."""
    if not team_ids:
        return {}
    found: dict[int, int] = {}
    spans = people.memberships_between(FIRST_DAY, on + timedelta(days=1))
    for team_id in team_ids:
        led = [span for span in spans if span.is_lead and span.team_id == team_id]
        last = max(led, key=lambda span: (span.starts_on, span.id), default=None)
        asked = [last.person_id] if last else sorted(people.people_in_teams([team_id], on))
        bosses = [card.manager_id for card in people.cards(asked).values() if card.manager_id]
        if bosses:
            found[team_id] = max(set(bosses), key=lambda boss: (bosses.count(boss), -boss))
    return found


def main_teams(board_id: int) -> dict[int, int]:
    """Each rep of a board with the team they were available on most."""
    best: dict[int, tuple[int, int]] = {}
    for score in reads.member_scores(board_id):
        mine = (score.available_days, score.unit_id)
        best[score.person_id] = max(best.get(score.person_id, (-1, 0)), mine)
    return {person: team for person, (_, team) in best.items()}


def team_sizes(programme: Programme, start: date, end: date) -> tuple[TeamSize, ...]:
    """Teams with at least one rep of the programme in [start, end), by name."""
    reps = programmes.members(programme.id)
    sizes: dict[int, set[int]] = defaultdict(set)
    for span in people.memberships_between(start, end):
        if span.person_id in reps:
            sizes[span.team_id].add(span.person_id)
    names = people.team_names(sizes.keys())
    found = [TeamSize(ident, names[ident], len(reps)) for ident, reps in sizes.items()]
    return tuple(sorted(found, key=lambda team: (team.name, team.id)))


def thanks(*, person_id: int | None = None, limit: int = 60) -> tuple[Thanks, ...]:
    """Recognitions, newest first: one person's own, or the wall without those who opted out.

    The thanks for an award that was taken back are shown no more.
    """
    columns = (
        select(Recognition, Award, Contest)
        .outerjoin(Award, Award.id == Recognition.award_id)
        .outerjoin(Contest, Contest.id == Award.contest_id)
        .where(or_(Award.id.is_(None), Award.state != "reversed"))
        .where(func.coalesce(Award.is_sealed, false()).is_(False))
        .order_by(Recognition.given_at.desc(), Recognition.id.desc())
        .limit(limit)
    )
    if person_id is not None:
        columns = columns.where(Recognition.person_id == person_id)
    rows = db.session.execute(columns).all()
    cards = people.cards({row[0].person_id for row in rows})
    teams = people.team_names({award.team_id or 0 for _, award, _ in rows if award is not None})
    found = []
    for given, award, contest in rows:
        card = cards.get(given.person_id)
        is_own = person_id is not None
        found.append(
            Thanks(
                person_id=given.person_id,
                name=None if card is None else card.shown if is_own else card.on_boards,
                title=given.title,
                text=given.text,
                given_at=given.given_at,
                contest_slug=contest.slug if contest else None,
                contest_title=contest.title if contest else None,
                team=teams.get(award.team_id or 0) if award else None,
                place=award.place if award else None,
            )
        )
    return tuple(found)


def team_awards(
    *, team_ids: Collection[int] | None = None, limit: int = 60
) -> tuple[TeamAward, ...]:
    """Awards to teams, newest first; of these teams only, where they are named."""
    columns = (
        select(Award, Contest, BracketDraw)
        .outerjoin(Contest, Contest.id == Award.contest_id)
        .outerjoin(BracketDraw, BracketDraw.id == Award.bracket_id)
        .where(
            Award.state.in_(["granted", "announced"]),
            Award.team_id.is_not(None),
            Award.is_sealed.is_(False),
        )
        .order_by(Award.granted_at.desc(), Award.place.is_(None), Award.place, Award.id)
        .limit(limit)
    )
    if team_ids is not None:
        columns = columns.where(Award.team_id.in_(list(team_ids)))
    rows = db.session.execute(columns).all()
    names = people.team_names({award.team_id for award, _, _ in rows if award.team_id})
    return tuple(
        TeamAward(
            award_id=award.id,
            link=f"/brackets/{draw.slug}" if contest is None else f"/contests/{contest.slug}",
            contest_title=draw.title if contest is None else contest.title,
            team=names.get(award.team_id or 0, ""),
            prize=award.title,
            place=award.place,
            amount_minor=award.amount_minor,
            currency=award.currency,
            state=award.state,
            granted_at=award.granted_at,
        )
        for award, contest, draw in rows
        if contest is not None or draw is not None
    )


def thanked_people(award_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Who was thanked for each award."""
    rows = db.session.execute(
        select(Recognition.award_id, Recognition.person_id)
        .where(Recognition.award_id.in_(list(award_ids)))
        .order_by(Recognition.person_id)
    )
    found: dict[int, list[int]] = defaultdict(list)
    for award_id, person_id in rows:
        found[award_id or 0].append(person_id)
    return {award_id: tuple(thanked) for award_id, thanked in found.items()}


def team_ids_by_name() -> dict[str, int]:
    """Every team a playbook may name."""
    return people.team_ids_by_name()


def running() -> tuple[Contest, ...]:
    """Contests that run now, the one that ends first in front."""
    return tuple(
        db.session.scalars(
            select(Contest)
            .where(Contest.state.in_([State.RUNNING, State.PAUSED]))
            .order_by(Contest.ends_at, Contest.id)
        )
    )


def own_board_teams(board_id: int, person_id: int) -> frozenset[int]:
    """The team a rep was available on most, as a set; empty when they take no part."""
    mine = reads.member_scores_of(board_id, person_id)
    best = max(mine, key=lambda score: score.available_days, default=None)
    return frozenset() if best is None else frozenset({best.unit_id})


def winner_names(contest: Contest) -> dict[int, str]:
    """Award -> who won it, as boards name them: a team, a list of people, or a person."""
    given = awards(contest.id)
    teams = people.team_names({award.team_id for award in given if award.team_id is not None})
    cards = people.cards({award.person_id for award in given if award.person_id is not None})
    sides = {award.side_id for award in given if award.side_id is not None}
    spec = facts.spec_of(db.session.get_one(Board, contest.board_id))
    lists = reads.unit_names(spec, sides) if sides else {}
    persons = {ident: card.on_boards for ident, card in cards.items()}
    return {
        award.id: teams.get(award.team_id or 0)
        or lists.get(award.side_id or 0)
        or persons.get(award.person_id or 0)
        or reads.NOT_LISTED
        for award in given
    }


def decided_at(contest: Contest) -> datetime | None:
    """When a provisional result becomes final if nobody doubts it."""
    return None if contest.provisional_at is None else contest.provisional_at + DISPUTE_WINDOW
