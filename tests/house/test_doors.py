"""Every way in is marked, every form carries its token, every answer its headers."""

import csv

import pytest

from core.guards import csrf, unguarded
from tests.conftest import ROOT

WRITING = {"POST", "PUT", "PATCH", "DELETE"}
# Open to everybody. A new line here is a decision somebody reviews.
PUBLIC = {
    "static",
    "health.healthz",
    "health.readyz",
    "appearance.choose",
    "people.sign_in",
    "people.sign_in_post",
    "comms.unsubscribe",
    "comms.unsubscribe_now",
    # Empty frames to strangers; what they show needs a session or the key of a link.
    "incentives.wallboard",
    "incentives.wall_picture",
    "incentives.embed",
    "incentives.embed_picture",
    "incentives.feed_dates",
    "incentives.feed_news",
    "coaching.feed_reviews",
    # Whether a certificate's number is genuine, and nothing else.
    "incentives.verify",
}
# One-click unsubscribe comes from a mail program, without a cookie (RFC 8058).
WITHOUT_TOKEN = {"comms.unsubscribe_now"}


def mark(app, endpoint):
    return getattr(app.view_functions[endpoint], "guard", ("none", ""))


def address(app, rule):
    """An address of a rule, with stand-ins for its parts."""
    parts = {name: 1 if "int" in type(rule._converters[name]).__name__.lower() else "none"
             for name in rule.arguments}  # fmt: skip
    with app.test_request_context():
        return rule.build(parts)[1]


def rules(app, *kinds):
    return [rule for rule in app.url_map.iter_rules() if mark(app, rule.endpoint)[0] in kinds]


pytestmark = pytest.mark.sqlite_only


def test_every_view_is_marked(app):
    assert unguarded(app) == []


def test_few_views_are_public(app):
    assert {rule.endpoint for rule in rules(app, "public")} == PUBLIC


def test_every_guard_names_an_action_of_the_matrix(app):
    with (ROOT / "core" / "authz_matrix.csv").open(encoding="utf-8") as file:
        known = {row["action"] for row in csv.DictReader(file)}
    asked = {mark(app, rule.endpoint)[1] for rule in rules(app, "guard")}
    assert asked - known == set()


def test_every_form_is_refused_without_its_token(app, client):
    app.config["WTF_CSRF_ENABLED"] = True
    accepted = {}
    for rule in rules(app, "guard", "public"):
        for method in sorted(rule.methods & WRITING):
            answer = client.open(address(app, rule), method=method)
            if answer.status_code != 400 and rule.endpoint not in WITHOUT_TOKEN:
                accepted[f"{method} {rule.rule}"] = answer.status_code
    assert accepted == {}


def test_only_machine_doors_and_one_click_unsubscribe_go_without_a_token(app):
    exempt = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if f"{app.view_functions[rule.endpoint].__module__}."
        f"{app.view_functions[rule.endpoint].__name__}" in csrf._exempt_views
    }
    machines = {rule.endpoint for rule in rules(app, "machine")}
    assert exempt - machines == WITHOUT_TOKEN


def test_every_machine_door_wants_a_token(app, client):
    for rule in rules(app, "machine"):
        for method in sorted(rule.methods & (WRITING | {"GET"})):
            answer = client.open(address(app, rule), method=method)
            assert answer.status_code == 401, f"{method} {rule.rule}"
            assert answer.mimetype == "application/problem+json", f"{method} {rule.rule}"


def test_no_page_shows_itself_to_a_stranger(app, client):
    shown = {}
    for rule in rules(app, "guard"):
        if "GET" in rule.methods:
            answer = client.get(address(app, rule))
            if answer.status_code not in {302, 303, 401, 403, 404}:
                shown[rule.rule] = answer.status_code
    assert shown == {}


def test_every_answer_carries_the_strict_policy(client):
    for path in ("/sign-in", "/no-such-page", "/healthz"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
