"""Usage on its way in, and the derived rows that follow it, on both databases."""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from sqlalchemy import func, select

import people.queries
from adoption import jobs, services
from adoption.cli import FIGURES, IMPORTS
from adoption.forms import parse_batch
from adoption.models import AdoptionStatus, DailyUsage, RepWeek, UsageEvent
from adoption.queries import checks, states_on
from adoption.queries.events import has_pending
from core.db import db, transaction
from core.figures import FigureRequest
from core.intake.kinds import RawBatch
from core.intake.runner import run_import
from core.policy import SYSTEM
from tests.factories.adoption import make_event, make_usage
from tests.factories.people import make_change, make_person
from tests.factories.programme import make_programme

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KINDS = {kind.name: kind for kind in IMPORTS}
TWICE_A_WEEK = [7 * week + day for week in range(12) for day in (1, 3)]


def rep(**given):
    return make_person(**{"enabled_on": MONDAY, **given})


def days(*offsets):
    return [MONDAY + offset * DAY for offset in offsets]


def bring(tmp_path, owner, rows, kind="usage", **options):
    """Import rows (dicts) as a file; the counts and problem codes of it."""
    path = tmp_path / f"{kind}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    summary = run_import(
        [path], kinds=KINDS, actor=SYSTEM, now=NOW, programme_id=owner.id, **options
    )
    [result] = summary.files
    return result


def counts(result):
    return (result.added, result.changed, result.unchanged, result.refused, result.set_aside)


def event(person, at="2026-03-02T15:00:00Z", **more):
    row = {"event_id": "e1", "person_id": person.key, "kind": "guided_use", "occurred_at": at}
    return {**row, **more}


def known(owner, as_of=None):
    """(event_id, local day, kind) of every event that counts."""
    from adoption.queries.events import known_at

    rows = db.session.execute(
        select(UsageEvent.event_id, UsageEvent.local_day, UsageEvent.kind).where(
            UsageEvent.programme_id == owner.id, *known_at(as_of)
        )
    )
    return sorted(tuple(row) for row in rows)


def test_rows_become_events_once(app, tmp_path):
    owner, one = make_programme(), rep()
    rows = [
        event(one, event_id="a", object_id="D1", value="2.5"),
        event(one, "2026-03-03T04:30:00Z", event_id="b", object_id="", value=""),
        event(one, "2026-03-03T00:30:00-05:00", event_id="c", object_id="é", value=".5"),
    ]
    assert counts(bring(tmp_path, owner, rows)) == (3, 0, 0, 0, 0)
    assert counts(bring(tmp_path, owner, rows)) == (0, 0, 3, 0, 0)
    assert known(owner) == [
        ("a", MONDAY, "guided_use"),
        ("b", MONDAY, "guided_use"),
        ("c", MONDAY + DAY, "guided_use"),
    ]
    first = db.session.scalars(select(UsageEvent).where(UsageEvent.event_id == "a")).one()
    assert first.occurred_at == datetime(2026, 3, 2, 15, tzinfo=UTC) == first.received_at
    assert (first.value, first.object_id, first.source, first.voided) == (2.5, "D1", "file", False)


def test_a_mixed_file_names_every_refused_row(app, tmp_path):
    owner, one = make_programme(), rep()
    good = {"received_at": "", "voided": "", "value": "", "email": ""}
    rows = [
        event(one, event_id="ok", **good),
        event(one, event_id="", **good),
        event(one, "2026-03-02T15:00:00", event_id="naive", **good),
        event(one, "99999-03-02T15:00:00Z", event_id="far", **good),
        event(one, "1969-03-02T15:00:00Z", event_id="old", **good),
        event(one, "yesterday", event_id="word", **good),
        event(one, event_id="kindless", **good) | {"kind": ""},
        event(one, event_id="void?", **{**good, "voided": "perhaps"}),
        event(one, event_id="value?", **{**good, "value": "NaN"}),
        event(one, event_id="long", **good) | {"kind": "k" * 81},
        event(one, event_id="nobody", **good) | {"person_id": ""},
        event(one, event_id="stranger", **good) | {"person_id": "unknown"},
        event(one, event_id="mail", **{**good, "email": one.email.upper()}) | {"person_id": ""},
    ]
    result = bring(tmp_path, owner, rows)
    assert counts(result) == (2, 0, 0, 10, 1)
    assert [(problem.row, problem.field, problem.code) for problem in result.problems] == [
        (3, "event_id", "missing"),
        (4, "occurred_at", "naive_instant"),
        (5, "occurred_at", "out_of_range"),
        (6, "occurred_at", "out_of_range"),
        (7, "occurred_at", "not_an_instant"),
        (8, "kind", "missing"),
        (9, "voided", "not_a_boolean"),
        (10, "value", "not_a_number"),
        (11, "kind", "too_long"),
        (12, "email", "missing"),
    ]
    assert [row[0] for row in known(owner)] == ["mail", "ok"]


