"""Which tip, to whom, when: tables of cases and a few properties."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comms.rules import (
    QUIET_FROM,
    QUIET_UNTIL,
    Cadence,
    Candidate,
    Outcome,
    Rhythm,
    TipFact,
    after_quiet,
    count_outcomes,
    fill,
    first_name,
    in_audience,
    is_quiet,
    local_instant,
    may_send,
    next_tip,
    send_time,
    unknown_placeholders,
)


def naive(year: int, month: int, day: int) -> datetime:
    """A bound as hypothesis wants it: the zone comes from its own argument."""
    return datetime(year, month, day, tzinfo=UTC).replace(tzinfo=None)


NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Africa/Casablanca",
        "Africa/Cairo",
        "America/Havana",
    )
]

DOUBLE = TipFact(1, "first-proposal", "proposal_created")
TRICK = TipFact(2, "two-dates", "sequence_run")
KEYS = TipFact(3, "short-keys", None)
GUIDE = TipFact(4, "the-guide", "guided_use")
TIPS = [DOUBLE, KEYS, TRICK, GUIDE]


@pytest.mark.parametrize(
    ("done", "sent", "expected"),
    [
        ([], [], DOUBLE),
        (["proposal_created"], [], TRICK),
        ([], [1], TRICK),
        (["sequence_run"], [1], GUIDE),
        (["proposal_created", "sequence_run", "guided_use"], [], KEYS),
        (["proposal_created", "sequence_run", "guided_use"], [3], None),
        ([], [1, 2, 3, 4], None),
    ],
)
def test_the_next_tip_is_about_something_not_done_and_not_said(
    done: list[str], sent: list[int], expected: TipFact | None
) -> None:
    assert next_tip(TIPS, done, sent) == expected


@given(
    st.lists(st.sampled_from(["proposal_created", "sequence_run", "guided_use", "login"])),
    st.lists(st.integers(1, 4)),
)
def test_no_tip_is_repeated_or_about_a_habit(done: list[str], sent: list[int]) -> None:
    tip = next_tip(TIPS, done, sent)
    assert tip is None or (tip.id not in sent and tip.about not in done)


def someone(**facts: object) -> Candidate:
    return Candidate(1, "u001", **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("candidate", "tip", "percent", "expected"),
    [
        (someone(), DOUBLE, 10, Outcome.QUEUED),
        (someone(is_active=False, is_opted_out=True), DOUBLE, 10, Outcome.LEFT),
        (someone(is_opted_out=True, is_away=True), DOUBLE, 10, Outcome.OPTED_OUT),
        (someone(is_away=True), DOUBLE, 100, Outcome.AWAY),
        (someone(recent_tips=1), DOUBLE, 100, Outcome.CAPPED),
        (someone(), None, 100, Outcome.NO_TIP),
        (someone(), DOUBLE, 100, Outcome.HELD_BACK),
        (someone(), DOUBLE, 80, Outcome.HELD_BACK),
        (someone(), DOUBLE, 79, Outcome.QUEUED),
    ],
)
def test_the_first_reason_against_is_kept(
    candidate: Candidate, tip: TipFact | None, percent: int, expected: Outcome
) -> None:
    assert may_send(candidate, tip, "tips-2026-q1", percent) == expected


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        ("trying", ("trying", "lapsed"), True),
        ("sustained", ("trying", "lapsed"), False),
        ("left", (), False),
        ("left", ("left",), False),
        ("not_started", (), True),
        (None, (), True),
        (None, ("trying",), False),
    ],
)
def test_an_audience_by_adoption_state(
    state: str | None, wanted: tuple[str, ...], expected: bool
) -> None:
    assert in_audience(state, wanted) is expected


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("America/New_York", date(2026, 3, 3), time(9), "2026-03-03T14:00:00+00:00"),
        ("America/New_York", date(2026, 3, 10), time(9), "2026-03-10T13:00:00+00:00"),
        # 02:30 does not exist on the spring day: the first moment after the gap
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00:00+00:00"),
        # 01:30 happens twice on the autumn day: the first of the two
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30:00+00:00"),
        # a half-hour change
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30:00+00:00"),
        # no midnight in Cairo on that day (METRICS T3)
        ("Africa/Cairo", date(2026, 4, 24), time(0), "2026-04-23T22:00:00+00:00"),
    ],
)
def test_a_wall_clock_time_becomes_one_moment(
    zone: str, day: date, at: time, expected: str
) -> None:
    assert local_instant(day, at, ZoneInfo(zone)).isoformat() == expected


TUESDAYS = Rhythm(1, time(9), NEW_YORK, starts_on=date(2026, 3, 2))


def test_issues_keep_their_hour_over_the_change_of_clocks() -> None:
    slots = TUESDAYS.slots(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC))
    assert [(slot.day.isoformat(), slot.due_at.hour) for slot in slots] == [
        ("2026-03-03", 14),
        ("2026-03-10", 13),
        ("2026-03-17", 13),
    ]


def test_after_a_long_silence_one_issue_and_not_four() -> None:
    newest = TUESDAYS.newest(datetime(2026, 3, 29, tzinfo=UTC))
    assert newest is not None
    assert newest.day == date(2026, 3, 24)
    stale = Rhythm(1, time(9), NEW_YORK, date(2026, 3, 2), ends_on=date(2026, 3, 10))
    assert stale.newest(datetime(2026, 3, 29, tzinfo=UTC)) is None


def test_the_next_issue_is_named_even_before_the_start() -> None:
    following = TUESDAYS.following(datetime(2026, 3, 3, 14, tzinfo=UTC))
    assert following is not None
    assert following.day == date(2026, 3, 10)
    early = TUESDAYS.following(datetime(2025, 11, 1, tzinfo=UTC))
    assert early is not None
    assert early.day == date(2026, 3, 3)


def test_every_other_week() -> None:
    rhythm = Rhythm(1, time(9), NEW_YORK, date(2026, 3, 2), cadence=Cadence.FORTNIGHTLY)
    slots = rhythm.slots(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert [slot.day.day for slot in slots] == [3, 17, 31]


@given(
    st.integers(0, 6),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
    st.datetimes(naive(2026, 1, 1), naive(2026, 12, 1), timezones=st.just(UTC)),
)
def test_windows_joined_together_lose_and_repeat_no_issue(
    weekday: int, at: time, zone: ZoneInfo, middle: datetime
) -> None:
    rhythm = Rhythm(weekday, at, zone, date(2026, 1, 1))
    start, end = datetime(2025, 12, 20, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    whole = rhythm.slots(start, end)
    assert rhythm.slots(start, middle) + rhythm.slots(middle, end) == whole
    assert len({slot.day for slot in whole}) == len(whole)


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-03-03T14:00:00+00:00", False),  # Tuesday 09:00 in New York
        ("2026-03-03T12:59:00+00:00", True),  # 07:59
        ("2026-03-03T13:00:00+00:00", False),  # 08:00
        ("2026-03-04T00:00:00+00:00", True),  # 19:00
        ("2026-03-07T15:00:00+00:00", True),  # Saturday
    ],
)
def test_quiet_hours_are_the_readers(moment: str, quiet: bool) -> None:
    found = is_quiet(datetime.fromisoformat(moment), NEW_YORK, QUIET_FROM, QUIET_UNTIL)
    assert found is quiet


def test_quiet_hours_may_lie_within_one_day() -> None:
    noon = datetime(2026, 3, 3, 17, 30, tzinfo=UTC)  # 12:30 in New York
    assert is_quiet(noon, NEW_YORK, time(12), time(13))
    assert after_quiet(noon, NEW_YORK, time(12), time(13)) == datetime(2026, 3, 3, 18, tzinfo=UTC)


@given(
    st.datetimes(naive(2026, 1, 1), naive(2028, 12, 31), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_nothing_leaves_in_the_night_and_nothing_waits_four_days(
    moment: datetime, zone: ZoneInfo
) -> None:
    leaves = after_quiet(moment, zone, QUIET_FROM, QUIET_UNTIL)
    assert leaves >= moment
    assert not is_quiet(leaves, zone, QUIET_FROM, QUIET_UNTIL)
    assert leaves - moment < timedelta(days=3)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", "2026-03-03T14:00:00+00:00"),  # now
        ("America/Los_Angeles", "2026-03-03T17:00:00+00:00"),  # at their 09:00
        ("Europe/London", "2026-03-03T14:00:00+00:00"),  # their 09:00 has gone: at once
        ("Asia/Tokyo", "2026-03-03T23:00:00+00:00"),  # night there: next morning at 08:00
    ],
)
def test_a_letter_leaves_by_the_readers_own_clock(zone: str, expected: str) -> None:
    due = datetime(2026, 3, 3, 14, tzinfo=UTC)
    assert send_time(date(2026, 3, 3), time(9), ZoneInfo(zone), due).isoformat() == expected


def test_placeholders_are_filled_once() -> None:
    assert fill("Hi {first_name}, {other}", {"first_name": "{first_name}"}) == (
        "Hi {first_name}, {other}"
    )
    assert unknown_placeholders("{a} {first_name} {b} {a} {0.x}") == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "called"),
    [("Maya Lindqvist", "Maya"), ("", "there"), ("  ", "there"), ("Cher", "Cher")],
)
def test_what_to_call_somebody(name: str, called: str) -> None:
    assert first_name(name) == called


def test_outcomes_are_counted_in_a_fixed_order() -> None:
    seen = [Outcome.HELD_BACK, Outcome.QUEUED, Outcome.QUEUED]
    assert list(count_outcomes(seen).items()) == [(Outcome.QUEUED, 2), (Outcome.HELD_BACK, 1)]
