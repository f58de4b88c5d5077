"""People's decisions on paper: dates, teams on a day, slugs, circles of managers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people import rules
from people.rules import MembershipSpan, PersonCalendar

MARCH = date(2003, 3, 1)


def day(number):
    return MARCH + timedelta(days=number)


@pytest.mark.parametrize(
    ("when", "employed", "enabled", "absent"),
    [
        (day(-1), False, False, False),
        (day(0), True, False, False),
        (day(1), True, True, False),
        (day(2), True, True, True),
        (day(3), True, True, True),
        (day(4), True, True, False),
        (day(9), True, False, False),
        (day(10), True, False, False),
        (day(11), False, False, False),
    ],
)
def test_employed_enabled_and_away_on_each_edge(when, employed, enabled, absent):
    calendar = PersonCalendar(day(0), day(10), day(1), day(9), ((day(2), day(3)),))
    assert calendar.is_employed(when) is employed
    assert calendar.is_enabled(when) is enabled
    assert calendar.is_absent(when) is absent
    assert calendar.is_available(when) is (employed and enabled and not absent)


def test_no_enabling_is_never_enabled_and_no_hire_is_always_employed():
    calendar = PersonCalendar(None, None, None, None)
    assert calendar.is_employed(date(1950, 1, 1))
    assert not calendar.is_enabled(day(0))
    assert calendar.start_day is None


def test_start_day_is_the_later_of_hire_and_enablement():
    assert PersonCalendar(day(0), None, day(5), None).start_day == day(5)
    assert PersonCalendar(day(7), None, day(5), None).start_day == day(7)
    assert PersonCalendar(None, None, day(5), None).start_day == day(5)


@pytest.mark.parametrize(
    ("status", "left", "enters"),
    [
        ("active", None, True),
        ("active", day(0), True),
        ("active", day(-1), False),
        ("suspended", None, False),
        ("erased", None, False),
    ],
)
def test_who_may_sign_in(status, left, enters):
    assert rules.may_sign_in(status, left, day(0)) is enters


def test_team_of_a_day_is_the_latest_start_then_the_last_row():
    spans = (
        MembershipSpan(1, 10, day(0), None, id=1),
        MembershipSpan(1, 20, day(5), day(8), id=2),
        MembershipSpan(1, 30, day(5), day(8), id=3),
    )
    assert [rules.team_of(spans, day(n)) for n in (-1, 0, 4, 5, 7, 8)] == [None, 10, 10, 30, 30, 10]


SPANS = st.builds(
    lambda start, length: MembershipSpan(1, 1, day(start), day(start + length) if length else None),
    st.integers(0, 30),
    st.integers(0, 10),
)


@given(SPANS, SPANS)
def test_overlap_means_a_common_day(one, two):
    common = any(one.covers(day(n)) and two.covers(day(n)) for n in range(60))
    assert one.overlaps(two) == two.overlaps(one) == common


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Night Owls", "night-owls"),
        ("  Zürich / Süd  ", "zurich-sud"),
        ("名前", "team"),
        ("---", "team"),
        ("A" * 200, "a" * 100),
    ],
)
def test_slugs(name, slug):
    assert rules.slug_of(name) == slug


def test_a_taken_slug_gets_a_number():
    assert rules.free_slug("Night Owls", {"night-owls", "night-owls-2"}) == "night-owls-3"


@pytest.mark.parametrize(
    ("managers", "circle"),
    [
        ({}, set()),
        ({"a": None, "b": "a"}, set()),
        ({"a": "a"}, {"a"}),
        ({"a": "b", "b": "a", "c": "a"}, {"a", "b"}),
        ({"a": "b", "b": "c", "c": "b", "d": "e", "e": "d"}, {"b", "c", "d", "e"}),
        ({"a": "stranger"}, set()),
    ],
)
def test_circles_of_managers(managers, circle):
    assert rules.manager_cycles(managers) == circle


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12) | st.none()))
def test_a_circle_is_whoever_meets_themselves_going_up(edges):
    managers = {str(low): None if high is None else str(high) for low, high in edges.items()}

    def meets_self(key):
        at = managers[key]
        for _ in range(20):
            if at == key:
                return True
            at = managers.get(at) if at else None
        return False

    assert rules.manager_cycles(managers) == {key for key in managers if meets_self(key)}


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        ("  Blue   Heron ", "Blue Heron"),
        ("O'Neil-Smith Jr.", "O'Neil-Smith Jr."),
        ("x", None),
        ("1234", None),
        ("<b>", None),
        ("a\u202eb", None),
        ("y" * 41, None),
        ("Ünal", "Ünal"),
    ],
)
def test_aliases(text, alias):
    assert rules.clean_alias(text) == alias


@pytest.mark.parametrize(
    ("alias", "opted_out", "read"),
    [
        (None, False, "Ada Lind"),
        ("Heron", False, "Heron"),
        (None, True, None),
        ("Heron", True, None),
    ],
)
def test_boards_read_the_alias_the_name_or_nothing(alias, opted_out, read):
    assert rules.board_name("Ada Lind", alias, opted_out=opted_out) == read
