"""What is sealed, what a ceremony shows, and what its papers say.

`is_sealed` and `Award.is_sealed` are the one place that decides: boards ask their own flag, which a
ceremony sets, and every list of awards or thanks leaves out what is sealed.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from core.calendars import zone_of as calendar_zone
from core.db import db
from core.web import ordinal
from incentives.models import Award, Ceremony, CeremonyReveal, Contest, Recognition
from incentives.queries import life
from incentives.queries import records as rows
from incentives.rules.awards import IN_FORCE
from incentives.rules.ceremony import (
    LOWEST_PLACE,
    REHEARSAL,
    SEALING,
    Honour,
    Kind,
    Screen,
    screens,
)
from incentives.rules.contests import DISPUTE_WINDOW
from leaderboard.metrics import SCORE_UNITS, plain, score_words
from leaderboard.models import Board
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from leaderboard.rules.standing import MemberScore, Mode
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes

UNNAMED = "A colleague who prefers not to be named"


@dataclass(frozen=True)
class Member:
    """One of those behind a win, by the name they are listed under, and what they did."""

    person_id: int
    name: str
    deed: str


@dataclass(frozen=True)
class Winner:
    """A screen as it is shown. `unlisted` counts those who are on the team and not named."""

    key: str
    reason: str
    name: str
    unit_id: int
    is_team: bool
    leads: tuple[str, ...]
    members: tuple[Member, ...]
    unlisted: int
    score: str
    unit: str
    lines: tuple[str, ...]
    titles: tuple[str, ...]
    subject: str


def ceremony_of(contest_id: int) -> Ceremony | None:
    """The contest's ceremony, if one was ever planned."""
    return db.session.scalar(select(Ceremony).where(Ceremony.contest_id == contest_id))


def is_sealed(contest_id: int) -> bool:
    """Whether a contest's results wait for its ceremony."""
    found = ceremony_of(contest_id)
    return found is not None and found.state in SEALING


def sealed_boards() -> frozenset[int]:
    """Boards whose results wait for a ceremony."""
    return frozenset(
        db.session.scalars(
            select(Contest.board_id)
            .join(Ceremony, Ceremony.contest_id == Contest.id)
            .where(Ceremony.state.in_(sorted(SEALING)))
        )
    )


def waiting() -> tuple[tuple[Ceremony, Contest], ...]:
    """Ceremonies that seal something, the one planned first in front."""
    found = db.session.execute(
        select(Ceremony, Contest)
        .join(Contest, Contest.id == Ceremony.contest_id)
        .where(Ceremony.state.in_(sorted(SEALING)))
        .order_by(Ceremony.planned_at, Ceremony.id)
    )
    return tuple((ceremony, contest) for ceremony, contest in found)


def revealed(ceremony_id: int) -> frozenset[str]:
    """The screens shown so far."""
    return frozenset(
        db.session.scalars(
            select(CeremonyReveal.screen).where(CeremonyReveal.ceremony_id == ceremony_id)
        )
    )


def sealed_awards(contest_id: int) -> tuple[Award, ...]:
    """Awards nobody has heard of yet."""
    return tuple(
        db.session.scalars(
            select(Award).where(Award.contest_id == contest_id, Award.is_sealed).order_by(Award.id)
        )
    )


def awards_shown(contest_id: int, *, is_covered: bool) -> tuple[Award, ...]:
    """What a contest has given, as a reader may know it: to whom it is covered, what was shown."""
    given = life.awards_in_force(contest_id)
    return tuple(award for award in given if not (is_covered and award.is_sealed))


def screens_of(contest: Contest) -> tuple[Screen, ...]:
    """Who is shown, in the order in which they are."""
    places = {place.unit_id: place for place in reads.frozen_places(contest.board_id, contest.rev)}
    awards = life.awards_in_force(contest.id)
    found = [_of_award(award, places) for award in awards if unit_of(award) in places]
    found += [
        _of_place(place)
        for place in places.values()
        if place.rank is not None and place.rank <= LOWEST_PLACE and place.points
    ]
    return screens(found)


