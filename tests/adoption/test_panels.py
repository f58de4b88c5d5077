"""What those who lead read first: the rollout, unless something more urgent waits."""

from datetime import UTC, date, datetime, timedelta

import pytest

from adoption import jobs
from tests.factories.adoption import make_usage
from tests.factories.people import make_person
from tests.factories.programme import make_programme

pytestmark = pytest.mark.sqlite_only

MONDAY = date(2026, 3, 2)
THURSDAY = datetime(2026, 5, 14, 15, tzinfo=UTC)


@pytest.fixture
def rollout(app, at):
    """Two of three reps made it a habit."""
    owner = make_programme(name="Relay")
    people = [make_person(name=f"Rep {n}", enabled_on=MONDAY) for n in "ABC"]
    often = [MONDAY + timedelta(days=7 * week + day) for week in range(10) for day in (1, 3)]
    for person in people[:2]:
        make_usage(owner, person, often)
    jobs.judge(THURSDAY)
    jobs.draw(THURSDAY)
    at(THURSDAY)
    return people


@pytest.mark.parametrize("role", ["executive", "director", "sales_ops"])
def test_whoever_leads_opens_with_the_rollout(rollout, sign_in_as, role):
    page = sign_in_as(role).get("/").get_data(as_text=True)
    assert "67% of reps have made it a habit." in page
    assert "2 of 3 reps" in page
    assert "Where people drop off" in page


def test_a_rep_opens_with_their_own_week(rollout, sign_in_as):
    page = sign_in_as(rollout[0]).get("/").get_data(as_text=True)
    assert "of reps have made it a habit" not in page
    assert "Where people drop off" not in page


def test_before_the_first_week_nothing_is_claimed(app, sign_in_as):
    make_programme()
    page = sign_in_as("executive").get("/").get_data(as_text=True)
    assert "made it a habit" not in page
