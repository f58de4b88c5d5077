"""Occasions, prices and the leak on paper: METRICS S1-S7 and L1-L5 with their worked examples."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adoption.rules import available_bits, span_of
from adoption.rules.occasions import (
    MISSED,
    DealAction,
    Episode,
    FiredSignal,
    OccasionStatus,
    close_of,
    coverage,
    delay_days,
    due_on,
    episodes_of,
    last_day_here,
    status_of,
)
from coaching.rules.pricing import Leak, Moment, close_rate, cost_of_moment, pick_moment
from core.calendars import ProgrammeCalendar
from people.rules import PersonCalendar

DAY = timedelta(days=1)
MONDAY = date(2026, 3, 2)
CALENDAR = ProgrammeCalendar("UTC", holidays=frozenset({date(2026, 4, 3)}))
S = OccasionStatus


def on(offset):
    return MONDAY + offset * DAY


def moment(offset, hour=9):
    return datetime(2026, 3, 2, hour, tzinfo=UTC) + offset * DAY


def signal(offset, hour=9, *, key="S1", dismissed=None, person=1):
    gone = None if dismissed is None else on(dismissed)
    return FiredSignal(key, "D1", person, moment(offset, hour), on(offset), gone)


def action(offset, hour=12):
    return DealAction(moment(offset, hour), on(offset))


def episode(acted=None, closed=None, dismissed=None):
    days = [None if place is None else on(place) for place in (acted, closed, dismissed)]
    return Episode(signal(0), 1, *days)


class TestEpisodes:
    """METRICS S1."""

    def test_signals_merge_until_the_action(self):
        signals = [signal(0), signal(1, key="S2"), signal(5, key="S3"), signal(6, key="S4")]
        found = episodes_of(signals, [action(4)], None)
        assert [(one.opener.key, one.signals, one.acted_on) for one in found] == [
            ("S1", 2, on(4)),
            ("S3", 2, None),
        ]

    def test_every_action_ends_one_episode_and_only_the_first_counts(self):
        signals = [signal(0), signal(5, key="S2"), signal(10, key="S3")]
        found = episodes_of(signals, [action(1), action(2), action(7), action(30)], None)
        assert [one.acted_on for one in found] == [on(1), on(7), on(30)]

    def test_an_action_before_the_signal_answers_nothing(self):
        morning, evening = action(0, 8), action(0, 20)
        assert episodes_of([signal(0)], [morning], None)[0].acted_on is None
        assert episodes_of([signal(0)], [morning, evening], None)[0].acted_on == on(0)

    def test_an_action_at_the_signal_s_very_moment_answers_it(self):
        found = episodes_of([signal(0), signal(1, key="S2")], [action(1, 9)], None)
        assert [(one.signals, one.acted_on) for one in found] == [(2, on(1))]

    def test_the_close_ends_it_and_later_signals_end_at_once(self):
        signals = [signal(0), signal(3, 20, key="S2"), signal(4, key="S3"), signal(5, key="S4")]
        found = episodes_of(signals, [], on(3))
        assert [(one.opener.key, one.signals) for one in found] == [("S1", 2), ("S3", 1), ("S4", 1)]

    def test_an_action_on_the_closing_date_counts_and_one_after_it_does_not(self):
        assert episodes_of([signal(0)], [action(3, 23)], on(3))[0].acted_on == on(3)
        late = episodes_of([signal(0)], [action(4)], on(3))[0]
        assert (late.acted_on, late.closed_on) == (None, on(3))

    def test_dismissing_any_of_its_signals_dismisses_the_episode(self):
        signals = [signal(0), signal(1, key="S2", dismissed=4), signal(2, key="S3", dismissed=3)]
        assert episodes_of(signals, [], None)[0].dismissed_on == on(3)

    def test_a_dismissal_before_the_signal_is_still_one(self):
        assert episodes_of([signal(5, dismissed=1)], [], None)[0].dismissed_on == on(1)

    def test_order_of_rows_does_not_matter_and_the_lower_id_opens(self):
        signals = [signal(0, key="S2"), signal(0, key="S1"), signal(3, key="S0")]
        found = episodes_of(signals, [], None)
        assert [(one.opener.key, one.signals) for one in found] == [("S1", 3)]

    @given(
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 23)), min_size=1, max_size=8),
        st.lists(st.tuples(st.integers(0, 30), st.integers(0, 23)), max_size=4),
        st.one_of(st.none(), st.integers(0, 30)),
    )
    def test_every_signal_is_in_exactly_one_episode(self, fired, acted, closed):
        signals = [signal(*at, key=f"S{n}") for n, at in enumerate(fired)]
        actions = sorted(action(*at) for at in acted)
        end = None if closed is None else on(closed)
        found = episodes_of(signals, actions, end)
        assert sum(one.signals for one in found) == len(signals)
        answers = [one.acted_on for one in found if one.acted_on is not None]
        assert answers == sorted(answers)
        assert len(answers) <= len(actions)
        for one, after in pairwise(found):
            ended = [day for day in (one.acted_on, one.closed_on) if day is not None]
            assert min(ended) <= after.opener.fired_on
        assert found == episodes_of(reversed(signals), actions, end)


class TestDueDay:
    """METRICS S2; 3 April 2026, a Friday, is a holiday."""

    def due(self, fired, days=2, **life):
        given_ = {"hired_on": None, "left_on": None, "enabled_on": on(-100), "disabled_on": None}
        person = PersonCalendar(**{**given_, **life})
        span = span_of(CALENDAR, min(fired, on(0)), on(60))
        return due_on(person, available_bits(person, span), span, fired, days)

    @pytest.mark.parametrize(
        ("fired", "days", "due"),
        [
            (on(0), 1, on(1)),
            (on(0), 2, on(2)),
            (on(3), 2, on(7)),
            (on(4), 1, on(7)),
            (on(5), 2, on(8)),
            (on(6), 1, on(7)),
            (date(2026, 4, 2), 1, date(2026, 4, 6)),
            (date(2026, 4, 1), 2, date(2026, 4, 6)),
            (on(0), 60, on(85)),
        ],
    )
    def test_weekends_and_holidays_move_it(self, fired, days, due):
        assert self.due(fired, days) == due

    def test_leave_moves_it_as_often_as_it_comes(self):
        away = ((on(1), on(1)), (on(3), on(10)))
        assert self.due(on(0), absences=away) == on(11)

    def test_who_is_enabled_later_has_time_from_then_on(self):
        assert self.due(on(0), enabled_on=on(15)) == on(16)
        assert self.due(on(0), hired_on=on(15), enabled_on=on(0)) == on(16)
        assert self.due(on(0), enabled_on=on(400)) == on(401)

    def test_the_last_day_employed_still_counts(self):
        assert self.due(on(0), left_on=on(2)) == on(2)
        assert self.due(on(0), left_on=on(1)) is None
        assert self.due(on(0), disabled_on=on(2)) is None
        assert self.due(on(0), disabled_on=on(3)) == on(2)

    def test_a_leave_until_the_last_day_or_no_tool_at_all_leaves_no_due_day(self):
        assert self.due(on(0), left_on=on(300), absences=((on(1), on(400)),)) is None
        assert self.due(on(0), absences=((on(1), on(400)),)) == on(402)
        assert self.due(on(0), enabled_on=None) is None
        assert self.due(on(0), left_on=on(-5)) is None

    def test_the_last_day_here(self):
        def last(**life):
            given_ = {"hired_on": None, "left_on": None, "enabled_on": on(0), "disabled_on": None}
            return last_day_here(PersonCalendar(**{**given_, **life}))

        assert last() is None
        assert last(left_on=on(5)) == on(5)
        assert last(disabled_on=on(5)) == on(4)
        assert last(left_on=on(5), disabled_on=on(5)) == on(4)
        assert last(left_on=on(5), enabled_on=None) is None

    @given(
        st.integers(0, 40),
        st.integers(1, 8),
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=3),
        st.one_of(st.none(), st.integers(0, 80)),
    )
    def test_it_is_the_nth_available_day_counted_one_by_one(self, fired, days, away, left):
        absences = tuple((on(start), on(start + length)) for start, length in away)
        end = None if left is None else on(left)
        person = PersonCalendar(None, end, on(-5), None, absences)
        span = span_of(CALENDAR, on(0), on(50))
        found = due_on(person, available_bits(person, span), span, on(fired), days)
        day, seen = on(fired), 0
        while seen < days and day < on(200):
            day += DAY
            seen += CALENDAR.is_working_day(day) and person.is_available(day)
        assert found == (day if seen == days else None)


class TestStatus:
    """METRICS S3: fired on day 0, due on day 2 unless said otherwise, asked at the end of day 9."""

    @pytest.mark.parametrize(
        ("facts", "status"),
        [
            ({"acted": 2}, S.ON_TIME),
            ({"acted": 0}, S.ON_TIME),
            ({"acted": 2, "dismissed": 1}, S.ON_TIME),
            ({"acted": 1, "closed": 1}, S.ON_TIME),
            ({"closed": 2}, S.CLOSED_BEFORE_DUE),
            ({"closed": -3}, S.CLOSED_BEFORE_DUE),
            ({"closed": 1, "dismissed": 1}, S.CLOSED_BEFORE_DUE),
            ({"acted": 3}, S.LATE),
            ({"acted": 3, "dismissed": 1}, S.LATE),
            ({"acted": 3, "closed": 4}, S.LATE),
            ({"dismissed": 1}, S.DISMISSED),
            ({"dismissed": 8, "closed": 5}, S.DISMISSED),
            ({"closed": 3}, S.IGNORED),
            ({}, S.IGNORED),
        ],
    )
    def test_with_a_due_day_that_has_come(self, facts, status):
        assert status_of(episode(**facts), on(2), None, on(9)) is status

    @pytest.mark.parametrize(
        ("through", "facts", "status"),
        [
            (1, {}, S.PENDING),
            (1, {"dismissed": 1}, S.PENDING),
            (1, {"acted": 1}, S.ON_TIME),
            (1, {"closed": 1}, S.CLOSED_BEFORE_DUE),
            (2, {}, S.IGNORED),
            (2, {"dismissed": 1}, S.DISMISSED),
        ],
    )
    def test_the_due_day_is_over_at_the_end_of_itself(self, through, facts, status):
        assert status_of(episode(**facts), on(2), None, on(through)) is status

    @pytest.mark.parametrize(
        ("last", "facts", "status"),
        [
            (1, {}, S.OWNER_LEFT),
            (1, {"dismissed": 1}, S.OWNER_LEFT),
            (1, {"acted": 1}, S.ON_TIME),
            (1, {"acted": 2}, S.OWNER_LEFT),
            (1, {"closed": 1}, S.CLOSED_BEFORE_DUE),
            (1, {"closed": 2}, S.OWNER_LEFT),
            (None, {"acted": 1, "closed": 1}, S.OWNER_LEFT),
        ],
    )
    def test_an_owner_who_left_before_any_due_day(self, last, facts, status):
        here = None if last is None else on(last)
        assert status_of(episode(**facts), None, here, on(9)) is status

    def test_open_deals_are_not_closed_whatever_date_stands_there(self):
        assert close_of("won", on(3), on(3)) == on(3)
        assert close_of("lost", on(4), on(3)) is None
        assert close_of("open", on(3), on(9)) is None
        assert close_of("won", None, on(9)) is None

    @pytest.mark.parametrize(
        ("facts", "days"),
        [({"acted": 5}, 5), ({"acted": 5, "closed": 7}, 5), ({"closed": 7}, 7), ({}, 9)],
    )
    def test_the_delay_runs_to_the_action_else_the_close_else_now(self, facts, days):
        assert delay_days(episode(**facts), on(9)) == days

    @given(st.lists(st.sampled_from(list(S))))
    def test_coverage_is_on_time_of_all_that_fell_due(self, statuses):
        told = coverage(statuses)
        assert sum(told.counts.values()) == len(statuses)
        assert told.share.hits == statuses.count(S.ON_TIME)
        assert told.share.base == sum(one is S.ON_TIME or one in MISSED for one in statuses)
        assert (told.share.rate is None) == (told.share.base == 0)

    def test_marcus_and_priya(self):
        marcus = coverage([S.ON_TIME] * 5 + [S.LATE] * 2 + [S.DISMISSED] * 3 + [S.IGNORED] * 10)
        priya = coverage([S.ON_TIME] * 16 + [S.IGNORED] * 4 + [S.PENDING] * 3)
        assert (marcus.share.rate, priya.share.rate) == (0.25, 0.8)
        assert marcus.share.interval == pytest.approx((0.1119, 0.4687), abs=5e-5)
        assert priya.share.interval == pytest.approx((0.5840, 0.9193), abs=5e-5)


class TestCost:
    """METRICS S5 and S6, with the vectors of section 8."""

    @pytest.mark.parametrize(
        ("rate", "decay", "days", "cost"),
        [
            (0.25, 0.20, 1, 235.31),
            (0.25, 0.20, 5, 1105.01),
            (0.25, 0.20, 7, 1500.00),
            (0.25, 0.20, 8, 1688.25),
            (0.25, 0.20, 14, 2700.00),
            (0.30, 0.10, 5, 652.46),
            (0.30, 0.10, 7, 900.00),
        ],
    )
    def test_vectors(self, rate, decay, days, cost):
        assert cost_of_moment(Decimal(30000), rate, decay, days) == pytest.approx(cost, abs=0.005)

    def test_no_loss_is_named_without_what_it_needs(self):
        assert cost_of_moment(Decimal(30000), 0.25, None, 5) is None
        assert cost_of_moment(None, 0.25, 0.2, 5) is None
        assert cost_of_moment(Decimal(30000), None, 0.2, 5) is None
        assert cost_of_moment(Decimal(30000), 0.25, 0.0, 5) == 0.0

    def test_ten_deals_of_the_organisation_steady_a_close_rate(self):
        assert close_rate(0, 0, 0.3) == pytest.approx(0.3)
        assert close_rate(5, 10, 0.25) == pytest.approx(7.5 / 20)
        assert close_rate(0, 0, None) is None

    @given(st.integers(0, 400), st.floats(0, 0.99), st.floats(0, 1))
    def test_the_longer_the_dearer_up_to_the_whole_chance(self, days, decay, rate):
        shorter, longer = (
            cost_of_moment(Decimal(1000), rate, decay, length) for length in (days, days + 1)
        )
        assert 0 <= shorter <= longer <= 1000 * rate


def missed(key, amount, delay, *, rate=0.25, decay=None, at=0):
    value = None if amount is None else Decimal(amount)
    opener = SimpleNamespace(key=key, fired_at=moment(at))
    occasion = SimpleNamespace(delay_days=delay, opener=opener, amount=value)
    return Moment(occasion, rate, cost_of_moment(value, rate, decay, delay))


class TestPick:
    """METRICS S7."""

    def key(self, *moments):
        chosen = [pick_moment(order) for order in (moments, moments[::-1])]
        assert chosen[0] is chosen[1]
        return chosen[0].occasion.opener.key

    def test_the_dearest(self):
        assert self.key(missed("a", 100, 30, decay=0.2), missed("b", 9000, 3, decay=0.2)) == "b"

    def test_without_a_decay_what_has_waited_most_money_days(self):
        assert self.key(missed("a", 1000, 9), missed("b", 3000, 4)) == "b"
        assert self.key(missed("a", 1000, 13), missed("b", 3000, 4)) == "a"

    def test_an_exact_tie_goes_to_the_longer_delay(self):
        for rate in (0.1, 0.23, 1 / 3, 0.7):
            short, long = missed("a", 50000, 3, rate=rate), missed("b", 30000, 5, rate=rate)
            assert self.key(short, long) == "b"
        assert self.key(missed("a", 0, 3, decay=0.2), missed("b", 0, 4, decay=0.2)) == "b"

    def test_then_to_the_earlier_then_to_the_lower_id(self):
        assert self.key(missed("a", 10, 3, at=1), missed("b", 10, 3)) == "b"
        assert self.key(missed("b", 10, 3), missed("a", 10, 3)) == "a"

    def test_a_moment_without_a_price_comes_last(self):
        assert self.key(missed("a", None, 90, decay=0.2), missed("b", 1, 1, decay=0.2)) == "b"
        assert self.key(missed("a", None, 90), missed("b", None, 91)) == "b"
        assert self.key(missed("a", 10, 3, rate=None), missed("b", 10, 4, rate=None)) == "b"
        assert pick_moment([]) is None

    def test_its_weight_is_exact(self):
        assert missed("a", "30000.10", 5).weight == Fraction(3000010, 100) * Fraction(1, 4) * 5


class TestLeak:
    """METRICS L1-L5 with the case of section 4: 300K a year, 60K to build."""

    case = Leak(300000.0, 60000.0, 1.0)

    @pytest.mark.parametrize(
        ("adoption", "recovered", "net", "roi", "payback"),
        [
            (0.25, 75000, 15000, 0.25, 9.6),
            (0.80, 240000, 180000, 3.00, 3.0),
            (0.15, 45000, -15000, -0.25, 16),
        ],
    )
    def test_the_case(self, adoption, recovered, net, roi, payback):
        assert self.case.recovered(adoption) == recovered
        assert self.case.still_leaking(adoption) == 300000 - recovered
        assert self.case.net(adoption) == net
        assert self.case.roi(adoption) == pytest.approx(roi)
        assert self.case.break_even == pytest.approx(0.20)
        assert self.case.payback_months(adoption) == pytest.approx(payback)

    def test_the_gap_between_two_managers(self):
        assert self.case.gap(0.25, 0.80) == pytest.approx(165000)
        assert self.case.gap(0.80, 0.25) == pytest.approx(-165000)
        assert Leak(150000.0, None, 1.0).gap(0.25, 0.80) == pytest.approx(82500)

    def test_effectiveness_is_an_assumption_that_shrinks_all_of_it(self):
        half = Leak(300000.0, 60000.0, 0.5)
        assert half.recovered(0.8) == 120000
        assert half.still_leaking(0.8) == 180000
        assert half.break_even == pytest.approx(0.4)
        assert half.gap(0.25, 0.80) == pytest.approx(82500)

    def test_what_has_no_base_is_none(self):
        unknown = Leak(None, None, 1.0)
        told = [unknown.recovered(0.5), unknown.still_leaking(0.5), unknown.net(0.5)]
        assert [*told, unknown.roi(0.5), unknown.break_even, unknown.gap(0, 1)] == [None] * 6
        assert unknown.payback_months(0.5) is None
        assert self.case.recovered(None) is None
        assert self.case.payback_months(0.0) is None
        assert self.case.break_even is not None
        free, dry = Leak(300000.0, 0.0, 1.0), Leak(0.0, 60000.0, 1.0)
        assert (free.roi(0.5), free.break_even, free.payback_months(0.5)) == (None, 0.0, 0.0)
        assert (dry.break_even, dry.net(0.5)) == (None, -60000.0)
