"""Granting what a closed contest gives, and announcing it once everybody thanked has heard."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from core import audit, ledger, outbox
from core.calendars import days_between
from core.db import db, insert_missing, lock_row
from core.outbox import Letter, LetterState
from core.policy import SYSTEM, Actor
from core.web import ordinal
from incentives import notices, queries
from incentives.models import Award, Contest, Recognition
from incentives.notices import ContestWords, ResultWords
from incentives.queries import ceremony as ceremonies
from incentives.queries import life
from incentives.rules.awards import AwardStep
from incentives.rules.prizes import (
    Seat,
    Win,
    allocate,
    is_reached,
    is_void,
    managers_of_record,
)
from incentives.services import award_steps
from incentives.services.contests import purse_account
from incentives.services.words import contest_words
from leaderboard.metrics import plain
from leaderboard.models import Board
from leaderboard.queries import facts, loops, reads, series
from leaderboard.queries.reads import Place
from leaderboard.rules.loops import Kept, keeps_enough
from leaderboard.rules.standing import MemberScore
from leaderboard.rules.units import UnitKind
from people import queries as people
from programme import queries as programmes

ON_THEIR_WAY = frozenset(
    {LetterState.QUEUED, LetterState.DEFERRED, LetterState.RETRY, LetterState.SENDING}
)
NEVER_HEARD = frozenset({LetterState.FAILED, LetterState.CANCELLED})
VOID_FEW = "void: fewer than two could be ranked, so nobody wins and the prizes return"
VOID_UNHEARD = (
    "void: at its start fewer than half of those who may take part had heard of it, so nobody wins "
    "and the prizes return"
)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Result:
    """A closed contest's rows by unit, and who stood behind each."""

    kind: UnitKind
    places: Mapping[int, Place]
    rosters: Mapping[int, Sequence[MemberScore]]
    ranked: int
    rev: int


def goal_of(contest: Contest) -> Fraction | None:
    """The score at which every unit wins the goal prize; a share where taking part is scored."""
    return None if contest.goal is None else Fraction(contest.goal)


@dataclass(frozen=True)
class Outcome:
    """Who wins what by the kept result; `void` says why nobody does."""

    wins: tuple[Win, ...]
    void: str | None = None


def outcome(contest: Contest, now: datetime) -> Outcome:
    """What the contest's kept result gives, or why it gives nothing (cases 12, 16, 17, 37)."""
    sides = queries.result_sides(contest)
    if is_void(sides):
        return Outcome((), VOID_FEW)
    if contest.eligible_at_start is not None and not is_reached(
        contest.reached_at_start or 0, contest.eligible_at_start
    ):
        return Outcome((), VOID_UNHEARD)
    prizes, capped = queries.prize_terms(contest.id), series.capped_units(contest.board_id)
    wins = allocate(prizes, sides, goal_of(contest), capped)
    return Outcome(resolve(contest, wins, now))


def count_reach(contest: Contest, at: datetime) -> None:
    """Keep how many of those who may take part had heard of it by the start (case 12)."""
    invited = queries.invited(contest).reps
    calendars = people.calendars(invited)
    eligible = [ident for ident in invited if calendars[ident].is_current(contest.starts_on)]
    keys = [notices.announced_key(contest.id, ident) for ident in eligible]
    states = outbox.states_by_dedupe(keys) if keys else {}
    contest.eligible_at_start = len(eligible)
    contest.reached_at_start = sum(state not in NEVER_HEARD for state in states.values())


def resolve(contest: Contest, wins: Sequence[Win], now: datetime) -> tuple[Win, ...]:
    """The wins with whom each goes to; what nobody may take returns to the budget.

    A person's prize asks that they are still here when it is decided (case 16). A manager's goes to
    whoever led the team for most of the contest's days, two who led it together each; an empty seat
    gives no prize, and the next level up is thanked (case 17). One that asks for kept loops is not
    given to who skipped more.
    """
    found: list[Win] = []
    seats = _seats(contest, {win.unit_id for win in wins if win.for_manager})
    is_kept = _loops_asked_for(contest, [win for win in wins if win.for_manager])
    for win in wins:
        if not win.for_manager:
            found.append(win)
            continue
        seat = seats[win.unit_id]
        cost = 0 if seat.is_vacant else win.cost_minor
        found += [
            replace(win, person_id=each, cost_minor=cost)
            for each in seat.person_ids
            if seat.is_vacant or is_kept(win, each)
        ]
    is_personal = queries.unit_kind(contest) is UnitKind.PERSON
    theirs = {win: win.unit_id if is_personal else win.person_id for win in found}
    here = _employed(contest, [each for each in theirs.values() if each is not None], now)
    return tuple(win for win in found if theirs[win] is None or theirs[win] in here)


