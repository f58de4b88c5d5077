"""Walls, posters, embedded boards and feeds: who is let in, what they show, how links end."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest

from config import BadSetting, load
from core import icalendar
from core.db import db, transaction
from core.errors import Invalid, NotFound
from core.icalendar import Event
from incentives import jobs
from incentives.models import Award, BoardLink, Recognition
from incentives.rules.links import Kind
from incentives.services import links
from incentives.services.contests import PrizePlan
from leaderboard import services as boards
from leaderboard.rules.scoring import PointRule
from leaderboard.rules.standing import Mode
from leaderboard.rules.units import UnitKind
from people.models import Person
from tests.factories.adoption import make_usage
from tests.factories.incentives import MONDAY, actor, make_contest, make_scheduled
from tests.factories.people import make_person, make_team, writing
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only
DAY = timedelta(days=1)
FOUR = [MONDAY + n * DAY for n in (0, 1, 7, 8)]
MIDWAY = datetime(2026, 3, 11, 15, tzinfo=UTC)
KEY_HEADER = "X-Board-Key"


@pytest.fixture
def world(app, at):
    """Two teams race; all of Harbour has done two days of two weeks."""
    at(MIDWAY)
    programme = make_programme(slug="rollout", prize_allowance_minor=120_000)
    teams = [make_team(5, name="Harbour"), make_team(4, name="Ridge")]
    for rep in teams[0].members:
        make_usage(programme, rep, FOUR)
    contest = make_scheduled(
        programme,
        slug="race",
        title="Spring race",
        goal=Fraction(3, 5),
        prizes=(PrizePlan(title="Team dinner", place=1),),
    )
    refresh(contest, MIDWAY)
    return programme, teams, contest


def refresh(contest, moment):
    jobs.open_close_contests(moment)
    with transaction():
        boards.refresh(contest.board_id, moment)


def make_link(app, programme=None, *, contest=None, by=None, kind=Kind.WALL, now=MIDWAY, days=30):
    """A link and its key, made by somebody of sales operations."""
    owner = by or make_person(role="sales_ops")
    with writing():
        return links.create_link(
            kind,
            "Television by the coffee",
            days=days,
            secret=app.secret_key,
            actor=actor(owner),
            now=now,
            programme_id=programme.id if programme else None,
            contest_id=contest.id if contest else None,
        )


def picture(client, key=None, tag=None, path="/wallboard/rollout/picture"):
    headers = {KEY_HEADER: key} if key else {}
    return client.get(path, headers=headers | ({"If-None-Match": tag} if tag else {}))


# Who is let in.


def test_a_stranger_gets_an_empty_frame_alike_for_every_address(world, client):
    known, unknown = client.get("/wallboard/rollout"), client.get("/wallboard/nowhere")
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("rollout", "nowhere") == unknown.text
    for hidden in ("Harbour", "Spring race"):
        assert hidden not in known.text
    assert picture(client).status_code == 403
    assert picture(client, path="/wallboard/nowhere/picture").status_code == 403


def test_a_key_opens_its_own_wall_and_nothing_else(world, app, client):
    programme, _, _ = world
    other = make_programme(slug="other")
    _, key = make_link(app, programme)
    assert "Harbour" in picture(client, key).text
    assert picture(client, key, path="/wallboard/other/picture").status_code == 403
    assert picture(client, key, path="/embed/race/picture").status_code == 403
    assert client.get("/feeds/contests.ics", query_string={"key": key}).status_code == 403
    assert client.get("/contests/race", headers={KEY_HEADER: key}).status_code == 302
    assert other.id != programme.id


def test_a_key_is_kept_as_a_hash_and_a_changed_one_opens_nothing(world, app, client):
    link, key = make_link(app, world[0])
    raw, _, _ = key.rpartition(".")
    assert raw not in repr(vars(link))
    for forged in (raw, key[:-1], "x" + key, f"{raw}.{'A' * 43}", "é", "x" * 300):
        assert picture(client, forged.encode("utf-8").decode("latin-1")).status_code == 403


def test_a_link_ends_when_revoked_on_its_date_and_with_its_maker(world, app, client, at):
    programme, _, _ = world
    maker = make_person(role="sales_ops")
    link, key = make_link(app, programme, by=maker)
    _, brief = make_link(app, programme, days=1)
    assert picture(client, key).status_code == picture(client, brief).status_code == 200
    at(MIDWAY + DAY - timedelta(seconds=1))
    assert picture(client, brief).status_code == 200
    at(MIDWAY + DAY)
    assert picture(client, brief).status_code == 403
    with writing():
        links.revoke_link(link.id, actor=actor(maker), now=MIDWAY + DAY)
    assert picture(client, key).status_code == 403
    _, third = make_link(app, programme, by=maker, now=MIDWAY + DAY)
    assert picture(client, third).status_code == 200
    with writing():
        maker.left_on = MIDWAY.date()
        db.session.add(maker)
    assert picture(client, third).status_code == 403
    with writing():
        maker.left_on = None
        db.session.add(maker)
    assert picture(client, third).status_code == 200
    with writing():
        maker.status = "suspended"
        db.session.add(maker)
    assert picture(client, third).status_code == 403


def test_no_answer_to_a_key_sets_a_cookie_or_repeats_the_key(world, app, client):
    _, key = make_link(app, world[0])
    answer = picture(client, key)
    assert "Set-Cookie" not in answer.headers
    assert key not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert KEY_HEADER in answer.headers["Vary"]


@pytest.mark.parametrize("role", ["rep", "manager", "sales_ops", "executive"])
def test_somebody_signed_in_opens_the_wall_without_a_link(world, sign_in_as, role):
    visitor = sign_in_as(role)
    assert "Harbour" in visitor.get("/wallboard/rollout").text
    assert visitor.get("/wallboard/nowhere").status_code == 404


# What it shows.


def test_an_unchanged_wall_is_not_sent_again(world, app, client, at):
    programme, teams, contest = world
    _, key = make_link(app, programme)
    tag = picture(client, key).headers["ETag"]
    at(MIDWAY + timedelta(minutes=7))
    again = picture(client, key, tag)
    assert (again.status_code, again.data) == (304, b"")
    for rep in teams[1].members:
        make_usage(programme, rep, FOUR)
    refresh(contest, MIDWAY + timedelta(minutes=8))
    assert picture(client, key, tag).status_code == 200


def test_a_wall_names_teams_and_thanked_people_as_they_wish(world, app, client):
    programme, teams, _ = world
    plain, hidden, renamed = teams[0].members[:3]
    with writing():
        hidden.ranking_opt_out = True
        renamed.alias = "The Lighthouse"
        db.session.add_all([hidden, renamed])
        for each in (plain, hidden, renamed):
            db.session.add(
                Recognition(
                    person_id=each.id, title="First deal", text="Well run.", given_at=MIDWAY - DAY
                )
            )
    _, key = make_link(app, programme)
    text = picture(client, key).text
    assert plain.name in text
    assert "The Lighthouse" in text
    assert renamed.name not in text
    assert hidden.name not in text
    for silent in (*teams[0].members[3:], *teams[1].members):
        assert silent.name not in text


def _news(visitor):
    feed = ET.fromstring(visitor.get("/feeds/news.atom").data)
    return [each.text or "" for each in feed.iter() if each.text]


def test_a_wall_without_a_contest_says_what_will_come(app, client, at):
    at(MIDWAY)
    programme = make_programme(slug="rollout")
    _, key = make_link(app, programme)
    assert "No contest runs at the moment" in picture(client, key).text


def test_drafts_are_on_no_surface(world, app, client, sign_in_as):
    draft = make_contest(world[0], slug="secret", title="Secret race")
    ops = sign_in_as("sales_ops")
    for path in ("/wallboard/rollout", "/feeds/news.atom", "/feeds/contests.ics", "/screens"):
        assert "Secret race" not in ops.get(path).text
    assert ops.get("/embed/secret/picture").status_code == 404
    assert sign_in_as("rep").get("/contests/secret/poster").status_code == 404
    assert draft.state == "draft"


# Links on their page.


def test_a_link_is_shown_once_and_revoked_on_the_page(world, sign_in_as, client):
    manager = sign_in_as("manager")
    form = {"what": "wall:rollout", "name": "Lobby screen", "days": "30"}
    made = manager.post("/screens/links", data=form)
    key = re.search(r"/wallboard/rollout#([\w.=-]+)", made.text)[1]
    assert picture(client, key).status_code == 200
    listed = manager.get("/screens").text
    assert key not in listed
    assert "Lobby screen" in listed
    other = sign_in_as("manager")
    assert "Lobby screen" not in other.get("/screens").text
    ident = db.session.query(BoardLink.id).scalar()
    assert other.post(f"/screens/links/{ident}/revoke").status_code == 404
    assert picture(client, key).status_code == 200
    assert "Lobby screen" in sign_in_as("admin").get("/screens").text
    assert manager.post(f"/screens/links/{ident}/revoke").status_code == 302
    assert picture(client, key).status_code == 403


@pytest.mark.parametrize("role", ["rep", "executive"])
def test_only_those_who_run_contests_make_links_for_screens(world, sign_in_as, role):
    visitor = sign_in_as(role)
    form = {"what": "wall:rollout", "name": "Lobby screen", "days": "30"}
    assert visitor.post("/screens/links", data=form).status_code == 403
    assert "Make a link" not in visitor.get("/screens").text


def test_a_feeds_link_is_its_owners_alone(world, sign_in_as, client):
    rep, admin = sign_in_as("rep"), sign_in_as("admin")
    made = rep.post("/screens/links", data={"what": "feed:", "name": "My phone"})
    key = re.search(r"contests\.ics\?key=([\w.=-]+)", made.text)[1]
    assert client.get(f"/feeds/contests.ics?key={key}").mimetype == "text/calendar"
    assert "My phone" not in admin.get("/screens").text
    ident = db.session.query(BoardLink.id).scalar()
    assert admin.post(f"/screens/links/{ident}/revoke").status_code == 404
    rep.post(f"/screens/links/{ident}/revoke")
    assert client.get(f"/feeds/contests.ics?key={key}").status_code == 403


@pytest.mark.parametrize(("name", "days"), [("", 30), ("x" * 81, 30), ("TV", 0), ("TV", 401)])
def test_a_link_needs_a_name_and_an_end(world, name, days):
    with pytest.raises(Invalid):
        links.create_link(
            Kind.WALL,
            name,
            days=days,
            secret="s",
            actor=actor(make_person(role="sales_ops")),
            now=MIDWAY,
            programme_id=world[0].id,
        )


def test_a_director_revokes_links_made_below_them_only(world, app):
    director, other = make_person(role="director"), make_person(role="director")
    below = make_person(role="manager", manager_id=director.id)
    link, _ = make_link(app, world[0], by=below)
    with pytest.raises(NotFound):
        links.revoke_link(link.id, actor=actor(other), now=MIDWAY)
    with writing():
        assert links.revoke_link(link.id, actor=actor(director), now=MIDWAY).revoked_at == MIDWAY


# Embedded boards.


def test_a_board_is_framed_only_where_the_settings_allow(world, app, client):
    policy = client.get("/embed/race").headers["Content-Security-Policy"]
    assert policy.split("frame-ancestors ")[1].startswith("'none'")
    assert (
        "frame-ancestors 'none'"
        in client.get("/wallboard/rollout").headers["Content-Security-Policy"]
    )


def test_the_settings_name_who_may_frame_a_board(world, app, client):
    app.config["PENNANT"] = replace(
        app.config["PENNANT"], embed_origins="https://a.example,http://b.example:81"
    )
    policy = client.get("/embed/race").headers["Content-Security-Policy"]
    assert policy.split("frame-ancestors ")[1].startswith("https://a.example http://b.example:81;")
    for other in ("/wallboard/rollout", "/sign-in"):
        assert "frame-ancestors 'none'" in client.get(other).headers["Content-Security-Policy"]


@pytest.mark.parametrize("bad", ["intranet", "https://a.example/path", "https://*", "javascript:x"])
def test_an_origin_has_to_be_an_origin(bad):
    with pytest.raises(BadSetting, match="PENNANT_EMBED_ORIGINS"):
        load({"PENNANT_EMBED_ORIGINS": bad, "PENNANT_SECRET_KEY": "k" * 40})


def test_origins_are_read_apart():
    given = {"PENNANT_EMBED_ORIGINS": "https://A.example/, http://b.example:81"}
    found = load(given | {"PENNANT_SECRET_KEY": "k" * 40})
    assert found.embed_origins == "https://a.example,http://b.example:81"


# Posters, cards and mugs.


def test_a_poster_has_the_standings_their_date_the_rule_and_the_code(world, sign_in_as):
    page = sign_in_as("rep").get("/contests/race/poster").text
    for words in ("Spring race", "standings on Wednesday 11 March", "Harbour", "earns 10 points"):
        assert words in page
    assert page.count("<svg") > 3
    assert 'style="' not in page
    saver = sign_in_as("rep").get("/contests/race/poster?paper=a4&ink=saver").text
    assert 'class="sheet a4 is-saver"' in saver


def test_an_award_goes_on_a_card_and_a_mug_under_the_name_its_person_wishes(world, sign_in_as):
    _, teams, contest = world
    hidden = teams[0].members[0]
    with writing():
        hidden.ranking_opt_out = True
        given = {"contest_id": contest.id, "place": 1, "currency": "USD", "granted_at": MIDWAY}
        rows = [
            make_award("team", team_id=teams[0].team.id, **given),
            make_award("sealed", team_id=teams[0].team.id, is_sealed=True, **given),
            make_award("person", person_id=hidden.id, **given),
        ]
        db.session.add_all([hidden, *rows])
        db.session.flush()
        team, sealed, person = (row.id for row in rows)
    visitor = sign_in_as("rep")
    assert "Harbour" in visitor.get(f"/awards/{team}/card").text
    mug = visitor.get(f"/awards/{team}/mug.svg")
    assert "Harbour" in "".join(ET.fromstring(mug.data).itertext())
    for ident in (sealed, person, 999):
        assert visitor.get(f"/awards/{ident}/card").status_code == 404
        assert visitor.get(f"/awards/{ident}/mug.svg").status_code == 404
    assert hidden.name in sign_in_as(hidden).get(f"/awards/{person}/card").text


def make_award(rule, **given):
    return Award(
        source="contest",
        rule=rule,
        recipient=rule,
        rev=1,
        title="Team dinner",
        reason="First place",
        state="granted",
        entry_key=f"award:{rule}",
        **given,
    )


# Feeds.


def test_calendar_dates_keep_their_ids_and_count_their_changes(world, sign_in_as):
    def entries():
        text = sign_in_as("rep").get("/feeds/contests.ics").text.replace("\r\n ", "")
        found = re.findall(r"UID:(\S+)\r\nSEQUENCE:(\d+)\r\n.*?STATUS:(\w+)", text, re.DOTALL)
        return {uid: (int(sequence), status) for uid, sequence, status in found}

    before = entries()
    ident = world[2].id
    assert set(before) == {f"contest-{ident}-{n}@localhost" for n in ("start", "end", "result")}
    with writing():
        contest = db.session.get(type(world[2]), ident)
        contest.state, contest.change = "cancelled", contest.change + 1
    after = entries()
    assert set(after) == set(before)
    assert all(after[uid][0] > before[uid][0] for uid in after)
    assert {status for _, status in after.values()} == {"CANCELLED"}


def test_news_tell_of_the_start_the_mondays_and_who_was_thanked(world, sign_in_as):
    _, teams, contest = world
    with transaction():
        for day in range(9):
            boards.refresh(contest.board_id, MIDWAY - (8 - day) * DAY)
    with writing():
        given = [Recognition(person_id=each.id, title="First deal", text="Well.", given_at=MIDWAY)
                 for each in teams[0].members[:2]]  # fmt: skip
        teams[0].members[1].ranking_opt_out = True
        db.session.add_all([*given, teams[0].members[1]])
    told = " / ".join(_news(sign_in_as("rep")))
    assert "Spring race has begun" in told
    assert "Spring race: standings on Monday 9 March" in told
    assert "1. Harbour" in told
    assert f"{teams[0].members[0].name}: First deal" in told
    assert teams[0].members[1].name not in told


EVENT = Event(
    uid="a@b",
    sequence=2,
    changed_at=MIDWAY,
    starts_at=MIDWAY,
    title="Race; one, two\\three\nfour",
    text="é" * 100,
    url="http://localhost/contests/race",
)


def test_calendar_lines_are_escaped_folded_and_ended_as_the_standard_says():
    text = icalendar.calendar("Contests", [EVENT])
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    whole = text.replace("\r\n ", "")
    assert "SUMMARY:Race\\; one\\, two\\\\three\\nfour\r\n" in whole
    assert f"DESCRIPTION:{'é' * 100}\r\n" in whole
    assert "DTSTART:20260311T150000Z\r\n" in whole


@pytest.mark.parametrize("length", range(70, 80))
def test_folding_never_cuts_a_character_and_loses_none(length):
    for each in ("x", "é", "漢", "🏁"):
        folded = icalendar.folded(each * length)
        assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))
        assert folded.replace("\r\n ", "").removesuffix("\r\n") == each * length


# A contest between persons.


def race_of_persons(programme, teams, points, starts_on=MONDAY + 7 * DAY):
    """So many events each, of Harbour's reps in order; the contest as it stands midway."""
    for rep, times in zip(teams[0].members, points, strict=True):
        if times:
            make_usage(programme, rep, [MIDWAY.date() - DAY], times=times, kind="guided_use")
    contest = make_scheduled(
        programme,
        slug="solo",
        title="Each for themselves",
        kind=UnitKind.PERSON,
        mode=Mode.TOTAL,
        rules=(PointRule("guided_use", Fraction(10)),),
        starts_on=starts_on,
        last_on=MIDWAY.date() + 9 * DAY,
        now=MIDWAY - 3 * DAY,
    )
    refresh(contest, MIDWAY)
    return contest


