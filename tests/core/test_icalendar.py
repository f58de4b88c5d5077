"""What we write into calendars, read again by another hand: lines, escapes, names, addresses."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import icalendar
from core.icalendar import Event, Method, Party
from tests import ics

AT = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
EVENT = Event(
    uid="review-1@example.org",
    sequence=3,
    changed_at=AT - timedelta(days=4),
    starts_at=AT,
    title="Review with Isaac Reyes",
    text="What was agreed stands on its page.",
    url="https://pennant.example.org/coaching/1",
    lasts=timedelta(minutes=10),
    is_busy=True,
)
HOUSE, ISAAC = Party("Pennant", "pennant@example.org"), Party("Isaac Reyes", "isaac@example.org")
NAMES = (
    "Zoë Ångström-Łukasiewicz",
    "李小龍",
    "יצחק רייס",
    "عمر بن الخطاب",
    "می\u200cخواهم",
    "👩\u200d💻 Ada",
    'Isaac "Ike" Reyes; Jr., \\o/ ^n',
    "x" * 200,
    "漢" * 70,
)
words = st.text(max_size=120)


def invitation(method=Method.REQUEST, event=EVENT, attendee=ISAAC):
    return icalendar.invitation(method, event, organizer=HOUSE, attendee=attendee)


def event_in(text):
    (found,) = ics.read(text.encode("utf-8")).inside
    assert found.name == "VEVENT"
    return found


def kept(text):
    """What of a text may stand in a calendar: no controls, odd blanks as plain ones."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    blank = "".join(" " if each.isspace() and each != "\n" else each for each in plain)
    return "".join(
        each for each in blank if each.isprintable() or each in {"\n", "\u200c", "\u200d"}
    )


def test_an_invitation_has_what_the_standard_asks_of_a_request():
    whole = ics.read(invitation().encode())
    event = event_in(invitation())
    assert (whole.raw("METHOD"), whole.raw("VERSION")) == ("REQUEST", "2.0")
    assert event.text("UID") == "review-1@example.org"
    assert (event.raw("SEQUENCE"), event.instant("DTSTART")) == ("3", AT)
    assert event.lasts() == timedelta(minutes=10)
    assert event.instant("DTSTAMP") == EVENT.changed_at
    assert (event.raw("STATUS"), event.raw("TRANSP")) == ("CONFIRMED", "OPAQUE")
    ((organizer, house),) = event.all("ORGANIZER")
    assert (organizer, house) == ({"CN": "Pennant"}, "mailto:pennant@example.org")
    ((attendee, address),) = event.all("ATTENDEE")
    assert address == "mailto:isaac@example.org"
    assert (attendee["CN"], attendee["RSVP"]) == ("Isaac Reyes", "FALSE")


def test_a_cancellation_is_the_same_entry_cancelled():
    off = replace(EVENT, sequence=4, is_cancelled=True, is_busy=False)
    told = invitation(Method.CANCEL, off)
    assert ics.read(told.encode()).raw("METHOD") == "CANCEL"
    event = event_in(told)
    assert event.text("UID") == EVENT.uid
    assert (event.raw("SEQUENCE"), event.raw("STATUS")) == ("4", "CANCELLED")
    assert len(event.all("ATTENDEE")) == len(event.all("ORGANIZER")) == 1


def test_the_same_event_is_the_same_to_the_byte():
    assert invitation() == invitation()
    assert icalendar.calendar("Reviews", [EVENT]) == icalendar.calendar("Reviews", [EVENT])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_any_script_arrives_whole(name):
    event = event_in(
        invitation(event=replace(EVENT, title=name), attendee=Party(name, "a@example.org"))
    )
    assert event.text("SUMMARY") == name
    ((params, _),) = event.all("ATTENDEE")
    assert params["CN"] == name


@given(title=words, text=words, name=words, calendar=words)
def test_no_text_breaks_out_of_its_line(title, text, name, calendar):
    event = replace(EVENT, title=title, text=text)
    found = event_in(invitation(event=event, attendee=Party(name, "a@example.org")))
    assert found.text("SUMMARY") == kept(title)
    assert found.text("DESCRIPTION") == kept(text)
    ((params, _),) = found.all("ATTENDEE")
    assert params["CN"] == kept(name)
    whole = ics.read(icalendar.calendar(calendar, [event, event]).encode("utf-8"))
    assert whole.text("NAME") == kept(calendar)
    assert len(whole.inside) == 2


@given(name=words, address=st.text(max_size=80))
def test_what_we_write_is_always_fit_for_mail(name, address):
    told = invitation(attendee=Party(name, address))
    assert icalendar.method_of(told) is Method.REQUEST
    ((_, value),) = event_in(told).all("ATTENDEE")
    assert value.startswith("mailto:")
    assert value.isascii()


@pytest.mark.parametrize(
    "url", ["https://x.org/\r\nATTENDEE:mailto:eve@x.org", "https://x.org/a b", "https://x.org/é"]
)
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="URI"):
        invitation(event=replace(EVENT, url=url))


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text.replace("METHOD:REQUEST\r\n", ""),
        lambda text: text.replace("METHOD:REQUEST", "METHOD:PUBLISH"),
        lambda text: text.replace("METHOD:REQUEST", "METHOD:REQUEST\r\nMETHOD:CANCEL"),
        lambda text: text.removesuffix("\r\n"),
        lambda text: text + "Bcc: eve@example.org\r\n",
        lambda text: "X-Spam: no\r\n" + text,
        lambda text: text.replace("SUMMARY:", "SUMMARY:" + "x" * 75),
        lambda text: text.replace("SUMMARY:", "SUMMARY:\x00"),
        lambda text: text.replace("SUMMARY:", "SUMMARY:\x85"),
        lambda text: text.replace("CALSCALE", "X:1\r\n" * 5000 + "CALSCALE"),
    ],
)
def test_a_file_that_is_not_whole_or_not_safe_is_no_invitation(broken):
    with pytest.raises(ValueError, match=r"calendar file|PUBLISH"):
        icalendar.method_of(broken(invitation()))


@given(
    days=st.integers(0, 40_000),
    second=st.integers(0, 86_399),
    zone=st.sampled_from(
        ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
    ),
    fold=st.integers(0, 1),
)
def test_an_instant_of_any_zone_is_written_in_utc(days, second, zone, fold):
    day = date(1990, 1, 1) + timedelta(days=days)
    at = time(second // 3600, second % 3600 // 60, second % 60)
    local = datetime.combine(day, at, ZoneInfo(zone)).replace(fold=fold)
    found = event_in(invitation(event=replace(EVENT, starts_at=local)))
    assert found.instant("DTSTART") == local.astimezone(UTC)
