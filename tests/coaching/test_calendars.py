"""A review in both calendars: who is invited, how changes arrive, what the feed shows to whom."""

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching import jobs, services
from coaching.models import CoachingItem, CoachingMoment, CoachingNote
from coaching.rules.calendars import FEED, Review, event_of
from coaching.rules.days import review_instant
from coaching.services import feeds
from coaching.services import invitations as sending
from core import icalendar, mailer, outbox
from core.db import db, transaction
from incentives.rules.links import Kind
from incentives.services import links as board_links
from people import queries as people
from people.models import Deputy, PersonalLink, SecondLead
from people.services import forget_erased, links
from tests import ics
from tests.coaching.loops_made import make_item, make_loop
from tests.factories.people import _save, make_absence, make_person, make_team
from tests.factories.programme import make_programme

DAY = timedelta(days=1)
MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
REVIEW_AT = datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
WORDS = "Ring wallaby Ltd before noon"
SECRETS = ("wallaby", "Ring ", "Quokka", "30000", "30,000", "D-", "of 4")


@pytest.fixture
def world(app, at):
    """Isaac and Noor in Berlin are led by Marta; Isaac's moment waits to be picked."""
    at(NOW)
    return build()


def build(zone="Europe/Berlin", week=MONDAY):
    owner = make_programme(slug="csp", time_zone=zone)
    lead = make_person(name="Marta Vogel", role="manager", enabled_on=None)
    team = make_team(2, name="Harbour", lead=lead)
    isaac = team.members[0]
    with transaction():
        db.session.merge(isaac).name = "Isaac Reyes"
    loop = make_loop(owner, team, week, outcome="open")
    item = make_item(owner, loop, isaac, state="number_shown", coached_at=None, on_time=1, due=4)
    moment = _save(
        CoachingMoment(
            item_id=item.id,
            position=1,
            signal_key="S-1",
            deal_key="D-1",
            status="ignored",
            fired_on=week - 7 * DAY,
            delay_days=5,
            account="Quokka AG",
            amount=Decimal(30000),
        )
    )
    return owner, team, item.uid, moment.id


def actor(person):
    return people.actor_of(person.id)


def hand_back(world, now=NOW, at=None):
    _, team, uid, moment_id = world
    with transaction():
        services.hand_back(uid, moment_id, WORDS, at=at, actor=actor(team.lead), now=now)
    return item_of(world)


def item_of(world):
    db.session.expire_all()
    return db.session.query(CoachingItem).filter_by(uid=world[2]).one()


def move(world, to, now, verb=sending.reinvite):
    """Leave moves the review: what the clock does."""
    with transaction():
        item = item_of(world)
        item.review_at, item.review_on = to, to.date()
        item.moves += 1
        item.change += 1
        return verb(item, now)


def entry_of(letter):
    whole = ics.read(letter.calendar.encode("utf-8"))
    (event,) = whole.inside
    return whole.raw("METHOD"), event


def invitations(box):
    return [letter for letter in box.letters() if letter.calendar is not None]


# Invitations.


def test_both_get_an_invitation_when_a_fix_is_handed_back(world, outbox):
    item = hand_back(world)
    assert item.review_at == REVIEW_AT
    rep, author = invitations(outbox)
    marta = world[1].lead
    assert [rep.person_id, author.person_id] == [item.rep_id, marta.id]
    titles = {item.rep_id: "Review with your manager", marta.id: "Review with Isaac Reyes"}
    for letter in (rep, author):
        method, event = entry_of(letter)
        assert method == "REQUEST"
        assert event.text("UID") == f"review-{item.uid}@localhost"
        assert event.raw("SEQUENCE") == str(item.change)
        assert event.instant("DTSTART") == REVIEW_AT
        assert event.lasts() == timedelta(minutes=10)
        assert event.text("SUMMARY") == titles[letter.person_id]
        assert event.raw("URL") == f"http://localhost/coaching/{item.uid}"
        ((_, house),) = event.all("ORGANIZER")
        ((_, address),) = event.all("ATTENDEE")
        assert house == "mailto:pennant@localhost"
        assert address == f"mailto:{people.card(letter.person_id).email}"
        assert letter.list_name == "coaching"
        assert "Mon 30 Nov, 09:30" in letter.subject


def test_an_invitation_says_nothing_of_the_talk(world, outbox):
    hand_back(world)
    for letter in invitations(outbox):
        whole = "\n".join((letter.subject, letter.text, letter.html or "", letter.calendar))
        assert [secret for secret in SECRETS if secret in whole] == []


