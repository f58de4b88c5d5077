"""Large work on both databases: many values as one, settings that end with their work."""

import pytest
from sqlalchemy import select, text

from core.db import db, dialect, transaction
from core.planning import by_sorting, is_among, prepare_for_large_work
from people.models import Person
from tests.factories.people import make_person


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_one_bound_value_holds_any_number_of_ids(app, wanted):
    people = [make_person() for _ in range(3)]
    asked = [person.id for person in people[:wanted]]
    found = db.session.scalars(select(Person.id).where(is_among(Person.id, asked)))
    assert sorted(found) == asked


def test_texts_are_bound_as_one_value_like_ids(app):
    keys = ["it's", 'a "b"', "ünï\\n", "P1"]
    for key in keys:
        make_person(key=key)
    asked = [*keys[:3], "stranger"]
    found = db.session.scalars(select(Person.key).where(is_among(Person.key, asked)))
    assert sorted(found) == sorted(keys[:3])


def test_more_ids_than_a_statement_takes_parameters(app):
    one = make_person()
    found = db.session.scalars(select(Person.id).where(is_among(Person.id, range(1, 200_000))))
    assert list(found) == [one.id]


def setting(name):
    return db.session.scalar(text(f"SHOW {name}"))


def test_settings_last_as_long_as_the_work(app):
    if dialect() != "postgresql":
        prepare_for_large_work()
        with by_sorting():
            assert db.session.scalar(text("SELECT 1")) == 1
        return
    usual = setting("work_mem")
    with transaction():
        prepare_for_large_work()
        assert setting("work_mem") == "128MB"
        with by_sorting():
            assert setting("enable_hashagg") == "off"
        assert setting("enable_hashagg") == "on"
    assert setting("work_mem") == usual
