"""Questions asked outside any transaction: typed like the ORM's answers, alive after a break."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import bindparam, select, text

from core.db import Question, db, put_away
from people.models import Person
from tests.factories.people import make_person, writing

AT = datetime(2026, 3, 11, 15, tzinfo=UTC)
BY_KEY = Question(
    select(Person.id, Person.name, Person.hired_on, Person.is_test).where(
        Person.key == bindparam("key")
    )
)


def test_a_question_gives_what_the_session_would(app):
    person = make_person(hired_on=date(2026, 1, 5))
    asked = select(Person.id, Person.name, Person.hired_on, Person.is_test)
    wanted = db.session.execute(asked.where(Person.id == person.id)).one()
    db.session.rollback()
    assert BY_KEY.ask(db.engine, key=person.key) == [tuple(wanted)]
    assert BY_KEY.ask(db.engine, key="nobody") == []


def test_a_question_sees_what_was_committed_since(app):
    person = make_person(name="Before")
    assert BY_KEY.ask(db.engine, key=person.key)[0][1] == "Before"
    with writing():
        db.session.get(Person, person.id).name = "After"
    assert BY_KEY.ask(db.engine, key=person.key)[0][1] == "After"


def test_a_connection_cut_by_the_server_is_replaced(app):
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no server that could cut it")
    person = make_person()
    BY_KEY.ask(db.engine, key=person.key)
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    db.session.execute(cut)
    db.session.rollback()
    assert BY_KEY.ask(db.engine, key=person.key)[0][0] == person.id


def test_a_wrong_question_is_an_error_and_harms_no_later_one(app):
    wrong = Question(select(text("nothing_of_this_name")).select_from(Person.__table__))
    with pytest.raises(db.engine.dialect.dbapi.Error):
        wrong.ask(db.engine)
    put_away(db.engine)
    person = make_person()
    assert BY_KEY.ask(db.engine, key=person.key)[0][0] == person.id