def test_a_move_is_a_newer_letter_about_the_same_entry(world, outbox):
    first = hand_back(world).change
    later = REVIEW_AT + 2 * DAY
    assert move(world, later, NOW + DAY) == 2
    with transaction():
        assert sending.reinvite(item_of(world), NOW + DAY) == 0
    old, new = (
        {letter.person_id: entry_of(letter)[1] for letter in outbox.letters(kind=kind)}
        for kind in ("coaching.review_invited", "coaching.review_moved")
    )
    assert old.keys() == new.keys()
    for ident, event in new.items():
        assert event.text("UID") == old[ident].text("UID")
        assert int(event.raw("SEQUENCE")) > int(old[ident].raw("SEQUENCE")) == first
        assert event.instant("DTSTART") == later


def test_a_review_called_off_is_taken_out_once(world, outbox):
    hand_back(world)
    before = item_of(world).change
    with transaction():
        assert sending.uninvite(item_of(world), NOW + DAY) == 2
    with transaction():
        assert sending.uninvite(item_of(world), NOW + DAY) == 0
    item = item_of(world)
    assert (item.change, item.called_off_at) == (before + 1, NOW + DAY)
    told = [entry_of(letter) for letter in outbox.letters(kind="coaching.review_called_off")]
    assert [(method, event.raw("STATUS")) for method, event in told] == 2 * [
        ("CANCEL", "CANCELLED")
    ]
    assert {event.raw("SEQUENCE") for _, event in told} == {str(before + 1)}
    (entry,) = entries(feed_of(world, world[1].lead))
    assert (entry.raw("STATUS"), entry.raw("SEQUENCE")) == ("CANCELLED", str(before + 1))


def test_leave_moves_the_review_in_both_calendars_that_morning(world, outbox):
    item = hand_back(world)
    make_absence(world[1].members[0], REVIEW_AT.date(), REVIEW_AT.date() + DAY)
    morning = datetime(2026, 11, 29, 23, tzinfo=UTC)
    for _ in range(2):
        jobs.remind_reviews(morning)
    moved = outbox.letters(kind="coaching.review_moved")
    assert {letter.person_id for letter in moved} == {item.rep_id, item.author_id}
    for letter in moved:
        method, event = entry_of(letter)
        assert (method, event.instant("DTSTART")) == ("REQUEST", REVIEW_AT + 2 * DAY)
    assert len(moved) == 2
    (entry,) = entries(feed_of(world, world[1].lead, morning))
    assert (entry.instant("DTSTART"), entry.raw("STATUS")) == (REVIEW_AT + 2 * DAY, "CONFIRMED")


def test_who_leaves_is_taken_out_and_who_turns_out_to_stay_is_put_back(world, outbox):
    hand_back(world)
    isaac, marta = world[1].members[0], world[1].lead
    sequences = []
    for left_on, status in ((MONDAY, "CANCELLED"), (None, "CONFIRMED"), (MONDAY, "CANCELLED")):
        with transaction():
            db.session.merge(isaac).left_on = left_on
        for _ in range(2):
            jobs.remind_reviews(NOW + (len(sequences) + 1) * DAY)
        (entry,) = entries(feed_of(world, marta))
        assert entry.raw("STATUS") == status
        letter = [each for each in invitations(outbox) if each.person_id == marta.id][-1]
        sequences.append(int(entry_of(letter)[1].raw("SEQUENCE")))
        assert entry.raw("SEQUENCE") == str(sequences[-1])
    assert sequences == sorted(set(sequences))
    assert len([each for each in invitations(outbox) if each.person_id == marta.id]) == 4
    jobs.remind_reviews(datetime(2026, 11, 30, 5, tzinfo=UTC))
    assert item_of(world).state == "due"
    assert outbox.letters(kind="coaching.review_today") == []


def test_who_left_the_day_before_is_not_reminded_of_the_review(world, outbox):
    hand_back(world)
    with transaction():
        db.session.merge(world[1].members[0]).left_on = REVIEW_AT.date() - DAY
    jobs.remind_reviews(datetime(2026, 11, 29, 23, tzinfo=UTC))
    assert len(outbox.letters(kind="coaching.review_called_off")) == 2
    assert outbox.letters(kind="coaching.review_today") == []


@pytest.mark.parametrize("late", [timedelta(0), 21 * DAY])
def test_nobody_is_invited_to_what_is_over(world, outbox, late):
    hand_back(world)
    written = len(invitations(outbox))
    item = item_of(world)
    for verb in (sending.invite, sending.reinvite, sending.uninvite):
        with transaction():
            assert verb(item, REVIEW_AT + late) == 0
    assert len(invitations(outbox)) == written
    assert item_of(world).called_off_at is None


