"""Granting what a closed contest gives, and announcing it once everybody thanked has heard."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from core import audit, ledger, outbox
from core.db import db, insert_missing, lock_row
from core.outbox import LetterState
from core.policy import SYSTEM, Actor
from core.web import ordinal
from incentives import notices, queries
from incentives.models import Award, Contest, Recognition
from incentives.notices import ResultWords
from incentives.rules.prizes import Win
from incentives.services.contests import purse_account
from incentives.services.words import contest_words
from leaderboard.metrics import plain
from leaderboard.queries import reads
from leaderboard.queries.reads import Place
from leaderboard.rules.standing import MemberScore
from people import queries as people
from programme import queries as programmes

ON_THEIR_WAY = frozenset(
    {LetterState.QUEUED, LetterState.DEFERRED, LetterState.RETRY, LetterState.SENDING}
)
GIVEN = "awards:given"
AWARD_UNIT = "award"


@dataclass(frozen=True)
class Result:
    """A closed contest's rows by team, and who stood behind each."""

    places: Mapping[int, Place]
    rosters: Mapping[int, Sequence[MemberScore]]
    ranked: int


def goal_of(contest: Contest) -> Fraction | None:
    """The share at which every team wins the goal prize."""
    return None if contest.goal is None else Fraction(contest.goal)


def grant(
    contest: Contest, wins: Sequence[Win], *, is_void: bool, actor: Actor, now: datetime
) -> None:
    """Write every award with its ledger entry, thank each rep behind it, and tell everybody."""
    result = _result(contest, {win.team_id for win in wins}, now)
    titles = {prize.id: prize.title for prize in queries.prizes(contest.id)}
    granted: dict[int, list[Award]] = defaultdict(list)
    for win in wins:
        award = _award(contest, win, titles[win.prize_id], result.places[win.team_id], now)
        _book(contest, award, actor, now)
        granted[win.team_id].append(award)
    _thank(contest, granted, result, now)
    _tell(contest, granted, result, now)
    audit.record(
        "award.grant",
        actor=actor,
        now=now,
        subject=f"contest:{contest.id}",
        detail={"awards": len(wins), "void": is_void, "rev": contest.rev},
    )