def test_a_wall_shows_the_podium_of_persons_by_the_names_they_chose(world, app, client):
    programme, teams, _ = world
    first, second, third, fourth, fifth = teams[0].members
    with writing():
        db.session.get(Person, first.id).alias = "Blue Heron"
        db.session.get(Person, second.id).ranking_opt_out = True
        names = [person.name for person in (first, second, third, fourth, fifth)]
    race_of_persons(programme, teams, [5, 4, 3, 2, 1])
    _, key = make_link(app, programme)
    shown = picture(client, key).text
    assert "Each for themselves" in shown
    assert "Blue Heron" in shown
    assert names[2] in shown
    assert "Place 3" in shown
    for hidden in (names[0], names[1], names[3], names[4], "Place 4"):
        assert hidden not in shown
    assert "1 colleague on them who prefers not to be named" in shown
    # Ridge's four are in it too: six of nine are behind the podium.
    assert "6 more reps race" in shown


def test_a_podium_of_persons_needs_points(world, app, client):
    programme, teams, _ = world
    contest = race_of_persons(programme, teams, [0] * 5, starts_on=MIDWAY.date())
    _, key = make_link(app, programme)
    shown = picture(client, key).text
    assert "Nobody has a point yet" in shown
    assert teams[0].members[0].name not in shown
    make_usage(programme, teams[0].members[0], [MIDWAY.date()], times=2, kind="guided_use")
    refresh(contest, MIDWAY + DAY)
    assert teams[0].members[0].name in picture(client, key).text


def test_the_rooms_outside_name_nobody_of_a_race_of_persons(world, app, client, sign_in_as):
    programme, teams, _ = world
    contest = race_of_persons(programme, teams, [5, 4, 3, 2, 1])
    _, key = make_link(app, contest=contest, kind=Kind.EMBED)
    answers = (
        picture(client, key, path="/embed/solo/picture").text,
        sign_in_as("rep").get("/contests/solo/poster").text,
    )
    for shown in answers:
        assert "Everybody races for themselves" in shown
        assert not [rep.name for rep in teams[0].members if rep.name in shown]
