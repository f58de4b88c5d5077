"""Boards against the same contest worked out on paper: random worlds, all modes, all units.

Moves, overlaps, leave, late starts, leavers, late events, holds, repeats, ties and the clock change
of 8 March lie inside the window.
"""

import random
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from core.db import db, transaction
from leaderboard import services
from leaderboard.models import Board, Side
from leaderboard.queries import facts, reads, tables
from leaderboard.rules.scoring import PointRule, Unique
from leaderboard.rules.standing import Mode, result_hash
from leaderboard.rules.units import DivisionBy, DivisionPlan, TieBreak, UnitKind
from leaderboard.services import SidePlan
from tests.factories.adoption import make_event
from tests.factories.leaderboard import make_board
from tests.factories.people import (
    make_absence,
    make_change,
    make_membership,
    make_person,
    make_team,
    writing,
)
from tests.factories.programme import make_programme
from tests.leaderboard import paper

F = Fraction
START, END = date(2026, 3, 2), date(2026, 3, 16)
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
ZONE = "America/New_York"
KINDS = ("guided_use", "proposal_created", "login")
COUNTED = datetime(2026, 3, 25, tzinfo=UTC)
DAY = timedelta(days=1)


def make_world(seed):
    """A programme, teams and people with everything that moves a score; as rows and on paper."""
    lot = random.Random(seed)
    with writing():
        programme = make_programme(time_zone=ZONE, holidays=["2026-03-11"])
        teams = [make_team(0, name=f"T{n}").id for n in range(5)]
        people = {}
        for _ in range(lot.randint(16, 22)):
            ident, facts_of = _person(lot, teams)
            people[ident] = facts_of
    world = {"zone": ZONE, "holidays": {date(2026, 3, 11)}, "people": people, "events": []}
    _events(lot, programme, world, lot.randint(150, 260))
    return lot, programme, teams, world


def _person(lot, teams):
    given = {
        "hired_on": lot.choice([None, date(2020, 1, 1), START + lot.randint(-3, 12) * DAY]),
        "enabled_on": lot.choice(
            [date(2020, 1, 1)] * 4 + [START + lot.randint(-2, 10) * DAY, None]
        ),
        "left_on": lot.choice([None] * 5 + [START + lot.randint(0, 13) * DAY]),
        "disabled_on": lot.choice([None] * 6 + [START + lot.randint(1, 13) * DAY]),
    }
    for end, begin in (("left_on", "hired_on"), ("disabled_on", "enabled_on")):
        if given[end] and given[begin]:
            given[end] = max(given[end], given[begin] + DAY)
    person = make_person(**given)
    first, second = lot.sample(teams, 2)
    moved = START + lot.randint(-5, 14) * DAY
    spans = lot.choice(
        [
            [(first, date(2020, 1, 1), None)],
            [(first, date(2020, 1, 1), None)],
            [(first, date(2020, 1, 1), moved), (second, moved, None)],
            [(first, date(2020, 1, 1), None), (second, moved, moved + 4 * DAY)],
            [(first, date(2020, 1, 1), moved)],
        ]
    )
    for team, start, end in spans:
        make_membership(person, _Team(team), starts_on=start, ends_on=end)
    away = []
    if lot.random() < 0.4:
        start = START + lot.randint(-6, 12) * DAY
        away.append((start, start + lot.randint(0, 6) * DAY))
        make_absence(person, *away[0])
    return person.id, given | {"teams": spans, "away": away}


class _Team:
    def __init__(self, ident):
        self.id = ident


class _Person:
    def __init__(self, ident):
        self.id = ident


def _events(lot, programme, world, count):
    with writing():
        for number in range(count):
            at = BEGIN + timedelta(minutes=lot.randint(0, 44 * 24 * 60))
            if lot.random() < 0.1:
                # The seam of a day in New York, on either side of the clock change.
                at = paper.start_of(START + lot.randint(0, 14) * DAY, ZONE)
                at -= timedelta(microseconds=lot.randint(0, 1))
            delay = lot.choice([timedelta(0)] * 8 + [2 * DAY, 3 * DAY, 5 * DAY])
            event = {
                "id": f"w{number:05d}",
                "person": lot.choice(list(world["people"])),
                "kind": lot.choice(KINDS),
                "at": at,
                "received": at + delay,
                "object": lot.choice([None, "", "d1", "d2", "d3"]),
                "value": lot.choice([None, 4, 5, 6]),
                "held": lot.random() < 0.05,
            }
            world["events"].append(event)
            make_event(
                programme,
                _Person(event["person"]),
                at,
                event_id=event["id"],
                kind=event["kind"],
                received_at=event["received"],
                object_id=event["object"],
                value=event["value"],
                held_at=at if event["held"] else None,
            )