def _result(contest: Contest, winners: set[int], now: datetime) -> Result:
    places = reads.frozen_places(contest.board_id, contest.rev)
    rosters: dict[int, list[MemberScore]] = defaultdict(list)
    scores = [score for score in reads.member_scores(contest.board_id) if score.on_roster]
    here = _still_here(contest, [score.person_id for score in scores], now)
    for score in scores:
        if score.team_id in winners and score.person_id in here:
            rosters[score.team_id].append(score)
    return Result(
        places={place.unit_id: place for place in places},
        rosters=rosters,
        ranked=sum(place.ranked for place in places),
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


def _award(contest: Contest, win: Win, title: str, place: Place, now: datetime) -> Award:
    source, rule, recipient = (
        f"contest:{contest.id}",
        f"prize:{win.prize_id}",
        f"team:{win.team_id}",
    )
    award = Award(
        source=source,
        rule=rule,
        recipient=recipient,
        rev=contest.rev,
        title=title,
        reason=_reason(place),
        state="granted",
        currency=contest.currency,
        granted_at=now,
        entry_key=f"award:{source}:{rule}:{recipient}:{contest.rev}",
        contest_id=contest.id,
        prize_id=win.prize_id,
        team_id=win.team_id,
        place=win.place,
        amount_minor=win.cost_minor,
    )
    db.session.add(award)
    db.session.flush()
    return award


def _reason(place: Place) -> str:
    part = f"{place.participants} of {place.roster} reps met their own target"
    return f"{ordinal(place.rank)} place, {part}" if place.rank else part.capitalize()


def _book(contest: Contest, award: Award, actor: Actor, now: datetime) -> None:
    """The award's one entry: its money, or where it costs nothing one award as such."""
    if award.amount_minor:
        source, sink, amount = (
            purse_account(contest),
            f"prizes-won:{contest.currency}",
            (award.amount_minor),
        )
        ledger.open_account(sink, contest.currency, may_go_negative=True)
    else:
        source, sink, amount = GIVEN, f"awards:{award.recipient}", 1
        ledger.open_account(source, AWARD_UNIT, may_go_negative=True)
        ledger.open_account(sink, AWARD_UNIT)
    ledger.book(
        award.entry_key,
        [(source, -amount), (sink, amount)],
        memo=f"Award {award.id}",
        now=now,
        actor=actor,
    )


def _thank(
    contest: Contest, granted: Mapping[int, Sequence[Award]], result: Result, now: datetime
) -> None:
    rows = [
        {
            "award_id": award.id,
            "person_id": score.person_id,
            "title": f"{contest.title}: {award.title}",
            "text": deed(score, result.places[team_id].unit),
            "given_at": now,
            "given_by_id": None,
        }
        for team_id, awards in granted.items()
        for award in awards
        for score in result.rosters.get(team_id, ())
    ]
    if rows:
        insert_missing(Recognition, rows, ["award_id", "person_id"])


def deed(score: MemberScore, team: str) -> str:
    """What one rep did for the team, in numbers they can check."""
    days = "day" if score.active_days == 1 else "days"
    did = f"On {score.active_days} {days} you did what this contest was about"
    if score.met:
        return f"{did} ({score.asked_days} were asked of you), {plain(score.points)} points."
    if score.active_days:
        return f"{did} and brought {team} {plain(score.points)} points."
    return f"You were on the roster of {team}, which won together."


def _tell(
    contest: Contest, granted: Mapping[int, Sequence[Award]], result: Result, now: datetime
) -> None:
    words = contest_words(contest)
    teams = queries.main_teams(contest.board_id)
    leads = queries.leads_by_person(result.places.keys(), contest.last_on)
    names = {ident: card.name for ident, card in people.cards({**teams, **leads}).items()}
    letters = []
    thanked = set()
    for team_id, awards in granted.items():
        summary, wins = _words(result, team_id), [award.title for award in awards]
        for score in result.rosters.get(team_id, ()):
            who = (score.person_id, names.get(score.person_id, ""))
            did = deed(score, summary.team)
            if score.person_id not in thanked:
                letters.append(notices.won(words, who, summary, wins, did, contest.rev))
            thanked.add(score.person_id)
        for lead in [lead for lead, team in leads.items() if team == team_id]:
            letters.append(
                notices.led(words, (lead, names.get(lead, "")), summary, wins, contest.rev)
            )
            thanked.add(lead)
    others = {
        person: _words(result, team)
        for person, team in {**leads, **teams}.items()
        if person not in thanked and team in result.places and person in names
    }
    letters += notices.result(words, others, names, now, contest.rev)
    outbox.post_all(letters, now)


def _words(result: Result, team_id: int) -> ResultWords:
    place = result.places[team_id]
    return ResultWords(place.unit, place.rank, result.ranked, place.participants, place.roster)


def announce_due(now: datetime) -> int:
    """Mark awards announced once no letter about them waits any more; return how many.

    Captured, sent, stopped by the reader's wish or given up: the letter had its turn (CONTESTS).
    """
    done = 0
    for award_id, contest_id, rev, thanked in queries.granted_awards():
        keys = [notices.won_key(contest_id, rev, person) for person in thanked]
        states = outbox.states_by_dedupe(keys) if keys else {}
        if any(state in ON_THEIR_WAY for state in states.values()):
            continue
        award = lock_row(Award, award_id)
        if award is None or award.state != "granted":
            continue
        award.state, award.announced_at = "announced", now
        audit.record("award.announce", actor=SYSTEM, now=now, subject=f"award:{award_id}")
        done += 1
    return done
