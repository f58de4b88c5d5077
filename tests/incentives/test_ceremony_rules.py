"""The rules of a ceremony by table: order of the screens, clicks, seals, numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.rules.ceremony import (
    Act,
    Honour,
    Kind,
    after_next,
    before,
    certificate_number,
    is_forgotten,
    may_open,
    may_plan,
    screens,
    seals,
    subject_of,
)
from incentives.rules.contests import State

AT = datetime(2026, 3, 20, 10, tzinfo=UTC)
KEY = b"k" * 32


def test_side_awards_then_the_goal_then_third_second_first():
    shown = screens(
        [
            Honour(Kind.PLACE, 1, "Harbour", 1, award_id=1, title="Dinner"),
            Honour(Kind.PLACE, 2, "Ridge", 2),
            Honour(Kind.PLACE, 3, "Quay", 3),
            Honour(Kind.GOAL, 1, "Harbour", award_id=2, title="Cake"),
            Honour(Kind.SIDE, 2, "Ridge", award_id=3, title="Most improved"),
        ]
    )
    assert [(s.kind, s.name, s.place) for s in shown] == [
        ("side", "Ridge", None),
        ("goal", "Harbour", None),
        ("place", "Quay", 3),
        ("place", "Ridge", 2),
        ("place", "Harbour", 1),
    ]


def test_one_winner_a_screen_with_all_they_get_for_it():
    shown = screens(
        [
            Honour(Kind.PLACE, 1, "Harbour", 1),
            Honour(Kind.PLACE, 1, "Harbour", 1, award_id=1, title="Dinner"),
            Honour(Kind.PLACE, 1, "Harbour", 1, award_id=2, title="Cup"),
            Honour(Kind.PLACE, 2, "Anchor", 1, award_id=3, title="Dinner"),
        ]
    )
    assert [(s.name, s.award_ids, s.titles) for s in shown] == [
        ("Anchor", (3,), ("Dinner",)),
        ("Harbour", (1, 2), ("Dinner", "Cup")),
    ]


@pytest.mark.parametrize(
    ("position", "asked", "total", "to"),
    [
        (0, 0, 3, 1),
        (1, 0, 3, 1),  # the second of two clicks on the title
        (3, 3, 3, 4),  # thank you
        (4, 4, 3, 4),  # nothing comes after it
        (2, 3, 3, 2),  # a screen nobody is on
        (2, -1, 3, 2),
        (0, 0, 0, 1),  # nobody won: straight to thank you
    ],
)
def test_next_moves_once_from_the_screen_it_was_asked_on(position, asked, total, to):
    assert after_next(position, asked, total) == to


@pytest.mark.parametrize(("position", "asked", "to"), [(3, 3, 2), (0, 0, 0), (3, 2, 3)])
def test_back_moves_once_and_not_before_the_title(position, asked, to):
    assert before(position, asked) == to


@pytest.mark.parametrize(
    ("act", "late", "state", "opens"),
    [
        (Act.PLANNED, timedelta(days=7), State.FINAL, True),
        (Act.OPEN, timedelta(days=7), State.FINAL, True),
        (Act.PLANNED, timedelta(days=7, seconds=-1), State.FINAL, False),
        (Act.PLANNED, timedelta(days=7), State.PROVISIONAL, True),
        (Act.PLANNED, timedelta(0), State.CANCELLED, True),
        (Act.REVEALED, timedelta(days=70), State.FINAL, False),
        (Act.RELEASED, timedelta(days=70), State.FINAL, False),
    ],
)
def test_a_forgotten_ceremony_opens_its_results(act, late, state, opens):
    assert is_forgotten(act, AT, 7, state, AT + late) is opens


def test_it_is_planned_from_approval_to_decision():
    may = {state for state in State if may_plan(state, None)}
    assert may == {"scheduled", "running", "paused", "grace", "computing", "provisional"}
    assert not may_plan(State.RUNNING, Act.OPEN)
    assert may_plan(State.RUNNING, Act.RELEASED)


def test_it_opens_once_over_a_decided_contest():
    assert {state for state in State if may_open(state, Act.PLANNED)} == {"final", "archived"}
    assert [act for act in Act if may_open(State.FINAL, act)] == [Act.PLANNED]


def test_it_seals_until_its_end():
    assert [act for act in Act if seals(act)] == [Act.PLANNED, Act.OPEN]


@given(st.sampled_from("AR"), st.integers(1, 10**9))
def test_a_number_is_read_back_and_no_other_is(kind, ident):
    subject = f"{kind}{ident}"
    number = certificate_number(subject, KEY)
    assert subject_of(f" {number.lower()} ", KEY) == subject
    assert subject_of(number, b"another key") is None
    assert subject_of(number.replace(subject, f"{kind}{ident + 1}"), KEY) is None


@pytest.mark.parametrize("number", ["", "A1", "A1-AAAA-AAAA-AAAA-AAAA", "A0", "é" * 30, "P1X-2"])
def test_what_is_no_number_of_ours_is_not_genuine(number):
    assert subject_of(number, KEY) is None


def test_the_same_number_every_time():
    assert certificate_number("P12X7", KEY) == certificate_number("P12X7", KEY)