def unit_of(award: Award) -> int:
    """The row of the result an award belongs to; a lead's own names their team in its rule."""
    _, is_leads, team = award.rule.partition(":team:")
    if is_leads:
        return int(team)
    return award.team_id or award.side_id or award.person_id or 0


def _of_award(award: Award, places: Mapping[int, Place]) -> Honour:
    unit_id = unit_of(award)
    place = places[unit_id]
    is_leads = ":team:" in award.rule
    kind = Kind.SIDE if is_leads else Kind.GOAL if award.place is None else Kind.PLACE
    if kind is Kind.GOAL and _is_improvement(award):
        kind = Kind.SIDE
    return Honour(
        kind=kind,
        unit_id=unit_id,
        name=place.unit,
        place=award.place,
        division=place.division,
        award_id=award.id,
        title=award.title,
        person_id=award.person_id if is_leads else None,
    )


def _is_improvement(award: Award) -> bool:
    return any(
        prize.is_improvement
        for prize in rows.prizes(award.contest_id or 0)
        if prize.id == award.prize_id
    )


def _of_place(place: Place) -> Honour:
    return Honour(Kind.PLACE, place.unit_id, place.unit, place.rank, place.division)


@dataclass(frozen=True)
class Stage:
    """What every screen of one contest is made from."""

    contest: Contest
    kind: UnitKind
    mode: Mode
    places: Mapping[int, Place]
    rosters: Mapping[int, Sequence[MemberScore]]
    cards: Mapping[int, people.PersonCard]
    leads: Mapping[int, int]
    ranked: int


def stage_of(contest: Contest, units: Collection[int]) -> Stage:
    """Read what the screens of these units say, in a few statements."""
    board = db.session.get_one(Board, contest.board_id)
    places = reads.frozen_places(contest.board_id, contest.rev)
    rosters: dict[int, list[MemberScore]] = defaultdict(list)
    for score in reads.member_scores(contest.board_id):
        if score.on_roster and score.unit_id in units:
            rosters[score.unit_id].append(score)
    leads = rows.leads_of_contest(contest, units, contest.last_on)
    wanted = {score.person_id for scores in rosters.values() for score in scores} | set(leads)
    wanted |= {award.person_id for award in life.awards_in_force(contest.id) if award.person_id}
    return Stage(
        contest=contest,
        kind=UnitKind(board.unit),
        mode=Mode(board.mode),
        places={place.unit_id: place for place in places},
        rosters=rosters,
        cards=people.cards(wanted),
        leads=leads,
        ranked=sum(place.ranked for place in places),
    )


def winners(contest: Contest, found: Sequence[Screen]) -> tuple[Winner, ...]:
    """These screens with names and numbers; who is not listed is counted and not named."""
    stage = stage_of(contest, {screen.unit_id for screen in found})
    return tuple(winner(stage, screen) for screen in found)


def winner(stage: Stage, screen: Screen) -> Winner:
    """One screen with names and numbers."""
    place = stage.places[screen.unit_id]
    scores = stage.rosters.get(screen.unit_id, ())
    is_team = stage.kind is not UnitKind.PERSON and screen.person_id is None
    listed = [(score, _listed(stage, score.person_id)) for score in scores] if is_team else []
    members = [Member(score.person_id, name, member_deed(score)) for score, name in listed if name]
    name = place.unit if place.is_listed else UNNAMED
    if screen.person_id is not None:
        name = _listed(stage, screen.person_id) or UNNAMED
    leads = sorted(lead for lead, team in stage.leads.items() if team == screen.unit_id)
    return Winner(
        key=screen.key,
        reason=_reason(stage.contest.title, screen),
        name=name,
        unit_id=screen.unit_id,
        is_team=is_team,
        leads=tuple(filter(None, (_listed(stage, lead) for lead in leads))) if is_team else (),
        members=tuple(sorted(members, key=lambda each: (each.name, each.person_id))),
        unlisted=sum(not name for _, name in listed),
        score=score_words(stage.mode, place.score),
        unit=SCORE_UNITS[stage.mode].removeprefix("% "),
        lines=_lines(stage, screen, place),
        titles=screen.titles,
        subject=_subject(stage.contest, screen),
    )


