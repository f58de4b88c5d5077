"""The generated world against METRICS, computed by an independent oracle."""

import re
from collections import Counter
from datetime import date, timedelta
from functools import cache

import pytest

from demo.dates import AUTUMN, FINISH, SPRING, SUMMER, shift_for, timeline, us_holidays
from demo.targets import targets
from demo.world import COLUMNS, generate
from tests.demo.oracle import Oracle

LAST = date(2026, 10, 31)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@cache
def _world(size, seed=28, today=None):
    return generate(size, seed, today)


@cache
def _oracle(size, seed=28, today=None):
    return Oracle(_world(size, seed, today))


@pytest.fixture(scope="module")
def csp():
    return _oracle("csp")


def test_the_company_has_the_case_study_s_scale():
    world = _world("csp")
    roles = Counter(row["role"] for row in world.records("people"))
    assert 2950 <= roles["rep"] <= 3050
    assert roles["manager"] == 290
    assert roles["director"] == 12
    assert {roles[role] >= 1 for role in ("sales_ops", "executive", "admin")} == {True}
    assert len({row["time_zone"] for row in world.records("people")}) == 4
    assert 300_000 <= len(world.tables["usage"]) <= 450_000


def test_sustained_adoption_on_the_last_day(csp):
    assert csp.adoption(LAST)["rate"] == pytest.approx(0.55, abs=0.02)


def test_sustained_at_each_rep_s_own_day_60(csp):
    assert csp.day60(LAST)["rate"] == pytest.approx(0.47, abs=0.02)


def test_training(csp):
    assert csp.training("intro", LAST)["rate"] == pytest.approx(0.68, abs=0.005)


def test_logins_grow_though_not_per_rep_day(csp):
    growth = csp.logins_growth(
        (date(2026, 3, 2), date(2026, 3, 30)), (date(2026, 10, 4), date(2026, 11, 1))
    )
    assert growth["growth"] == pytest.approx(2.17, abs=0.03)
    assert -0.15 < growth["growth_per_rep_day"] < 0


def test_new_people_of_month_2(csp):
    assert csp.new_user_growth(date(2026, 4, 1))["growth"] == pytest.approx(0.78, abs=0.03)


def test_returning_people_of_month_3(csp):
    assert csp.returning_established(date(2026, 5, 1))["rate"] == pytest.approx(0.72, abs=0.01)


def test_proposals_from_month_5_to_8(csp):
    growth = csp.proposals_growth(date(2026, 7, 1), date(2026, 10, 1))
    assert growth["growth"] == pytest.approx(26.42, abs=0.6)
    assert growth["base"] > 100


def test_revenue_gap_stood_there_before_the_tool(csp):
    window = (date(2026, 8, 1), date(2026, 11, 1))
    after = csp.revenue_gap(*window)
    before = csp.revenue_gap(date(2025, 11, 30), date(2026, 3, 2), split=window)
    assert after["gap"] == pytest.approx(2.09, abs=0.05)
    assert after["users"] > 3 * after["non_users"]
    growth_ratio = (1 + after["gap"]) / (1 + before["gap"]) - 1
    assert 0.02 < growth_ratio < 0.30


def test_value_of_proposals_made_with_the_tool(csp):
    gap = csp.proposal_value_gap(date(2026, 8, 1), date(2026, 11, 1))
    assert gap["gap"] == pytest.approx(0.93, abs=0.02)


@pytest.mark.parametrize("size", ["csp", "small"])
def test_marcus_and_priya(size):
    """The case in the last 28 days, and the same shares over all that was ever due."""
    oracle = _oracle(size)
    for start, of in ((date(2026, 10, 4), 20), (date(2026, 3, 2), 80)):
        span = (start, date(2026, 11, 1), LAST)
        marcus, priya = (oracle.coverage(*span, team) for team in ("Team Marcus", "Team Priya"))
        assert (marcus["on_time"], marcus["denominator"]) == (of / 4, of)
        assert (priya["on_time"], priya["denominator"]) == (of * 4 / 5, of)
    for team, sustained in (("Team Marcus", 2), ("Team Priya", 4)):
        verdict = oracle.adoption(LAST, team)
        assert (verdict["sustained"], verdict["measurable"]) == (sustained, 5)


