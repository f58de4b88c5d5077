"""The figure `lift` (METRICS section 7) in hand-counted worlds, through both of its doors."""

import json
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from random import Random

import pytest

from adoption import jobs
from comms.services import CampaignSpec, define_campaigns
from core.db import transaction
from core.errors import NotFound
from core.policy import SYSTEM
from programme.services import Draw, record_draw
from reports import queries
from tests.factories.adoption import make_usage
from tests.factories.people import make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
START = MONDAY + 28 * DAY
END = START + 14 * DAY
# 09:00 on the first day after two weeks, in New York: that day is not over.
NOW = datetime(2026, 4, 13, 13, tzinfo=UTC)


@pytest.fixture(params=["from events", "from day rows"])
def settle(request):
    """Both roads must give the same numbers: call it when the world is made."""

    def run():
        if request.param == "from day rows":
            jobs.roll_up_usage(NOW)

    return run


def is_held(slug, key, percent):
    """METRICS X15 once more, by its letter."""
    return int(sha256(f"{slug}:{key}".encode()).hexdigest()[:16], 16) % 10_000 < percent * 100


def start_campaign(owner, **given):
    spec = CampaignSpec(
        "weekly", 1, time(9), **{"holdout_percent": 50, "starts_on": START, **given}
    )
    with transaction():
        define_campaigns(owner.id, [spec], actor=SYSTEM, now=NOW)


def lift(owner, slug="weekly", as_of=NOW):
    return queries.tried(owner, slug, as_of).trial.lift.keys()


def uses(owner, person, before, since):
    """So many days in the four weeks before the start, and in the two weeks since."""
    make_usage(owner, person, [START - (2 * n + 1) * DAY for n in range(before)])
    make_usage(owner, person, [START + n * DAY for n in range(since)])


def slope_of(sides):
    """METRICS X5 on paper: the pooled within-group slope and the effect."""
    within = together = 0.0
    means = []
    for side in sides:
        x = sum(before for before, _ in side) / len(side)
        y = sum(after for _, after in side) / len(side)
        means.append((x, y))
        within += sum((before - x) ** 2 for before, _ in side)
        together += sum((before - x) * (after - y) for before, after in side)
    slope = together / within
    return (means[0][1] - means[1][1]) - slope * (means[0][0] - means[1][0])


def test_a_campaign_with_a_holdout(app, settle):
    owner = make_programme()
    random = Random(1)
    sides = {True: [], False: []}
    for number in range(30):
        key = f"K{number:03d}"
        person = make_person(key=key, enabled_on=MONDAY)
        held = is_held("weekly", key, 50)
        before, since = random.randrange(9), random.randrange(5) + (0 if held else 3)
        uses(owner, person, before, since)
        make_usage(owner, person, [END, START - 29 * DAY])  # outside both windows
        sides[held].append((before * 7 / 28, since * 7 / 14))
    # None of these is judged: enabled for less than a week, gone by then, no rep, not enabled.
    for values in (
        {"enabled_on": END - 6 * DAY},
        {"left_on": START - DAY},
        {"role": "manager"},
        {"enabled_on": None},
        {"is_test": True},
    ):
        uses(owner, make_person(**{"enabled_on": MONDAY, **values}), 5, 9)
    start_campaign(owner)
    settle()
    found = lift(owner)
    given, held = sides[False], sides[True]
    assert set(found) == {"arms", "effect", "lo", "hi", "p", "method", "sentence"}
    assert found["arms"] == [
        {
            "arm": "treated",
            "n": len(given),
            "mean": pytest.approx(sum(after for _, after in given) / len(given)),
        },
        {
            "arm": "holdout",
            "n": len(held),
            "mean": pytest.approx(sum(after for _, after in held) / len(held)),
        },
    ]
    assert found["effect"] == pytest.approx(slope_of((given, held)))
    assert found["lo"] < found["effect"] < found["hi"]
    assert found["p"] < 0.05
    assert found["sentence"].startswith("Reps drawn to get it used it 1.")