def _loops_asked_for(contest: Contest, wins: Sequence[Win]) -> Callable[[Win, int], bool]:
    """Whether a manager kept as many of the contest's weekly loops as the prize asks for."""
    asked = {
        prize.id: Fraction(prize.min_loops_kept)
        for prize in queries.prizes(contest.id)
        if prize.min_loops_kept is not None
    }
    teams = {win.unit_id for win in wins if win.prize_id in asked}
    kept: dict[tuple[int, int], Kept] = {}
    if teams:
        board = db.session.get_one(Board, contest.board_id)
        kept = loops.kept_by_manager(facts.spec_of(board), teams, board.closes_at)

    def keeps(win: Win, person_id: int) -> bool:
        least = asked.get(win.prize_id)
        theirs = kept.get((win.unit_id, person_id), Kept(0, 0))
        return least is None or keeps_enough(theirs, least)

    return keeps


def _seats(contest: Contest, team_ids: Collection[int]) -> dict[int, Seat]:
    days = tuple(days_between(contest.starts_on, contest.last_on + DAY))
    leads = queries.leads_between(team_ids, days)
    above = queries.next_level_up(team_ids, contest.last_on)
    return {
        team_id: managers_of_record(days, leads.get(team_id, {}), above.get(team_id))
        for team_id in team_ids
    }


def grant(
    contest: Contest, wins: Sequence[Win], *, is_void: bool, actor: Actor, now: datetime
) -> None:
    """Write every award with its ledger entry, thank each rep behind it, and tell everybody."""
    result = _result(contest, {win.unit_id for win in wins}, now)
    granted = _give(contest, wins, result, actor, now)
    if not ceremonies.is_sealed(contest.id):
        _tell(contest, granted, result, now)
    audit.record(
        "award.grant",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={"awards": len(wins), "void": is_void, "rev": contest.rev},
    )


def tell_everybody(contest: Contest, now: datetime) -> None:
    """Tell everybody what was decided while a ceremony kept it back; who knows hears nothing new.

    A letter has its key for ever, so who was told at a reveal is not told again.
    """
    granted = _granted(contest)
    _tell(contest, granted, _result(contest, set(granted), now), now)


def tell_winners(contest: Contest, unit_ids: Collection[int], now: datetime) -> None:
    """Thank these units alone, at their reveal."""
    granted = {unit: won for unit, won in _granted(contest).items() if unit in unit_ids}
    result = _result(contest, set(granted), now)
    leads = queries.leads_of_contest(contest, granted, contest.last_on)
    leads |= _honoured(granted, result)
    teams = queries.main_teams(contest.board_id)
    names = {ident: card.name for ident, card in people.cards({**teams, **leads}).items()}
    letters, _ = _to_winners(contest_words(contest), leads, granted, result, names)
    outbox.post_all(letters, now)


def _granted(contest: Contest) -> dict[int, list[Award]]:
    granted: dict[int, list[Award]] = defaultdict(list)
    for award in life.awards_in_force(contest.id):
        granted[ceremonies.unit_of(award)].append(award)
    return granted


def grant_more(contest: Contest, wins: Sequence[Win], *, actor: Actor, now: datetime) -> None:
    """Give what an amended result owes beyond what was given; contingency pays it (case 28)."""
    if not wins:
        return
    result = _result(contest, {win.unit_id for win in wins}, now)
    ledger.open_account(purse_account(contest), contest.currency)
    granted = _give(contest, wins, result, actor, now, is_refilled=True)
    teams = queries.main_teams(contest.board_id)
    leads = queries.leads_of_contest(contest, granted, contest.last_on)
    leads |= _honoured(granted, result)
    names = {ident: card.name for ident, card in people.cards({**teams, **leads}).items()}
    letters, _ = _to_winners(contest_words(contest), leads, granted, result, names)
    outbox.post_all(letters, now)


def _give(
    contest: Contest,
    wins: Sequence[Win],
    result: Result,
    actor: Actor,
    now: datetime,
    *,
    is_refilled: bool = False,
) -> dict[int, list[Award]]:
    """The awards that were granted, by unit; one whose recipient is away waits and is not in it."""
    titles = {prize.id: prize.title for prize in queries.prizes(contest.id)}
    granted: dict[int, list[Award]] = defaultdict(list)
    for win in wins:
        award = _award(contest, win, titles[win.prize_id], result, now)
        if is_refilled and award.amount_minor:
            key = f"{award.entry_key}:contingency"
            award_steps.refill(award, award.amount_minor, key, actor, now)
        if award_steps.begin(award, actor=actor, now=now):
            granted[win.unit_id].append(award)
    _thank(contest, granted, result, now)
    return granted