def test_a_contest_drawn_by_team_lifts_use_in_the_drawn_half(csp):
    spring = next(c for c in csp.world.playbook["contests"] if c["slug"] == "spring")
    half = set(spring["teams"])
    days = [date(2026, 4, 27), date(2026, 5, 11), date(2026, 5, 23)]
    sides = {True: [], False: []}
    for rep in csp.reps:
        if csp.there(rep, days[0]):
            sides[csp.team(rep, days[1]) in half].append(rep)
    before = [csp.active_days(days[0], days[1], sides[side]) for side in (True, False)]
    during = [csp.active_days(days[1], days[2], sides[side]) for side in (True, False)]
    lift = (during[0] - during[1]) - (before[0] - before[1])
    assert 0.1 < lift < 0.6


def test_every_race_has_winners_and_losers(csp):
    for race in (SPRING, SUMMER, AUTUMN):
        teams = csp.roster_participation(*race)
        assert 0.3 < sum(met for met, _ in teams.values()) / sum(n for _, n in teams.values()) < 0.8
        reached = sum(met >= 0.75 * roster for met, roster in teams.values())
        assert 3 <= reached <= len(teams) * 0.5


@pytest.mark.parametrize("seed", [3])
def test_other_seeds_tell_the_same_story(seed):
    oracle = _oracle("csp", seed)
    assert 0.50 < oracle.adoption(LAST)["rate"] < 0.60
    assert 0.40 < oracle.day60(LAST)["rate"] < 0.50
    assert oracle.new_user_growth(date(2026, 4, 1))["growth"] == pytest.approx(0.78, abs=0.03)
    assert oracle.returning_established(date(2026, 5, 1))["rate"] == pytest.approx(0.72, abs=0.01)


def test_the_small_company_is_small_and_complete():
    world, oracle = _world("small"), _oracle("small")
    assert len(oracle.reps) == 60
    assert sum(row["role"] == "manager" for row in world.records("people")) == 7
    assert 0.50 < oracle.adoption(LAST)["rate"] < 0.60
    assert 0.40 < oracle.day60(LAST)["rate"] < 0.50
    assert {one.role for one in world.sign_ins} == {
        "rep", "manager", "director", "sales_ops", "executive", "admin",
    }  # fmt: skip


def test_the_same_arguments_give_the_same_rows_and_another_seed_others():
    again = generate("small", 28)
    assert again.tables == _world("small").tables
    assert again.playbook == _world("small").playbook
    assert generate("small", 29).tables["usage"] != again.tables["usage"]


@pytest.mark.parametrize("today", [date(2026, 11, 21) + timedelta(days=n) for n in range(7)])
def test_a_moved_story_puts_today_into_the_last_race_that_began(today):
    line = timeline(today)
    assert line.shift.days % 7 == 0
    start, end = line.moved(FINISH[0]), line.moved(FINISH[1])
    assert start + timedelta(days=3) <= today <= end
    world = _world("small", today=today)
    begun = [c for c in world.playbook["contests"] if c["start"] <= today.isoformat()]
    ahead = [c for c in world.playbook["contests"] if c["start"] > today.isoformat()]
    assert [c["slug"] for c in begun] == ["spring", "summer", "autumn", "finish"]
    assert [c["slug"] for c in ahead] == ["winter"]


def test_nothing_has_happened_on_or_after_today():
    today = date(2026, 11, 24)
    world = _world("small", today=today)
    text = today.isoformat()
    night = f"{text}T05:00:00Z"
    for row in world.records("usage"):
        assert row["occurred_at"] < night
        assert row["received_at"] < night
    assert all(row["completed_at"] < night for row in world.records("completions"))
    assert all(row["fired_at"] < night for row in world.records("signals"))
    for row in world.records("deals"):
        assert max(row["created_on"], row["proposal_on"], row["closed_on"]) < text
    assert all(row["created_on"] < text for row in world.records("proposals"))
    assert all(row["hire_date"] < text for row in world.records("people"))
    assert all(row["leave_date"] < text for row in world.records("people"))


