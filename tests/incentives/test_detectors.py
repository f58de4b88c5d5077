"""D1-D5 on paper: each threshold from both sides, shuffled input, honest reps, robots."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incentives.rules.detectors import (
    Act,
    Course,
    Detector,
    evidence_hash,
    findings,
    words,
)

MONDAY = datetime(2026, 3, 2, 5, tzinfo=UTC)
WEEKDAYS = frozenset(range(5))
NEW_YORK = Course(MONDAY, MONDAY + timedelta(days=14), ZoneInfo("America/New_York"), WEEKDAYS)
# 10:00 in New York on the contest's first Tuesday.
TEN = datetime(2026, 3, 3, 15, tzinfo=UTC)


def acts(*offsets, start=TEN, prints=None):
    """One act per offset in seconds."""
    return [
        Act(
            ("crm", f"e{number:04d}"),
            start + timedelta(seconds=seconds),
            prints[number] if prints else None,
        )
        for number, seconds in enumerate(offsets)
    ]


def uneven(count, longest=7000):
    """Offsets far apart and without a beat: they raise nothing by themselves."""
    rng, at = random.Random(count), 0
    return [at := at + rng.randrange(1500, longest) for _ in range(count)]


def names(found):
    return sorted(each.detector.value for each in found)


@pytest.mark.parametrize(
    ("seconds", "is_found"), [(599, True), (600, False)], ids=["just under", "ten minutes"]
)
def test_d1_ten_events_in_less_than_ten_minutes(seconds, is_found):
    offsets = [0, 9, 80, 95, 200, 211, 390, 400, 555, seconds]
    found = findings(acts(*offsets), NEW_YORK)
    assert names(found) == (["D1"] if is_found else [])


def test_d1_nine_events_are_no_burst_and_two_bursts_are_two_findings():
    nine = [0, 9, 80, 95, 200, 211, 390, 400, 555]
    assert findings(acts(*nine), NEW_YORK) == ()
    twice = [*nine, 570, *(7200 + each for each in [*nine, 570])]
    found = findings(acts(*twice), NEW_YORK)
    assert [(each.detector, each.numbers["events"]) for each in found] == [
        (Detector.BURST, 10),
        (Detector.BURST, 10),
    ]
    assert found[0].evidence_hash != found[1].evidence_hash


def test_d1_a_longer_burst_is_one_finding_with_all_its_events():
    offsets = sorted(random.Random(3).sample(range(1200), 40))
    [found] = [f for f in findings(acts(*offsets), NEW_YORK) if f.detector is Detector.BURST]
    assert found.numbers["events"] == 40


@pytest.mark.parametrize(
    ("odd", "even", "is_found"),
    [(6, 4, True), (5, 5, False), (9, 0, False), (10, 0, True)],
    ids=["six of ten", "half is not more than half", "nine are too few", "all of ten"],
)
def test_d2_more_than_half_at_odd_hours(odd, even, is_found):
    night = datetime(2026, 3, 3, 4, 10, tzinfo=UTC)  # 23:10 in New York
    at_night = acts(*[n * 86_400 + n * n * 37 for n in range(odd)], start=night)
    by_day = [
        Act(("crm", f"d{n}"), TEN + timedelta(days=n % 4, seconds=n * n * 941)) for n in range(even)
    ]
    assert ("D2" in names(findings([*at_night, *by_day], NEW_YORK))) is is_found


@pytest.mark.parametrize(
    ("zone", "is_found"), [("America/New_York", False), ("Asia/Tokyo", True)], ids=["home", "Tokyo"]
)
def test_d2_goes_by_the_reps_own_clock(zone, is_found):
    """10:00 in New York is midnight in Tokyo."""
    course = Course(NEW_YORK.starts_at, NEW_YORK.ends_at, ZoneInfo(zone), WEEKDAYS)
    days = [0, 1, 2, 3, 6, 7, 8, 9, 0, 1]
    some = acts(*[day * 86_400 + place * 331 for place, day in enumerate(days)])
    assert ("D2" in names(findings(some, course))) is is_found


@pytest.mark.parametrize(
    ("hour", "is_odd"), [(5, True), (6, False), (21, False), (22, True)], ids=str
)
def test_d2_the_day_is_from_six_to_ten(hour, is_odd):
    base = datetime(2026, 3, 2, hour, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    some = acts(*[day * 86_400 + n for n, day in enumerate([0, 1, 2, 3, 4] * 2)], start=base)
    assert ("D2" in names(findings(some, NEW_YORK))) is is_odd


def test_d2_weekends_are_odd_unless_the_workweek_has_them():
    saturday = datetime(2026, 3, 7, 15, tzinfo=UTC)
    some = acts(*uneven(10, 2000), start=saturday)
    assert "D2" in names(findings(some, NEW_YORK))
    course = Course(NEW_YORK.starts_at, NEW_YORK.ends_at, NEW_YORK.zone, frozenset({5, 6}))
    assert "D2" not in names(findings(some, course))


@pytest.mark.parametrize(
    ("prints", "is_found"),
    [
        (["a", "a", "a", "b", "c", "d"], True),
        (["a", "a", "b", "c", "d", "e"], False),
        (["a", "a", "a", "a", "a"], False),
        ([None] * 6, False),
        (["a", "a", "a", None, None, None], True),
    ],
    ids=["half of six", "two of six", "five are too few", "no content known", "known ones alike"],
)
def test_d3_half_carry_the_same_content(prints, is_found):
    found = findings(acts(*uneven(len(prints)), prints=prints), NEW_YORK)
    assert names(found) == (["D3"] if is_found else [])
    if is_found:
        assert found[0].numbers == {"events": 3, "of": 6}


@pytest.mark.parametrize(
    ("gaps", "is_found"),
    [
        ([3600] * 8, True),
        ([3601] * 8, False),
        ([1800] * 7, False),
        ([900, 1100, 900, 1100, 900, 1100, 900, 1100], False),
        ([910, 1090, 910, 1090, 910, 1090, 910, 1090], True),
        ([0] * 8, False),
    ],
    ids=["every hour", "over an hour", "seven", "a tenth", "under a tenth", "one instant"],
)
def test_d4_a_steady_beat(gaps, is_found):
    offsets = [sum(gaps[:place]) for place in range(len(gaps) + 1)]
    assert names(findings(acts(*offsets), NEW_YORK)) == (["D4"] if is_found else [])


def test_d4_a_run_ends_where_the_beat_does():
    gaps = [1800] * 10 + [3000, 700, 2100] + [1200] * 8
    offsets = [sum(gaps[:place]) for place in range(len(gaps) + 1)]
    found = findings(acts(*offsets), NEW_YORK)
    assert [each.numbers for each in found] == [
        {"events": 11, "seconds": 1800},
        {"events": 9, "seconds": 1200},
    ]


@pytest.mark.parametrize(
    ("late", "early", "is_found"),
    [(6, 4, True), (5, 5, False), (5, 4, False), (9, 0, False)],
    ids=["six of ten", "half", "five of nine", "nine are too few"],
)
def test_d5_most_events_at_the_very_end(late, early, is_found):
    last_part = NEW_YORK.ends_at - timedelta(days=14) / 20
    at_the_end = [
        Act(("crm", f"l{n}"), last_part + timedelta(seconds=[0, 1700, 4000, 9000, 9500, 17000,
            21000, 25600, 30000][n]))
        for n in range(late)
    ]  # fmt: skip
    before = [Act(("crm", f"b{n}"), TEN + timedelta(days=n, hours=n % 3)) for n in range(early)]
    found = [f for f in findings([*at_the_end, *before], NEW_YORK) if f.detector == "D5"]
    assert bool(found) is is_found


def test_d5_an_event_just_before_the_last_twentieth_is_not_in_it():
    last_part = NEW_YORK.ends_at - timedelta(days=14) / 20
    some = [
        Act(
            ("crm", f"l{n}"), last_part - timedelta(microseconds=1) - timedelta(seconds=n * n * 977)
        )
        for n in range(10)
    ]
    assert "D5" not in names(findings(some, NEW_YORK))


def test_what_was_looked_at_raises_nothing_again_and_new_events_beside_it_do():
    burst = acts(0, 9, 80, 95, 200, 211, 390, 400, 555, 570)
    seen = {Detector.BURST: {act.key for act in burst}}
    assert findings(burst, NEW_YORK, seen) == ()
    again = [
        Act(("crm", f"n{n}"), TEN + timedelta(hours=5, seconds=offset))
        for n, offset in enumerate([0, 9, 80, 95, 200, 211, 390, 400, 555, 570])
    ]
    [found] = findings([*burst, *again], NEW_YORK, seen)
    assert set(found.keys) == {act.key for act in again}


# ---- properties ---------------------------------------------------------------------------------

MOMENTS = st.lists(st.integers(0, 14 * 86_400 - 1), max_size=40)


@given(MOMENTS, st.randoms())
def test_the_order_of_the_events_does_not_matter(offsets, rng):
    some = acts(*offsets, start=MONDAY)
    mixed = some[:]
    rng.shuffle(mixed)
    assert findings(some, NEW_YORK) == findings(mixed, NEW_YORK)


@given(MOMENTS)
def test_every_finding_names_events_there_are_and_says_how_many(offsets):
    some = acts(*offsets, start=MONDAY)
    keys = {act.key for act in some}
    for found in findings(some, NEW_YORK):
        assert set(found.keys) <= keys
        assert found.numbers["events"] == len(found.keys) == len(set(found.keys))
        assert str(found.numbers["events"]) in words(found.detector, found.numbers)


@given(MOMENTS)
def test_looking_at_all_findings_silences_those_that_name_runs(offsets):
    """What was decided is set aside: the same events never raise the same pattern twice."""
    some = acts(*offsets, start=MONDAY)
    first = findings(some, NEW_YORK)
    seen = {}
    for found in first:
        seen.setdefault(found.detector, set()).update(found.keys)
    again = findings(some, NEW_YORK, seen)
    assert not {f.evidence_hash for f in again} & {f.evidence_hash for f in first}


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), unique=True, max_size=6))
def test_equal_evidence_has_one_hash_and_other_evidence_another(keys):
    assert evidence_hash(keys) == evidence_hash(list(reversed(keys)))
    assert evidence_hash([*keys, ("another", "event")]) != evidence_hash(keys)


# ---- honest reps and robots ---------------------------------------------------------------------


def honest(rng, zone):
    """A rep at work: some working days, a few events a day, now and then an evening."""
    busy, made = rng.uniform(0.3, 0.95), []
    for day in range(14):
        on = date(2026, 3, 2) + timedelta(days=day)
        if on.weekday() not in WEEKDAYS or rng.random() > busy:
            continue
        hours = [rng.gauss(13, 2.2) for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6]))]
        if rng.random() < 0.05:
            hours.append(22.5)
        for hour in hours:
            moment = datetime.combine(on, datetime.min.time(), tzinfo=zone)
            moment += timedelta(hours=min(max(hour, 7), 23), seconds=rng.randrange(60))
            content = "template" if rng.random() < 0.1 else f"{day}.{hour}"
            made.append(Act(("crm", f"{day}.{hour}"), moment.astimezone(UTC), content))
    return made


def test_honest_reps_raise_no_flag():
    rng, zone = random.Random(20260302), ZoneInfo("America/New_York")
    flagged = [found for _ in range(1900) for found in findings(honest(rng, zone), NEW_YORK)]
    assert flagged == []


def test_robots_are_found_all_of_them():
    """Every burst, every night shift and every beat with five percent of jitter (METRICS 5.5)."""
    rng = random.Random(11)
    for _ in range(200):
        start = TEN + timedelta(minutes=rng.randrange(300))
        burst = acts(*sorted(rng.randrange(599) for _ in range(10)), start=start)
        assert "D1" in names(findings(burst, NEW_YORK))
        gap, at = rng.uniform(60, 3400), 0.0
        beats = [at := at + gap * rng.uniform(0.95, 1.05) for _ in range(9)]
        assert "D4" in names(findings(acts(*beats, start=start), NEW_YORK))
        nights = [rng.randrange(10) * 86_400 + rng.randrange(4 * 3600) for _ in range(10)]
        night = datetime(2026, 3, 3, 4, tzinfo=UTC)
        assert "D2" in names(findings(acts(*sorted(nights), start=night), NEW_YORK))
