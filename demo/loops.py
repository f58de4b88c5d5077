"""Three months of Mondays: which managers kept the weekly loop, and which let it go.

Everything is done by the coaching room's own services, at the instants it would have been. What
came of a next step is nowhere drawn: the deals and the usage of the story say it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import groupby
from random import Random
from zoneinfo import ZoneInfo

from flask import current_app

import people.queries
import programme.queries
from coaching import services
from coaching.queries import many as lookups
from coaching.queries.items import item_by_id
from coaching.queries.many import Waiting
from coaching.rules.ideas import ANY, BUILT_IN, Blanks, fill
from coaching.services.many import Handing, acknowledge_many, hand_back_many, review_many
from core.calendars import DAY, ProgrammeCalendar
from core.db import transaction
from core.scheduler import JobSpec
from demo.dates import ZONE
from demo.people import MARCUS, PRIYA
from demo.playbook import SLUG
from demo.store import people_by_key
from demo.world import World
from people.queries import actor_of

WEEK = timedelta(days=7)
WEEKS = 13
COUNTED_WEEKS = 8
"""A count of coverage reaches nine weeks back: one more, so far before the last, joins on to it."""
KEPT_FOR_TODAY = "Maya Torres"
"""The rep whose review is owed on the day the demo is looked at."""
TWICE, MARKED_ANYWAY, READ = 0.25, 0.35, 0.85


def _at(day: date, hour: int) -> datetime:
    """An hour of the company's morning, in its own zone."""
    return datetime.combine(day, time(hour), ZoneInfo(ZONE))


def _remind(now: datetime) -> None:
    """Reviews come due, as they did in time."""
    with transaction():
        services.call_off(now)
        services.reach_days(now)


def _close(now: datetime) -> None:
    """What ran out is missed, what is settled closed, weeks that are over judged, in time."""
    with transaction():
        services.time_out(now)
        services.close_items(now)
        services.decide_loops(now)