def test_a_moved_story_keeps_its_rates_and_the_two_managers():
    today = date(2026, 11, 24)
    oracle = _oracle("csp", 28, today)
    through = today - timedelta(days=1)
    assert 0.50 < oracle.adoption(through)["rate"] < 0.60
    assert 0.40 < oracle.day60(through)["rate"] < 0.50
    assert oracle.training("intro", through)["rate"] == pytest.approx(0.68, abs=0.005)
    start = oracle.world.timeline.moved(date(2026, 3, 2))
    assert oracle.coverage(start, today, through, "Team Marcus")["rate"] == 0.25
    assert oracle.coverage(start, today, through, "Team Priya")["rate"] == 0.80


@pytest.mark.parametrize("size", ["csp", "small"])
def test_rows_have_the_contract_s_shapes(size):
    world = _world(size)
    assert list(world.tables) == list(COLUMNS)
    people = {row["person_id"] for row in world.records("people")}
    emails = Counter(row["email"] for row in world.records("people"))
    assert max(emails.values()) == 1
    deals = {row["deal_id"] for row in world.records("deals")}
    for kind, rows in world.tables.items():
        width = len(world.columns(kind))
        assert all(len(row) == width for row in rows), kind
        if "person_id" in world.columns(kind):
            assert {row["person_id"] for row in world.records(kind)} <= people
    for row in world.records("usage"):
        assert INSTANT.fullmatch(row["occurred_at"])
        if row["kind"] == "sequence_run":
            assert row["object_id"] in deals
    assert {row["deal_id"] for row in world.records("signals")} <= deals


def test_tool_made_proposals_are_usage_events():
    world = _world("csp")
    made = {row["proposal_id"] for row in world.records("proposals") if row["with_tool"] == "true"}
    events = {
        row["object_id"] for row in world.records("usage") if row["kind"] == "proposal_created"
    }
    assert events <= made
    assert len(made - events) == 0


def test_moves_leavers_hires_absences_and_corrections_occur():
    world = _world("csp")
    people = [row for row in world.records("people") if row["role"] == "rep"]
    left = sum(bool(row["leave_date"]) for row in people)
    hired = sum(row["hire_date"] > "2026-03-01" for row in people)
    seats = Counter(row["person_id"] for row in world.records("memberships"))
    moved = sum(count == 2 for count in seats.values())
    assert 0.07 < left / len(people) < 0.09
    assert 0.05 < hired / len(people) < 0.07
    assert 0.05 < moved / len(people) < 0.07
    usage = world.tables["usage"]
    voided = sum(row[7] == "true" for row in usage)
    late = sum(bool(row[4]) and not row[7] for row in usage)
    assert voided > 50
    assert late > 500


def test_team_sizes_at_launch():
    world = _world("csp")
    reps = {row["person_id"] for row in world.records("people") if row["role"] == "rep"}
    sizes = Counter(
        row["team"]
        for row in world.records("memberships")
        if row["person_id"] in reps and row["start_date"] <= "2026-03-02"
    )
    assert min(sizes.values()) >= 5
    assert max(sizes.values()) <= 16


def test_holidays_follow_the_rules_of_their_year():
    assert us_holidays(2026)[2] == date(2026, 5, 25)
    assert date(2026, 7, 3) in us_holidays(2026)
    assert date(2027, 11, 25) in us_holidays(2027)
    assert date(2027, 12, 24) in us_holidays(2027)


def test_the_shift_is_the_only_one_that_fits():
    for n in range(400):
        today = date(2027, 1, 1) + timedelta(days=n)
        inside = today - shift_for(today)
        assert date(2026, 10, 29) <= inside <= date(2026, 11, 4)


def test_targets_for_the_fixed_dates_name_all_of_the_case_study_s_figures():
    named = {target.figure for target in targets(timeline(), "csp")}
    assert named == {
        "adoption", "day60", "training", "due_behaviour_coverage", "logins_growth",
        "new_user_growth", "returning_established", "proposals_growth", "revenue_gap",
        "proposal_value_gap",
    }  # fmt: skip


def test_files_are_written_as_they_will_be_read(tmp_path):
    world = _world("small")
    world.write(tmp_path)
    lines = (tmp_path / "usage.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == COLUMNS["usage"]
    assert len(lines) == len(world.tables["usage"]) + 1
    assert (tmp_path / "playbook.yaml").exists()
    for tip in world.playbook["tips"]:
        assert (tmp_path / tip["body_file"]).read_text(encoding="utf-8").strip()
