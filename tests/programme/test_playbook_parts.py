from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import programme.queries
from core.calendars import ProgrammeCalendar
from core.db import transaction
from core.playbook import Apply, PlaybookRefused, read_text
from core.policy import SYSTEM
from programme.cli import PLAYBOOK_PARTS, apply_playbook
from tests.factories.people import make_person
from tests.factories.programme import enrol, make_programme

NOW = datetime(2003, 3, 1, tzinfo=UTC)
CONTRACT_EXAMPLE = """
programme: {slug: csp, name: Sales effectiveness rollout, sponsor: P0001,
  time_zone: America/New_York, week_start: monday, workweek: [mon, tue, wed, thu, fri],
  holidays: [2003-07-04], launch_on: 2003-03-03, login_kind: login,
  key_actions: [guided_use, proposal_created, sequence_run], due_action: sequence_run,
  adoption_rule: {target_days: 2, k: 3, n: 4, lookback: 6, min_available_days: 3,
                  horizon_days: 60},
  goal: {low: 0.40, high: 0.50}, respond_days: 2, weekly_decay: 0.10, late_grace_hours: 48,
  min_group: 5, leak_per_year: 300000, build_cost: 60000, currency: USD}
outcomes: [{slug: revenue_per_rep, title: Revenue, unit: USD, direction: up, baseline: 100,
  targets: {Q1: 110, Q2: 120, Q3: 130, Q4: 140},
  metrics: [sustained_adoption, due_behaviour_coverage]}]
asks: [{slug: what-else, question: "Other than training, what else needs to happen?",
  to: {roles: [rep]}, anonymous: true}]
"""


def book(text):
    return read_text(text.encode(), PLAYBOOK_PARTS, None)


def test_the_contracts_example_is_stored_whole_and_the_second_time_changes_nothing(app):
    sponsor = make_person(key="P0001", role="executive")
    parsed = book(CONTRACT_EXAMPLE)
    changes, notices = apply_playbook(parsed, approve_as=None, dry_run=False)
    assert changes == [
        "programme csp: created",
        "outcome revenue_per_rep: created",
        "ask what-else: created",
    ]
    assert notices == []
    assert apply_playbook(parsed, approve_as=None, dry_run=False) == ([], [])

    row = programme.queries.get("csp")
    assert row.sponsor_id == sponsor.id
    assert (row.launch_on, row.leak_per_year, row.build_cost) == (
        date(2003, 3, 3),
        Decimal("300000.00"),
        Decimal("60000.00"),
    )
    assert programme.queries.calendar(row) == ProgrammeCalendar(
        "America/New_York", holidays=frozenset({date(2003, 7, 4)})
    )
    assert row.rule_version == 1
    [outcome] = programme.queries.outcomes(row.id)
    assert outcome.targets == {1: 110, 2: 120, 3: 130, 4: 140}
    assert outcome.metrics == ("due_behaviour_coverage", "sustained_adoption")
    assert programme.queries.asks(row.id)["what-else"].is_anonymous


def test_a_dry_run_says_what_would_change_and_changes_nothing(app):
    changes, notices = apply_playbook(book(CONTRACT_EXAMPLE), approve_as=None, dry_run=True)
    assert len(changes) == 3
    assert "not in the directory yet" in notices[0]
    assert programme.queries.get("csp") is None


def test_another_meaning_of_sustained_starts_a_new_series(app):
    apply_playbook(book(CONTRACT_EXAMPLE), approve_as=None, dry_run=False)
    gentler = CONTRACT_EXAMPLE.replace("target_days: 2", "target_days: 1")
    changes, _ = apply_playbook(book(gentler), approve_as=None, dry_run=False)
    assert changes == ["programme csp: target_days changed"]
    assert programme.queries.get("csp").rule_version == 2
    renamed = gentler.replace("Sales effectiveness rollout", "Sales rollout")
    apply_playbook(book(renamed), approve_as=None, dry_run=False)
    assert programme.queries.get("csp").rule_version == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("k: 3", "k: 5", "k <= n <= lookback must hold"),
        ("low: 0.40", "low: 0.60", "low lies above its high"),
        ("America/New_York", "America/Gotham", "not an IANA time zone"),
        ("week_start: monday", "week_start: someday", "'someday' is not one of"),
        ("[guided_use,", "[login, guided_use,", "a login is not adoption"),
        ("currency: USD", "currency: usd", "not a currency code"),
        ("[2003-07-04]", "[2003-07-44]", "2003-07-44"),
        ("target_days: 2", "target_days: 8", "8 is outside 1 to 7"),
        ("weekly_decay: 0.10", "weekly_decay: 1", "outside 0 to 0.999"),
        ("Q4: 140", "Q5: 140", "unknown key 'Q5'"),
        (", due_behaviour_coverage]", "]", "two or three adoption metrics"),
        ("direction: up", "direction: sideways", "not one of up, down"),
        ("roles: [rep]", "roles: [boss]", "'boss' is not one of"),
        ("slug: csp", "slug: C S P", "not a slug"),
        ("launch_on: 2003-03-03", "launch_on: 99999-03-03", "is not a date"),
    ],
)
def test_values_out_of_bounds_are_refused_with_a_line(old, new, message):
    assert old in CONTRACT_EXAMPLE
    with pytest.raises(PlaybookRefused, match="line ") as refused:
        book(CONTRACT_EXAMPLE.replace(old, new))
    assert message in str(refused.value)


def test_what_is_left_out_has_metrics_defaults(app):
    apply_playbook(
        book("programme: {slug: tiny, name: Tiny, launch_on: 2026-03-02}"),
        approve_as=None,
        dry_run=False,
    )
    row = programme.queries.get("tiny")
    assert (row.target_days, row.k, row.n, row.lookback, row.min_available_days) == (2, 3, 4, 6, 3)
    assert row.key_actions == ["guided_use", "proposal_created", "sequence_run"]
    assert (row.weekly_decay, row.leak_per_year) == (None, None)
    assert row.workweek == 0b0011111


def test_parts_apply_for_the_programme_they_are_given(app):
    row = make_programme()
    parsed = book(CONTRACT_EXAMPLE)
    with transaction():
        run = Apply(row.id, SYSTEM, NOW)
        [outcomes] = [
            part.apply(run, value) for part, value in parsed.values if part.key == "outcomes"
        ]
    assert outcomes == ["outcome revenue_per_rep: created"]


def test_members_are_in_scope_reps_enrolled_here_or_nowhere(app):
    here, other = make_programme(), make_programme()
    free, mine, theirs = make_person(), make_person(), make_person()
    make_person(role="manager")
    make_person(is_test=True)
    enrol(here, mine)
    enrol(other, theirs)
    assert programme.queries.members(here.id) == {free.id, mine.id}
    assert programme.queries.members(other.id) == {free.id, theirs.id}
    assert programme.queries.programmes_of(theirs.id) == (other.id,)
    assert set(programme.queries.programmes_of(free.id)) == {here.id, other.id}
    assert programme.queries.id_of(None) in {here.id, other.id}
    assert programme.queries.id_of("nowhere") is None
