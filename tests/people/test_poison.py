"""Poison at every door of these rooms, on both databases: an answer, never a crash (TRUST W9)."""

import io

import pytest

from tests.factories.people import PASSWORD, make_account, make_person

POISON = ["\0", "a\0b", "\ud800", "\u202e", "9" * 400, "'; drop table person; --", "%", "{{7*7}}"]


@pytest.fixture
def office(app):
    person = make_person(role="sales_ops")
    make_account(person)
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def quoted(text):
    from urllib.parse import quote

    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def test_signing_in(app):
    for text in POISON:
        clean = text.encode("utf-8", "surrogatepass")
        body = b"email=" + quoted(text).encode() + b"&password=" + quoted(text).encode()
        answer = app.test_client().post(
            "/sign-in", data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 401, clean


def test_reading(office):
    for text in POISON:
        for path in ("/people?q=", "/people?page=", "/imports?page=", "/imports/waiting?page="):
            assert office.get(path + quoted(text)).status_code == 200, (path, text)
        for path in ("/people/", "/teams/", "/imports/"):
            assert office.get(path + quoted(text)).status_code == 404, (path, text)


def test_writing(office):
    for text in POISON:
        for path, name in (
            ("/me/mail", "lists"),
            ("/me/quiet-hours", "quiet_from"),
            ("/me/password", "present"),
            ("/me/board-name", "how=alias&alias"),
        ):
            body = f"{name}={quoted(text)}".encode()
            answer = office.post(path, data=body, content_type="application/x-www-form-urlencoded")
            assert answer.status_code in {409, 422, 429}, (path, text)


def test_uploading(office):
    csv = b"person_id,email,name,we\xffird\nP900,p900@example.org,P\n"
    for text in POISON:
        clean = text.encode("utf-8", "replace").decode()
        for form in ({"programme": clean}, {"kind": clean}, {"time_zone": clean}):
            file = (io.BytesIO(csv), f"people{clean}.csv")
            data = {"file": file, "kind": "people"} | form
            assert office.post("/imports", data=data).status_code in {302, 422}, form