def test_before_anything_is_handed_back_there_is_nothing_to_invite_to(world, outbox):
    for verb in (sending.invite, sending.reinvite, sending.uninvite):
        with transaction():
            assert verb(item_of(world), NOW) == 0
    assert invitations(outbox) == []


def test_an_invitation_keeps_to_wishes_hours_and_its_end(world, outbox, app):
    item = hand_back(world, now=datetime(2026, 11, 23, 21, tzinfo=UTC))
    with transaction():
        stop(item.rep_id)
    mailer.deliver(datetime(2026, 11, 23, 21, 5, tzinfo=UTC))
    states = {letter.person_id: letter.state for letter in invitations(outbox)}
    assert states == {item.rep_id: "suppressed", item.author_id: "deferred"}
    mailer.deliver(datetime(2026, 11, 24, 8, tzinfo=UTC))
    states = {letter.person_id: letter.state for letter in invitations(outbox)}
    assert states[item.author_id] == "captured"
    assert "Review with your manager" in feed_of(world, people.card(item.rep_id))


def stop(person_id):
    outbox.suppress(person_id, "coaching", reason="own wish", now=NOW)


def test_a_house_that_was_down_sends_no_invitation_to_the_past(world, outbox):
    hand_back(world)
    mailer.deliver(REVIEW_AT + 20 * DAY)
    assert {letter.state for letter in invitations(outbox)} == {"expired"}


def test_no_cap_of_letters_holds_an_invitation_back(world, outbox):
    hand_back(world)
    rep = item_of(world).rep_id
    with transaction():
        for number in range(4):
            letter = icalendar_less(rep, number)
            assert outbox_post(letter)
    mailer.deliver(NOW)
    assert {letter.state for letter in invitations(outbox)} == {"captured"}


def icalendar_less(person_id, number):
    return outbox.Letter(
        kind="tip",
        list_name="tips",
        person_id=person_id,
        subject="A tip",
        text="Do it.",
        dedupe_key=f"tip:{number}",
    )


def outbox_post(letter):
    return outbox.post(letter, NOW - DAY)


# The feed.


def make_link(app, person, kind=FEED, now=NOW, days=30):
    with transaction():
        return links.create_link(
            kind,
            "My phone",
            action="coach.own_items",
            days=days,
            secret=app.secret_key,
            actor=actor(person),
            now=now,
        )


def feed(client, key):
    return client.get("/feeds/reviews.ics", query_string={"key": key} if key else None)


def feed_of(world, person, now=NOW):
    """What somebody's feed holds, as the route asks for it."""
    found = feeds.reviews_for(actor(person), now)
    return icalendar.calendar("Reviews", [event_of(each, "http://localhost") for each in found])


def entries(text):
    return ics.read(text.encode("utf-8")).inside


def test_rep_and_manager_each_read_their_own_side(world, app, client):
    item = hand_back(world)
    _, team, *_ = world
    isaac, noor = team.members
    sides = {isaac: ["Review with your manager"], team.lead: ["Review with Isaac Reyes"], noor: []}
    for person, titles in sides.items():
        answer = feed(client, make_link(app, person)[1])
        assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
        found = entries(answer.text)
        assert [event.text("SUMMARY") for event in found] == titles
        for event in found:
            assert event.text("UID") == f"review-{item.uid}@localhost"
            assert event.instant("DTSTART") == REVIEW_AT
            assert event.raw("URL").endswith(f"/coaching/{item.uid}")


def test_the_feed_says_nothing_of_the_talk(world, app, client):
    item = hand_back(world)
    with transaction():
        note = CoachingNote(
            item_id=item.id, author_id=item.rep_id, kind="comment", words="wallaby said", at=NOW
        )
        db.session.add(note)
    for person in (world[1].members[0], world[1].lead):
        text = feed(client, make_link(app, person)[1]).text
        assert "BEGIN:VEVENT" in text
        assert [secret for secret in SECRETS if secret in text] == []


def test_whoever_stands_in_or_is_second_lead_reads_the_open_ones(world, app, client):
    hand_back(world)
    _, team, *_ = world
    uma = make_person(role="manager", name="Uma Nolan")
    ida = make_person(role="manager", name="Ida Soto")
    gone = make_person(role="manager", name="Silas Tapia")
    away = {"starts_on": MONDAY, "ends_on": MONDAY + 3 * DAY}
    past = {"starts_on": MONDAY - 9 * DAY, "ends_on": MONDAY - DAY}
    _save(Deputy(person_id=team.lead.id, deputy_id=uma.id, **away))
    _save(Deputy(person_id=team.lead.id, deputy_id=gone.id, **past))
    _save(SecondLead(person_id=team.members[0].id, lead_id=ida.id, starts_on=MONDAY, ends_on=None))
    counts = {
        person.name: len(entries(feed(client, make_link(app, person)[1]).text))
        for person in (uma, ida, gone)
    }
    assert counts == {"Uma Nolan": 1, "Ida Soto": 1, "Silas Tapia": 0}