def test_a_zone_given_reads_naive_instants(app, tmp_path):
    from zoneinfo import ZoneInfo

    owner, one = make_programme(), rep()
    rows = [event(one, "2026-03-02 23:30:00")]
    bring(tmp_path, owner, rows, time_zone=ZoneInfo("America/New_York"))
    assert known(owner) == [("e1", MONDAY, "guided_use")]


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Africa/Cairo", "2026-04-23T21:59:59Z", date(2026, 4, 23)),
        ("Africa/Cairo", "2026-04-23T22:00:00Z", date(2026, 4, 24)),
        ("America/Havana", "2026-11-01T05:30:00Z", date(2026, 11, 1)),
        ("Asia/Kolkata", "2026-03-02T18:29:59Z", date(2026, 3, 2)),
        ("Asia/Kolkata", "2026-03-02T18:30:00Z", date(2026, 3, 3)),
    ],
)
@pytest.mark.sqlite_only
def test_the_local_day_is_the_programmes(app, tmp_path, zone, instant, day):
    owner, one = make_programme(time_zone=zone), rep()
    near = instant.replace(":59Z", ":58Z").replace(":00Z", ":01Z")
    rows = [event(one, instant), event(one, near, event_id="e2")]
    bring(tmp_path, owner, rows)
    assert known(owner)[0][1] == day
    assert known(owner)[1][1] == day


def test_days_may_be_each_reps_own(app, tmp_path):
    owner = make_programme(tz_mode="user")
    kiwi, home = rep(time_zone="Pacific/Auckland"), rep(time_zone=None)
    rows = [event(kiwi, event_id="k"), event(home, event_id="h")]
    bring(tmp_path, owner, rows)
    assert known(owner) == [
        ("h", MONDAY, "guided_use"),
        ("k", MONDAY + DAY, "guided_use"),
    ]


def test_the_future_is_quarantined_and_five_minutes_are_forgiven(app, tmp_path):
    owner, one = make_programme(), rep()
    at = {"received_at": "2026-03-02T14:55:00Z"}
    rows = [event(one, event_id="near", **at)]
    rows.append(event(one, "2026-03-02T15:00:01Z", event_id="far", **at))
    assert counts(bring(tmp_path, owner, rows)) == (2, 0, 0, 0, 0)
    assert [row[0] for row in known(owner)] == ["near"]


RECORDS = [
    {"received_at": "2026-03-02T16:00:00Z", "kind": "guided_use", "voided": ""},
    {"received_at": "2026-03-04T16:00:00Z", "kind": "sequence_run", "voided": ""},
    {"received_at": "2026-03-06T16:00:00Z", "kind": "sequence_run", "voided": "true"},
    {"received_at": "2026-03-08T16:00:00Z", "kind": "sequence_run", "voided": "false"},
]


@pytest.mark.parametrize("order", [*permutations(range(4))][::5])
def test_whatever_the_order_of_arrival_the_history_is_the_same(app, tmp_path, order):
    owner, one = make_programme(), rep()
    for place in order:
        bring(tmp_path, owner, [event(one, **RECORDS[place])])
    at = [datetime(2026, 3, day, 17, tzinfo=UTC) for day in (1, 2, 4, 6, 8)]
    kinds = [[row[2] for row in known(owner, moment)] for moment in at]
    assert kinds == [[], ["guided_use"], ["sequence_run"], [], ["sequence_run"]]
    assert known(owner) == [("e1", MONDAY, "sequence_run")]
    everything = [event(one, **record) for record in RECORDS]
    again = bring(tmp_path, owner, everything)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)
    assert known(owner, at[3]) == []


