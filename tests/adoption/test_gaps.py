"""METRICS V: users beside the others in hand-counted worlds, with the same people before."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption import jobs
from adoption.rules.gaps import Seller, gap_between, sellers_gap, window_before
from core.figures import FigureRequest, find
from tests.factories.adoption import make_deal, make_proposal, make_usage
from tests.factories.people import make_absence, make_person
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
START, END = MONDAY + 28 * DAY, MONDAY + 56 * DAY
WINDOW = {"start": START, "end": END}


@pytest.fixture(params=["from events", "from day rows"])
def settle(request):
    """Both roads must give the same numbers: call it when the world is made."""

    def run():
        if request.param == "from day rows":
            jobs.roll_up_usage(NOW)

    return run


def request_for(owner, name, params):
    given_params = {param.name: params.get(param.name) for param in find(name).params}
    return FigureRequest(programme_id=owner.id, params=given_params, as_of=NOW, as_of_given=True)


def ask(owner, name, **params):
    return dict(find(name).compute(request_for(owner, name, params)))


def ask_before(owner, name, **params):
    return dict(find(name).beside.compute(request_for(owner, name, params)))


def rep(**given_values):
    return make_person(**{"enabled_on": MONDAY, **given_values})


def days(*offsets):
    return [MONDAY + offset * DAY for offset in offsets]


def sell(person, amount, offset):
    make_deal(person, amount=amount, stage="won", closed_on=MONDAY + offset * DAY)


def test_the_window_before_is_as_long_and_ends_at_the_launch():
    assert window_before(MONDAY, START, END) == (MONDAY - 28 * DAY, MONDAY)


def test_a_small_group_has_no_mean_and_leaves_no_gap():
    found = gap_between([300, 100], [10, 20, 30], 3)
    assert (found.mean_with, found.mean_without, found.gap, found.median_gap) == (
        None,
        20,
        None,
        None,
    )
    assert gap_between([30, 60], [0, 0], 2).gap is None  # no base, never infinity
    found = gap_between([30, 60, 90], [20, 40, 0], 3)
    assert (found.gap, found.median_gap) == (2.0, 2.0)


sellers = st.lists(
    st.builds(
        Seller,
        person_id=st.integers(),
        used_it=st.booleans(),
        won=st.integers(0, 10**6).map(float),
        won_before=st.integers(0, 10**6).map(float),
        was_here=st.booleans(),
    ),
    max_size=20,
)


@given(sellers, st.randoms(use_true_random=False))
def test_both_gaps_are_of_the_same_people(people, random):
    now, then = sellers_gap(people, 5), sellers_gap(people, 5, before=True)
    assert (now.with_it, now.without) == (then.with_it, then.without)
    assert now.with_it + now.without == len(people)
    swapped = [
        Seller(one.person_id, one.used_it, one.won_before, one.won, one.was_here) for one in people
    ]
    random.shuffle(swapped)
    assert sellers_gap(swapped, 5) == then


def test_users_and_others_with_the_same_people_before(app, settle):
    owner = make_programme(min_group=2)
    users, others = [rep(), rep()], [rep(), rep(hired_on=MONDAY)]
    for person in users:
        make_usage(owner, person, days(30))
    make_usage(owner, others[0], days(27))  # the eve of the window
    for person, now, then in (
        (users[0], 300, 90),
        (users[1], 100, 60),
        (others[0], 100, 50),
    ):
        sell(person, now, 28)
        sell(person, then, -28)
        sell(person, 7, 56)  # after the window
        sell(person, 7, -29)  # before the window before
        sell(person, 7, 0)  # between the two
    settle()
    assert ask(owner, "revenue_gap", **WINDOW) == {
        "users": 2,
        "non_users": 2,
        "mean_users": 200.0,
        "mean_non_users": 50.0,
        "gap": 3.0,
        "median_gap": 3.0,
    }
    assert ask_before(owner, "revenue_gap", **WINDOW) == {
        "users": 2,
        "non_users": 2,
        "mean_users": 75.0,
        "mean_non_users": 25.0,
        "gap": 2.0,
        "median_gap": 2.0,
    }
    landmark = ask(owner, "revenue_gap", user_rule="landmark", **WINDOW)
    assert (landmark["users"], landmark["non_users"], landmark["gap"]) == (1, 3, None)
    rows = find("revenue_gap").rows(request_for(owner, "revenue_gap", WINDOW))
    assert [(row["user"], row["won"], row["won_before"]) for row in rows] == [
        (True, 300.0, 90.0),
        (True, 100.0, 60.0),
        (False, 100.0, 50.0),
        (False, 0.0, 0.0),
    ]


def test_the_population_was_there_for_half_of_the_working_days(app, settle):
    """Twenty working days: ten are enough, nine are not; weekends away take nothing."""
    owner = make_programme(min_group=1)
    half, less, late = rep(), rep(), rep(enabled_on=START + 14 * DAY)
    make_absence(half, START, START + 13 * DAY)
    make_absence(less, START, START + 14 * DAY)
    make_person(enabled_on=None)
    make_person(role="manager", enabled_on=MONDAY)
    settle()
    rows = find("revenue_gap").rows(request_for(owner, "revenue_gap", WINDOW))
    assert [row["person_id"] for row in rows] == sorted([half.key, late.key])


def test_sustained_on_the_last_day_is_a_matter_of_weeks(app, settle):
    """METRICS V1 names A3, not A4: who left two days before the end was sustained all the same."""
    owner = make_programme(min_group=1)
    gone, lapsed = rep(left_on=END - 3 * DAY), rep()
    twice_a_week = [7 * week + day for week in range(8) for day in (1, 3)]
    make_usage(owner, gone, days(*twice_a_week))
    make_usage(owner, lapsed, days(*twice_a_week[:10]))
    settle()
    found = ask(owner, "revenue_gap", user_rule="sustained", **WINDOW)
    assert (found["users"], found["non_users"]) == (1, 1)
    anybody = ask(owner, "revenue_gap", user_rule="any", **WINDOW)
    assert anybody["users"] == 2


def test_proposals_with_the_tool_beside_their_makers_before(app):
    owner = make_programme(min_group=2)
    maker, mixed, plain, silent = rep(), rep(), rep(), rep()
    for person, with_tool, value in (
        (maker, True, 400),
        (mixed, True, 200),
        (mixed, False, 100),
        (plain, False, 100),
        (plain, False, 0),
        (plain, True, None),
    ):
        make_proposal(person, created_on=START, with_tool=with_tool, value=value)
    for person, value in ((maker, 90), (mixed, 30), (plain, 20), (plain, 40), (silent, 999)):
        make_proposal(person, created_on=MONDAY - DAY, with_tool=False, value=value)
    assert ask(owner, "proposal_value_gap", **WINDOW) == {
        "with_tool": 2,
        "without": 2,
        "mean_with": 300.0,
        "mean_without": 100.0,
        "gap": 2.0,
        "median_gap": 2.0,
    }
    assert ask_before(owner, "proposal_value_gap", **WINDOW) == {
        "with_tool": 2,
        "without": 2,
        "mean_with": 60.0,
        "mean_without": 30.0,
        "gap": 1.0,
        "median_gap": 1.0,
    }


def test_the_command_never_prints_a_gap_alone(app):
    owner = make_programme(min_group=1)
    user, other = rep(), rep()
    make_usage(owner, user, days(30))
    for person, now, then in ((user, 300, 200), (other, 100, 100)):
        sell(person, now, 40)
        sell(person, then, -5)
    asked = ["figures", "revenue_gap", "--programme", owner.slug, "-p", f"start={START}"]
    asked += ["-p", f"end={END}"]
    printed = app.test_cli_runner().invoke(args=asked).output
    now, then = printed.split("the same people before the launch")
    assert "gap: 2.0" in now
    assert "gap: 1.0" in then
    exact = app.test_cli_runner().invoke(args=[*asked, "--json"])
    assert set(json.loads(exact.stdout)["value"]) == {
        "users",
        "non_users",
        "mean_users",
        "mean_non_users",
        "gap",
        "median_gap",
    }
    prices = ["figures", "proposal_value_gap", *asked[2:]]
    assert "proposals before the launch" in app.test_cli_runner().invoke(args=prices).output
