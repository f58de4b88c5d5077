"""Pages of the people room: happy path, wrong role, foreign id, bad input; the session matrix."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core import rate_limit
from core.db import count_rows, db, transaction
from core.outbox import suppressed_lists
from core.policy import SYSTEM
from people import queries, services
from people.models import Account, AuthSession, Person
from tests.factories.people import (
    PASSWORD,
    make_absence,
    make_account,
    make_membership,
    make_person,
    make_team,
)

pytestmark = pytest.mark.sqlite_only
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def enter(app, at):
    """enter(person) signs a person in with a fresh client."""
    at(NOW)

    def sign_in(person, password=PASSWORD):
        client = app.test_client()
        response = client.post("/sign-in", data={"email": person.email, "password": password})
        assert response.status_code == 302, response.text
        return client

    return sign_in


@pytest.fixture
def rep(app):
    person = make_person(name="Maya Lind")
    make_account(person)
    return person


@pytest.fixture
def ops(app):
    person = make_person(name="Omar Ops", role="sales_ops")
    make_account(person)
    return person


def status(client, path="/me"):
    return client.get(path).status_code


def test_signing_in_leads_to_the_week_and_rotates_the_session(enter, rep):
    client = enter(rep)
    page = client.get("/")
    assert page.status_code == 200
    assert "Maya" in page.text
    assert count_rows(AuthSession) == 1
    raw = client.post("/sign-in", data={"email": rep.email, "password": PASSWORD})
    assert raw.status_code == 302
    assert count_rows(AuthSession) == 2


def test_the_wanted_page_follows_sign_in_and_never_leaves_the_house(app, rep, at):
    at(NOW)
    client = app.test_client()
    assert client.get("/people?q=a").headers["Location"].endswith("/sign-in")
    there = client.post("/sign-in", data={"email": rep.email, "password": PASSWORD})
    assert there.headers["Location"] == "/people?q=a"
    for foreign in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", 7):
        client = app.test_client()
        with client.session_transaction() as kept:
            kept["after_sign_in"] = foreign
        there = client.post("/sign-in", data={"email": rep.email, "password": PASSWORD})
        assert there.headers["Location"] == "/"


def test_unknown_wrong_suspended_and_left_read_the_same(app, at, rep):
    at(NOW)
    make_account(make_person(email="gone@example.org", left_on=date(2026, 11, 22)))
    make_account(make_person(email="shut@example.org", status="suspended"))
    make_person(email="none@example.org")
    answers = set()
    for email, password in (
        ("nobody@example.org", PASSWORD),
        (rep.email, "wrong password"),
        ("gone@example.org", PASSWORD),
        ("shut@example.org", PASSWORD),
        ("none@example.org", PASSWORD),
        ("nul\0@example.org", PASSWORD),
        (rep.email, "x" * 100_000),
    ):
        client = app.test_client()
        response = client.post("/sign-in", data={"email": email, "password": password})
        answers.add((response.status_code, response.text.replace(email, "").replace("nul", "")))
    assert {code for code, _text in answers} == {401}
    texts = {text.split("value=")[0] for _code, text in answers}
    assert len(texts) == 1


def test_the_last_day_employed_still_opens_the_door(enter):
    person = make_person(left_on=NOW.date())
    make_account(person)
    assert status(enter(person)) == 200


def test_eleven_tries_in_a_quarter_of_an_hour_are_one_too_many(app, at, rep):
    at(NOW)
    client = app.test_client()
    codes = [
        client.post("/sign-in", data={"email": rep.email, "password": "wrong"}).status_code
        for _ in range(11)
    ]
    assert codes == [401] * 10 + [429]
    assert (
        client.post("/sign-in", data={"email": rep.email, "password": PASSWORD}).status_code == 429
    )
    same = [
        client.post("/sign-in", data={"email": "who@example.org", "password": "x"}).status_code
        for _ in range(11)
    ]
    assert same == codes
    at(NOW + timedelta(minutes=15))
    assert (
        client.post("/sign-in", data={"email": rep.email, "password": PASSWORD}).status_code == 302
    )


def test_a_success_begins_the_count_anew(app, at, rep):
    at(NOW)
    for _ in range(3):
        client = app.test_client()
        for _ in range(8):
            client.post("/sign-in", data={"email": rep.email, "password": "wrong"})
        good = client.post("/sign-in", data={"email": rep.email, "password": PASSWORD})
        assert good.status_code == 302


def test_an_address_that_tries_many_accounts_is_stopped(app, at):
    at(NOW)
    with transaction():
        for _ in range(100):
            rate_limit.hit(
                "sign-in:address:127.0.0.1", limit=100, window=timedelta(minutes=15), now=NOW
            )
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": "a@example.org", "password": "x"})
    assert answer.status_code == 429


def test_signing_out_ends_a_copied_cookie_too(app, enter, rep):
    client = enter(rep)
    copied = client.get_cookie("pennant").value
    assert client.post("/sign-out").status_code == 302
    thief = app.test_client()
    thief.set_cookie("pennant", copied)
    assert status(thief) == 302
    assert count_rows(AuthSession) == 0
    assert app.test_client().post("/sign-out").status_code in {302, 401}


def test_a_new_password_ends_other_sessions_and_keeps_this_one(enter, rep):
    here, there = enter(rep), enter(rep)
    answer = here.post(
        "/me/password", data={"present": PASSWORD, "password": "four new plain words"}
    )
    assert answer.status_code == 302
    assert status(here) == 200
    assert status(there) == 302
    assert status(enter(rep, "four new plain words")) == 200


def test_a_password_changes_only_with_the_present_one_and_not_to_a_weak_one(enter, rep):
    client = enter(rep)
    for data in (
        {"present": "wrong", "password": "four new plain words"},
        {"present": PASSWORD, "password": "short"},
        {"present": PASSWORD, "password": rep.email},
        {"present": PASSWORD},
    ):
        answer = client.post("/me/password", data=data)
        assert answer.status_code == 422, data
    assert status(client) == 200


@pytest.mark.parametrize(
    "ending", ["suspend", "role", "left", "password by hand", "expired", "idle"]
)
def test_what_ends_a_session_ends_it_at_the_next_request(at, enter, rep, ending):
    client = enter(rep)
    assert status(client) == 200
    if ending == "expired":
        for day in range(8):
            at(NOW + timedelta(days=day))
            status(client)
    elif ending == "idle":
        at(NOW + timedelta(hours=25))
    else:
        with transaction() as session:
            if ending == "suspend":
                services.suspend(rep.id, actor=SYSTEM, now=NOW)
            elif ending == "role":
                services.end_sessions_of([rep.id])
            elif ending == "left":
                session.get(Person, rep.id).left_on = NOW.date() - timedelta(days=1)
            else:
                services.set_password(rep.id, "another long one", actor=SYSTEM, now=NOW)
    assert status(client) == 302


def test_a_session_in_use_outlives_idleness(at, enter, rep):
    client = enter(rep)
    for hours in (20, 40, 60):
        at(NOW + timedelta(hours=hours))
        assert status(client) == 200


def test_old_sessions_and_counts_are_pruned(app, rep):
    with transaction():
        services.open_session(rep.id, NOW)
        services.count_attempt(rep.email, "127.0.0.1", NOW)
    with transaction():
        assert services.prune_sign_ins(NOW) == {"sessions": 0, "windows": 0}
    with transaction():
        later = NOW + timedelta(days=8)
        assert services.prune_sign_ins(later) == {"sessions": 1, "windows": 2}


@pytest.mark.parametrize("path", ["/", "/people", "/people/P1", "/teams/x", "/me"])
def test_strangers_are_sent_to_the_door(app, client, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/sign-in")


def test_the_directory_shows_names_and_teams_but_no_addresses(enter, rep):
    team = make_team(members=2, name="Switchyard")
    make_membership(rep, team)
    page = enter(rep).get("/people")
    assert page.status_code == 200
    assert "Switchyard" in page.text
    assert "@example.org" not in page.text
    assert "4 people" in page.text


def test_the_directory_is_searched_and_paged_without_trusting_input(enter, rep):
    for number in range(60):
        make_person(name=f"Zoe {number:02d}")
    make_person(name="100% Real_Name")
    client = enter(rep)
    assert "61 people" not in client.get("/people?q=zoe").text
    assert "60 people" in client.get("/people?q=zoe").text
    assert "Zoe 59" in client.get("/people?q=zoe&page=2").text
    assert "1 person" in client.get("/people?q=%25").text
    assert "1 person" in client.get("/people?q=l_n").text
    for page in ("abc", "-1", "0", "99999999999999999999", "٣"):
        assert client.get(f"/people?page={page}").status_code == 200
    assert client.get("/people?q=%00%ff").status_code == 200


def test_people_queries_are_counted_the_same_at_one_and_three_rows(app, enter, rep):
    from sqlalchemy import event

    client = enter(rep)
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    client.get("/people")
    at_one = len(statements)
    make_team(members=3)
    statements.clear()
    client.get("/people")
    assert len(statements) == at_one


def test_a_persons_page_shows_the_address_to_team_mates_only(enter, rep):
    team = make_team(members=1)
    make_membership(rep, team)
    mate, stranger = team.members[0], make_person()
    client = enter(rep)
    assert mate.email in client.get(f"/people/{mate.key}").text
    page = client.get(f"/people/{stranger.key}")
    assert page.status_code == 200
    assert stranger.email not in page.text
    assert client.get("/people/nobody").status_code == 404
    assert client.get("/people/%00").status_code == 404


def test_absences_are_shown_to_the_line_only(enter, rep):
    team = make_team(members=0)
    make_membership(rep, team)
    make_account(team.lead)
    make_absence(rep, date(2026, 12, 1), date(2026, 12, 5))
    other = make_person()
    make_account(other)
    assert "1 Dec" in enter(rep).get(f"/people/{rep.key}").text
    assert "1 Dec" in enter(team.lead).get(f"/people/{rep.key}").text
    assert "1 Dec" not in enter(other).get(f"/people/{rep.key}").text


def test_the_alias_stands_for_the_name_everywhere_others_look(enter, rep):
    other = make_person()
    make_account(other)
    client = enter(rep)
    assert (
        client.post("/me/board-name", data={"how": "alias", "alias": "Blue Heron"}).status_code
        == 302
    )
    seen = enter(other)
    for path in ("/people", f"/people/{rep.key}"):
        text = seen.get(path).text
        assert "Blue Heron" in text
        assert "Maya Lind" not in text
    for bad in ("<b>x</b>", "x", "y" * 41, other.name, "12345"):
        given = {"how": "alias", "alias": bad}
        assert client.post("/me/board-name", data=given).status_code in {409, 422}
    for nothing in ({"how": "alias", "alias": " "}, {"how": "louder"}, {}):
        assert client.post("/me/board-name", data=nothing).status_code == 422
    assert client.post("/me/board-name", data={"how": "name"}).status_code == 302
    assert "Maya Lind" in seen.get("/people").text


def test_a_teams_page_lists_todays_people(enter, rep):
    team = make_team(members=2, name="Night Owls")
    make_membership(rep, team, ends_on=NOW.date())
    page = enter(rep).get("/teams/night-owls")
    assert page.status_code == 200
    assert team.members[0].name in page.text
    assert "2 people" in page.text
    assert enter(rep).get("/teams/day-owls").status_code == 404


def test_letters_quiet_hours_and_ranking_are_kept(enter, rep):
    client = enter(rep)
    assert client.post("/me/mail", data={"lists": ["tips", "awards"]}).status_code == 302
    assert suppressed_lists(rep.id) == {"contests", "training", "digests", "surveys", "coaching"}
    assert client.post("/me/mail", data={"lists": ["security"]}).status_code == 422
    hours = {"quiet_from": "18:30", "quiet_until": "07:15"}
    assert client.post("/me/quiet-hours", data=hours).status_code == 302
    found = queries.recipients([rep.id])[rep.id]
    assert (f"{found.quiet_from:%H:%M}", f"{found.quiet_until:%H:%M}") == ("18:30", "07:15")
    for bad in ({"quiet_from": "x"}, {"quiet_from": "03:00", "quiet_until": "04:00"}, {}):
        assert client.post("/me/quiet-hours", data=bad).status_code == 422
    kept = {"how": "not_listed", "alias": ""}
    assert client.post("/me/board-name", data=kept).status_code == 302
    assert queries.card(rep.id).on_boards is None
    assert client.post("/me/board-name", data={"how": "name"}).status_code == 302
    assert queries.card(rep.id).on_boards == rep.name
    page = client.get("/me")
    assert page.status_code == 200
    assert "18:30" in page.text
    assert client.post("/appearance", data={"theme": "dark", "from": "/me"}).status_code == 302
    assert 'data-theme="dark"' in client.get("/me").text


def test_shutting_out_is_for_sales_ops_and_works_at_once(enter, rep, ops):
    victim = enter(rep)
    assert victim.post(f"/people/{ops.key}/suspend").status_code == 403
    office = enter(ops)
    assert office.post(f"/people/{rep.key}/suspend").status_code == 302
    assert status(victim) == 302
    assert office.get(f"/people/{rep.key}").status_code == 200
    assert office.post("/people/nobody/suspend").status_code == 404
    assert office.post(f"/people/{ops.key}/suspend").status_code == 403
    other = make_person()
    make_account(other)
    assert enter(other).get(f"/people/{rep.key}").status_code == 404
    assert office.post(f"/people/{rep.key}/reactivate").status_code == 302
    assert status(enter(rep)) == 200


def test_no_password_stands_in_the_database(app, rep):
    with transaction():
        services.set_password(rep.id, "a plain long password", actor=SYSTEM, now=NOW)
        raw = services.open_session(rep.id, NOW)
    account = db.session.get(Account, rep.id)
    assert account.password_hash.startswith("scrypt:")
    (kept,) = db.session.query(AuthSession.id_hash).one()
    assert raw not in kept
    assert services.check_password(rep.email, "a plain long password", NOW.date()) == rep.id
