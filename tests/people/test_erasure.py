"""Nothing from outside leads back to an erased person, and no import ties anything to them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core.db import db, transaction
from core.intake.registry import registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people import jobs, queries
from people.models import Account, AuthSession, ExternalId, Person, Preference
from tests.factories.people import make_account, make_person

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
[FORGET] = (spec for spec in jobs.JOBS if spec.id == "forget-erased")


@pytest.fixture
def two(app):
    """Two people with all that leads to them; the first is erased."""
    people = [make_person(key=key) for key in ("P1", "P2")]
    for place, person in enumerate(people):
        make_account(person)
        with transaction() as session:
            session.add(ExternalId(system="salesforce", ref=f"005{place}", person_id=person.id))
            session.add(ExternalId(system="google", ref=f"77{place}", person_id=person.id))
            session.add(Preference(person_id=person.id))
            session.add(
                AuthSession(
                    id_hash=f"{place}" * 64,
                    person_id=person.id,
                    account_version=1,
                    created_at=NOW,
                    seen_at=NOW,
                    expires_at=NOW + timedelta(days=7),
                )
            )
    with transaction() as session:
        session.get(Person, people[0].id).status = "erased"
    return people


def owners(table):
    return set(db.session.scalars(select(table.person_id)))


def test_what_leads_to_an_erased_person_goes_and_the_others_stay(two):
    erased, other = two
    assert FORGET.run(NOW) == {"rows": 5}
    for table in (ExternalId, AuthSession, Account, Preference):
        assert owners(table) == {other.id}, table
    assert queries.by_key(["P1"]) == {"P1": erased.id}
    assert FORGET.run(NOW) == {"rows": 0}


def test_an_import_ties_nothing_to_an_erased_person(two, tmp_path):
    _erased, other = two
    FORGET.run(NOW)
    path = tmp_path / "external_ids.csv"
    path.write_text("system,ref,person_id\nsalesforce,0050,P1\nsalesforce,0059,P2\nnew,9,P1\n")
    summary = run_import([path], kinds=registry().kinds, actor=SYSTEM, now=NOW)
    [file] = summary.files
    assert (file.rows, file.added, file.unchanged, file.refused) == (3, 1, 2, 0)
    assert [(p.row, p.code, p.refuses) for p in file.problems] == [
        (2, "not_counted", False),
        (4, "not_counted", False),
    ]
    assert owners(ExternalId) == {other.id}
    assert queries.external_ids([("salesforce", "0059")]) == {("salesforce", "0059"): other.id}
