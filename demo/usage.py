"""Usage events: logins, and what a day of use consisted of, at minutes of the rep's own day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from operator import itemgetter
from random import Random
from typing import TypeVar

from demo.behaviour import Use
from demo.calibration import thin
from demo.dates import LAUNCH, Timeline
from demo.deals import Proposal, Signal
from demo.parameters import LOGIN_ACTIVE, LOGIN_IDLE, LOGIN_IDLE_LAUNCH, LOGINS_GROWTH
from demo.people import Rep

_CLOCK = tuple(f"T{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440))
_SECONDS = tuple(f"{second:02d}Z" for second in range(60))
_DAY = 1440

Item = TypeVar("Item")
Row = tuple[str, str, str, str, str, str, str, str]


class Instants:
    """Turns (zone, day index, local minute) into ISO 8601 instants in UTC."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.cut = timeline.cut
        self._days = [day.isoformat() for day in timeline.days]
        self._offsets: dict[str, list[int]] = {}

    def at(self, zone: str, day: int, minute: int, second: int = 0) -> str:
        """The instant; days past the horizon are not asked for."""
        offsets = self._offsets.get(zone)
        if offsets is None:
            offsets = self._offsets[zone] = self._timeline.utc_offsets(zone)
        minute += offsets[day]
        if minute >= _DAY:
            day, minute = day + 1, minute - _DAY
        return self._days[day] + _CLOCK[minute] + _SECONDS[second]


@dataclass
class _Logins:
    """Days with a login of one rep; idle ones are those without any other use."""

    busy: list[int]
    idle: list[int]


def _draw_logins(rep: Rep, use: Use, random: Random, timeline: Timeline) -> _Logins:
    active = set(use.days)
    launch_end = timeline.index(LAUNCH) + 28
    busy, idle = [], []
    draw = random.random
    for day in range(rep.start, min(timeline.cut, rep.left + 1)):
        if day in active:
            if draw() < LOGIN_ACTIVE:
                busy.append(day)
        elif (
            timeline.working[day]
            and day not in rep.away
            and draw() < (LOGIN_IDLE_LAUNCH if day < launch_end else LOGIN_IDLE)
        ):
            idle.append(day)
    return _Logins(busy, idle)


def _fit_logins(logins: list[_Logins], seed: int, timeline: Timeline) -> None:
    """METRICS G2: 3.17 logins in the last 28 days for one in the first 28."""
    launch = timeline.index(LAUNCH)
    windows = ((launch, launch + 28), (timeline.cut - 28, timeline.cut))
    idle: list[list[tuple[int, int]]] = [[], []]
    counts = [0, 0]
    for place, own in enumerate(logins):
        for number, (start, end) in enumerate(windows):
            counts[number] += sum(start <= day < end for day in own.busy)
            idle[number].extend((place, day) for day in own.idle if start <= day < end)
    first, last = (counts[number] + len(idle[number]) for number in (0, 1))
    random = Random(f"{seed}:logins")
    first = min(first, round(last / (1 + LOGINS_GROWTH)))
    last = min(last, round(first * (1 + LOGINS_GROWTH)))
    for number, goal in ((0, first), (1, last)):
        kept = set(thin(idle[number], max(0, goal - counts[number]), random))
        start, end = windows[number]
        for place, own in enumerate(logins):
            own.idle = [d for d in own.idle if not start <= d < end or (place, d) in kept]


def _group(rows: Iterable[tuple[Rep, int, Item]]) -> dict[str, dict[int, list[Item]]]:
    """Things by person key and day."""
    found: dict[str, dict[int, list[Item]]] = {}
    for rep, day, thing in rows:
        found.setdefault(rep.key, {}).setdefault(day, []).append(thing)
    return found