def make_rules(lot):
    """One or two point rules, as the app has them and as paper has them."""
    rules, on_paper = [], {}
    for kind in lot.sample(KINDS[:2], lot.randint(1, 2)):
        points, decay = lot.choice([F(1), F(10), F(1, 2)]), lot.choice([F(1), F(1, 2), F(0)])
        cap, unique = lot.choice([None, 1, 2]), lot.choice([None, "object", "object_day"])
        least = lot.choice([None, None, F(5)])
        rules.append(PointRule(kind, points, cap, decay, Unique(unique) if unique else None, least))
        on_paper[kind] = {
            "points": points,
            "decay": decay,
            "cap": cap,
            "unique": unique,
            "min_value": least,
        }
    return tuple(rules), on_paper


def compare(board, world, race, key):
    """Every row of the fold equals paper in all that CONTRACT 6 shows."""
    db.session.expire_all()
    expected = paper.standings(world, race)
    found = {key(place.unit_id): place for place in reads.live_places(board.id)}
    assert found.keys() == expected.keys()
    for unit, row in expected.items():
        place = found[unit]
        got = (place.rank, place.score, place.points, place.headcount, place.roster)
        wanted = (row["rank"], row["score"], row["points"], row["headcount"], row["roster"])
        assert got == wanted, (race, unit)
        assert place.participants == row["participants"]
        assert place.improvement == row["improvement"]
        if row["can_rank"]:
            assert place.rank_score == row["merit"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("unit", [kind.value for kind in UnitKind])
def test_boards_say_what_paper_says(app, seed, unit):
    lot, programme, teams, world = make_world(f"{seed}-{unit}")
    people = list(world["people"])
    for mode in Mode:
        rules, on_paper = make_rules(lot)
        named = lot.choice([None, tuple(sorted(lot.sample(teams, 3)))])
        sides = [lot.sample(people, 5)]
        sides.append([ident for ident in people if ident not in sides[0]][:6])
        least = F(0) if unit == "person" else lot.choice([F(1), F(2), F(3)])
        by_time = lot.random() < 0.5
        race = {
            "unit": unit,
            "mode": mode.value,
            "rules": on_paper,
            "teams": None if unit == "adhoc" else named,
            "sides": sides,
            "start": START,
            "end": END,
            "target": F(lot.choice([1, 2, 3])),
            "least": least,
            "by_time": by_time,
            "divisions": [],
        }
        plan = DivisionPlan(lot.choice(list(DivisionBy)), of=2) if unit == "division" else None
        board = make_board(
            programme,
            mode=mode,
            rules=rules,
            kind=UnitKind(unit),
            team_ids=race["teams"],
            sides=tuple(
                SidePlan(str(n), tuple(side)) for n, side in enumerate(sides) if unit == "adhoc"
            ),
            target_days=race["target"],
            min_team_size=least,
            tie_break=(TieBreak.TIME,) if by_time else (),
            divisions=plan,
            rewards_improvement=True,
        )
        with transaction():
            services.cut_divisions(board.id, COUNTED)
            # Half-way first, so that the rest is folded in; then the end.
            services.refresh(board.id, datetime(2026, 3, 9, 17, tzinfo=UTC))
            services.refresh(board.id, COUNTED)
        row = db.session.get(Board, board.id)
        race["divisions"] = [tuple(each["units"]) for each in row.divisions or []]
        names = {side.id: int(side.name) for side in db.session.query(Side)}
        compare(board, world, race, names.get if unit == "adhoc" else int)
        assert result_hash(services.lines_now(row)) == services.second_opinion(board.id)
        again = tables.lines_at(facts.spec_of(row), row.closes_at)
        assert result_hash(services.lines_now(row)) == result_hash(again)


def test_a_move_and_an_absence_entered_after_the_first_count_are_folded_in(app):
    lot, programme, teams, world = make_world("late-facts")
    rules, on_paper = make_rules(lot)
    race = {
        "unit": "team",
        "mode": "per_capita",
        "rules": on_paper,
        "teams": None,
        "sides": [],
        "start": START,
        "end": END,
        "target": F(2),
        "least": F(1),
        "by_time": False,
        "divisions": [],
    }
    board = make_board(
        programme,
        mode=Mode.PER_CAPITA,
        rules=rules,
        min_team_size=F(1),
        rewards_improvement=True,
    )
    with transaction():
        services.refresh(board.id, COUNTED - 10 * DAY)
    ident = lot.choice(list(world["people"]))
    with writing():
        make_membership(_Person(ident), _Team(teams[0]), starts_on=START + 3 * DAY)
        make_absence(_Person(ident), START, START + DAY)
        make_change(_Person(ident))
    world["people"][ident]["teams"].append((teams[0], START + 3 * DAY, None))
    world["people"][ident]["away"].append((START, START + DAY))
    with transaction():
        services.refresh(board.id, COUNTED)
    compare(board, world, race, int)