def test_records_of_one_moment_the_later_row_wins(app, tmp_path):
    owner, one = make_programme(), rep()
    pair = [event(one, voided=""), event(one, voided="true")]
    assert counts(bring(tmp_path, owner, pair)) == (1, 1, 0, 0, 0)
    assert known(owner) == []
    assert counts(bring(tmp_path, owner, pair)) == (0, 0, 2, 0, 0)
    assert counts(bring(tmp_path, owner, [event(one, voided="false")])) == (0, 1, 0, 0, 0)
    assert known(owner) == [("e1", MONDAY, "guided_use")]
    assert db.session.scalar(select(func.count()).select_from(UsageEvent)) == 3


@pytest.mark.parametrize("arrival", [{}, {"received_at": "2026-03-03T08:00:00Z"}])
def test_a_correction_in_another_batch_with_the_same_arrival_comes_again_unchanged(
    app, tmp_path, monkeypatch, arrival
):
    """The first row of the pair stands superseded: its file said both before, and nothing new."""
    owner, one = make_programme(), rep()
    monkeypatch.setattr("core.intake.lines.BLOCK_CHARACTERS", 100)
    monkeypatch.setitem(KINDS, "usage", replace(KINDS["usage"], batch_rows=2))
    first, second = event(one, object_id="typo", **arrival), event(one, object_id="o1", **arrival)
    others = [event(one, event_id=f"f{number}", object_id="", **arrival) for number in range(6)]
    rows = [first, *others, second]
    assert counts(bring(tmp_path, owner, rows)) == (7, 1, 0, 0, 0)
    for _time in range(2):
        before = versions()
        assert counts(bring(tmp_path, owner, rows)) == (0, 0, 8, 0, 0)
        assert versions() == before
    assert [said for said in versions() if said[-1] is None and said[0] == "e1"] == [
        ("e1", "o1", None)
    ]


def test_a_file_that_was_corrected_by_another_changes_nothing_when_it_comes_again(app, tmp_path):
    owner, one = make_programme(), rep()
    wrong, right = [event(one, object_id="typo")], [event(one, object_id="o1")]
    assert counts(bring(tmp_path, owner, wrong)) == (1, 0, 0, 0, 0)
    assert counts(bring(tmp_path, owner, right)) == (0, 1, 0, 0, 0)
    stored = versions()
    assert counts(bring(tmp_path, owner, wrong)) == (0, 0, 1, 0, 0)
    assert counts(bring(tmp_path, owner, right)) == (0, 0, 1, 0, 0)
    assert versions() == stored
    # Another file that says so is somebody's word, and the later row wins (METRICS E1).
    assert counts(bring(tmp_path, owner, [*wrong, event(one, event_id="e2", object_id="")])) == (
        1,
        1,
        0,
        0,
        0,
    )
    assert ("e1", "typo", None) in versions()


def versions():
    """Every version of every event: its id, what it is about, and when a later one took over."""
    rows = db.session.execute(
        select(UsageEvent.event_id, UsageEvent.object_id, UsageEvent.superseded_at).order_by(
            UsageEvent.id
        )
    )
    return [tuple(row) for row in rows]


def test_the_same_id_from_two_sources_is_two_events(app, tmp_path):
    owner, one = make_programme(), rep()
    rows = [event(one, source="crm"), event(one, source="")]
    assert counts(bring(tmp_path, owner, rows)) == (2, 0, 0, 0, 0)


def snapshot(owner):
    """Every derived row, comparable."""
    tables = (DailyUsage, RepWeek, AdoptionStatus)
    found = []
    for table in tables:
        columns = list(table.__table__.c)
        rows = db.session.execute(select(*columns).where(table.programme_id == owner.id))
        found.append(sorted(tuple(row) for row in rows))
    return found