def _subject(contest: Contest, screen: Screen) -> str:
    """What the screen's certificate is for: its first award, or the place where nothing is won."""
    if screen.award_ids:
        return f"A{screen.award_ids[0]}"
    return f"P{contest.id}X{screen.unit_id}"


def _listed(stage: Stage, person_id: int) -> str | None:
    card = stage.cards.get(person_id)
    return None if card is None else card.on_boards


def _reason(title: str, screen: Screen) -> str:
    if screen.kind is Kind.PLACE:
        division = f", {screen.division}" if screen.division else ""
        return f"{title}{division}, {PLACES.get(screen.place or 0) or _nth(screen)} place"
    if screen.kind is Kind.GOAL:
        return f"{title}, reached the goal"
    return f"{title}: {screen.titles[0] if screen.titles else 'side award'}"


PLACES = {1: "first", 2: "second", 3: "third"}


def _nth(screen: Screen) -> str:
    return ordinal(screen.place or 0)


def _lines(stage: Stage, screen: Screen, place: Place) -> tuple[str, ...]:
    noun = "reps" if stage.kind is UnitKind.PERSON else "teams"
    said = []
    if screen.person_id is not None:
        said.append(f"Led {place.unit}.")
    if place.rank is not None:
        said.append(f"{ordinal(place.rank)} of {stage.ranked} {noun}.")
    if stage.kind is not UnitKind.PERSON:
        said.append(f"{place.participants} of {place.roster} reps met their own target.")
    if screen.kind is Kind.SIDE and place.improvement is not None and screen.person_id is None:
        said.append(f"{plain(place.improvement)}% better than in the days before.")
    return tuple(said)


def member_deed(score: MemberScore) -> str:
    """What somebody did, as others may hear it: never as a shortfall."""
    days = "day" if score.active_days == 1 else "days"
    if score.met:
        return (
            f"on target with {score.active_days} {days} ({score.asked_days} asked), "
            f"{plain(score.points)} points"
        )
    if score.active_days:
        return f"{score.active_days} {days}, {plain(score.points)} points for the team"
    return "on the team, which did it together"


def rehearsal() -> tuple[Winner, ...]:
    """Invented winners, for trying the screen and the remote."""
    names = ("Ada Invented", "Ben Madeup", "Cleo Pretend", "Dov Makebelieve")
    members = tuple(Member(0, name, "on target with 4 days (4 asked), 60 points") for name in names)
    return tuple(
        Winner(
            key=screen.key,
            reason=_reason("Rehearsal", screen),
            name=screen.name,
            unit_id=screen.unit_id,
            is_team=True,
            leads=("Eve Fictional",),
            members=members,
            unlisted=1,
            score=f"{90 - 10 * number}%",
            unit="of the team on target",
            lines=("Nothing here is real.",),
            titles=screen.titles,
            subject="A0",
        )
        for number, screen in enumerate(REHEARSAL)
    )


@dataclass(frozen=True)
class Paper:
    """One certificate before it has its number."""

    subject: str
    kind: str
    name: str
    deed: str
    on: date
    team: str
    team_id: int


