"""METRICS computed slowly and plainly from rows of text, sharing nothing with the product or demo.

Each function cites the rule it follows. It takes the world's `records(kind)` and playbook, parses
every value itself and loops over people and days.
"""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from math import ceil
from statistics import mean
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def _day(text):
    return date.fromisoformat(text) if text else None


def _dates(start, end):
    """Dates of [start, end)."""
    while start < end:
        yield start
        start += DAY


class Oracle:
    """One world, read once."""

    def __init__(self, world):
        plan = world.playbook["programme"]
        self.zone = ZoneInfo(plan["time_zone"])
        self.keys = set(plan["key_actions"])
        self.due_action = plan["due_action"]
        self.rule = plan["adoption_rule"]
        self.respond_days = plan["respond_days"]
        self.holidays = {_day(text) for text in plan["holidays"]}
        self.reps = {}
        for row in world.records("people"):
            if row["role"] == "rep" and row["is_test"] != "true":  # P1
                self.reps[row["person_id"]] = {
                    "hire": _day(row["hire_date"]),
                    "leave": _day(row["leave_date"]) or date.max,
                    "enabled": _day(row["enabled_on"]) or date.max,
                    "disabled": _day(row["disabled_on"]) or date.max,
                    "away": set(),
                }
        for row in world.records("absences"):
            if row["person_id"] in self.reps:
                first, last = _day(row["start_date"]), _day(row["end_date"])
                self.reps[row["person_id"]]["away"].update(_dates(first, last + DAY))
        self.memberships = defaultdict(list)
        for row in world.records("memberships"):
            self.memberships[row["person_id"]].append(
                (_day(row["start_date"]), _day(row["end_date"]) or date.max, row["team"])
            )
        self.world = world
        self._read_usage()

    def _read_usage(self):
        """E1: of the records with one id the one received last counts; E3: only in employment."""
        last = {}
        for row in self.world.records("usage"):
            received = row["received_at"] or row["occurred_at"]
            if row["event_id"] not in last or received >= last[row["event_id"]][0]:
                last[row["event_id"]] = (received, row)
        self.key_days = defaultdict(set)
        self.logins = []
        self.runs = defaultdict(list)
        self.kinds = Counter()
        for _, row in last.values():
            rep = row["person_id"]
            if row["voided"] == "true" or rep not in self.reps:
                continue
            moment = datetime.fromisoformat(row["occurred_at"])
            on = moment.astimezone(self.zone).date()  # T2
            assert self.there(rep, on), row
            self.kinds[row["kind"]] += 1
            if row["kind"] in self.keys:
                self.key_days[rep].add(on)
            if row["kind"] == "login":
                self.logins.append((rep, on))
            if row["kind"] == self.due_action:
                self.runs[row["object_id"]].append((moment, on))

    def there(self, rep, on):
        """P2 and P3."""
        one = self.reps[rep]
        return one["hire"] <= on <= one["leave"] and one["enabled"] <= on < one["disabled"]

    def working(self, on):
        """P4."""
        return on.weekday() < 5 and on not in self.holidays

    def available(self, rep, on):
        """P5."""
        return self.working(on) and on not in self.reps[rep]["away"] and self.there(rep, on)

    def team(self, rep, on):
        """P7."""
        covering = [row for row in self.memberships[rep] if row[0] <= on < row[1]]
        return max(covering, key=lambda row: row[0])[2] if covering else "unassigned"

    def start_day(self, rep):
        return max(self.reps[rep]["hire"], self.reps[rep]["enabled"])

    def judge(self, rep, through):
        """A3: True, False, or None when not measurable."""
        monday = through - timedelta(days=through.weekday())
        if through.weekday() != 6:
            monday -= timedelta(days=7)
        met = []
        for _ in range(self.rule["lookback"]):
            week = list(_dates(monday, monday + timedelta(days=7)))
            available = sum(self.available(rep, on) for on in week)
            if available >= self.rule["min_available_days"]:  # P6
                days = sum(on in self.key_days[rep] for on in week)
                met.append(days >= self.rule["target_days"])  # A1
            monday -= timedelta(days=7)
        if len(met) < self.rule["n"]:
            return None
        return sum(met[: self.rule["n"]]) >= self.rule["k"]

    def adoption(self, through, team=None):
        """A4, headline numbers."""
        here = [rep for rep in self.reps if self.there(rep, through)]
        if team:
            here = [rep for rep in here if self.team(rep, through) == team]
        verdicts = Counter(self.judge(rep, through) for rep in here)
        measurable = verdicts[True] + verdicts[False]
        return {
            "measurable": measurable,
            "sustained": verdicts[True],
            "rate": verdicts[True] / measurable,
            "not_measurable": verdicts[None],
            "left": len(self.reps) - len(here),
        }

    def day60(self, through):
        """A5."""
        verdicts = Counter()
        for rep in self.reps:
            own = self.start_day(rep)
            if own == date.max:
                continue
            own += timedelta(days=self.rule["horizon_days"])
            if own <= through and self.there(rep, own):
                verdicts[self.judge(rep, own)] += 1
        measurable = verdicts[True] + verdicts[False]
        return {
            "measurable": measurable,
            "sustained": verdicts[True],
            "rate": verdicts[True] / measurable,
        }

    def training(self, course, through):
        """R1 to R3."""
        asked = {}
        for row in self.world.records("assignments"):
            on = _day(row["assigned_on"])
            rep = row["person_id"]
            if row["course"] != course or rep not in self.reps or on > through:
                continue
            if rep not in asked or on > asked[rep][0]:
                asked[rep] = (on, row["waived"] == "true")
        passed = defaultdict(list)
        for row in self.world.records("completions"):
            if row["course"] == course and row["passed"] == "true":
                moment = datetime.fromisoformat(row["completed_at"])
                passed[row["person_id"]].append(moment.astimezone(self.zone).date())
        assigned = completed = 0
        for rep, (on, waived) in asked.items():
            one = self.reps[rep]
            if waived or not one["hire"] <= through <= one["leave"]:
                continue
            if not any(self.working(d) and d not in one["away"] for d in _dates(on, through + DAY)):
                continue
            assigned += 1
            earliest = on - timedelta(days=365)
            completed += any(earliest <= day <= through for day in passed[rep])
        return {"assigned": assigned, "completed": completed, "rate": completed / assigned}

    def logins_growth(self, base, current):
        """G2."""
        counts, rep_days = [], []
        for start, end in (base, current):
            counts.append(sum(start <= on < end for _, on in self.logins))
            rep_days.append(
                sum(self.available(rep, on) for rep in self.reps for on in _dates(start, end))
            )
        return {
            "base": counts[0],
            "current": counts[1],
            "growth": counts[1] / counts[0] - 1,
            "growth_per_rep_day": counts[1] / rep_days[1] / (counts[0] / rep_days[0]) - 1,
        }

    def new_user_growth(self, month):
        """G3: `month` is its first day."""
        before = (month - DAY).replace(day=1)
        after = (month + timedelta(days=31)).replace(day=1)
        firsts = [min(days) for days in self.key_days.values() if days]
        previous = sum(before <= first < month for first in firsts)
        current = sum(month <= first < after for first in firsts)
        return {"previous": previous, "current": current, "growth": current / previous - 1}

    def returning_established(self, month):
        """G4, first key event before the month."""
        after = (month + timedelta(days=31)).replace(day=1)
        established = [
            rep
            for rep, days in self.key_days.items()
            if days and min(days) < month and self.there(rep, month)
        ]
        returned = sum(any(month <= on < after for on in self.key_days[rep]) for rep in established)
        return {
            "established": len(established),
            "returned": returned,
            "rate": returned / len(established),
        }

    def proposals_growth(self, month_a, month_b):
        """G5."""
        counts = []
        for month in (month_a, month_b):
            after = (month + timedelta(days=31)).replace(day=1)
            counts.append(
                sum(
                    row["with_tool"] == "true" and month <= _day(row["created_on"]) < after
                    for row in self.world.records("proposals")
                )
            )
        return {"base": counts[0], "current": counts[1], "growth": counts[1] / counts[0] - 1}

    def revenue_gap(self, start, end, split=None):
        """V1, use of any kind in the window, or in the window `split` (V4's pre-period)."""
        split = split or (start, end)
        sold = Counter()
        for row in self.world.records("deals"):
            if row["stage"] == "won" and start <= _day(row["closed_on"]) < end:
                sold[row["person_id"]] += float(row["amount"])
        sides = {True: [], False: []}
        for rep in self.reps:
            days = [on for on in _dates(*split) if self.working(on)]
            if sum(self.available(rep, on) for on in days) * 2 >= len(days):
                used = any(split[0] <= on < split[1] for on in self.key_days[rep])
                sides[used].append(sold[rep])
        return {
            "users": len(sides[True]),
            "non_users": len(sides[False]),
            "gap": mean(sides[True]) / mean(sides[False]) - 1,
        }

    def proposal_value_gap(self, start, end):
        """V3."""
        sides = {"true": [], "false": []}
        for row in self.world.records("proposals"):
            if start <= _day(row["created_on"]) < end and row["value"] and float(row["value"]) > 0:
                sides[row["with_tool"]].append(float(row["value"]))
        return {
            "with_tool": len(sides["true"]),
            "without": len(sides["false"]),
            "gap": mean(sides["true"]) / mean(sides["false"]) - 1,
        }

    def coverage(self, start, end, through, team=None):
        """S1 to S3; every signal of the demo opens an episode of its own."""
        closes = {row["deal_id"]: _day(row["closed_on"]) for row in self.world.records("deals")}
        counts = Counter()
        for row in self.world.records("signals"):
            moment = datetime.fromisoformat(row["fired_at"])
            fired, rep = moment.astimezone(self.zone).date(), row["person_id"]
            if not start <= fired < end or (team and self.team(rep, fired) != team):
                continue
            due, left = fired, self.respond_days
            while left and due < fired + timedelta(days=200):
                due += DAY
                left -= self.available(rep, due)
            closed = closes[row["deal_id"]] or date.max
            runs = [on for when, on in self.runs[row["deal_id"]] if when >= moment]
            if runs and min(runs) <= due:
                status = "on_time"
            elif closed <= min(due, through):
                status = "closed_before_due"
            elif left:
                status = "owner_left"
            elif due > through:
                status = "pending"
            elif runs and min(runs) <= through:
                status = "late"
            else:
                status = "dismissed" if row["dismissed_at"] else "ignored"
            counts[status] += 1
        missed = counts["late"] + counts["dismissed"] + counts["ignored"]
        judged = counts["on_time"] + missed
        return {
            "on_time": counts["on_time"],
            "denominator": judged,
            "rate": counts["on_time"] / judged if judged else None,
            "counts": dict(counts),
        }

    def active_days(self, start, end, reps):
        """Mean days of use a week, for comparing contest halves and tip arms."""
        total = sum(start <= on < end for rep in reps for on in self.key_days[rep])
        return total / len(reps) / ((end - start).days / 7)

    def roster_participation(self, start, end, target=2):
        """C5 and C6 by team: members who reached their own target, and the roster."""
        working = [on for on in _dates(start, end + DAY) if self.working(on)]
        teams = defaultdict(lambda: [0, 0])
        for rep in self.reps:
            by_team = Counter(self.team(rep, on) for on in working if self.available(rep, on))
            for team, days in by_team.items():
                if days * 2 >= len(working):
                    active = sum(
                        start <= on <= end and self.team(rep, on) == team
                        for on in self.key_days[rep]
                    )
                    teams[team][0] += active >= ceil(target * days / 5)
                    teams[team][1] += 1
        return dict(teams)