def settle(now=NOW):
    jobs.judge(now)
    assert checks.verify_all() == []


def test_derived_rows_equal_a_rebuild_whatever_happened_meanwhile(app, tmp_path):
    owner = make_programme()
    people = [rep() for _ in range(6)]
    rnd = Random(3)
    for person in people[:5]:
        make_usage(owner, person, days(*rnd.sample(range(70), 30)))
    settle(datetime(2026, 4, 7, tzinfo=UTC))
    settle(datetime(2026, 4, 20, 12, tzinfo=UTC))
    for person in people[3:]:
        make_usage(owner, person, days(*rnd.sample(range(70), 20)), kind="sequence_run")
    late = [event(people[0], "2026-03-10T15:00:00Z", event_id=f"late{n}") for n in range(3)]
    bring(tmp_path, owner, late)
    settle(datetime(2026, 4, 28, 12, tzinfo=UTC))
    moved = [event(people[0], "2026-03-12T15:00:00Z", event_id="late0", voided="true")]
    moved[0]["received_at"] = "2026-05-01T00:00:00Z"
    bring(tmp_path, owner, moved)
    with transaction():
        person = db.session.merge(people[2])
        person.left_on = date(2026, 4, 1)
    make_change(people[2])
    settle()

    piece_by_piece = snapshot(owner)
    with transaction():
        services.rebuild(owner.id, NOW)
    assert snapshot(owner) == piece_by_piece
    long_after = NOW + 365 * DAY
    through = date(2026, 5, 31)
    assert states_on(owner.id, through) == states_on(owner.id, through, long_after)
    settle()
    assert snapshot(owner) == piece_by_piece


def test_a_correction_rebuilds_the_old_day_and_the_new_one_only(app, tmp_path):
    owner, one = make_programme(), rep()
    bring(tmp_path, owner, [event(one), event(one, "2026-03-05T15:00:00Z", event_id="e2")])
    jobs.roll_up_usage(NOW)
    assert not has_pending(owner.id)
    moved = event(one, "2026-03-03T15:00:00Z", received_at="2026-03-09T00:00:00Z")
    bring(tmp_path, owner, [moved])
    assert has_pending(owner.id)
    with transaction():
        done = services.roll_up_days(owner.id, NOW)
    assert (done.batches, done.days) == (1, 2)
    assert [row[2] for row in snapshot(owner)[0]] == days(1, 3)
    assert checks.verify_all() == []


def test_the_check_finds_a_row_nobody_can_explain(app):
    owner, one = make_programme(), rep()
    make_usage(owner, one, days(*TWICE_A_WEEK))
    settle()
    with transaction() as session:
        session.add(
            DailyUsage(
                programme_id=owner.id,
                person_id=one.id,
                local_day=MONDAY,
                kind="guided_use",
                count=3,
            )
        )
    assert "daily_usage" in checks.verify_all()[0]


def test_late_news_reopens_judged_weeks(app):
    owner, one = make_programme(), rep()
    make_usage(owner, one, days(1, 2, 8, 9, 15, 22))
    settle(datetime(2026, 3, 31, 12, tzinfo=UTC))

    def state():
        return db.session.scalars(
            select(AdoptionStatus.state).where(AdoptionStatus.week_start == MONDAY + 21 * DAY)
        ).one()

    assert state() == "trying"
    make_event(owner, one, datetime(2026, 3, 18, 15, tzinfo=UTC), received_at=NOW)
    settle()
    assert state() == "sustained"


def test_another_rule_judges_everything_anew(app):
    owner, one = make_programme(), rep()
    make_usage(owner, one, days(*range(0, 84, 7)))
    settle()
    assert {row[3] for row in snapshot(owner)[2]} == {"not_measurable", "trying"}
    with transaction():
        row = db.session.merge(owner)
        row.target_days, row.rule_version = 1, 2
    settle()
    assert "sustained" in {row[3] for row in snapshot(owner)[2]}


