import json

import pytest

import programme.queries
from tests.factories.people import make_person

BOOK = "programme: {slug: tiny, name: Tiny, launch_on: 2026-03-02}\n"


@pytest.fixture
def apply(app, tmp_path):
    """Run `flask programme apply` over a text; its exit code and what it printed."""

    def run(text, *options):
        path = tmp_path / "book.yaml"
        path.write_text(text, encoding="utf-8")
        return app.test_cli_runner().invoke(args=["programme", "apply", str(path), *options])

    return run


def test_applying_twice_changes_nothing_the_second_time(apply):
    first, second = apply(BOOK), apply(BOOK)
    assert (first.exit_code, first.stdout) == (0, "programme tiny: created\n")
    assert (second.exit_code, second.stdout) == (0, "Nothing to change.\n")


@pytest.mark.sqlite_only
def test_a_dry_run_only_says_what_would_change(apply):
    assert apply(BOOK, "--dry-run").stdout == "would change: programme tiny: created\n"
    assert programme.queries.get("tiny") is None


@pytest.mark.sqlite_only
def test_mistakes_end_with_code_2_and_the_lines(apply):
    done = apply("programme: {slug: tiny, name: Tiny, launch_on: soon, colour: red}\n")
    assert done.exit_code == 2
    assert "line 1, programme: unknown key 'colour'" in done.output
    assert apply(BOOK, "--approve-as", "nobody").exit_code == 2


@pytest.mark.sqlite_only
def test_machines_read_json(apply):
    make_person(key="OPS", role="sales_ops")
    found = json.loads(apply(BOOK, "--json", "--approve-as", "OPS").stdout)
    assert found == {
        "ok": True,
        "dry_run": False,
        "changes": ["programme tiny: created"],
        "notices": [],
    }
    wrong = apply("courses: []\n", "--json")
    assert json.loads(wrong.stdout)["ok"] is False
