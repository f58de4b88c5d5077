"""The letters of contests: announced, waiting for a yes, result worked out, won, over, called off.

Letters to everybody in a contest are written once per team and addressed to each reader; only
those that thank somebody are set as HTML as well.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.calendars import zone_of
from core.letters import render_letter
from core.outbox import Letter, unsubscribe_token

NAME, STOP = "\u2063name\u2063", "\u2063stop\u2063"
ANNOUNCED_BEFORE = timedelta(days=3)
RESULT_KEEPS = timedelta(days=7)


@dataclass(frozen=True)
class ContestWords:
    """A contest as letters speak of it."""

    id: int
    slug: str
    title: str
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    teams: int
    rules: tuple[str, ...]
    prizes: tuple[str, ...]
    target_days: str
    mode: str
    is_solo: bool = False
    """Reps race one by one: `teams` counts them, and a letter says "you" for a team."""

    @property
    def first_day(self) -> str:
        """The first day as the programme's zone writes it."""
        return _day(self.starts_at, self.time_zone)

    @property
    def last_day(self) -> str:
        """The last day, which is the one before the closing instant."""
        return _day(self.ends_at - timedelta(seconds=1), self.time_zone)


@dataclass(frozen=True)
class ResultWords:
    """A team's result as letters speak of it."""

    team: str
    place: int | None
    ranked: int
    participants: int
    roster: int


def _day(instant: datetime, zone: str) -> str:
    local = instant.astimezone(zone_of(zone))
    return f"{local:%A} {local.day} {local:%B}"


def first_name(name: str) -> str:
    """What a letter calls its reader."""
    return name.split(maxsplit=1)[0] if name.split() else "there"


def _written(template: str, kind: str, list_name: str, data: Mapping[str, object]) -> Letter:
    """A letter to nobody yet: `_to` addresses it."""
    subject, text, page = render_letter(
        f"incentives/{template}", first_name=NAME, stop_token=STOP, **data
    )
    return Letter(
        kind=f"incentives.{kind}",
        list_name=list_name,
        person_id=0,
        subject=subject,
        text=text,
        html=page,
        dedupe_key="",
    )


def _to(letter: Letter, person_id: int, name: str, key: str) -> Letter:
    called, token = first_name(name), unsubscribe_token(person_id, letter.list_name)
    page = letter.html
    if page is not None:
        page = page.replace(NAME, html.escape(called)).replace(STOP, token)
    return replace(
        letter,
        person_id=person_id,
        subject=letter.subject.replace(NAME, called),
        text=letter.text.replace(NAME, called).replace(STOP, token),
        html=page,
        dedupe_key=key,
    )


def announced(
    contest: ContestWords, teams: Mapping[int, str], names: Mapping[int, str], now: datetime
) -> Iterator[Letter]:
    """To every rep with the name of their team; a few days before the start, useless at the end.

    `teams` says person -> team name. People ease off once they know of a contest, so it is told
    shortly before (CONTESTS, defaults).
    """
    ready = max(now, contest.starts_at - ANNOUNCED_BEFORE)
    drafts: dict[str, Letter] = {}
    for person_id, team in teams.items():
        if team not in drafts:
            letter = _written(
                "announced", "announced", "contests", {"contest": contest, "team": team}
            )
            drafts[team] = replace(letter, not_before=ready, use_by=contest.ends_at)
        yield _to(
            drafts[team],
            person_id,
            names.get(person_id, ""),
            announced_key(contest.id, person_id),
        )


def announced_key(contest_id: int, person_id: int) -> str:
    """The key under which somebody is told of a contest, once for ever."""
    return f"contest:{contest_id}:announced:{person_id}"


def approval_asked(
    contest: ContestWords, approvers: Mapping[int, str], cost: str, version: int
) -> Iterator[Letter]:
    """To those who may say yes: what it is, what it can cost at most."""
    letter = _written(
        "approval_asked", "approval_asked", "contests", {"contest": contest, "cost": cost}
    )
    for person_id, name in approvers.items():
        yield _to(letter, person_id, name, f"contest:{contest.id}:ask:{version}:{person_id}")