def test_a_later_wave_is_judged_from_its_own_start(app, settle):
    owner = make_programme(min_group=1)
    keys = [f"K{number:03d}" for number in range(40)]
    held = next(key for key in keys if is_held("weekly", key, 50))
    given = [key for key in keys if not is_held("weekly", key, 50)][:3]
    first = make_person(key=given[0], enabled_on=MONDAY)
    later = make_person(key=given[1], enabled_on=END - 7 * DAY)
    make_person(key=given[2], enabled_on=END - 6 * DAY)
    make_person(key=held, enabled_on=START)
    uses(owner, first, 4, 2)
    make_usage(owner, later, [END - n * DAY for n in (1, 3, 4, 8)])
    start_campaign(owner)
    settle()
    rows = queries.lift_rows(queries.tried(owner, "weekly", NOW), NOW)
    assert {row["person_id"]: (row["before"], row["since"]) for row in rows} == {
        given[0]: (1.0, 1.0),
        given[1]: (0.0, 3.0),
        held: (0.0, 0.0),
    }


def test_who_leaves_after_the_draw_stays_in_it(app, settle):
    owner = make_programme(min_group=1)
    keys = [f"K{number:03d}" for number in range(40)]
    held = [key for key in keys if is_held("weekly", key, 50)][:2]
    given = [key for key in keys if not is_held("weekly", key, 50)][:2]
    gone = make_person(key=given[0], enabled_on=MONDAY, left_on=START + 6 * DAY)
    people = [gone, *(make_person(key=key, enabled_on=MONDAY) for key in [given[1], *held])]
    for person, before in zip(people, (1, 2, 1, 3), strict=True):
        uses(owner, person, before, 14)
    start_campaign(owner)
    settle()
    treated, holdout = lift(owner)["arms"]
    assert (treated["n"], treated["mean"]) == (2, (7 * 7 / 14 + 7) / 2)
    assert (holdout["n"], holdout["mean"]) == (2, 7)


def test_a_staggered_start_of_teams(app, settle):
    owner = make_programme()
    # Days of the two reps of each team in the four weeks before, and in the two since.
    plan = {
        "early": [((4, 8), (6, 8)), ((0, 4), (5, 5)), ((4, 4), (7, 3)), ((8, 4), (9, 7))],
        "late": [((4, 8), (2, 4)), ((0, 4), (1, 3)), ((4, 4), (2, 4)), ((8, 4), (2, 2))],
    }
    arms, changes = {}, {}
    for arm, teams in plan.items():
        for place, (before, since) in enumerate(teams):
            team = make_team(name=f"{arm} {place}", members=0)
            arms[team.id] = arm
            for first, then in zip(before, since, strict=True):
                person = make_person(enabled_on=MONDAY)
                make_membership(person, team, starts_on=MONDAY, ends_on=START + 3 * DAY)
                make_membership(person, make_team(members=0), starts_on=START + 3 * DAY)
                uses(owner, person, first, then)
            changes.setdefault(arm, []).append(sum(since) * 7 / 14 / 2 - sum(before) * 7 / 28 / 2)
    lonely = make_team(members=0)
    uses(owner, make_person(enabled_on=MONDAY), 9, 9)
    make_membership(make_person(enabled_on=MONDAY), lonely, starts_on=MONDAY)
    with transaction():
        record_draw(owner.id, Draw("spring", START, END - DAY, arms), SYSTEM, NOW)
    settle()
    later = datetime(2026, 6, 1, tzinfo=UTC)
    found = lift(owner, "spring", later)
    assert found == {**lift(owner, "spring"), "arms": found["arms"]}
    assert [(arm["arm"], arm["n"]) for arm in found["arms"]] == [("early", 4), ("late", 4)]
    assert found["arms"][0]["mean"] == pytest.approx((7 + 5 + 5 + 8) * 7 / 14 / 4)
    early, late = changes["early"], changes["late"]
    assert found["effect"] == pytest.approx(sum(early) / 4 - sum(late) / 4)
    assert found["p"] == pytest.approx(2 / 70)
    assert found["sentence"].startswith("Teams drawn for the early start used it ")
    assert "about once in 35 times" in found["sentence"]


