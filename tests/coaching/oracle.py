"""METRICS S1-S7 and L1-L5 computed slowly and plainly, sharing nothing with the product.

A world is a dictionary of plain rows; instants are aware, dates are dates. Each function cites the
rule it follows.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import exp, log1p
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# No world reaches further; a due day not found by then never comes.
ENDLESS = date(2027, 6, 1)


def price(amount, rate, decay, days):
    """S5: what the weeks of silence took of the deal, each its share of what was left."""
    if amount is None or rate is None or decay is None:
        return None
    kept = exp(days * log1p(-decay) / 7)
    return float(amount) * rate * (1 - kept)


def leak(per_year, built, works, adoption):
    """L1 to L4 in whole fractions."""
    year, built, works = Fraction(per_year), Fraction(built), Fraction(works)
    back = year * works * Fraction(adoption)
    return {
        "recovered": back,
        "still_leaking": year - back,
        "net": back - built,
        "roi": (back - built) / built,
        "break_even": built / (year * works),
        "payback_months": 12 * built / back if back else None,
    }


class Oracle:
    """One world, asked at one (`through`, `as_of`); `taken` are moments coached before."""

    def __init__(self, world, through, as_of, taken=frozenset()):
        self.world, self.through, self.as_of = world, through, as_of
        self.taken = taken
        self.people = {one["id"]: one for one in world["people"]}
        self.deals = {one["key"]: one for one in world["deals"]}

    def zone(self, person):
        """T2."""
        own = self.people[person]["zone"] if self.world["tz_mode"] == "user" else None
        return ZoneInfo(own or self.world["zone"])

    def day_of(self, instant, person):
        return instant.astimezone(self.zone(person)).date()

    def in_scope(self, person):
        """P1."""
        one = self.people[person]
        return one["role"] == "rep" and not one["test"]

    def here(self, person, day):
        """P2 and P3."""
        one = self.people[person]
        if one["enabled"] is None or day < one["enabled"]:
            return False
        if one["disabled"] is not None and day >= one["disabled"]:
            return False
        return (one["hired"] or date.min) <= day <= (one["left"] or date.max)

    def available(self, person, day):
        """P4 and P5."""
        working = day.weekday() in self.world["workweek"] and day not in self.world["holidays"]
        away = any(start <= day <= end for start, end in self.people[person]["absences"])
        return working and not away and self.here(person, day)

    def team(self, person, day):
        """P7: the latest start wins, then the last row."""
        name, latest = "unassigned", date.min
        for start, end, team in self.people[person]["teams"]:
            if start <= day and (end is None or day < end) and start >= latest:
                name, latest = team, start
        return name

    def due(self, person, fired):
        """S2."""
        left, day = self.world["respond_days"], fired
        while day < ENDLESS:
            day += DAY
            if self.available(person, day):
                left -= 1
            if left == 0:
                return day
        return None

    def actions(self, deal):
        """E1-E3: the runs on a deal that count, as (instant, date)."""
        latest = {}
        for row in self.world["usage"]:
            if row["received_at"] <= self.as_of:
                known = latest.get(row["event_id"])
                if known is None or row["received_at"] >= known["received_at"]:
                    latest[row["event_id"]] = row
        found = []
        for row in latest.values():
            day = self.day_of(row["at"], row["person"])
            counts = not row["voided"] and not row["future"] and row["kind"] == "sequence_run"
            counts &= self.in_scope(row["person"]) and self.here(row["person"], day)
            if counts and row["deal"] == deal and day <= self.through:
                found.append((row["at"], day))
        return sorted(found)

    def closed(self, deal):
        """The close, by `through`; a deal nobody imported never closes."""
        one = self.deals.get(deal)
        if one is None or one["stage"] == "open" or one["closed"] is None:
            return None
        return one["closed"] if one["closed"] <= self.through else None

    def episodes(self):
        """S1: each as (opening signal, fired date, action date, close, dismissed)."""
        signals = defaultdict(list)
        for row in self.world["signals"]:
            fired = self.day_of(row["at"], row["person"])
            if row["at"] <= self.as_of and fired <= self.through and self.in_scope(row["person"]):
                signals[row["deal"]].append((row["at"], row["key"], fired, row))
        for deal, rows in signals.items():
            closed, runs, open_one = self.closed(deal), self.actions(deal), None
            for at, _key, fired, row in sorted(rows, key=lambda one: one[:2]):
                if open_one is not None:
                    answered = open_one["answer"] is not None and open_one["answer"][0] < at
                    over = closed is not None and fired > closed
                    if not answered and not over:
                        open_one["signals"] += 1
                        open_one["dismissed"] += self.dismissed(row)
                        continue
                    yield open_one
                later = [run for run in runs if run[0] >= at]
                answer = later[0] if later else None
                if answer is not None and closed is not None and answer[1] > closed:
                    answer = None
                open_one = {
                    "row": row,
                    "fired": fired,
                    "answer": answer,
                    "closed": closed,
                    "signals": 1,
                    "dismissed": self.dismissed(row),
                }
            yield open_one

    def dismissed(self, row):
        """The date of a dismissal that was known and had happened, in a list of one or none."""
        if row["dismissed_at"] is None or row["dismissed_at"] > self.as_of:
            return []
        day = self.day_of(row["dismissed_at"], row["person"])
        return [day] if day <= self.through else []

    def last_day(self, person):
        one = self.people[person]
        ends = [one["left"], one["disabled"] - DAY if one["disabled"] else None]
        ends = [end for end in ends if end is not None]
        return min(ends) if ends and one["enabled"] is not None else None

    @cached_property
    def occasions(self):
        """S2 to S4, every one."""
        found = []
        for one in self.episodes():
            person, fired = one["row"]["person"], one["fired"]
            due = self.due(person, fired)
            limit = self.last_day(person) if due is None else due
            acted = one["answer"][1] if one["answer"] else None
            if limit is not None and acted is not None and acted <= limit:
                status = "on_time"
            elif limit is not None and one["closed"] is not None and one["closed"] <= limit:
                status = "closed_before_due"
            elif due is None:
                status = "owner_left"
            elif due > self.through:
                status = "pending"
            elif acted is not None:
                status = "late"
            else:
                status = "dismissed" if one["dismissed"] else "ignored"
            found.append(
                {
                    "signal_id": one["row"]["key"],
                    "deal_id": one["row"]["deal"],
                    "person_id": self.people[person]["key"],
                    "team": self.team(person, fired),
                    "fired_day": fired,
                    "due": due,
                    "action_day": acted,
                    "closed_day": one["closed"],
                    "dismissed_day": min(one["dismissed"], default=None),
                    "signals": one["signals"],
                    "status": status,
                    "delay_days": ((acted or one["closed"] or self.through) - fired).days,
                    "person": person,
                    "at": one["row"]["at"],
                }
            )
        return found

    def coverage(self, start, end, team=None):
        """S3."""
        counts = Counter(
            one["status"]
            for one in self.occasions
            if start <= one["fired_day"] < end and team in {None, one["team"]}
        )
        base = counts["on_time"] + counts["late"] + counts["dismissed"] + counts["ignored"]
        return {
            "on_time": counts["on_time"],
            "denominator": base,
            "rate": counts["on_time"] / base if base else None,
            "counts": {status: count for status, count in counts.items() if count},
        }

    def week_of(self, person, first):
        """S3 of one rep in the seven days from `first`: (on time, due, not due yet)."""
        told = Counter(
            one["status"]
            for one in self.occasions
            if one["person"] == person and first <= one["fired_day"] < first + 7 * DAY
        )
        missed = told["late"] + told["dismissed"] + told["ignored"]
        return told["on_time"], told["on_time"] + missed, told["pending"]

    def close_rate(self, person):
        """S6."""
        closed = [
            one
            for one in self.deals.values()
            if self.in_scope(one["person"]) and self.closed(one["key"]) is not None
        ]
        if not closed:
            return None
        organisation = sum(one["stage"] == "won" for one in closed) / len(closed)
        own = [one for one in closed if one["person"] == person]
        return (sum(one["stage"] == "won" for one in own) + 10 * organisation) / (len(own) + 10)

    def missed(self, week_end=None):
        """S4 and S5."""
        rows = []
        for one in self.occasions:
            if one["status"] not in {"late", "dismissed", "ignored"}:
                continue
            if week_end is not None and one["fired_day"] > week_end:
                continue
            amount = self.deals.get(one["deal_id"], {}).get("amount")
            rate = self.close_rate(one["person"])
            cost = price(amount, rate, self.world["decay"], one["delay_days"])
            rows.append({**one, "amount": amount, "rate": rate, "cost": cost})
        return rows

    def waiting(self):
        """S7's candidates by person, dearest first: missed by now and not taken up before."""
        found = defaultdict(list)
        for one in self.missed(self.through):
            if one["signal_id"] not in self.taken:
                found[one["person"]].append(one)
        for rows in found.values():
            rows.sort(key=lambda one: one["signal_id"])
            rows.sort(key=lambda one: one["at"])
            rows.sort(key=lambda one: one["delay_days"], reverse=True)
            rows.sort(key=self.weight, reverse=True)
        return dict(found)

    def weight(self, one):
        """S7: the cost, or money times days while no decay is set; without a price the least."""
        if self.world["decay"] is not None:
            return float("-inf") if one["cost"] is None else one["cost"]
        if one["amount"] is None or one["rate"] is None:
            return float("-inf")
        return Fraction(one["amount"]) * Fraction(one["rate"]) * one["delay_days"]

    def picks(self):
        """S7 at week_end = through: the first of each rep's candidates."""
        return [rows[0] for rows in self.waiting().values()]