def draw_usage(
    reps: list[Rep],
    uses: list[Use],
    signals: list[Signal],
    proposals: list[Proposal],
    seed: int,
    timeline: Timeline,
) -> list[Row]:
    """All usage rows in order of their instants, corrections at the end."""
    instants = Instants(timeline)
    logins = [
        _draw_logins(rep, use, Random(f"{seed}:logins:{rep.key}"), timeline)
        for rep, use in zip(reps, uses, strict=True)
    ]
    _fit_logins(
        [own for rep, own in zip(reps, logins, strict=True) if not rep.is_test], seed, timeline
    )
    runs = _group((one.deal.rep, one.acted, one) for one in signals if one.acted is not None)
    made = _group((one.rep, one.day, one) for one in proposals if one.with_tool)
    events: list[tuple[str, str, str, str, str, str]] = []
    for rep, use, own in zip(reps, uses, logins, strict=True):
        random = Random(f"{seed}:minutes:{rep.key}")
        _one_rep(
            events,
            rep,
            [day for day in use.days if day < timeline.cut],
            own,
            (runs.get(rep.key, {}), made.get(rep.key, {})),
            random,
            instants,
        )
    events.sort(key=itemgetter(0, 1, 2, 3))
    return _numbered(events, seed, timeline)


def _one_rep(
    events: list[tuple[str, str, str, str, str, str]],
    rep: Rep,
    days: list[int],
    logins: _Logins,
    done: tuple[dict[int, list[Signal]], dict[int, list[Proposal]]],
    random: Random,
    instants: Instants,
) -> None:
    """Appends (instant, person, kind, object, value, received) for one rep."""
    draw, at, key, zone = random.random, instants.at, rep.key, rep.zone
    runs, made = done
    add = events.append
    for day in logins.idle:
        add((at(zone, day, 480 + int(draw() * 560), int(draw() * 60)), key, "login", "", "", ""))
    busy = set(logins.busy)
    for day in days:
        minute = 485 + int(draw() * 380)
        if day in busy:
            add((at(zone, day, minute, int(draw() * 60)), key, "login", "", "", ""))
        acts = [("sequence_run", run.deal.key, "") for run in runs.get(day, ())]
        for proposal in made.get(day, ()):
            value = "" if proposal.value is None else f"{proposal.value:.0f}"
            acts.append(("proposal_created", proposal.key, value))
        if not acts or draw() < 0.12:
            acts.append(("guided_use", f"A{key[1:]}-{int(draw() * 40)}", ""))
        if draw() < 0.12:
            acts.append(("guided_use", f"A{key[1:]}-{40 + int(draw() * 40)}", ""))
        for kind, thing, value in acts:
            minute += 3 + int(draw() * 55)
            received = ""
            if draw() < 0.008 and day + 4 < instants.cut:
                late = day + 1 + int(draw() * 3)
                received = at(zone, late, 480 + int(draw() * 500), int(draw() * 60))
            add((at(zone, day, minute, int(draw() * 60)), key, kind, thing, value, received))


def _numbered(
    events: list[tuple[str, str, str, str, str, str]], seed: int, timeline: Timeline
) -> list[Row]:
    """Gives every event its id; then mistakes: a few double bookings, voided the next day.

    A correction is the same id again with `voided` set and a later `received_at` (METRICS E1).
    """
    rows: list[Row] = [
        (f"E{number:07d}", person, kind, instant, received, thing, value, "")
        for number, (instant, person, kind, thing, value, received) in enumerate(events, 1)
    ]
    random = Random(f"{seed}:mistakes")
    last = timeline.days[timeline.cut - 3].isoformat()
    corrections: list[Row] = []
    number = len(rows)
    for _ in range(len(rows) // 1500):
        row = random.choice(rows)
        if row[2] == "guided_use" and row[3] < last and not row[4]:
            number += 1
            mistake = (f"E{number:07d}", *row[1:])
            next_day = date.fromisoformat(row[3][:10]) + timedelta(days=1)
            received = f"{next_day.isoformat()}T22:05:00Z"
            corrections.append(mistake)
            corrections.append((*mistake[:4], received, *mistake[5:7], "true"))
    return rows + corrections