def _result(contest: Contest, winners: set[int], now: datetime) -> Result:
    places = reads.frozen_places(contest.board_id, contest.rev)
    rosters: dict[int, list[MemberScore]] = defaultdict(list)
    scores = [score for score in reads.member_scores(contest.board_id) if score.on_roster]
    here = _still_here(contest, [score.person_id for score in scores], now)
    for score in scores:
        if score.unit_id in winners and score.person_id in here:
            rosters[score.unit_id].append(score)
    return Result(
        kind=queries.unit_kind(contest),
        places={place.unit_id: place for place in places},
        rosters=rosters,
        ranked=sum(place.ranked for place in places),
        rev=contest.rev,
    )


def _employed(contest: Contest, person_ids: Sequence[int], now: datetime) -> frozenset[int]:
    """Who may win (case 16); whose sign-in is suspended may, and the award waits for them."""
    programme = programmes.by_id(contest.programme_id)
    today = programmes.calendar(programme).local_day(now)
    calendars = people.calendars(person_ids)
    return frozenset(
        ident
        for ident, card in people.cards(person_ids).items()
        if card.status in {"active", "suspended"} and calendars[ident].is_employed(today)
    )


def _still_here(contest: Contest, person_ids: Sequence[int], now: datetime) -> frozenset[int]:
    """Who may be thanked: active and employed when the contest is decided (case 16)."""
    programme = programmes.by_id(contest.programme_id)
    today = programmes.calendar(programme).local_day(now)
    calendars = people.calendars(person_ids)
    return frozenset(
        ident
        for ident, card in people.cards(person_ids).items()
        if card.status == "active" and calendars[ident].is_employed(today)
    )


def _award(contest: Contest, win: Win, title: str, result: Result, now: datetime) -> Award:
    source, rule = f"contest:{contest.id}", f"prize:{win.prize_id}"
    if win.person_id is not None:
        rule = f"{rule}:team:{win.unit_id}"
    whose = _whose(win, result.kind)
    recipient = "".join(f"{name.removesuffix('_id')}:{ident}" for name, ident in whose.items())
    award = Award(
        source=source,
        rule=rule,
        recipient=recipient,
        rev=contest.rev,
        title=title,
        reason=_reason(win, result),
        state="proposed",
        currency=contest.currency,
        granted_at=now,
        entry_key=f"award:{source}:{rule}:{recipient}:{contest.rev}",
        contest_id=contest.id,
        prize_id=win.prize_id,
        place=win.place,
        amount_minor=win.cost_minor,
        is_sealed=ceremonies.is_sealed(contest.id),
        **whose,
    )
    db.session.add(award)
    db.session.flush()
    return award


def _whose(win: Win, kind: UnitKind) -> dict[str, Any]:
    """The column that names the recipient, with its id."""
    if win.person_id is not None:
        return {"person_id": win.person_id}
    if kind is UnitKind.PERSON:
        return {"person_id": win.unit_id}
    return {"side_id" if kind is UnitKind.ADHOC else "team_id": win.unit_id}


def _reason(win: Win, result: Result) -> str:
    place = result.places[win.unit_id]
    part = f"{place.participants} of {place.roster} reps met their own target"
    if result.kind is UnitKind.PERSON:
        part = f"{plain(place.points)} points"
    elif win.place is None and place.improvement is not None and win.person_id is None:
        part = f"{plain(place.improvement)}% better than in the days before, {part}"
    said = f"{ordinal(place.rank)} place, {part}" if place.rank else part.capitalize()
    return said if win.person_id is None else f"Led {place.unit}: {said}"


def _thank(
    contest: Contest, granted: Mapping[int, Sequence[Award]], result: Result, now: datetime
) -> None:
    rows = [
        {
            "award_id": award.id,
            "person_id": score.person_id,
            "title": f"{contest.title}: {award.title}",
            "text": deed(score, _unit_words(result, unit_id)),
            "given_at": now,
            "given_by_id": None,
        }
        for unit_id, awards in granted.items()
        for award in awards
        if not _is_manager(award, result.kind)
        for score in result.rosters.get(unit_id, ())
    ]
    rows += [
        {
            "award_id": award.id,
            "person_id": award.person_id,
            "title": f"{contest.title}: {award.title}",
            "text": f"You led {result.places[unit_id].unit}: {award.reason.partition(': ')[2]}.",
            "given_at": now,
            "given_by_id": None,
        }
        for unit_id, awards in granted.items()
        for award in awards
        if _is_manager(award, result.kind)
    ]
    if rows:
        insert_missing(Recognition, rows, ["award_id", "person_id"])


