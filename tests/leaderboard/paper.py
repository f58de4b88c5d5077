"""Contests worked out on paper: METRICS section 5 and CONTESTS, day by day and event by event.

It shares no line with the app: plain dictionaries in, plain rows out, the slow and obvious way.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

F = Fraction
DAY = timedelta(days=1)


def day_of(moment, zone):
    """C1: the local date of an instant in the programme's zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def start_of(day, zone):
    """The first instant of a local date, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def span(start, end):
    """The dates of [start, end)."""
    return [start + n * DAY for n in range((end - start).days)]


def is_here(person, day):
    """P2, P3: employed and enabled on a date."""
    if person["enabled_on"] is None or day < person["enabled_on"]:
        return False
    if person["hired_on"] and day < person["hired_on"]:
        return False
    if person["left_on"] and day > person["left_on"]:
        return False
    return not (person["disabled_on"] and day >= person["disabled_on"])


def is_available(world, person, day):
    """P5: here, a working day, and not away."""
    if not is_here(person, day) or day.weekday() > 4 or day in world["holidays"]:
        return False
    return not any(start <= day <= end for start, end in person["away"])


def team_on(person, day):
    """P7: of the memberships that cover the date the one that starts last, then the last row."""
    found = None
    for team, start, end in person["teams"]:
        covers = start <= day and (end is None or day < end)
        if covers and (found is None or start >= found[1]):
            found = (team, start)
    return None if found is None else found[0]


def unit_on(race, person_id, person, day):
    """Which unit gets the credit of a date."""
    team = team_on(person, day)
    if race["unit"] in {"team", "division"}:
        return team
    if race["unit"] == "adhoc":
        return next((n for n, side in enumerate(race["sides"]) if person_id in side), None)
    return person_id if race["teams"] is None or team in race["teams"] else None


def racing(world, race):
    """The units with a row."""
    days = span(race["start"], race["end"])
    if race["unit"] == "adhoc":
        return list(range(len(race["sides"])))
    if race["unit"] == "person":
        on_team = [
            ident
            for ident, person in world["people"].items()
            if race["teams"] is None
            or any(
                team in race["teams"] and start < race["end"] and (not end or end > race["start"])
                for team, start, end in person["teams"]
            )
        ]
        return [i for i in on_team if any(is_here(world["people"][i], day) for day in days)]
    if race["teams"] is not None:
        return list(race["teams"])
    return sorted(
        {
            team
            for person in world["people"].values()
            for team, start, end in person["teams"]
            if start < race["end"] and (end is None or end > race["start"])
        }
    )


def earned(world, race, ident, start, end):
    """C2, C3, C7: points of each date, and the moment of the last point of each."""
    person, used, counts = world["people"][ident], set(), {}
    points, last = {}, {}
    closes = start_of(race["end"], world["zone"]) + timedelta(hours=48)
    events = [e for e in world["events"] if e["person"] == ident and e["received"] <= closes]
    for event in sorted(events, key=lambda e: (e["at"], e["id"])):
        day = day_of(event["at"], world["zone"])
        rule = race["rules"].get(event["kind"])
        if rule is None or not start <= day < end or not is_here(person, day) or event["held"]:
            continue
        if rule["min_value"] is not None and (
            event["value"] is None or event["value"] < rule["min_value"]
        ):
            continue
        thing = None
        if rule["unique"]:
            if not event["object"]:
                continue
            thing = (event["kind"], event["object"], day if rule["unique"] == "object_day" else 0)
            if thing in used:
                continue
        number = counts.get((event["kind"], day), 0)
        if rule["cap"] is not None and number >= rule["cap"]:
            continue
        used.add(thing)
        counts[event["kind"], day] = number + 1
        worth = rule["points"] * rule["decay"] ** number
        if worth and unit_on(race, ident, person, day) is not None:
            points[day] = points.get(day, F(0)) + worth
            last[day] = max(last.get(day, event["at"]), event["at"])
    return points, last


def members(world, race, start, end):
    """What each person brought to each unit inside [start, end)."""
    days, parts = span(start, end), {}
    for ident, person in world["people"].items():
        points, last = earned(world, race, ident, start, end)
        for day in days:
            unit = unit_on(race, ident, person, day)
            if unit is None:
                continue
            part = parts.setdefault(
                (ident, unit), {"days": 0, "points": F(0), "active": 0, "at": None}
            )
            part["days"] += is_available(world, person, day)
            part["points"] += points.get(day, 0)
            part["active"] += points.get(day, 0) >= 1
            if day in last:
                part["at"] = max(part["at"] or last[day], last[day])
    return parts


def baseline(world, race):
    """C6: points and rep-days of each unit in the 28 days before the start."""
    start = race["start"] - 28 * DAY
    before = race | {"end": race["start"], "start": start, "closes_with": race["end"]}
    found = {unit: [F(0), 0] for unit in racing(world, before)}
    late = race | {"start": start}
    for (_, unit), part in members(world, late, start, race["start"]).items():
        if unit in found:
            found[unit][0] += part["points"]
            found[unit][1] += part["days"]
    return found


def improvement(row, bases):
    """C6: how much better than the own steadied past, in percent."""
    days = sum(each[1] for each in bases.values())
    if not days or not row["member_days"]:
        return None, None, None
    org = sum((each[0] for each in bases.values()), F(0)) / days
    own = bases.get(row["unit"], [F(0), 0])
    steady = (own[0] + 50 * org) / (own[1] + 50)
    if not steady:
        return None, org, steady
    now = row["points"] / row["member_days"]
    return 100 * (now - steady) / max(steady, org / 4), org, steady


def standings(world, race):
    """Unit -> rank, score, points, headcount, roster, participants, division, improvement."""
    days = span(race["start"], race["end"])
    working = sum(day.weekday() < 5 and day not in world["holidays"] for day in days)
    parts = members(world, race, race["start"], race["end"])
    bases = baseline(world, race)
    rows = {}
    for unit in racing(world, race):
        mine = [part for (_, each), part in parts.items() if each == unit]
        roster = [part for part in mine if 2 * part["days"] >= working]
        met = [p for p in roster if p["active"] >= ceil(race["target"] * p["days"] / 5)]
        rows[unit] = {
            "unit": unit,
            "points": sum((part["points"] for part in mine), F(0)),
            "member_days": sum(part["days"] for part in mine),
            "headcount": F(sum(part["days"] for part in mine), working),
            "roster": len(roster),
            "participants": len(met),
            "at": max((part["at"] for part in mine if part["at"]), default=None),
            "division": next((n for n, d in enumerate(race["divisions"]) if unit in d), None),
        }
    for row in rows.values():
        score_one(race, row, bases)
    for division in {row["division"] for row in rows.values()}:
        rank_all(race, [row for row in rows.values() if row["division"] == division])
    return rows


def score_one(race, row, bases):
    """C6 for one unit, and whether it can have a place (C9)."""
    heads, mode = row["headcount"], race["mode"]
    better, org, steady = improvement(row, bases)
    row["improvement"] = better if heads and heads >= race["least"] else None
    score = None
    if mode == "total":
        score = row["points"]
    elif mode == "participation":
        score = F(row["participants"], row["roster"]) if row["roster"] else None
    elif heads and mode == "per_capita":
        score = row["points"] / heads
    elif heads and mode == "improvement":
        score = better
    elif heads and mode == "handicap" and steady:
        score = row["points"] / heads * min(max(org / steady, F("0.67")), F("1.5"))
    row["score"] = score
    is_small = heads < race["least"] or (race["unit"] == "person" and not heads)
    lost = bool(race["divisions"]) and row["division"] is None
    row["can_rank"] = not is_small and score is not None and not lost


def rank_all(race, rows):
    """C8 and C9 over units that are ranked together."""
    placed = [row for row in rows if row["can_rank"]]
    mode = race["mode"]
    weigh = "roster" if mode == "participation" else "headcount"
    total = sum((F(row[weigh]) for row in placed), F(0))
    gained = "participants" if mode == "participation" else "points"
    for row in rows:
        row["rank"] = None
        row["merit"] = row["score"]
        if mode in {"participation", "per_capita"} and row["can_rank"]:
            league = sum((F(each[gained]) for each in placed), F(0)) / total
            weight = F(row[weigh])
            row["merit"] = (weight * row["score"] + 10 * league) / (weight + 10)
    for row in placed:
        row["rank"] = 1 + sum(ahead(race, other, row) for other in placed)


def ahead(race, other, row):
    """Whether another unit stands before this one: more, or as much and earlier where declared."""
    if other["merit"] != row["merit"] or not race["by_time"]:
        return other["merit"] > row["merit"]
    if other["at"] is None or row["at"] is None:
        return other["at"] is not None
    return other["at"] < row["at"]


__all__ = ["date", "day_of", "span", "standings", "start_of"]
