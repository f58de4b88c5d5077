"""The figures of stalled deals over real rows: hand-counted, and against an independent oracle."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from core.errors import Invalid, NotFound
from tests.coaching.comparing import ask, compare, questions
from tests.coaching.oracle import Oracle
from tests.coaching.worlds import draw, make_teams, store
from tests.factories.adoption import make_deal, make_event, make_signal, make_usage
from tests.factories.people import make_absence, make_membership, make_person, make_team
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
WORLDS = 25


def rep(**given):
    return make_person(**{"enabled_on": MONDAY - 30 * DAY, **given})


def at(offset, hour=15, minute=0):
    """An instant on Monday 2 March 2026 + offset; 15:00 UTC is mid-morning in New York."""
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC) + offset * DAY


def run(owner, person, deal, offset, hour=16, **given):
    key = deal if isinstance(deal, str) else deal.deal_key
    return make_event(owner, person, at(offset, hour), kind="sequence_run", object_id=key, **given)


def statuses(owner, through, **given):
    window = {"start": MONDAY - 60 * DAY, "end": MONDAY + 300 * DAY}
    rows = ask(owner, "due_behaviour_coverage", rows=True, through=through, **window, **given)
    return {row["deal_id"]: row["status"] for row in rows}


def test_every_status_counted_by_hand(app):
    """Fired on Monday the 2nd, due on Wednesday the 4th, asked at the end of Tuesday the 10th."""
    owner, one, leaver = make_programme(), rep(), rep(left_on=MONDAY + DAY)
    deals = {
        name: make_deal(one, deal_key=name)
        for name in ("on time", "dismissed, then done", "late", "dismissed", "ignored", "left")
    }
    closed = {"stage": "lost", "closed_on": MONDAY + 2 * DAY}
    deals["closed"] = make_deal(one, deal_key="closed", **closed)
    deals["closed, but done"] = make_deal(one, deal_key="closed, but done", **closed)
    deals["closed late"] = make_deal(
        one, deal_key="closed late", stage="won", closed_on=MONDAY + 3 * DAY
    )
    deals["done after close"] = make_deal(one, deal_key="done after close", **closed)
    for name, deal in deals.items():
        gone = at(1) if name.startswith("dismissed") else None
        make_signal(leaver if name == "left" else one, deal, at(0), dismissed_at=gone)
    make_signal(one, make_deal(one, deal_key="pending"), at(7, 14))
    run(owner, one, "on time", 2, 23)
    run(owner, one, "dismissed, then done", 2)
    run(owner, one, "closed, but done", 2, 23)
    run(owner, one, "late", 3)
    run(owner, one, "done after close", 3)
    expected = {
        "on time": "on_time",
        "dismissed, then done": "on_time",
        "closed, but done": "on_time",
        "closed": "closed_before_due",
        "done after close": "closed_before_due",
        "left": "owner_left",
        "pending": "pending",
        "late": "late",
        "dismissed": "dismissed",
        "closed late": "ignored",
        "ignored": "ignored",
    }
    assert statuses(owner, MONDAY + 8 * DAY) == expected
    window = {"start": MONDAY, "end": MONDAY + 8 * DAY, "through": MONDAY + 8 * DAY}
    assert ask(owner, "due_behaviour_coverage", **window) == {
        "on_time": 3,
        "denominator": 7,
        "rate": 3 / 7,
        "counts": dict(Counter(expected.values())),
    }
    found = {row["deal_id"]: row for row in ask(owner, "missed_moments", **window)["rows"]}
    assert {deal: row["delay_days"] for deal, row in found.items()} == {
        "late": 3,
        "dismissed": 8,
        "closed late": 3,
        "ignored": 8,
    }


def test_the_day_in_new_york_decides_and_daylight_saving_moves_nothing(app):
    """Sunday 8 March 2026 has 23 hours there; midnight is 05:00Z before it and 04:00Z after."""
    owner, one = make_programme(), rep()
    make_signal(one, "thursday", at(4, 4, 59))
    make_signal(one, "friday", at(4, 5, 0))
    make_signal(one, "sunday", at(7, 3, 59))
    make_signal(one, "monday", at(7, 4, 0))
    rows = ask(
        owner,
        "due_behaviour_coverage",
        rows=True,
        start=MONDAY,
        end=MONDAY + 14 * DAY,
        through=MONDAY + 13 * DAY,
    )
    assert [(row["deal_id"], row["fired_day"], row["due"]) for row in rows] == [
        ("thursday", "2026-03-05", "2026-03-09"),
        ("friday", "2026-03-06", "2026-03-10"),
        ("sunday", "2026-03-08", "2026-03-10"),
        ("monday", "2026-03-09", "2026-03-11"),
    ]
    run(owner, one, "thursday", 8, 3)
    run(owner, one, "friday", 9, 4)
    told = statuses(owner, MONDAY + 13 * DAY)
    assert (told["thursday"], told["friday"]) == ("on_time", "late")


def test_in_rep_zone_mode_each_rep_s_own_date_counts(app):
    owner = make_programme(tz_mode="user", respond_days=1)
    kiwi, local = rep(time_zone="Pacific/Auckland"), rep()
    for person, deal in ((kiwi, "far"), (local, "near")):
        make_signal(person, deal, at(0, 15))
    rows = ask(
        owner,
        "due_behaviour_coverage",
        rows=True,
        start=MONDAY,
        end=MONDAY + 2 * DAY,
        through=MONDAY + 9 * DAY,
    )
    assert {row["deal_id"]: (row["fired_day"], row["due"]) for row in rows} == {
        "far": ("2026-03-03", "2026-03-04"),
        "near": ("2026-03-02", "2026-03-03"),
    }


def test_weekend_holiday_and_leave_move_the_due_day(app):
    owner, one = make_programme(holidays=["2026-03-09"]), rep()
    make_absence(one, MONDAY + 8 * DAY, MONDAY + 9 * DAY)
    make_signal(one, "D-1", at(3))
    friday = ask(owner, "missed_moments", through=MONDAY + 10 * DAY)["rows"]
    assert [(row["fired_day"], row["due"]) for row in friday] == [("2026-03-05", "2026-03-12")]
    assert statuses(owner, MONDAY + 9 * DAY) == {"D-1": "pending"}


def test_signals_merge_and_a_merged_one_belongs_to_the_episode_s_first_day(app):
    owner, one = make_programme(), rep()
    deal = make_deal(one)
    for key, offset in (("A", 0), ("B", 1), ("C", 9), ("D", 10)):
        make_signal(one, deal, at(offset), signal_key=key)
    run(owner, one, deal, 8)
    window = {"start": MONDAY, "end": MONDAY + 20 * DAY, "through": MONDAY + 20 * DAY}
    rows = ask(owner, "due_behaviour_coverage", rows=True, **window)
    assert [(row["signal_id"], row["signals"], row["status"]) for row in rows] == [
        ("A", 2, "late"),
        ("C", 2, "ignored"),
    ]
    later = {**window, "start": MONDAY + DAY, "end": MONDAY + 9 * DAY}
    assert ask(owner, "due_behaviour_coverage", **later)["counts"] == {}
    assert ask(owner, "due_behaviour_coverage", **{**later, "end": MONDAY + 10 * DAY})[
        "counts"
    ] == {"ignored": 1}


def test_the_owner_is_who_the_signal_names_whoever_holds_the_deal_now(app):
    owner, before, now = make_programme(), rep(key="before"), rep(key="now")
    deal = make_deal(now, deal_key="handed over", amount=1000)
    make_signal(before, deal, at(0))
    make_signal(now, deal, at(1))
    rows = ask(owner, "missed_moments", through=MONDAY + 9 * DAY)["rows"]
    assert [(row["person_id"], row["fired_day"]) for row in rows] == [("before", "2026-03-02")]
    run(owner, now, deal, 2)
    assert statuses(owner, MONDAY + 9 * DAY) == {"handed over": "on_time"}


def test_signals_of_others_open_nothing_and_their_actions_end_nothing(app):
    owner = make_programme()
    boss, tester, one = rep(role="manager"), rep(is_test=True), rep()
    gone = rep(left_on=MONDAY - DAY)
    for person in (boss, tester):
        make_signal(person, "D-1", at(-1))
    make_signal(one, "D-1", at(0))
    for person in (boss, tester, gone):
        run(owner, person, "D-1", 1)
    assert statuses(owner, MONDAY + 9 * DAY) == {"D-1": "ignored"}
    rows = ask(owner, "missed_moments", through=MONDAY + 9 * DAY)["rows"]
    assert rows[0]["fired_day"] == "2026-03-02"


def test_a_deal_nobody_imported_counts_without_a_price(app):
    owner, one = make_programme(weekly_decay=0.2), rep()
    make_deal(one, stage="won", closed_on=MONDAY, amount=5)
    make_signal(one, "nowhere", at(0))
    (row,) = ask(owner, "missed_moments", through=MONDAY + 9 * DAY)["rows"]
    assert (row["status"], row["amount"], row["cost"]) == ("ignored", None, None)


def test_an_open_deal_s_close_date_is_a_forecast(app):
    owner, one = make_programme(), rep()
    make_signal(one, make_deal(one, deal_key="D-1", closed_on=MONDAY + DAY), at(0))
    assert statuses(owner, MONDAY + 9 * DAY) == {"D-1": "ignored"}


def test_coverage_goes_to_the_team_of_the_fired_date(app):
    owner, mover = make_programme(), rep()
    north, south = make_team(name="North", members=0), make_team(name="South", members=0)
    make_membership(mover, north.team, starts_on=MONDAY, ends_on=MONDAY + 3 * DAY)
    make_membership(mover, south.team, starts_on=MONDAY + 3 * DAY)
    for offset in (0, 2, 3, -4):
        make_signal(mover, f"D{offset}", at(offset))
    run(owner, mover, "D0", 1)
    window = {"start": MONDAY - 7 * DAY, "end": MONDAY + 9 * DAY, "through": MONDAY + 9 * DAY}

    def of(team):
        told = ask(owner, "due_behaviour_coverage", team=team, **window)
        return told["on_time"], told["denominator"]

    assert [of(team) for team in ("North", "South", "unassigned", None)] == [
        (1, 2),
        (0, 1),
        (0, 1),
        (1, 4),
    ]
    with pytest.raises(NotFound):
        of("West")
    with pytest.raises(Invalid):
        ask(owner, "due_behaviour_coverage", **{**window, "end": window["start"]})


def test_the_story_of_the_30_000_deal(app):
    """METRICS section 4: signal on day 3, ignored to day 8; 25 % close rate, 20 % a week."""
    owner, one = make_programme(weekly_decay=0.2), rep(key="rep")
    for number in range(40):
        stage = "won" if number % 4 == 0 else "lost"
        make_deal(one, stage=stage, closed_on=MONDAY - 9 * DAY)
    deal = make_deal(one, deal_key="D-1", amount=Decimal("30000.00"), proposal_on=MONDAY - 3 * DAY)
    make_signal(one, deal, at(0), signal_key="S-1")
    (row,) = ask(owner, "missed_moments", through=MONDAY + 5 * DAY)["rows"]
    assert row["cost"] == pytest.approx(1105.01, abs=0.005)
    assert {name: row[name] for name in ("delay_days", "amount", "status", "due")} == {
        "delay_days": 5,
        "amount": 30000.0,
        "status": "ignored",
        "due": "2026-03-04",
    }
    assert ask(owner, "coaching_pick", week_end=MONDAY + 5 * DAY) == {
        "picks": [
            {
                "person_id": "rep",
                "signal_id": "S-1",
                "deal_id": "D-1",
                "status": "ignored",
                "delay_days": 5,
                "cost": pytest.approx(1105.01, abs=0.005),
            }
        ]
    }


def test_the_close_rate_counts_what_was_closed_by_then_and_leans_on_the_others(app):
    owner, one, two = make_programme(weekly_decay=0.2, key_actions=["x"]), rep(), rep()
    outside = rep(role="manager")
    for person, stage, closed in (
        (one, "won", -5),
        (one, "lost", -4),
        (one, "won", 6),
        (two, "lost", -5),
        (two, "lost", 5),
        (outside, "won", -5),
    ):
        make_deal(person, stage=stage, closed_on=MONDAY + closed * DAY)
    make_signal(one, make_deal(one, amount=1000), at(-2))
    (row,) = ask(owner, "missed_moments", through=MONDAY + 5 * DAY)["rows"]
    rate = (1 + 10 * 1 / 4) / (2 + 10)
    assert row["cost"] == pytest.approx(1000 * rate * (1 - 0.8 ** (7 / 7)))


def test_week_end_leaves_later_moments_out_but_knows_what_came_after(app):
    owner, one = make_programme(), rep()
    make_signal(one, "old", at(0))
    make_signal(one, "new", at(7))
    run(owner, one, "old", 8)
    through = MONDAY + 13 * DAY
    rows = ask(owner, "missed_moments", through=through, week_end=MONDAY + 6 * DAY)["rows"]
    assert [(row["deal_id"], row["status"], row["action_day"]) for row in rows] == [
        ("old", "late", "2026-03-10")
    ]
    assert len(ask(owner, "missed_moments", through=through)["rows"]) == 2
    assert ask(owner, "coaching_pick", week_end=MONDAY + 6 * DAY)["picks"][0]["delay_days"] == 6


def test_as_of_knows_only_what_had_been_received(app):
    owner, one = make_programme(), rep()
    make_signal(one, "D-1", at(0), dismissed_at=at(6))
    make_signal(one, "D-2", at(4))
    run(owner, one, "D-1", 1, received_at=at(20))
    through = MONDAY + 9 * DAY

    def then(offset):
        return statuses(owner, through) if offset is None else statuses_at(offset)

    def statuses_at(offset):
        window = {"start": MONDAY, "end": MONDAY + 9 * DAY, "through": through}
        rows = ask(owner, "due_behaviour_coverage", as_of=at(offset), rows=True, **window)
        return {row["deal_id"]: row["status"] for row in rows}

    assert then(None) == {"D-1": "on_time", "D-2": "ignored"}
    assert then(19) == {"D-1": "dismissed", "D-2": "ignored"}
    assert then(5) == {"D-1": "ignored", "D-2": "ignored"}
    assert then(3) == {"D-1": "ignored"}


CASE = {"leak_per_year": Decimal(300000), "build_cost": Decimal(60000)}


def test_the_leak_of_the_case(app):
    owner = make_programme(**CASE)
    told = ask(owner, "leak", adoption=0.25)
    assert told == {
        "recovered": 75000,
        "still_leaking": 225000,
        "net": 15000,
        "roi": 0.25,
        "break_even": pytest.approx(0.2),
        "payback_months": pytest.approx(9.6),
    }
    assert ask(owner, "leak", adoption=0.8)["roi"] == 3.0
    assert ask(owner, "leak", rows=True, adoption=0.8) == []
    assert ask(owner, "team_gap", a=0.25, b=0.8) == {"value": pytest.approx(165000)}
    for wrong in ({"adoption": 25.0}, {"adoption": -0.1}):
        with pytest.raises(Invalid):
            ask(owner, "leak", **wrong)
    with pytest.raises(Invalid):
        ask(owner, "team_gap", a=0.25, b=80.0)


def test_present_adoption_is_coverage_of_the_last_28_complete_days(app):
    """As of Wednesday 1 April, 28 days are 4 to 31 March."""
    owner, one = make_programme(**CASE), rep()
    as_of = datetime(2026, 4, 1, 12, tzinfo=UTC)
    for offset in (1, 2, 7, 14, 29, 30):
        make_signal(one, f"D{offset}", at(offset))
        if offset in {2, 30}:
            run(owner, one, f"D{offset}", offset, 17)
    assert ask(owner, "leak", as_of=as_of)["recovered"] == 300000 * 1 / 3
    counted = ask(owner, "leak", as_of=as_of, rows=True)
    assert {row["deal_id"]: row["status"] for row in counted} == {
        "D2": "on_time",
        "D7": "ignored",
        "D14": "ignored",
        "D29": "pending",
    }


def test_present_adoption_without_signals_is_sustained_adoption(app):
    owner, one = make_programme(**CASE), rep()
    rep()
    days = [MONDAY + (7 * week + day) * DAY for week in range(6) for day in (1, 3)]
    make_usage(owner, one, days)
    as_of = datetime(2026, 4, 13, 12, tzinfo=UTC)
    make_signal(one, "still open", datetime(2026, 4, 10, 15, tzinfo=UTC))
    assert ask(owner, "leak", as_of=as_of)["recovered"] == 150000
    nobody = make_programme(**CASE, launch_on=date(2027, 1, 4))
    early = datetime(2025, 1, 4, tzinfo=UTC)
    assert ask(nobody, "leak", as_of=early) == {
        "recovered": None,
        "still_leaking": None,
        "net": None,
        "roi": None,
        "break_even": pytest.approx(0.2),
        "payback_months": None,
    }


def test_random_worlds_equal_the_oracle(app):
    """Both databases meet the same oracle, so they equal each other as well."""
    teams = make_teams()
    seen = Counter()
    for seed in range(WORLDS):
        world = draw(seed)
        owner = store(world, teams)
        for through, as_of in questions(Random(seed)):
            oracle = Oracle(world, through, as_of)
            seen.update(one["status"] for one in oracle.occasions)
            compare(owner, oracle, Random(f"{seed}:{through}"))
    assert min(seen[status] for status in ("on_time", "late", "dismissed", "ignored")) > 15
    assert min(seen[status] for status in ("closed_before_due", "owner_left", "pending")) > 8
