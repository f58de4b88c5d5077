"""Verbs of the people room one by one: tokens, passwords, limits, wishes; on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.security import check_password_hash

from core import rate_limit
from core.db import count_rows, db, transaction
from core.errors import Invalid, NotFound, TooMany
from core.policy import SYSTEM
from people import queries, services
from people.models import Account, ApiToken
from people.rules import BoardName
from people.services import entry
from tests.factories.people import PASSWORD, make_account, make_person

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("app")


def make_token(**given):
    values = {"name": "crm", "scopes": ["usage:write"], "days": 30} | given
    name, scopes = values.pop("name"), values.pop("scopes")
    with transaction():
        return services.create_token(name, scopes, actor=SYSTEM, now=NOW, **values)


def test_a_token_opens_with_its_scopes_until_it_ends():
    raw = make_token(scopes=["usage:write", "figures:read"])
    actor = services.load_actor_for_token(raw, NOW)
    assert (actor.person_id, actor.role, actor.name) == (None, None, "crm")
    assert actor.scopes == {"usage:write", "figures:read"}
    assert services.load_actor_for_token(raw, NOW + timedelta(days=30)) is None
    for wrong in (raw[:-1], raw + "x", "", "x" * 10_000, raw.replace("pnt", "pnü"), "\0" * 50):
        assert services.load_actor_for_token(wrong, NOW) is None


def test_nothing_in_the_database_opens_the_door():
    raw = make_token()
    row = db.session.get(ApiToken, 1)
    kept = [row.token_hash, row.prefix, row.name]
    assert raw not in kept
    assert raw.startswith(row.prefix)
    assert all(services.load_actor_for_token(value, NOW) is None for value in kept)


def test_revoking_works_at_once():
    raw = make_token()
    prefix = raw.rsplit("_", 1)[0] if raw.count("_") == 2 else "_".join(raw.split("_")[:2])
    with transaction():
        services.revoke_token(prefix, actor=SYSTEM, now=NOW)
    assert services.load_actor_for_token(raw, NOW) is None
    with pytest.raises(NotFound), transaction():
        services.revoke_token("pnt_unknown", actor=SYSTEM, now=NOW)


@pytest.mark.parametrize(
    "given",
    [
        {"scopes": []},
        {"scopes": ["usage:write", "everything"]},
        {"days": 0},
        {"days": 401},
        {"name": "  "},
        {"name": "x" * 121},
    ],
)
def test_tokens_that_are_not_made(given):
    with pytest.raises(Invalid):
        make_token(**given)
    assert count_rows(ApiToken) == 0


def test_the_limit_counts_by_window_and_bucket():
    window = timedelta(minutes=15)
    with transaction():
        tries = [rate_limit.hit("a", limit=2, window=window, now=NOW) for _ in range(3)]
        other = rate_limit.hit("b", limit=2, window=window, now=NOW)
        later = rate_limit.hit("a", limit=2, window=window, now=NOW + window)
    assert (tries, other, later) == ([True, True, False], True, True)
    with transaction():
        assert rate_limit.prune(NOW + timedelta(minutes=1)) == 2
        rate_limit.forget("a")
        assert rate_limit.hit("a", limit=1, window=window, now=NOW + window)


def test_a_refused_try_is_the_same_for_everybody():
    person = make_person()
    make_account(person)
    said = set()
    for email in (person.email, "nobody@example.org"):
        for _ in range(10):
            with transaction():
                services.count_attempt(email, "10.0.0.1", NOW)
        with pytest.raises(TooMany) as caught, transaction():
            services.count_attempt(email.upper(), "10.0.0.2", NOW)
        said.add((caught.value.message, caught.value.fix))
    assert len(said) == 1


def test_passwords_are_set_checked_and_changed():
    person = make_person()
    with transaction():
        services.set_password(person.id, PASSWORD, actor=SYSTEM, now=NOW)
    assert services.check_password(person.email.upper(), PASSWORD, NOW.date()) == person.id
    assert services.check_password(person.email, PASSWORD + " ", NOW.date()) is None
    assert services.check_password(person.email, "", NOW.date()) is None
    assert db.session.get(Account, person.id).version == 1
    with transaction():
        services.set_password(person.id, "something else now", actor=SYSTEM, now=NOW)
    assert db.session.get(Account, person.id).version == 2
    assert services.check_password(person.email, PASSWORD, NOW.date()) is None


def test_a_stranger_costs_as_much_hashing_as_a_wrong_password(monkeypatch):
    """The pages' answers are equal (test_routes); here is why their times are (TRUST W3)."""
    person = make_person()
    with transaction():
        services.set_password(person.id, PASSWORD, actor=SYSTEM, now=NOW)
    hashed = []

    def spy(pwhash, password):
        hashed.append(pwhash.split("$")[0])
        return check_password_hash(pwhash, password)

    monkeypatch.setattr(entry, "check_password_hash", spy)
    for email in (person.email, "nobody@example.org"):
        assert services.check_password(email, "wrong", NOW.date()) is None
    assert len(hashed) == 2
    assert len(set(hashed)) == 1


@pytest.mark.parametrize("password", ["short", " " * 12, "x" * 257, "person@example.org"])
def test_passwords_that_are_not_taken(password):
    person = make_person(email="person@example.org")
    with pytest.raises(Invalid), transaction():
        services.set_password(person.id, password, actor=SYSTEM, now=NOW)
    with pytest.raises(NotFound), transaction():
        services.set_password(999, PASSWORD, actor=SYSTEM, now=NOW)


def test_a_changed_role_in_the_directory_ends_sessions():
    person = make_person()
    make_account(person)
    with transaction():
        raw = services.open_session(person.id, NOW)
    assert services.session_actor(raw, NOW).actor.person_id == person.id
    with transaction():
        services.end_sessions_of([person.id])
    assert services.session_actor(raw, NOW) is None


def test_no_session_without_an_account():
    with pytest.raises(NotFound), transaction():
        services.open_session(make_person().id, NOW)


def test_changes_of_ones_own_leave_word_for_upper_rooms():
    person = make_person()
    actor = queries.actor_of(person.id)
    mark, _who = queries.changes_after(0)
    with transaction():
        services.choose_board_name(BoardName.NOT_LISTED, "", actor=actor, now=NOW)
    mark, who = queries.changes_after(mark)
    assert who == {person.id}
    with transaction():
        services.choose_board_name(BoardName.NOT_LISTED, "", actor=actor, now=NOW)
    assert queries.changes_after(mark)[1] == frozenset()
