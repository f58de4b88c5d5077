"""`flask people`: a token shown once, a password set from a terminal or a pipe."""

import json
from datetime import UTC, datetime

import pytest

from people import services
from tests.factories.people import make_person

pytestmark = pytest.mark.sqlite_only
NOW = datetime.now(UTC)


@pytest.fixture
def run(app):
    return app.test_cli_runner().invoke


def test_a_token_is_printed_alone_on_stdout(run):
    result = run(args=["people", "token", "CRM", "--scope", "usage:write,figures:read"])
    assert result.exit_code == 0
    raw = result.stdout.strip()
    assert services.load_actor_for_token(raw, NOW).scopes == {"usage:write", "figures:read"}
    assert "cannot be shown again" in result.stderr


def test_a_token_as_json(run):
    result = run(args=["people", "token", "CRM", "--scope", "usage:write", "--days", "5", "--json"])
    told = json.loads(result.stdout)
    assert told["scopes"] == ["usage:write"]
    assert services.load_actor_for_token(told["token"], NOW) is not None


@pytest.mark.parametrize(
    "args",
    [
        ["token", "CRM", "--scope", "everything"],
        ["token", "CRM", "--scope", "usage:write", "--days", "9999"],
        ["revoke-token", "pnt_none"],
        ["set-password", "nobody"],
    ],
)
def test_refusals_have_a_sentence_and_exit_two(run, args):
    result = run(args=["people", *args], input="a long enough password\n")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.strip().endswith(".")


def test_a_password_comes_from_standard_input(run):
    person = make_person(key="P0001X")
    result = run(args=["people", "set-password", "P0001X"], input="four plain words here\n")
    assert result.exit_code == 0, result.output
    assert services.check_password(person.email, "four plain words here", NOW.date()) == person.id
    assert run(args=["people", "set-password", "P0001X"], input="short\n").exit_code == 2