def test_a_director_reads_no_review_of_others(world, app, client):
    hand_back(world)
    director = make_person(role="director")
    with transaction():
        db.session.merge(world[1].lead).manager_id = director.id
    assert entries(feed(client, make_link(app, director)[1]).text) == []


def test_a_feed_follows_its_reviews_and_is_not_sent_again_unchanged(world, app, client):
    hand_back(world)
    _, key = make_link(app, world[1].lead)
    first = feed(client, key)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/feeds/reviews.ics", query_string={"key": key}, headers=tag)
    assert again.status_code == 304
    assert "Set-Cookie" not in first.headers
    assert key not in first.text
    move(world, REVIEW_AT + DAY, NOW)
    later = client.get("/feeds/reviews.ics", query_string={"key": key}, headers=tag)
    ((before,), (after,)) = entries(first.text), entries(later.text)
    assert after.text("UID") == before.text("UID")
    assert int(after.raw("SEQUENCE")) > int(before.raw("SEQUENCE"))
    assert after.instant("DTSTART") == REVIEW_AT + DAY


@pytest.mark.parametrize("state", ["done", "not_done", "missed", "closed"])
def test_what_was_held_stays_for_ninety_days(world, app, client, at, state):
    hand_back(world)
    with transaction():
        item_of(world).state = state
    for person in (world[1].members[0], world[1].lead):
        _, key = make_link(app, person, days=200)
        for days, count in ((90, 1), (91, 0)):
            at(REVIEW_AT + days * DAY)
            assert len(entries(feed(client, key).text)) == count
        at(NOW)


def test_without_a_key_it_is_the_feed_of_who_is_signed_in(world, sign_in_as, client):
    hand_back(world)
    assert feed(client, None).status_code == 404
    told = sign_in_as(world[1].members[0]).get("/feeds/reviews.ics")
    assert "Review with your manager" in told.text
    for role in ("admin", "sales_ops", "executive"):
        assert sign_in_as(role).get("/feeds/reviews.ics").status_code == 404


def test_a_key_opens_its_own_feed_and_nothing_else(world, app, client, sign_in_as):
    _, team, *_ = world
    isaac, noor = team.members
    _, key = make_link(app, isaac)
    assert feed(client, key).status_code == 200
    assert sign_in_as(isaac).get(f"/feeds/reviews.ics?key={key}").status_code == 200
    assert sign_in_as(noor).get(f"/feeds/reviews.ics?key={key}").status_code == 404
    assert client.get(f"/feeds/contests.ics?key={key}").status_code == 403
    assert client.get(f"/coaching/settings/calendar?key={key}").status_code == 302
    _, other_kind = make_link(app, isaac, kind="else")
    with transaction():
        _, contests = board_links.create_link(
            Kind.FEED, "Phone", days=9, secret=app.secret_key, actor=actor(isaac), now=NOW
        )
    raw = key.rpartition(".")[0]
    for forged in (other_kind, contests, raw, key[:-1], "x" + key, f"{raw}.{'A' * 43}", "é", ""):
        assert client.get("/feeds/reviews.ics", query_string={"key": forged}).status_code == 404
    assert client.get("/feeds/reviews.ics", query_string={"key": "x" * 400}).status_code == 404


def test_a_link_ends_when_revoked_and_on_its_date(world, app, client, at):
    isaac, noor = world[1].members
    link, key = make_link(app, isaac)
    assert raw_is_nowhere(link, key)
    with pytest.raises(links.NotFound), transaction():
        links.revoke_link(link.id, FEED, actor=actor(noor), now=NOW)
    assert feed(client, key).status_code == 200
    with transaction():
        links.revoke_link(link.id, FEED, actor=actor(isaac), now=NOW)
    assert feed(client, key).status_code == 404
    _, brief = make_link(app, isaac, days=1)
    at(NOW + DAY - timedelta(seconds=1))
    assert feed(client, brief).status_code == 200
    at(NOW + DAY)
    assert feed(client, brief).status_code == 404


def raw_is_nowhere(link, key):
    return key.rpartition(".")[0] not in repr(vars(link))


