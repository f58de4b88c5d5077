"""Every figure of people's use against a second reading of METRICS: plain dates, no bits, no SQL.

`Paper` works each number out from the raw records as the prose says it, one person and one date at
a time. The product must agree to the last count on made-up worlds with other zones and weeks,
leave, late and corrected records, before and after the roll-up, now and as of a moment before.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from adoption import jobs
from adoption.cli import FIGURES, IMPORTS
from core.db import transaction
from core.figures import FigureRequest
from core.intake.runner import run_import
from core.policy import SYSTEM
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
KEY = ("guided_use", "proposal_created", "sequence_run")
KINDS = {kind.name: kind for kind in IMPORTS}
ZONES = ("America/New_York", "Africa/Cairo", "America/Havana", "Pacific/Auckland", "UTC")


@dataclass
class Somebody:
    """A person as the files describe one."""

    key: str
    role: str = "rep"
    is_test: bool = False
    zone: str | None = None
    hire: date | None = None
    leave: date | None = None
    enabled: date | None = None
    disabled: date | None = None
    absences: list = field(default_factory=list)
    teams: list = field(default_factory=list)


@dataclass
class Made:
    """A programme, its people and every record that ever came in."""

    zone: str
    tz_mode: str
    week_start: int
    workweek: set
    holidays: set
    launch: date
    target_days: int
    k: int
    n: int
    lookback: int
    min_available: int
    horizon: int
    people: list
    records: list = field(default_factory=list)


def make_up(seed):
    """A world from a seed: some months around a clock change, a dozen people, their records."""
    random = Random(seed)
    launch = random.choice([date(2026, 3, 2), date(2026, 9, 7), date(2026, 4, 1)])
    made = Made(
        zone=ZONES[seed % len(ZONES)],
        tz_mode=random.choice(["program", "user"]),
        week_start=random.choice([0, 6, 6, 2]),
        workweek=random.choice([{0, 1, 2, 3, 4}, {6, 0, 1, 2, 3}]),
        holidays={launch + random.randrange(90) * DAY for _ in range(4)},
        launch=launch,
        target_days=random.choice([1, 2]),
        k=2,
        n=3,
        lookback=random.choice([3, 4, 6]),
        min_available=random.choice([1, 3]),
        horizon=random.choice([14, 30]),
        people=[make_up_somebody(random, number, launch) for number in range(14)],
    )
    for someone in made.people:
        make_up_records(random, made, someone)
    random.shuffle(made.records)
    return made


def make_up_somebody(random, number, launch):
    someone = Somebody(f"P{number}", zone=random.choice([None, *ZONES]))
    if random.random() < 0.2:
        someone.role, someone.is_test = random.choice([("manager", False), ("rep", True)])
    if random.random() < 0.95:
        someone.enabled = launch + random.choice([-200, 0, 0, 3, 17, 40]) * DAY
    if random.random() < 0.3:
        someone.hire = launch + random.randrange(-400, 60) * DAY
    if random.random() < 0.35:
        someone.leave = launch + random.choice([-150, random.randrange(-10, 90)]) * DAY
        someone.leave = max(someone.leave, someone.hire or someone.leave)
    if random.random() < 0.35:
        someone.disabled = launch + random.randrange(5, 95) * DAY
    for _ in range(random.randrange(3)):
        start = launch + random.randrange(90) * DAY
        someone.absences.append((start, start + random.randrange(14) * DAY))
    for _ in range(random.randrange(3)):
        start = launch + random.randrange(-30, 80) * DAY
        end = random.choice([None, start + random.randrange(1, 60) * DAY])
        someone.teams.append((random.choice(["North", "South"]), start, end))
    return someone


def make_up_records(random, made, someone):
    """Use on some dates, some of it on the first and last instants of one, and what became of it.

    Of the records some come late or twice, some are corrected or voided later, some voids are taken
    back, and some claim to be from the future.
    """
    base = datetime.combine(made.launch, time(), tzinfo=UTC)
    zone = ZoneInfo(made.zone)
    for number in range(random.choice([0, 4, 20, 40])):
        at = base + random.uniform(-20, 100) * DAY
        if random.random() < 0.4:
            midnight = datetime.combine(at.date(), time(), tzinfo=zone).astimezone(UTC)
            at = midnight + random.choice([-1, 0, 1]) * timedelta(minutes=1)
        at = at.replace(second=0, microsecond=0)
        late = random.choice([0, 0, 0, 1, 30]) * DAY
        kind = random.choice([*KEY, "login", "email_sent"])
        record = {
            "event_id": f"{someone.key}-{number}",
            "person_id": someone.key,
            "kind": kind,
            "occurred_at": at,
            "received_at": at + late - random.choice([0, 0, 4, 7]) * timedelta(minutes=1),
            "voided": False,
        }
        made.records += [record] * random.choice([1, 1, 1, 2])
        while random.random() < 0.15:
            record = {
                **record,
                "kind": random.choice(KEY),
                "occurred_at": record["occurred_at"] + random.choice([0, 1]) * DAY,
                "received_at": record["received_at"] + random.choice([2, 20]) * DAY,
                "voided": random.random() < 0.5,
            }
            made.records.append(record)


class Paper:
    """METRICS by hand, as known at `as_of`."""

    def __init__(self, made, as_of):
        self.made, self.as_of = made, as_of
        self.reps = {
            someone.key: someone
            for someone in made.people
            if someone.role == "rep" and not someone.is_test
        }
        self.events = [
            (record["person_id"], self.local_date(record), record["kind"])
            for record in self.winners()
            if record["person_id"] in self.reps
        ]
        self.events = [event for event in self.events if self.current(event[0], event[1])]

    def winners(self):
        """E1, E2: per id the last received, unless voided or from the future."""
        latest = {}
        for record in self.made.records:
            if record["received_at"] <= self.as_of:
                before = latest.get(record["event_id"])
                if before is None or before["received_at"] <= record["received_at"]:
                    latest[record["event_id"]] = record
        tolerance = timedelta(minutes=5)
        return [
            record
            for record in latest.values()
            if not record["voided"] and record["occurred_at"] <= record["received_at"] + tolerance
        ]

    def local_date(self, record):
        """T2."""
        zone = self.made.zone
        if self.made.tz_mode == "user":
            zone = self.reps[record["person_id"]].zone or zone
        return record["occurred_at"].astimezone(ZoneInfo(zone)).date()

    def current(self, key, day):
        """P2, P3."""
        one = self.reps[key]
        employed = (one.hire is None or one.hire <= day) and (one.leave is None or day <= one.leave)
        enabled = one.enabled is not None and one.enabled <= day
        return employed and enabled and (one.disabled is None or day < one.disabled)

    def start_day(self, key):
        one = self.reps[key]
        return one.enabled and max(one.enabled, one.hire or one.enabled)

    def working(self, day):
        """P4."""
        return day.weekday() in self.made.workweek and day not in self.made.holidays

    def available(self, key, day):
        """P5."""
        absences = self.reps[key].absences
        return (
            self.current(key, day)
            and self.working(day)
            and not any(start <= day <= end for start, end in absences)
        )

    def team(self, key, day):
        """P7: the latest start wins, then the last row."""
        found, latest = "unassigned", None
        for team, start, end in self.reps[key].teams:
            covers = start <= day and (end is None or day < end)
            if covers and (latest is None or start >= latest):
                found, latest = team, start
        return found

    def active_days(self, key, kinds=KEY):
        return {day for who, day, kind in self.events if who == key and kind in kinds}

    def in_window(self, key, start, end, kinds=KEY):
        return {day for day in self.active_days(key, kinds) if start <= day < end}

    def current_in(self, key, start, end):
        return any(self.current(key, day) for day in dates(start, end))

    def period(self, interval, day):
        if interval == "day":
            return day, day + DAY
        if interval == "week":
            while day.weekday() != self.made.week_start:
                day -= DAY
            return day, day + 7 * DAY
        first = day.replace(day=1)
        return first, (first + 31 * DAY).replace(day=1)

    def complete(self, interval, first, through):
        found = []
        start, end = self.period(interval, first)
        while end - DAY <= through:
            found.append((start, end))
            start, end = self.period(interval, end)
        return found

    def week(self, key, start):
        """Eligible and met."""
        days = list(dates(start, start + 7 * DAY))
        eligible = sum(self.available(key, day) for day in days) >= self.made.min_available
        active = len(self.in_window(key, start, start + 7 * DAY))
        return eligible, eligible and active >= self.made.target_days

    def sustained(self, key, through):
        start, end = self.period("week", through)
        if end - DAY > through:
            start -= 7 * DAY
        last = [self.week(key, start - back * 7 * DAY) for back in range(self.made.lookback)]
        kept = [met for eligible, met in last if eligible][: self.made.n]
        return None if len(kept) < self.made.n else sum(kept) >= self.made.k

    def state(self, key, through):
        if not self.current(key, through):
            return "left"
        now = self.sustained(key, through)
        if now is None:
            return "not_measurable"
        if now:
            return "sustained"
        week, _end = self.period("week", through)
        earlier = (week - back * 7 * DAY - DAY for back in range(1, 20))
        if any(self.sustained(key, day) for day in (week - DAY, *earlier)):
            return "lapsed"
        used = any(day <= through for day in self.active_days(key))
        return "trying" if used else "not_started"

    def adoption(self, through, team=None):
        states = Counter(
            self.state(key, through) for key in self.reps if team in {None, self.team(key, through)}
        )
        measurable = sum(states[name] for name in ("sustained", "lapsed", "trying", "not_started"))
        return measurable, states["sustained"], states

    def teams(self, through):
        found = {}
        for key in self.reps:
            state = self.state(key, through)
            if state != "left":
                measurable, sustained = found.get(self.team(key, through), (0, 0))
                found[self.team(key, through)] = (
                    measurable + (state != "not_measurable"),
                    sustained + (state == "sustained"),
                )
        return found

    def weekly(self, day, team=None):
        start, end = self.period("week", day)
        eligible = met = 0
        for key in self.reps:
            here = [day for day in dates(start, end) if self.available(key, day)]
            is_eligible, is_met = self.week(key, start)
            if is_eligible and team in {None, self.team(key, here[-1])}:
                eligible += 1
                met += is_met
        return eligible, met

    def day60(self, through):
        counts = Counter()
        for key in self.reps:
            start = self.start_day(key)
            if start is None or start + self.made.horizon * DAY > through:
                counts["not_reached"] += 1
                continue
            day = start + self.made.horizon * DAY
            if not self.current(key, day):
                counts["left"] += 1
                continue
            name = {None: "not_measurable", True: "sustained", False: "not_sustained"}
            counts[name[self.sustained(key, day)]] += 1
        return counts

    def streak(self, key, through):
        start, end = self.period("week", through)
        if end - DAY > through:
            start -= 7 * DAY
        weeks = 0
        for back in range(60):
            eligible, met = self.week(key, start - back * 7 * DAY)
            if eligible and not met:
                break
            weeks += met
        return weeks

    def active(self, start, end, kinds=KEY):
        return {key for key in self.reps if self.in_window(key, start, end, kinds)}

    def stickiness(self, start, end, short):
        small = large = 0
        for day in dates(start, end):
            if self.working(day):
                length = 7 if short == "week" else 1
                small += len(self.active(day + DAY - length * DAY, day + DAY))
                large += len(self.active(day - 27 * DAY, day + DAY))
        return small / large if large else None

    def l28(self, on):
        return Counter(
            len(self.in_window(key, on - 27 * DAY, on + DAY))
            for key in self.reps
            if self.current(key, on)
        )

    def lifecycle(self, start, end, interval):
        found = []
        for first, after in self.complete(interval, start, end - DAY):
            before, _first = self.period(interval, first - DAY)
            active, previous = self.active(first, after), self.active(before, first)
            ever = {key for key in self.reps if min(self.active_days(key), default=after) < first}
            gone = previous - active
            found.append(
                {
                    "period": str(first)[: 7 if interval == "month" else 10],
                    "active": len(active),
                    "new": len(active - ever),
                    "returning": len(active & previous),
                    "resurrecting": len((active & ever) - previous),
                    "dormant": sum(self.current_in(key, first, after) for key in gone),
                    "departed": sum(not self.current_in(key, first, after) for key in gone),
                }
            )
        return found

    def retention(self, cohort_start, through, interval, mode, brackets, leavers):
        first, after = self.period(interval, cohort_start)
        cohort = [
            key
            for key in self.reps
            if self.active_days(key) and first <= min(self.active_days(key)) < after
        ]
        periods = self.complete(interval, cohort_start, through)
        ranges = [(n, n) for n in range(len(periods))] if mode != "bracket" else brackets
        points = []
        for low, high in ranges:
            if high >= len(periods):
                continue
            start, end = periods[low][0], periods[high][1]
            if mode == "on_after":
                end = through + DAY
            here = [
                key for key in cohort if leavers == "keep" or low == 0 or self.current(key, start)
            ]
            back = [key for key in here if self.in_window(key, start, end)]
            points.append(
                {
                    "period": f"{low}-{high}" if mode == "bracket" else low,
                    "at_risk": len(here),
                    "retained": len(back),
                    "rate": len(back) / len(here) if here else None,
                }
            )
        return points

    def features(self, start, end):
        population = [
            key for key in self.reps if any(self.available(key, day) for day in dates(start, end))
        ]
        events = [
            (key, kind)
            for key, day, kind in self.events
            if key in population and kind in KEY and start <= day < end
        ]
        active = {key for key, _kind in events}
        eligible = days = 0
        for first in (start + number * DAY for number in range((end - start).days)):
            if first.weekday() == self.made.week_start and first + 7 * DAY <= end:
                for key in population:
                    if self.week(key, first)[0]:
                        eligible += 1
                        days += len(self.in_window(key, first, first + 7 * DAY))
        base = len(population)
        return {
            "population": base,
            "rate": {
                kind: len({key for key, done in events if done == kind}) / base if base else None
                for kind in KEY
            },
            "breadth": len(set(events)) / len(active) if active else None,
            "depth": len(events) / len(active) if active else None,
            "frequency": days / eligible if eligible else None,
        }

    def first_value(self, through):
        waits = []
        for key in self.reps:
            start = self.start_day(key)
            here = [day for day in dates(start or through, through + DAY) if self.current(key, day)]
            if not here:
                continue
            used = [day for day in self.active_days(key) if day <= through]
            ended = min(used) if used else here[-1]
            waits.append(((ended - start).days, bool(used)))
        curve, share = [], 1.0
        for day in sorted({days for days, reached in waits if reached}):
            at_risk = sum(1 for days, _reached in waits if days >= day)
            events = sum(1 for days, reached in waits if reached and days == day)
            share *= 1 - events / at_risk
            curve.append([day, share])
        median = next((day for day, left in curve if left <= 0.5 + 1e-12), None)
        return len(waits), sum(reached for _days, reached in waits), median, curve


def dates(start, end):
    return [start + number * DAY for number in range((end - start).days)]


def store(made, tmp_path):
    """The world in the database, its records through the usual door."""
    owner = make_programme(
        time_zone=made.zone,
        tz_mode=made.tz_mode,
        week_start=made.week_start,
        workweek=sum(1 << day for day in made.workweek),
        holidays=[str(day) for day in sorted(made.holidays)],
        launch_on=made.launch,
        target_days=made.target_days,
        k=made.k,
        n=made.n,
        lookback=made.lookback,
        min_available_days=made.min_available,
        horizon_days=made.horizon,
        key_actions=list(KEY),
    )
    with transaction():
        teams = {name: make_team(name=name, members=0) for name in ("North", "South")}
        for one in made.people:
            person = make_person(
                key=one.key,
                role=one.role,
                is_test=one.is_test,
                time_zone=one.zone,
                hired_on=one.hire,
                left_on=one.leave,
                enabled_on=one.enabled,
                disabled_on=one.disabled,
            )
            for start, end in set(one.absences):
                make_absence(person, starts_on=start, ends_on=end)
            for name, start, end in one.teams:
                make_membership(person, teams[name], starts_on=start, ends_on=end)
    path = tmp_path / "usage.csv"
    lines = ["event_id,person_id,kind,occurred_at,received_at,voided"]
    for record in made.records:
        at, received = (record[name].isoformat() for name in ("occurred_at", "received_at"))
        fields = (record["event_id"], record["person_id"], record["kind"], at, received)
        lines.append(",".join([*fields, "true" if record["voided"] else "false"]))
    path.write_text("\n".join(lines) + "\n")
    done = run_import([path], kinds=KINDS, actor=SYSTEM, now=arrival(made), programme_id=owner.id)
    [result] = done.files
    assert (result.refused, result.set_aside) == (0, 0)
    return owner


def arrival(made):
    return datetime.combine(made.launch + 300 * DAY, time(), tzinfo=UTC)


def request_of(owner, name, as_of, params):
    figure = next(figure for figure in FIGURES if figure.name == name)
    assert set(params) <= {param.name for param in figure.params}
    given = {param.name: params.get(param.name) for param in figure.params}
    return figure, FigureRequest(programme_id=owner.id, params=given, as_of=as_of, as_of_given=True)


def ask(owner, name, as_of, **params):
    figure, request = request_of(owner, name, as_of, params)
    return dict(figure.compute(request))


def rows(owner, name, as_of, **params):
    figure, request = request_of(owner, name, as_of, params)
    return list(figure.rows(request))


def compare_sustained(owner, paper, through, as_of):
    for team in (None, "North"):
        found = ask(owner, "adoption", as_of, through=through, team=team)
        measurable, sustained, states = paper.adoption(through, team)
        assert (found["measurable"], found["sustained"]) == (measurable, sustained)
        assert {name: count for name, count in found["states"].items() if count} == states
        week = ask(owner, "weekly_adoption", as_of, week=through, team=team)
        assert (week["eligible"], week["met"]) == paper.weekly(through, team)
    table = ask(owner, "adoption_by_team", as_of, through=through)["teams"]
    assert {row["team"]: (row["measurable"], row["sustained"]) for row in table} == (
        paper.teams(through)
    )
    assert ask(owner, "day60", as_of, through=through)["counts"] == paper.day60(through)
    for key in list(paper.reps)[:2]:
        weeks = ask(owner, "streak", as_of, person_id=key, through=through)["weeks"]
        assert weeks == paper.streak(key, through)


def compare_active(owner, paper, start, through, as_of):
    for kinds in (None, ("login",), ("login", "guided_use")):
        found = ask(owner, "dau_wau_mau", as_of, on=through, kinds=kinds)
        assert found == {
            name: len(paper.active(through + DAY - length * DAY, through + DAY, kinds or KEY))
            for name, length in (("dau", 1), ("wau", 7), ("mau", 28))
        }
    histogram = ask(owner, "l28", as_of, on=through)["histogram"]
    assert {int(days): count for days, count in histogram.items()} == paper.l28(through)
    for short in ("day", "week"):
        value = ask(owner, "stickiness", as_of, start=start, end=through + DAY, short=short)
        assert value["value"] == pytest.approx(paper.stickiness(start, through + DAY, short))
    found = ask(owner, "feature_adoption", as_of, start=start, end=through + DAY)
    expected = paper.features(start, through + DAY)
    assert found["rate"] == pytest.approx(expected.pop("rate"))
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def compare_cohorts(owner, paper, start, through, as_of):
    leavers = "keep" if start.day % 2 else "exclude"
    brackets = ((0, 0), (1, 2), (2, 5), (3, 3))
    for interval in ("day", "week", "month"):
        found = ask(owner, "lifecycle", as_of, start=start, end=through + DAY, interval=interval)
        assert found["periods"] == paper.lifecycle(start, through + DAY, interval)
        for mode in ("on", "on_after", "bracket"):
            found = ask(
                owner,
                "retention",
                as_of,
                cohort_start=start,
                through=through,
                interval=interval,
                mode=mode,
                leavers=leavers,
                brackets=tuple(f"{low}-{high}" for low, high in brackets)
                if mode == "bracket"
                else None,
            )
            assert found["points"] == paper.retention(
                start, through, interval, mode, brackets, leavers
            )
    found = ask(owner, "time_to_first_value", as_of, through=through)
    n, events, median, curve = paper.first_value(through)
    assert (found["n"], found["events"], found["median"]) == (n, events, median)
    assert [day for day, _share in found["curve"]] == [day for day, _share in curve]
    assert [share for _day, share in found["curve"]] == pytest.approx(
        [share for _day, share in curve]
    )


def same_rows(owner, start, through, as_of):
    """The rows behind a figure add up to it."""
    window = {"start": start, "end": through + DAY}
    for name, params in (
        ("adoption", {"through": through}),
        ("day60", {"through": through}),
    ):
        found, behind = (call(owner, name, as_of, **params) for call in (ask, rows))
        counts = Counter(row["state"] for row in behind)
        assert counts == Counter(found["states" if name == "adoption" else "counts"])
    week = ask(owner, "weekly_adoption", as_of, week=through)
    behind = rows(owner, "weekly_adoption", as_of, week=through)
    assert (len(behind), sum(row["met"] for row in behind)) == (week["eligible"], week["met"])
    table = ask(owner, "adoption_by_team", as_of, through=through)["teams"]
    counted = Counter(
        row["team"]
        for row in rows(owner, "adoption_by_team", as_of, through=through)
        if row["state"] != "not_measurable"
    )
    assert counted == Counter({row["team"]: row["measurable"] for row in table})
    active = ask(owner, "dau_wau_mau", as_of, on=through)
    behind = rows(owner, "dau_wau_mau", as_of, on=through)
    assert {name: sum(row[name] for row in behind) for name in active} == active
    histogram = ask(owner, "l28", as_of, on=through)["histogram"]
    behind = rows(owner, "l28", as_of, on=through)
    assert Counter(str(row["active_days"]) for row in behind) == Counter(histogram)
    behind = rows(owner, "stickiness", as_of, short="week", **window)
    small, large = (sum(row[name] for row in behind) for name in ("short_days", "long_days"))
    value = ask(owner, "stickiness", as_of, short="week", **window)["value"]
    assert value == (small / large if large else None)


def same_rows_of_cohorts(owner, start, through, as_of):
    window = {"start": start, "end": through + DAY}
    found = ask(owner, "lifecycle", as_of, interval="week", **window)["periods"]
    behind = rows(owner, "lifecycle", as_of, interval="week", **window)
    assert Counter((row["period"], row["phase"]) for row in behind) == Counter(
        {
            (period["period"], phase): count
            for period in found
            for phase, count in period.items()
            if phase not in {"period", "active"}
        }
    )
    curve = {"cohort_start": start, "through": through, "interval": "week"}
    found = ask(owner, "retention", as_of, **curve)["points"]
    behind = rows(owner, "retention", as_of, **curve)
    at_risk = Counter(row["period"] for row in behind)
    retained = Counter(row["period"] for row in behind if row["retained"])
    assert at_risk == Counter({point["period"]: point["at_risk"] for point in found})
    assert retained == Counter({point["period"]: point["retained"] for point in found})
    behind = rows(owner, "feature_adoption", as_of, **window)
    found = ask(owner, "feature_adoption", as_of, **window)
    assert len(behind) == found["population"]
    for kind, rate in found["rate"].items():
        assert (sum(row[kind] > 0 for row in behind) / len(behind) if behind else None) == rate
    weeks, days = (sum(row[name] for row in behind) for name in ("eligible_weeks", "active_days"))
    assert found["frequency"] == (days / weeks if weeks else None)
    found = ask(owner, "time_to_first_value", as_of, through=through)
    behind = rows(owner, "time_to_first_value", as_of, through=through)
    assert (len(behind), sum(row["reached"] for row in behind)) == (found["n"], found["events"])


def compare(owner, made, random, as_of):
    paper = Paper(made, as_of)
    start = made.launch + random.randrange(-5, 30) * DAY
    through = start + random.randrange(20, 70) * DAY
    compare_sustained(owner, paper, through, as_of)
    compare_active(owner, paper, start, through, as_of)
    compare_cohorts(owner, paper, start, through, as_of)
    return start, through


@pytest.mark.parametrize("seed", range(5))
def test_the_product_counts_as_metrics_says(app, tmp_path, seed):
    made = make_up(seed)
    owner = store(made, tmp_path)
    random = Random(seed)
    late, early = arrival(made), datetime.combine(made.launch + 50 * DAY, time(), tzinfo=UTC)
    compare(owner, made, random, late)
    jobs.roll_up_usage(late)
    window = compare(owner, made, random, late)
    same_rows(owner, *window, late)
    same_rows_of_cohorts(owner, *window, late)
    compare(owner, made, random, early)


def test_the_made_up_worlds_have_something_of_everything():
    """The comparison would prove little over worlds in which nothing ever happens."""
    states, phases, retained, waits = Counter(), Counter(), 0, Counter()
    for seed in range(5):
        made = make_up(seed)
        paper = Paper(made, arrival(made))
        through = made.launch + 60 * DAY
        states += paper.adoption(through)[2]
        for period in paper.lifecycle(made.launch, through, "week"):
            phases.update({name: n for name, n in period.items() if name != "period"})
        points = paper.retention(made.launch, through, "month", "on_after", (), "exclude")
        retained += sum(point["retained"] for point in points[1:])
        n, events, _median, _curve = paper.first_value(through)
        waits.update(n=n, events=events)
    assert len(states) == 6
    assert all(phases.values())
    assert retained
    assert 0 < waits["events"] < waits["n"]