@dataclass
class Story:
    """What managers did in each of the last weeks, told after the job that prepared it."""

    world: World
    until: datetime

    def told_by(self, spec: JobSpec) -> JobSpec:
        """The Monday job, followed by what managers did that week."""
        first = self.world.timeline.first
        days = (first + number * DAY for number in range(self.world.timeline.length + 14))
        mondays = [_at(day, 0) for day in days if day.weekday() == 0]

        def due(after: datetime, until: datetime) -> Iterable[datetime]:
            return [start for start in mondays if after < start <= until]

        return replace(spec, run=self.week, due=due)

    def week(self, as_of: datetime) -> Mapping[str, int]:
        """Prepare a week as it begins, and live through it; before August nobody held talks."""
        start = self.calendar.day_start(self.calendar.week_of(self.calendar.local_day(as_of)))
        week = self.calendar.local_day(start)
        back = (self.last_week - week) // WEEK
        if back >= WEEKS:
            return {}
        with transaction():
            made = services.prepare_week(
                self.owner_id, week, start, now=start, letters=week == self.last_week
            )
        _close(start + timedelta(minutes=30))
        counts = Counter({"loops": made.loops, "items": made.items, "moments": made.moments})
        if back == COUNTED_WEEKS:
            with transaction():
                services.count_coverage(self.owner_id, start + timedelta(hours=1))
        self._monday(week, back, counts)
        self._rest_of(week)
        return counts

    @cached_property
    def owner_id(self) -> int:
        """The demo's programme."""
        ident: int = current_app.extensions["pennant"]["programmes"].get(SLUG).id
        return ident

    @cached_property
    def calendar(self) -> ProgrammeCalendar:
        """Its weeks and working days."""
        return programme.queries.calendar(programme.queries.by_id(self.owner_id))

    @cached_property
    def last_week(self) -> date:
        """The week in which the demo is looked at."""
        return self.calendar.week_of(self.calendar.local_day(self.until))

    @cached_property
    def owed_on(self) -> date:
        """The last working day by today: one of Priya's reviews falls on it."""
        day = self.calendar.local_day(self.until)
        while not self.calendar.is_working_day(day):
            day -= DAY
        return day

    @cached_property
    def teams(self) -> Mapping[int, str]:
        """Team -> its name."""
        return people.queries.team_names()

    def _draw(self, what: str, back: int) -> float:
        return Random(f"{self.world.seed}:loop:{what}:{back}").random()

    def _keeps(self, team_id: int, back: int) -> bool:
        name = self.teams[team_id]
        is_there = back > 0 or name not in {MARCUS, PRIYA}
        return is_there and self._draw(name, back) < self.world.keepers.get(name, 0.5)

    def _monday(self, week: date, back: int, counts: Counter[str]) -> None:
        """At ten managers mark what is due, then pick and hand back; on Tuesday reps have read."""
        now = _at(week, 10)
        if now > self.until:
            return
        due = lookups.open_reviews(self.owner_id, week)
        marked = [
            item_id
            for item_id, team_id in due
            if self._keeps(team_id, back) or self._draw(f"mark:{item_id}", back) < MARKED_ANYWAY
        ]
        with transaction():
            counts.update(review_many(self.owner_id, marked, now))
        waiting = lookups.waiting_in(self.owner_id, week)
        handings = [
            self._handing(each, week)
            for team_id, ones in groupby(waiting, key=lambda each: each.team_id)
            if self._keeps(team_id, back) and not self._is_late_talk(team_id, week)
            for each in self._chosen(team_id, list(ones), back)
        ]
        with transaction():
            counts["coached"] += hand_back_many(self.owner_id, handings, now)
        read = [each.item_id for each in handings if self._draw(f"read:{each.item_id}", 0) < READ]
        with transaction():
            acknowledge_many(read, min(_at(week + DAY, 9), self.until))

    def _chosen(self, team_id: int, ones: list[Waiting], back: int) -> list[Waiting]:
        """The dearest, sometimes two; one rep's talk is put off until the day of the demo."""
        name = self.teams[team_id]
        if name == PRIYA:
            ones = [each for each in ones if each.rep_id not in self._put_off]
        return ones[: 2 if self._draw(f"two:{name}", back) < TWICE else 1]

    @cached_property
    def _names(self) -> Mapping[int, str]:
        """Everybody's first name, read once."""
        reps = people.queries.ids_with_role("rep")
        cards = people.queries.cards(reps)
        return {ident: card.name.split()[0] for ident, card in cards.items()}

    @cached_property
    def _put_off(self) -> frozenset[int]:
        keys = [one.person_id for one in self.world.sign_ins if one.name == KEPT_FOR_TODAY]
        return frozenset(people_by_key(keys).values())

    def _is_late_talk(self, team_id: int, week: date) -> bool:
        """Whether this is the week in which Priya talks on another day."""
        return self.teams[team_id] == PRIYA and week == self.calendar.week_of(self.owed_on) - WEEK

    def _handing(self, each: Waiting, week: date) -> Handing:
        """The words of an idea of the library that fits the moment, its blanks filled."""
        fitting = [idea for idea in BUILT_IN if idea.about in {each.status, ANY}]
        idea = fitting[int(self._draw(f"idea:{each.item_id}", 0) * len(fitting))]
        words = fill(idea.words, Blanks(each.deal, self._names[each.rep_id], f"{week:%A}", "09:30"))
        return Handing(each.item_id, each.moment_id, words, each.lead_id, idea.slug)

    def _rest_of(self, week: date) -> None:
        """Priya's late talk; reviews nobody marked come due on Tuesday, missed by Thursday."""
        talk_on = self.owed_on - WEEK
        if self.calendar.week_of(talk_on) == week:
            self._talk_for_today(week, _at(talk_on, 10) + timedelta(minutes=5))
        for work, day in ((_remind, week + DAY), (_close, week + 3 * DAY)):
            if _at(day, 12) <= self.until:
                work(_at(day, 12))

    def _talk_for_today(self, week: date, now: datetime) -> None:
        """Priya talks with a rep a week before the demo's day, by her own hand and with letters."""
        waiting = lookups.waiting_in(self.owner_id, week)
        hers = [each for each in waiting if self.teams[each.team_id] == PRIYA]
        hers.sort(key=lambda each: each.rep_id not in self._put_off)
        if not hers:
            return
        handing = self._handing(hers[0], week)
        actor = actor_of(handing.author_id)
        found = item_by_id(handing.item_id)
        if actor is None or found is None:
            return
        with transaction():
            services.set_day(
                handing.author_id, self.owed_on.weekday(), time(9, 30), actor=actor, now=now
            )
            services.hand_back(
                found.uid,
                handing.moment_id,
                handing.words,
                idea=handing.idea,
                actor=actor,
                now=now,
            )