@pytest.mark.parametrize(
    "end",
    [
        {"status": "suspended"},
        {"status": "erased"},
        {"left_on": MONDAY - DAY},
        {"role": "admin"},
    ],
)
def test_a_feed_ends_with_its_persons_rights(world, app, client, end):
    isaac = world[1].members[0]
    _, key = make_link(app, isaac)
    assert feed(client, key).status_code == 200
    with transaction():
        row = db.session.merge(isaac)
        for name, value in end.items():
            setattr(row, name, value)
    assert feed(client, key).status_code == 404


def test_an_erasure_takes_the_links_with_it(world, app):
    isaac = world[1].members[0]
    make_link(app, isaac)
    with transaction():
        db.session.merge(isaac).status = "erased"
    with transaction():
        forget_erased()
    assert db.session.query(PersonalLink).count() == 0


# The page.


def test_a_link_is_made_shown_once_and_revoked_on_its_page(world, sign_in_as, client):
    isaac, noor = map(sign_in_as, world[1].members)
    page = "/coaching/settings/calendar"
    made = isaac.post(page, data={"name": "My phone"})
    key = re.search(r"reviews\.ics\?key=([\w.=-]+)", made.text)[1]
    assert feed(client, key).status_code == 200
    listed = isaac.get(page).text
    assert "My phone" in listed
    assert key not in listed
    assert "My phone" not in noor.get(page).text
    ident = db.session.query(PersonalLink.id).scalar()
    assert noor.post(f"{page}/{ident}/revoke").status_code == 404
    assert isaac.post(f"{page}/{ident}/revoke").status_code == 302
    assert feed(client, key).status_code == 404
    assert "Revoked" in isaac.get(page).text


@pytest.mark.parametrize("name", ["", "x" * 81, "a\x00b"])
def test_a_link_needs_a_name(world, sign_in_as, name):
    isaac = sign_in_as(world[1].members[0])
    answer = isaac.post("/coaching/settings/calendar", data={"name": name}, follow_redirects=True)
    assert "Say in up to 80 characters" in answer.text
    assert db.session.query(PersonalLink).count() == 0


@pytest.mark.parametrize("role", ["sales_ops", "executive", "admin"])
def test_who_is_in_no_talk_has_no_such_page(app, sign_in_as, role):
    assert sign_in_as(role).get("/coaching/settings/calendar").status_code == 403


# Clocks that change.

SKIPPED = [
    ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:30"),
    ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:30"),
    ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:45"),
    # Twice: the first of the two.
    ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),
    ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30"),
    ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45"),
]


@pytest.mark.parametrize(("zone", "day", "local", "utc"), SKIPPED)
def test_a_time_the_clocks_skip_or_repeat_is_one_instant_in_both_calendars(
    app, outbox, at, zone, day, local, utc
):
    morning = datetime.combine(day - 6 * DAY, time(12), ZoneInfo(zone)).astimezone(UTC)
    at(morning)
    world = build(zone, week=day - 6 * DAY)
    lead = world[1].lead
    with transaction():
        services.set_day(lead.id, day.weekday(), local, actor=actor(lead), now=morning)
    assert day.weekday() == 6
    item = hand_back(world, now=morning)
    assert item.review_on == day
    starts = {entry_of(letter)[1].instant("DTSTART") for letter in invitations(outbox)}
    assert starts == {datetime.fromisoformat(utc).replace(tzinfo=UTC)}


@given(
    zone=st.sampled_from(
        ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC")
    ),
    weeks=st.integers(0, 300),
    hour=st.integers(6, 20),
    minute=st.sampled_from((0, 15, 30, 45)),
)
def test_a_weekly_set_day_keeps_its_local_time_through_every_change(zone, weeks, hour, minute):
    day = MONDAY + weeks * 7 * DAY
    instant = review_instant(day, time(hour, minute), ZoneInfo(zone))
    review = Review("u", instant, 1, NOW, "Isaac Reyes")
    text = icalendar.calendar("Reviews", [event_of(review, "https://pennant.example.org")])
    (entry,) = ics.read(text.encode("utf-8")).inside
    local = entry.instant("DTSTART").astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == (day, hour, minute)


@given(name=st.text(min_size=1, max_size=200))
def test_any_name_stands_in_an_entry_and_breaks_none(name):
    review = Review("u", REVIEW_AT, 1, NOW, name)
    text = icalendar.calendar("Reviews", [event_of(review, "https://pennant.example.org")])
    (entry,) = ics.read(text.encode("utf-8")).inside
    assert entry.text("SUMMARY").startswith("Review with ")
    assert entry.text("UID") == "review-u@pennant.example.org"
