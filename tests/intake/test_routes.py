"""The imports page: who may send, what they are shown, and files that want to do harm."""

import io
from datetime import UTC, datetime

import pytest

from core.db import count_rows
from core.intake.models import ImportRun
from people import queries
from people.models import Person
from tests.factories.people import PASSWORD, make_account, make_person

pytestmark = pytest.mark.sqlite_only

PEOPLE = (
    "person_id,email,name,shoe_size\nP901,ann901@example.org,Ann,39\nP902,not-an-address,Bob,41\n"
)


@pytest.fixture
def enter(app):
    def sign_in(role):
        person = make_person(role=role)
        make_account(person)
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return sign_in


def send(client, text=PEOPLE, name="people.csv", **form):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post("/imports", data={"file": (io.BytesIO(data), name), **form})


def test_a_file_is_taken_in_and_its_bad_line_shown(enter):
    client = enter("sales_ops")
    assert client.get("/imports").status_code == 200
    answer = send(client)
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    assert "1 line of people.csv" in page.text
    assert "not_an_email" in page.text
    assert "shoe_size" in page.text
    assert set(queries.by_key(["P901", "P902"])) == {"P901"}
    again = client.get("/imports")
    assert "people.csv" in again.text


def test_taking_in_wants_a_fresh_sign_in_checking_does_not(enter, at):
    at(datetime(2026, 11, 23, 9, tzinfo=UTC))
    client = enter("sales_ops")
    at(datetime(2026, 11, 23, 9, 11, tzinfo=UTC))
    answer = send(client)
    assert answer.status_code == 403
    assert "Sign out and in again" in answer.text
    assert count_rows(ImportRun) == 0
    assert send(client, check="1").status_code == 200


def test_checking_stores_nothing(enter):
    client = enter("sales_ops")
    before = count_rows(Person)
    answer = send(client, check="1")
    assert answer.status_code == 200
    assert "Nothing was stored" in answer.text
    assert "1 refused" in answer.text
    assert count_rows(Person) == before
    assert count_rows(ImportRun) == 0


@pytest.mark.parametrize(
    ("role", "see", "put", "rows"),
    [
        ("rep", 403, 403, 403),
        ("manager", 403, 403, 403),
        ("director", 403, 403, 403),
        ("executive", 403, 403, 403),
        ("admin", 200, 403, 403),
        ("sales_ops", 200, 302, 404),
    ],
)
def test_each_role_gets_what_the_matrix_says(enter, role, see, put, rows):
    client = enter(role)
    assert client.get("/imports").status_code == see
    assert client.get("/imports/77").status_code == rows
    assert send(client).status_code == put


def test_strangers_are_sent_to_the_door(app, client):
    assert client.get("/imports").status_code == 302
    assert send(client).status_code in {302, 401}
    assert count_rows(ImportRun) == 0


@pytest.mark.parametrize(
    ("text", "name", "form", "said"),
    [
        (b"a,b\n1,2\n", "holiday.csv", {}, "does not say what it holds"),
        (b"", "people.csv", {"time_zone": "Mars/Base"}, "no such time zone"),
        (PEOPLE, "people.csv", {"kind": "robots"}, "does not say what it holds"),
        (PEOPLE, "people.csv", {"programme": "nowhere"}, "no such programme"),
    ],
)
def test_a_form_that_cannot_be_used_says_why(enter, text, name, form, said):
    answer = send(enter("sales_ops"), text, name, **form)
    assert answer.status_code == 422
    assert said in answer.text


def test_no_file_at_all(enter):
    answer = enter("sales_ops").post("/imports", data={})
    assert answer.status_code == 422
    assert "No file was chosen" in answer.text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty_file"),
        (b"\xff\xfe\xff", "bad_encoding"),
        (b"PK\x03\x04 not a workbook", "damaged_archive"),
        (b"\x1f\x8b\x08 not gzip", "damaged_archive"),
        (b"person_id,person_id,email,name\n1,2,3,4\n", "duplicate_column"),
        (b"person_id,name\n1,2\n", "missing_column"),
    ],
)
def test_a_file_refused_as_a_whole_leaves_a_run_with_the_reason(enter, text, code):
    client = enter("sales_ops")
    answer = send(client, text)
    assert answer.status_code == 302
    page = client.get(answer.headers["Location"])
    assert "refused as a whole" in page.text
    assert code in page.text


def test_hostile_names_and_cells_are_only_text(enter):
    client = enter("sales_ops")
    text = 'person_id,email,name\n"<script>alert(1)</script>",x,"<img src=x onerror=1>"\n'
    answer = send(client, text, "../../<b>people</b>.csv", kind="people")
    page = client.get(answer.headers["Location"])
    assert "<script>alert(1)" not in page.text
    assert "<b>people" not in page.text


def test_no_role_of_trust_comes_from_an_upload(enter):
    client = enter("sales_ops")
    text = "person_id,email,name,role\nP903,c@example.org,C,admin\nP904,d@example.org,D,manager\n"
    answer = send(client, text)
    assert "not_allowed" in client.get(answer.headers["Location"]).text
    assert set(queries.by_key(["P903", "P904"])) == {"P904"}


def test_waiting_rows_are_listed(enter):
    client = enter("sales_ops")
    send(client, "person_id,team,start_date\nP999,Night Owls,2026-01-01\n", "memberships.csv")
    page = client.get("/imports/waiting")
    assert page.status_code == 200
    assert "P999" in page.text
    assert "Night Owls" in page.text
    assert "1 unknown person" in client.get("/imports").text


def test_page_numbers_are_not_trusted(enter):
    client = enter("sales_ops")
    for page in ("abc", "0", "-3", "9" * 30, "٣"):
        assert client.get(f"/imports?page={page}").status_code == 200
    assert client.get(f"/imports/{2**70}").status_code == 404