def _is_manager(award: Award, kind: UnitKind) -> bool:
    """Whether it thanks who led the unit, not those on its roster."""
    return award.person_id is not None and kind is not UnitKind.PERSON


def _unit_words(result: Result, unit_id: int) -> str | None:
    """What to call the unit to those on it; a lone person brought their points to nobody else."""
    return None if result.kind is UnitKind.PERSON else result.places[unit_id].unit


def deed(score: MemberScore, team: str | None) -> str:
    """What one rep did for the team, in numbers they can check; None: they raced alone."""
    days = "day" if score.active_days == 1 else "days"
    did = f"On {score.active_days} {days} you did what this contest was about"
    if score.met:
        return f"{did} ({score.asked_days} were asked of you), {plain(score.points)} points."
    if team is None:
        return f"{did}, {plain(score.points)} points."
    if score.active_days:
        return f"{did} and brought {team} {plain(score.points)} points."
    return f"You were on the roster of {team}, which won together."


def _tell(
    contest: Contest, granted: Mapping[int, Sequence[Award]], result: Result, now: datetime
) -> None:
    words = contest_words(contest)
    teams = queries.main_teams(contest.board_id)
    leads = queries.leads_of_contest(contest, result.places.keys(), contest.last_on)
    honoured = _honoured(granted, result)
    names = {ident: card.name for ident, card in people.cards({*teams, *leads, *honoured}).items()}
    letters, thanked = _to_winners(words, {**leads, **honoured}, granted, result, names)
    others = {
        person: _words(result, team, names.get(person))
        for person, team in {**leads, **teams}.items()
        if person not in thanked and team in result.places and person in names
    }
    letters += notices.result(words, others, names, now, contest.rev)
    outbox.post_all(letters, now)


def _honoured(granted: Mapping[int, Sequence[Award]], result: Result) -> dict[int, int]:
    """Manager -> team, of those whose own award this is."""
    return {
        award.person_id: unit_id
        for unit_id, awards in granted.items()
        for award in awards
        if award.person_id is not None and _is_manager(award, result.kind)
    }


def _to_winners(
    words: ContestWords,
    leads: Mapping[int, int],
    granted: Mapping[int, Sequence[Award]],
    result: Result,
    names: Mapping[int, str],
) -> tuple[list[Letter], set[int]]:
    """The letters of thanks, and everybody who gets one."""
    letters: list[Letter] = []
    thanked: set[int] = set()
    for team_id, awards in granted.items():
        summary, wins = _words(result, team_id), [award.title for award in awards]
        theirs = [award.title for award in awards if not _is_manager(award, result.kind)]
        for score in result.rosters.get(team_id, ()):
            who = (score.person_id, names.get(score.person_id, ""))
            did = deed(score, _unit_words(result, team_id))
            mine = _words(result, team_id, who[1])
            if score.person_id not in thanked and theirs:
                letters.append(notices.won(words, who, mine, theirs, did, result.rev))
                thanked.add(score.person_id)
        for lead in [lead for lead, team in leads.items() if team == team_id]:
            letters.append(
                notices.led(words, (lead, names.get(lead, "")), summary, wins, result.rev)
            )
            thanked.add(lead)
    return letters, thanked


def _words(result: Result, unit_id: int, reader: str | None = None) -> ResultWords:
    """How a unit came off; a lone person reads their own name, listed or not."""
    place = result.places[unit_id]
    is_own = result.kind is UnitKind.PERSON and reader is not None
    return ResultWords(
        reader if is_own and reader else place.unit,
        place.rank,
        result.ranked,
        place.participants,
        place.roster,
    )


def announce_due(now: datetime) -> int:
    """Mark awards announced once no letter about them waits any more; return how many.

    Captured, sent, stopped by the reader's wish or given up: the letter had its turn (CONTESTS).
    """
    done = 0
    for award_id, contest_id, rev, thanked in queries.granted_awards():
        keys = [
            notices.won_key(contest_id, rev, person)
            if contest_id
            else notices.award_news_key(f"award_granted:{award_id}", person)
            for person in thanked
        ]
        states = outbox.states_by_dedupe(keys) if keys else {}
        if any(state in ON_THEIR_WAY for state in states.values()):
            continue
        award = lock_row(Award, award_id)
        if award is None or award.state != "granted":
            continue
        award_steps.take(award, AwardStep.ANNOUNCE, actor=SYSTEM, now=now)
        award.announced_at = now
        done += 1
    return done