def test_figures_are_right_before_any_job_ran(app, tmp_path):
    owner, one = make_programme(), rep()
    rows = [
        event(one, f"{day}T15:00:00Z", event_id=f"e{day}")
        for day in (MONDAY + offset * DAY for offset in TWICE_A_WEEK)
    ]
    bring(tmp_path, owner, rows)
    adoption = next(figure for figure in FIGURES if figure.name == "adoption")
    request = FigureRequest(
        programme_id=owner.id,
        params={"through": MONDAY + 55 * DAY, "team": None},
        as_of=NOW,
        as_of_given=False,
    )
    before = adoption.compute(request)
    assert before["sustained"] == 1
    settle()
    assert adoption.compute(request) == before


def test_deals_are_upserted_and_wait_for_their_people(app, tmp_path):
    owner, one = make_programme(), rep()
    head = {"account": "Acme", "amount": "1054.5", "stage": "won", "closed_on": "2026-03-01"}
    rows = [
        {"deal_id": "D1", "person_id": one.key, **head},
        {"deal_id": "D2", "person_id": "stranger", **head},
        {"deal_id": "D3", "person_id": one.key, **head, "stage": "maybe"},
    ]
    assert counts(bring(tmp_path, owner, rows, "deals")) == (1, 0, 0, 1, 1)
    assert counts(bring(tmp_path, owner, rows[:1], "deals")) == (0, 0, 1, 0, 0)
    rows[0]["amount"] = "2000"
    assert counts(bring(tmp_path, owner, rows[:1], "deals")) == (0, 1, 0, 0, 0)


def test_signals_come_in_once(app, tmp_path):
    owner, one = make_programme(), rep()
    row = {"signal_id": "S1", "deal_id": "D1", "person_id": one.key}
    rows = [{**row, "fired_at": "2026-03-02T15:00:00Z", "dismissed_at": ""}]
    assert counts(bring(tmp_path, owner, rows, "signals")) == (1, 0, 0, 0, 0)
    assert counts(bring(tmp_path, owner, rows, "signals")) == (0, 0, 1, 0, 0)
    rows[0]["dismissed_at"] = "2026-03-03T15:00:00Z"
    assert counts(bring(tmp_path, owner, rows, "signals")) == (0, 1, 0, 0, 0)


def test_a_programme_that_moves_to_another_zone_takes_its_dates_along(app, tmp_path):
    owner, one = make_programme(time_zone="UTC"), rep()
    bring(tmp_path, owner, [event(one, "2026-03-03T03:00:00Z")])
    settle()
    assert known(owner)[0][1] == MONDAY + DAY
    with transaction():
        row = db.session.merge(owner)
        row.time_zone, row.rule_version = "America/New_York", 2
    settle()
    assert known(owner)[0][1] == MONDAY
    assert [row[2] for row in snapshot(owner)[0]] == [MONDAY]


def test_the_rebuild_command_says_what_it_did(app):
    owner, one = make_programme(), rep()
    make_usage(owner, one, days(*TWICE_A_WEEK))
    done = app.test_cli_runner().invoke(args=["adoption", "rebuild"])
    assert done.exit_code == 0
    assert "weeks judged" in done.output
    assert checks.verify_all() == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02T15:00:00Z", "2026-03-02T15:00:00"),
        ("2026-03-02T15:00:00+00:00", "2026-03-02T15:00:00"),
        ("2026-03-02T15:00:00-00:00", "2026-03-02T15:00:00"),
        ("2026-03-02T15:00:00.250Z", "2026-03-02T15:00:00.250000"),
        ("2026-03-02T15:00:00.1234567Z", "2026-03-02T15:00:00.123456"),
        ("2026-03-02T23:30:00-05:00", "2026-03-03T04:30:00"),
        ("2026-03-02T00:30:00+0530", "2026-03-01T19:00:00"),
        ("2026-03-02 15:00:00Z", "2026-03-02T15:00:00"),
        ("2026-03-02T15:00Z", "2026-03-02T15:00:00"),
        (" 2026-03-02T15:00:00Z ", "2026-03-02T15:00:00"),
    ],
)
def test_moments_are_read_alike_on_the_short_and_the_careful_way(app, tmp_path, written, moment):
    owner, one = make_programme(), rep()
    rows = [event(one, written, event_id=str(number)) for number in range(3)]
    for row in rows:
        row["received_at"] = written
    assert counts(bring(tmp_path, owner, rows)) == (3, 0, 0, 0, 0)
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for row in db.session.scalars(select(UsageEvent)):
        assert (row.occurred_at, row.received_at) == (expected, expected)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30T15:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02T15:00:00+19:00",
        "20260302T150000Z",
    ],
)
def test_moments_that_are_none_are_refused(app, tmp_path, written):
    owner, one = make_programme(), rep()
    good = event(one, "2026-03-02T15:00:00Z", event_id="good")
    assert counts(bring(tmp_path, owner, [good, event(one, written)])) == (1, 0, 0, 1, 0)


