"""Hand-counted worlds: figures against numbers worked out on paper, from events and day rows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adoption import jobs
from adoption.cli import FIGURES
from core.errors import Invalid, NotFound
from core.figures import FigureRequest
from tests.factories.adoption import make_deal, make_event, make_proposal, make_usage
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def ask(owner, name, as_of=NOW, **params):
    figure = next(figure for figure in FIGURES if figure.name == name)
    given = {param.name: params.get(param.name) for param in figure.params}
    request = FigureRequest(
        programme_id=owner.id, params=given, as_of=as_of, as_of_given=as_of is not NOW
    )
    return dict(figure.compute(request))


def rep(**given):
    return make_person(**{"enabled_on": MONDAY, **given})


def days(*offsets):
    return [MONDAY + offset * DAY for offset in offsets]


TWICE_A_WEEK = [7 * week + day for week in range(12) for day in (1, 3)]


@pytest.fixture(params=["from events", "from day rows"])
def settle(request):
    """Both roads must give the same numbers: call it when the world is made."""

    def run():
        if request.param == "from day rows":
            jobs.roll_up_usage(NOW)

    return run


def test_adoption_and_its_teams(app, settle):
    owner = make_programme()
    north = make_team(name="North", members=0)
    south = make_team(name="South", members=0)
    people = [rep() for _ in range(7)]
    for person in people[:5]:
        make_membership(person, north.team, starts_on=MONDAY - 30 * DAY)
    make_membership(people[5], south.team, starts_on=MONDAY - 30 * DAY)
    for person in people[:4]:
        make_usage(owner, person, days(*TWICE_A_WEEK))
    make_usage(owner, people[4], days(*TWICE_A_WEEK[:8]))
    make_usage(owner, people[5], days(3))
    rep(left_on=MONDAY + 20 * DAY)
    newcomer = rep(enabled_on=MONDAY + 42 * DAY)
    make_usage(owner, newcomer, days(43, 44))
    settle()
    through = MONDAY + 55 * DAY

    whole = ask(owner, "adoption", through=through)
    assert whole["states"] == {
        "left": 1,
        "not_measurable": 1,
        "sustained": 4,
        "lapsed": 1,
        "trying": 1,
        "not_started": 1,
    }
    assert (whole["measurable"], whole["sustained"]) == (7, 4)
    assert whole["rate"] == 4 / 7
    assert whole["lo"] < 4 / 7 < whole["hi"]

    one = ask(owner, "adoption", through=through, team="North")
    assert (one["measurable"], one["sustained"], one["rate"]) == (5, 4, 0.8)
    assert one["lo"] == pytest.approx(0.3755, abs=5e-5)
    assert one["hi"] == pytest.approx(0.9638, abs=5e-5)

    teams = ask(owner, "adoption_by_team", through=through)["teams"]
    assert [(row["team"], row["measurable"], row["sustained"]) for row in teams] == [
        ("North", 5, 4),
        ("South", 1, 0),
        ("unassigned", 1, 0),
    ]
    assert teams[0]["shrunk"] == pytest.approx((4 + 10 * 4 / 7) / 15)
    with pytest.raises(NotFound):
        ask(owner, "adoption", through=through, team="West")


def test_nobody_measurable_is_no_rate(app):
    owner = make_programme()
    assert ask(owner, "adoption", through=MONDAY)["rate"] is None
    rep()
    empty = ask(owner, "adoption", through=MONDAY)
    assert (empty["measurable"], empty["rate"], empty["lo"], empty["hi"]) == (0, None, None, None)
    assert empty["states"]["not_measurable"] == 1


def test_weekly_adoption_follows_the_rep_to_the_team_of_the_last_available_day(app, settle):
    owner = make_programme()
    north, south = make_team(name="North", members=0), make_team(name="South", members=0)
    mover, stayer, away = rep(), rep(), rep()
    make_membership(mover, north.team, starts_on=MONDAY, ends_on=MONDAY + 3 * DAY)
    make_membership(mover, south.team, starts_on=MONDAY + 3 * DAY)
    make_membership(stayer, north.team, starts_on=MONDAY)
    make_membership(away, north.team, starts_on=MONDAY)
    make_absence(away, starts_on=MONDAY, ends_on=MONDAY + 2 * DAY)
    make_usage(owner, mover, days(0, 1))
    make_usage(owner, stayer, days(0, 5))
    make_usage(owner, away, days(0, 1, 2))
    settle()
    assert ask(owner, "weekly_adoption", week=MONDAY) == {"eligible": 2, "met": 2, "rate": 1.0}
    north_week = ask(owner, "weekly_adoption", week=MONDAY, team="North")
    assert north_week == {"eligible": 1, "met": 1, "rate": 1.0}
    south_week = ask(owner, "weekly_adoption", week=MONDAY + 2 * DAY, team="South")
    assert south_week == {"eligible": 1, "met": 1, "rate": 1.0}
    assert ask(owner, "weekly_adoption", week=MONDAY + 7 * DAY)["met"] == 0
    assert ask(owner, "weekly_adoption", week=MONDAY - 7 * DAY) == {
        "eligible": 0,
        "met": 0,
        "rate": None,
    }


def test_day_60_counts_each_rep_at_their_own_day(app, settle):
    owner = make_programme()
    keen, slow, late, gone = rep(), rep(), rep(enabled_on=MONDAY + 30 * DAY), rep()
    leaver = rep(left_on=MONDAY + 50 * DAY)
    absent = rep()
    make_absence(absent, starts_on=MONDAY + 14 * DAY, ends_on=MONDAY + 50 * DAY)
    for person in (keen, late, leaver):
        make_usage(owner, person, days(*TWICE_A_WEEK))
    make_usage(owner, slow, days(*TWICE_A_WEEK[:6]))
    make_usage(owner, gone, days(*TWICE_A_WEEK[:6]))
    settle()
    found = ask(owner, "day60", through=MONDAY + 70 * DAY)
    assert found == {
        "measurable": 3,
        "sustained": 1,
        "rate": 1 / 3,
        "counts": {
            "left": 1,
            "not_measurable": 1,
            "not_reached": 1,
            "not_sustained": 2,
            "sustained": 1,
        },
    }


def test_logins_grow_raw_and_per_available_rep_day(app, settle):
    owner = make_programme()
    first, second = rep(), rep(enabled_on=MONDAY + 28 * DAY)
    make_usage(owner, first, days(0, 1, 2, 3), kind="login")
    make_usage(owner, first, days(28, 29), kind="login", times=2)
    make_usage(owner, second, days(28, 29, 30, 31), kind="login", times=2)
    make_usage(owner, second, days(1), kind="login")
    make_usage(owner, first, days(4), kind="guided_use")
    settle()
    week = (MONDAY, MONDAY + 7 * DAY)
    later = (MONDAY + 28 * DAY, MONDAY + 35 * DAY)
    found = ask(owner, "logins_growth", base=week, current=later)
    assert found == {
        "base": 4,
        "current": 12,
        "growth": 2.0,
        "base_rep_days": 5,
        "current_rep_days": 10,
        "growth_per_rep_day": pytest.approx((12 / 10) / (4 / 5) - 1),
    }
    nothing = ask(owner, "logins_growth", base=(MONDAY - 7 * DAY, MONDAY), current=week)
    assert (nothing["growth"], nothing["growth_per_rep_day"]) == (None, None)
    # Unasked: 28 days from the launch, and the last 28 complete ones (METRICS G2).
    launch = owner.launch_on
    today = NOW.date()
    usual = {
        "base": (launch, launch + timedelta(days=28)),
        "current": (today - timedelta(days=28), today),
    }
    unasked = ask(owner, "logins_growth", base=None, current=None)
    assert unasked == ask(owner, "logins_growth", **usual)
    assert unasked["base"] == 4


def test_new_users_and_those_who_return(app, settle):
    owner = make_programme()
    people = [rep() for _ in range(6)]
    march = [people[0], people[1], people[2]]
    for person in march:
        make_usage(owner, person, [date(2026, 3, 20)])
    make_usage(owner, people[0], [date(2026, 4, 20), date(2026, 5, 4)])
    make_usage(owner, people[1], [date(2026, 5, 4)])
    make_usage(owner, people[3], [date(2026, 4, 2)])
    make_usage(owner, people[4], [date(2026, 4, 2), date(2026, 5, 29)])
    settle()
    assert ask(owner, "new_user_growth", month=(date(2026, 4, 1), date(2026, 5, 1))) == {
        "previous": 3,
        "current": 2,
        "growth": pytest.approx(-1 / 3),
        "cumulative_growth": pytest.approx(2 / 3),
    }
    assert ask(owner, "new_user_growth", month=(MONDAY, date(2026, 4, 1)))["growth"] is None
    may = (date(2026, 5, 1), date(2026, 6, 1))
    assert ask(owner, "returning_established", month=may) == {
        "established": 5,
        "returned": 3,
        "rate": 0.6,
    }
    previous = ask(owner, "returning_established", month=may, established="active_prev")
    assert (previous["established"], previous["returned"]) == (3, 2)


def test_activity_windows(app, settle):
    owner = make_programme()
    one, two = rep(), rep()
    make_usage(owner, one, days(0, 6, 7, 27))
    make_usage(owner, two, days(20))
    make_usage(owner, two, days(27), kind="login")
    settle()
    on = MONDAY + 27 * DAY
    assert ask(owner, "dau_wau_mau", on=on) == {"dau": 1, "wau": 1, "mau": 2}
    assert ask(owner, "dau_wau_mau", on=on, kinds=("login",)) == {"dau": 1, "wau": 1, "mau": 1}
    assert ask(owner, "l28", on=on) == {"histogram": {"1": 1, "4": 1}}
    assert ask(owner, "stickiness", start=MONDAY, end=MONDAY + 7 * DAY) == {"value": 1 / 5}
    assert ask(owner, "stickiness", start=MONDAY, end=MONDAY + 7 * DAY, short="week") == {
        "value": 1.0
    }
    assert ask(owner, "stickiness", start=MONDAY - 7 * DAY, end=MONDAY) == {"value": None}


def test_streaks_by_person_id(app, settle):
    owner = make_programme()
    one = rep(key="P-streak")
    make_usage(owner, one, days(*TWICE_A_WEEK))
    settle()
    through = MONDAY + 22 * DAY
    assert ask(owner, "streak", person_id="P-streak", through=through) == {"weeks": 3}
    with pytest.raises(NotFound):
        ask(owner, "streak", person_id="nobody", through=through)


def test_proposals_and_their_value(app):
    owner = make_programme(min_group=2)
    one = rep()
    may, august = date(2026, 5, 10), date(2026, 8, 10)
    for _ in range(2):
        make_proposal(one, created_on=may, value=100)
    for _ in range(16):
        make_proposal(one, created_on=august, value=300)
    make_proposal(one, created_on=august, with_tool=False, value=100)
    make_proposal(one, created_on=august, with_tool=False, value=200)
    make_proposal(one, created_on=august, with_tool=False, value=0)
    make_proposal(one, created_on=august, with_tool=False)
    months = {"month_a": (date(2026, 5, 1), date(2026, 6, 1))}
    months["month_b"] = (date(2026, 8, 1), date(2026, 9, 1))
    assert ask(owner, "proposals_growth", **months) == {
        "base": 2,
        "current": 16,
        "growth": 7.0,
        "monthly_factor": pytest.approx(2.0),
    }
    with pytest.raises(Invalid):
        ask(owner, "proposals_growth", month_a=months["month_b"], month_b=months["month_a"])
    assert ask(owner, "proposal_value_gap", start=august, end=august + DAY) == {
        "with_tool": 16,
        "without": 2,
        "mean_with": 300.0,
        "mean_without": 150.0,
        "gap": 1.0,
        "median_gap": 1.0,
    }


def test_revenue_of_users_and_others(app, settle):
    owner = make_programme(min_group=2)
    users, others = [rep(), rep()], [rep(), rep()]
    rep(enabled_on=MONDAY + 100 * DAY)
    window = {"start": MONDAY + 28 * DAY, "end": MONDAY + 56 * DAY}
    for person in users:
        make_usage(owner, person, days(30))
    make_usage(owner, others[0], days(20))
    won = {"stage": "won", "closed_on": MONDAY + 40 * DAY}
    make_deal(users[0], amount=300, **won)
    make_deal(users[1], amount=100, **won)
    make_deal(others[0], amount=100, **won)
    make_deal(others[1], amount=900, stage="won", closed_on=window["end"])
    make_deal(others[1], amount=900, stage="lost", closed_on=MONDAY + 40 * DAY)
    settle()
    assert ask(owner, "revenue_gap", user_rule="any", **window) == {
        "users": 2,
        "non_users": 2,
        "mean_users": 200.0,
        "mean_non_users": 50.0,
        "gap": 3.0,
        "median_gap": 3.0,
    }
    landmark = ask(owner, "revenue_gap", user_rule="landmark", **window)
    assert (landmark["users"], landmark["gap"]) == (1, None)


def test_as_of_replays_what_was_known(app, settle):
    owner = make_programme()
    one = rep()
    make_usage(owner, one, days(*[offset for offset in TWICE_A_WEEK if offset < 24]))
    through = MONDAY + 27 * DAY
    reported_on = datetime(2026, 3, 30, 6, tzinfo=UTC)
    make_event(
        owner,
        one,
        datetime(2026, 3, 27, 15, tzinfo=UTC),
        received_at=reported_on + timedelta(days=5),
    )
    settle()
    before = ask(owner, "weekly_adoption", week=MONDAY + 21 * DAY, as_of=reported_on)
    assert before == {"eligible": 1, "met": 0, "rate": 0.0}
    assert ask(owner, "weekly_adoption", week=MONDAY + 21 * DAY)["met"] == 1
    assert ask(owner, "adoption", through=through, as_of=reported_on)["sustained"] == 1
    long_ago = ask(owner, "adoption", through=through, as_of=datetime(2026, 3, 1, tzinfo=UTC))
    assert long_ago["states"]["not_started"] == 1