def papers(contest: Contest, *, for_people: bool) -> tuple[Paper, ...]:
    """The certificates of every winner; `for_people`: one for each of those thanked by name."""
    found = winners(contest, screens_of(contest))
    on = _decided_on(contest)
    if not for_people:
        return tuple(_paper(each, on) for each in found if each.name != UNNAMED)
    given = _thanks([int(each.subject[1:]) for each in found if each.subject.startswith("A")])
    by_subject = {each.subject: each for each in found if each.is_team}
    return tuple(
        Paper(
            subject=f"R{thanks_id}",
            kind=each.reason,
            name=member.name,
            deed=f"{member.deed[0].upper()}{member.deed[1:]}.",
            on=on,
            team=each.name,
            team_id=each.unit_id,
        )
        for subject, each in by_subject.items()
        for member in each.members
        if (thanks_id := given.get((subject, member.person_id))) is not None
    )


def _paper(each: Winner, on: date) -> Paper:
    deed = " ".join(each.lines)
    return Paper(each.subject, each.reason, each.name, deed, on, each.name, each.unit_id)


def _thanks(award_ids: Collection[int]) -> dict[tuple[str, int], int]:
    found = db.session.execute(
        select(Recognition.award_id, Recognition.person_id, Recognition.id).where(
            Recognition.award_id.in_(list(award_ids))
        )
    )
    return {(f"A{award}", person): ident for award, person, ident in found}


def _decided_on(contest: Contest) -> date:
    at: datetime = contest.final_at or contest.ends_at
    return programmes.calendar(programmes.by_id(contest.programme_id)).local_day(at)


def is_given(subject: str) -> bool:
    """Whether what a certificate is for still stands; a reversed award has no genuine paper."""
    kind, rest = subject[0], subject[1:]
    if kind == "A":
        award = db.session.get(Award, int(rest))
        return award is not None and award.state in IN_FORCE
    if kind == "R":
        thanks = db.session.get(Recognition, int(rest))
        return thanks is not None and (thanks.award_id is None or is_given(f"A{thanks.award_id}"))
    contest_id, _, unit_id = rest.partition("X")
    contest = db.session.get(Contest, int(contest_id))
    if contest is None or contest.final_at is None:
        return False
    return any(
        place.unit_id == int(unit_id) and place.rank is not None and place.rank <= LOWEST_PLACE
        for place in reads.frozen_places(contest.board_id, contest.rev)
    )


def zone_of_contest(contest: Contest) -> str:
    """The zone in which the contest's moments are told."""
    return programmes.by_id(contest.programme_id).time_zone


def plan_given(contest: Contest, found: Ceremony | None, person_id: int | None) -> dict[str, str]:
    """What the form to plan begins with: the third day after the earliest decision, at eleven."""
    zone = calendar_zone(zone_of_contest(contest))
    if found is not None:
        local = found.planned_at.astimezone(zone)
    else:
        decided = (contest.grace_ends_at + DISPUTE_WINDOW).astimezone(zone)
        local = (decided + timedelta(days=1)).replace(hour=11, minute=0)
    host = found.host_id if found is not None else person_id
    return {
        "planned_at": f"{local:%Y-%m-%dT%H:%M}",
        "release_days": str(found.release_days if found is not None else 7),
        "host_id": str(host or ""),
    }


def possible_hosts(
    contest: Contest, found: Ceremony | None, person_id: int | None
) -> tuple[tuple[str, str], ...]:
    """Who may be asked to hold it: who runs contests or leads those who do, its author, oneself."""
    wanted = set(people.ids_with_role("sales_ops", "executive", "director"))
    known = (contest.author_id, person_id, found.host_id if found else None)
    cards = people.cards(wanted | {ident for ident in known if ident is not None})
    active = [(card.name, ident) for ident, card in cards.items() if card.status == "active"]
    return tuple((str(ident), name) for name, ident in sorted(active))


def signer(contest: Contest, found: Ceremony) -> str:
    """Who signs the certificates: who holds the ceremony, else who launched the contest."""
    ident = found.host_id or contest.author_id
    card = None if ident is None else people.cards([ident]).get(ident)
    return "" if card is None else card.name