def test_awkward_texts_come_back_as_they_were(app, tmp_path):
    owner, one = make_programme(), rep()
    names = ["a\\b", "\\N", "NULL", "it's", 'say "x"', "ünï", "a;b,c", "-", "\\t", "null\\"]
    rows = [event(one, event_id=name, object_id=name, kind=name) for name in names]
    assert counts(bring(tmp_path, owner, rows)) == (len(names), 0, 0, 0, 0)
    found = db.session.execute(select(UsageEvent.event_id, UsageEvent.object_id, UsageEvent.kind))
    assert sorted(tuple(row) for row in found) == sorted((name,) * 3 for name in names)
    half = [{**row, "kind": "other"} if place % 2 else row for place, row in enumerate(rows)]
    half.append(event(one, event_id="new"))
    assert counts(bring(tmp_path, owner, half)) == (1, 5, 5, 0, 0)


def test_batches_made_into_rows_ahead_say_what_one_batch_says(app, tmp_path, monkeypatch):
    """New, unknown, repeated and corrected rows meet in batches of a few rows each."""
    with transaction():
        owner = make_programme()
        known = [rep(key=f"A{number}") for number in range(6)]
    rows = []
    for number in range(120):
        who = known[number % (1 + number // 20)]
        rows.append(event(who, event_id=f"e{number}", object_id=f"o{number}"))
        if number % 10 == 3:
            rows.append({**rows[-1], "event_id": f"lost{number}", "person_id": "nobody"})
        if number % 10 == 7:
            rows.append(rows[-3])
        if number % 40 == 39:
            rows.append({**rows[-2], "object_id": "corrected"})
    monkeypatch.setattr("core.intake.lines.BLOCK_CHARACTERS", 300)
    monkeypatch.setitem(KINDS, "usage", replace(KINDS["usage"], batch_rows=5))
    result = bring(tmp_path, owner, rows)
    assert counts(result) == (120, 3, 12, 0, 12)
    stored = select(UsageEvent.event_id, UsageEvent.object_id, UsageEvent.person_id).where(
        UsageEvent.superseded_at.is_(None)
    )
    said = {event_id: (what, who) for event_id, what, who in db.session.execute(stored)}
    assert len(said) == 120
    corrected = {event_id for event_id, (what, _who) in said.items() if what == "corrected"}
    assert len(corrected) == 3
    assert {who for _what, who in said.values()} == {person.id for person in known}


@pytest.mark.sqlite_only
def test_names_that_are_being_looked_up_do_not_count_as_looked_up(app, monkeypatch):
    """Whoever reads ahead meanwhile would take them for people nobody knows."""
    with transaction():
        owner, person = make_programme(), rep()
        records = parse_batch(
            RawBatch(
                "usage",
                "usage.csv",
                ("event_id", "person_id", "kind", "occurred_at"),
                {"event_id": 0, "person_id": 1, "kind": 2, "occurred_at": 3},
                [2],
                [["e1", person.key, "login", "2026-03-02T15:00:00Z"]],
            ),
            "file",
            None,
        ).records
        intake = services.open_intake(owner.id)
        seen = []
        by_key = people.queries.by_key

        def look_up(names):
            seen.append(intake.knows_people_of(records))
            return by_key(names)

        monkeypatch.setattr("people.queries.by_key", look_up)
        assert intake.people_of(records) == [str(person.id)]
        seen.append(intake.knows_people_of(records))
    assert seen == [False, True]