def provisional(
    contest: ContestWords, people: Mapping[int, str], until: datetime, rev: int
) -> Iterator[Letter]:
    """To the teams' leads: the result is worked out, say so if something is wrong."""
    letter = _written(
        "provisional",
        "provisional",
        "contests",
        {"contest": contest, "until": until, "zone": contest.time_zone},
    )
    for person_id, name in people.items():
        yield _to(letter, person_id, name, f"contest:{contest.id}:provisional:{rev}:{person_id}")


def won_key(contest_id: int, rev: int, person_id: int) -> str:
    """The key of a winner's letter; an award is announced once its letters are through."""
    return f"contest:{contest_id}:won:{rev}:{person_id}"


def won(
    contest: ContestWords,
    person: tuple[int, str],
    result: ResultWords,
    wins: Sequence[str],
    deed: str,
    rev: int,
) -> Letter:
    """To a rep of a winning team: what the team won and what this person did for it."""
    letter = _written(
        "won",
        "won",
        "awards",
        {"contest": contest, "result": result, "wins": wins, "deed": deed},
    )
    return replace(
        _to(letter, person[0], person[1], won_key(contest.id, rev, person[0])), important=True
    )


def led(
    contest: ContestWords,
    person: tuple[int, str],
    result: ResultWords,
    wins: Sequence[str],
    rev: int,
) -> Letter:
    """To the lead of a winning team."""
    letter = _written("led", "led", "awards", {"contest": contest, "result": result, "wins": wins})
    return _to(letter, person[0], person[1], f"contest:{contest.id}:led:{rev}:{person[0]}")


def result(
    contest: ContestWords,
    results: Mapping[int, ResultWords],
    names: Mapping[int, str],
    now: datetime,
    rev: int,
) -> Iterator[Letter]:
    """To everybody else: it is over, and where their team stands. `results` says person -> team."""
    drafts: dict[ResultWords, Letter] = {}
    for person_id, words in results.items():
        if words not in drafts:
            letter = _written("result", "result", "contests", {"contest": contest, "result": words})
            drafts[words] = replace(letter, use_by=now + RESULT_KEEPS)
        yield _to(
            drafts[words],
            person_id,
            names.get(person_id, ""),
            f"contest:{contest.id}:result:{rev}:{person_id}",
        )


def called_off(contest: ContestWords, names: Mapping[int, str], reason: str) -> Iterator[Letter]:
    """To everybody in it: the contest will not be decided, and why."""
    letter = _written(
        "called_off", "called_off", "contests", {"contest": contest, "reason": reason}
    )
    for person_id, name in names.items():
        yield _to(letter, person_id, name, f"contest:{contest.id}:called_off:{person_id}")


@dataclass(frozen=True)
class News:
    """A step of a contest as told to somebody: what happened, in sentences, and why they hear it.

    `key` makes the letter's own key: one for each reader and step, for ever.
    """

    key: str
    subject: str
    lines: tuple[str, ...]
    why: str


def news(contest: ContestWords, names: Mapping[int, str], told: News) -> Iterator[Letter]:
    """To each of these: a step was taken, or somebody waits for them."""
    letter = _written(
        "news", told.key.partition(":")[0], "contests", {"contest": contest, "told": told}
    )
    for person_id, name in names.items():
        yield _to(letter, person_id, name, f"contest:{contest.id}:{told.key}:{person_id}")


def award_news(names: Mapping[int, str], told: News) -> Iterator[Letter]:
    """To each of these: something became of an award that belongs to no contest."""
    letter = _written("award_news", told.key.partition(":")[0], "awards", {"told": told})
    for person_id, name in names.items():
        yield _to(letter, person_id, name, award_news_key(told.key, person_id))


def award_news_key(key: str, person_id: int) -> str:
    """The key of that letter; it says whether its reader has been told."""
    return f"award_news:{key}:{person_id}"
