"""Random small worlds of stalled deals: drawn as plain rows, then stored as the product does."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from adoption.models import Deal, Signal, UsageEvent
from core.db import transaction
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import enrol, make_programme

DAY = timedelta(days=1)
FIRST = date(2026, 2, 23)
ZONES = (
    None,
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
)
PROGRAMME_ZONES = ("America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "UTC")
# Hours of UTC at which a date begins in one of these zones, before or after its clocks change.
HOURS = (0, 4, 5, 12, 12, 13, 21, 22, 23)
TEAMS = ("North", "South", "East")


def _maybe(random, chance, value):
    return value if random.random() < chance else None


def _day(random, spread=70):
    return FIRST + random.randrange(spread) * DAY


def _moment(random, spread=70):
    """One of a few moments of a day, so that moments meet each other and fall on date lines."""
    hour = random.choice(HOURS)
    return datetime(2026, 2, 23, hour, random.choice((0, 0, 30)), tzinfo=UTC) + (
        random.randrange(spread) * DAY
    )


def _person(random, number, name):
    enabled = _maybe(random, 0.95, FIRST + random.choice((-50, -50, 0, 20)) * DAY)
    disabled = _maybe(random, 0.15, _day(random) + 25 * DAY)
    if enabled is not None and disabled is not None:
        disabled = max(disabled, enabled)
    cut = FIRST + random.randrange(10, 50) * DAY
    teams = random.choice(
        (
            [],
            [(FIRST - 90 * DAY, None, TEAMS[0])],
            [(FIRST - 90 * DAY, cut, TEAMS[0]), (cut, None, TEAMS[1])],
            [(FIRST - 90 * DAY, None, TEAMS[1]), (cut, cut + 9 * DAY, TEAMS[2])],
        )
    )
    return {
        "key": f"{name}-P{number}",
        "role": "rep" if random.random() < 0.9 else "manager",
        "test": random.random() < 0.08,
        "zone": random.choice(ZONES),
        "hired": FIRST - 100 * DAY,
        "left": _maybe(random, 0.25, _day(random)),
        "enabled": enabled,
        "disabled": disabled,
        "absences": [
            (start, start + random.randrange(12) * DAY)
            for start in (_day(random) for _ in range(random.randrange(3)))
        ],
        "teams": teams,
    }


def _usage(random, number, name, deals, people):
    """One due action, sometimes late in arriving, void, from the future, or corrected later."""
    at = _moment(random)
    row = {
        "event_id": f"{name}-E{number}",
        "person": random.choice(people)["id"],
        "kind": "sequence_run" if random.random() < 0.9 else "guided_use",
        "deal": random.choice(deals),
        "at": at,
        "received_at": at
        + (timedelta(days=random.randrange(30)) if random.random() < 0.3 else 0 * DAY),
        "voided": random.random() < 0.07,
        "future": random.random() < 0.03,
    }
    if random.random() < 0.15:
        later = row["received_at"] + timedelta(days=random.randrange(1, 20))
        moved = {"at": at + random.randrange(-4, 5) * DAY, "voided": random.random() < 0.4}
        return [row, {**row, **moved, "received_at": later}]
    return [row]


def draw(seed):
    """The world of a seed."""
    return draw_with(Random(seed), f"W{seed}")


def draw_with(random, name):
    """The rows of one world; ids are given to people when they are stored."""
    people = [_person(random, number, name) for number in range(random.randrange(3, 7))]
    return {
        "random": random,
        "name": name,
        "zone": random.choice(PROGRAMME_ZONES),
        "tz_mode": random.choice(("program", "user")),
        "workweek": random.choice(({0, 1, 2, 3, 4}, {0, 1, 2, 3, 6})),
        "holidays": {_day(random) for _ in range(random.randrange(4))},
        "respond_days": random.choice((1, 2, 2, 2, 5)),
        "decay": random.choice((None, 0.1, 0.2)),
        "people": people,
    }


def _fill(world):
    """Deals, signals and usage, once people have their ids."""
    random, name, people = world["random"], world["name"], world["people"]
    keys = [f"{name}-D{number}" for number in range(random.randrange(3, 9))]
    world["deals"] = [
        {
            "key": key,
            "person": random.choice(people)["id"],
            "stage": random.choice(("open", "won", "lost")),
            "amount": random.choice((None, *(Decimal(1000 * n) for n in (1, 2, 3, 6, 10)))),
            "closed": _maybe(random, 0.75, _day(random)),
        }
        for key in keys[:-1]
    ]
    world["signals"] = []
    for number in range(random.randrange(4, 22)):
        at = _moment(random)
        gone = _maybe(random, 0.35, at + timedelta(days=random.randrange(-2, 12)))
        world["signals"].append(
            {
                "key": f"{name}-S{number:02d}",
                "deal": random.choice(keys),
                "person": random.choice(people)["id"],
                "at": at,
                "dismissed_at": gone,
            }
        )
    world["usage"] = [
        row
        for number in range(random.randrange(20))
        for row in _usage(random, number, name, keys, people)
    ]


def store(world, teams):
    """Put a world into the database, its reps in a programme of their own."""
    owner = make_programme(
        slug=world["name"].lower(),
        time_zone=world["zone"],
        tz_mode=world["tz_mode"],
        workweek=sum(1 << day for day in world["workweek"]),
        week_start=world.get("week_start", 0),
        holidays=sorted(day.isoformat() for day in world["holidays"]),
        respond_days=world["respond_days"],
        weekly_decay=world["decay"],
    )
    rows = []
    for one in world["people"]:
        row = make_person(
            key=one["key"],
            role=one["role"],
            is_test=one["test"],
            time_zone=one["zone"],
            hired_on=one["hired"],
            left_on=one["left"],
            enabled_on=one["enabled"],
            disabled_on=one["disabled"],
        )
        one["id"] = row.id
        rows.append(row)
        for start, end in sorted(set(one["absences"])):
            make_absence(row, start, end)
        for start, end, team in one["teams"]:
            make_membership(row, teams[team].team, starts_on=start, ends_on=end)
    enrol(owner, *rows)
    _fill(world)
    _store_facts(world, owner)
    return owner


def make_teams(*, is_led=False):
    return {name: make_team(members=0, name=name, lead=is_led) for name in TEAMS}


def _store_facts(world, owner):
    zones = {one["id"]: one["zone"] for one in world["people"]}

    def local_day(row):
        own = zones[row["person"]] if world["tz_mode"] == "user" else None
        return row["at"].astimezone(ZoneInfo(own or world["zone"])).date()

    versions = {}
    for row in world["usage"]:
        versions.setdefault(row["event_id"], []).append(row)
    events = [
        {
            "programme_id": owner.id,
            "source": "test",
            "event_id": event_id,
            "version": place + 1,
            "person_id": row["person"],
            "kind": row["kind"],
            "occurred_at": row["at"],
            "received_at": row["received_at"],
            "local_day": local_day(row),
            "object_id": row["deal"],
            "voided": row["voided"],
            "quarantine": "future" if row["future"] else None,
            "superseded_at": rows[place + 1]["received_at"] if place + 1 < len(rows) else None,
        }
        for event_id, rows in versions.items()
        for place, row in enumerate(rows)
    ]
    deals = [
        {
            "deal_key": row["key"],
            "person_id": row["person"],
            "stage": row["stage"],
            "amount": row["amount"],
            "closed_on": row["closed"],
        }
        for row in world["deals"]
    ]
    signals = [
        {
            "signal_key": row["key"],
            "deal_key": row["deal"],
            "person_id": row["person"],
            "fired_at": row["at"],
            "dismissed_at": row["dismissed_at"],
        }
        for row in world["signals"]
    ]
    with transaction() as session:
        for model, values in ((Deal, deals), (Signal, signals), (UsageEvent, events)):
            if values:
                session.execute(insert(model), values)