def test_three_teams_against_four(app):
    owner = make_programme()
    arms = {}
    for place in range(7):
        team = make_team(members=2)
        arms[team.id] = "early" if place < 3 else "late"
    with transaction():
        record_draw(owner.id, Draw("spring", START, END, arms), SYSTEM, NOW)
    found = lift(owner, "spring")
    assert [found[name] for name in ("effect", "lo", "hi", "p")] == [None] * 4
    assert [arm["n"] for arm in found["arms"]] == [3, 4]
    assert "We show the numbers but draw no conclusion." in found["sentence"]


def test_before_the_first_whole_day_there_is_nothing_to_say(app):
    owner = make_programme(min_group=1)
    make_person(enabled_on=MONDAY)
    start_campaign(owner)
    on_the_day = datetime(2026, 3, 30, 20, tzinfo=UTC)
    found = lift(owner, as_of=on_the_day)
    assert found["sentence"] == "It has not run for a whole day yet."
    assert sum(arm["n"] for arm in found["arms"]) == 1
    assert {arm["mean"] for arm in found["arms"]} == {None}
    assert lift(owner, as_of=on_the_day - 40 * DAY)["effect"] is None


def test_what_arrived_later_was_not_known(app, settle):
    owner = make_programme(min_group=1)
    keys = [f"K{number:03d}" for number in range(40)]
    held = [key for key in keys if is_held("weekly", key, 50)][:3]
    given = [key for key in keys if not is_held("weekly", key, 50)][:3]
    people = [make_person(key=key, enabled_on=MONDAY) for key in [*given, *held]]
    for place, person in enumerate(people):
        uses(owner, person, place, place + 1)
    start_campaign(owner)
    reported = lift(owner)
    make_usage(owner, people[0], [START + 9 * DAY], received_at=NOW + DAY)
    settle()
    assert lift(owner) == reported
    assert lift(owner, as_of=NOW + 2 * DAY) != reported


def test_both_doors_give_the_figure(app, client, sign_in_as):
    owner = make_programme()
    for number in range(24):
        person = make_person(key=f"K{number:03d}", enabled_on=MONDAY)
        uses(owner, person, number % 5, number % 7)
    start_campaign(owner)
    asked = ["figures", "lift", "--programme", owner.slug, "-p", "experiment=weekly"]
    asked += ["-p", "as_of=2026-04-13T13:00:00Z", "--json"]
    printed = json.loads(app.test_cli_runner().invoke(args=asked).stdout)
    assert printed["value"] == lift(owner)
    ops = sign_in_as("sales_ops")
    address = f"/api/v1/programmes/{owner.slug}/figures/lift"
    query = {"experiment": "weekly", "as_of": "2026-04-13T13:00:00Z"}
    answer = ops.get(address, query_string=query).json
    assert answer["value"] == printed["value"]
    rows = ops.get(answer["rows_url"]).json["rows"]
    assert len(rows) == 24
    assert {row["arm"] for row in rows} == {"treated", "holdout"}
    one = next(row for row in rows if row["person_id"] == "K013")
    assert (one["before"], one["since"]) == (3 * 7 / 28, 6 * 7 / 14)


def test_an_unknown_experiment_names_those_there_are(app, sign_in_as):
    owner = make_programme()
    with pytest.raises(NotFound) as refused:
        queries.tried(owner, "nothing", NOW)
    assert refused.value.fix == "None was drawn in this programme yet."
    start_campaign(owner)
    address = f"/api/v1/programmes/{owner.slug}/figures/lift"
    answer = sign_in_as("sales_ops").get(address, query_string={"experiment": "spring"})
    assert answer.status_code == 404
    assert "weekly" in answer.get_data(as_text=True)
    failed = app.test_cli_runner().invoke(
        args=["figures", "lift", "--programme", owner.slug, "-p", "experiment=spring"]
    )
    assert failed.exit_code == 2
    assert "weekly" in failed.output + failed.stderr
