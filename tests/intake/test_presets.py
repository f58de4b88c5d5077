"""Other systems' exports as they come: what becomes of every row of each, traps included."""

# ruff: noqa: E501 - exports have long lines

import csv
import gzip
import io
import json
import os
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from sqlalchemy import select

from adoption.models import Deal, UsageEvent
from core.db import count_rows, db
from core.intake.exports import json_stream
from core.intake.exports.salesforce import whole_id
from core.intake.models import IntakeSetAside
from core.intake.registry import registry
from core.intake.runner import run_import
from core.policy import SYSTEM
from people.models import ExternalId, Person
from tests.factories.people import make_person
from tests.factories.programme import make_programme
from training_tracker.models import Completion, Course

NOW = datetime(2026, 2, 20, 14, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
REAL = Path(os.environ.get("PENNANT_TEST_FORMATS", ROOT.parent / "shared" / "data" / "formats"))
ANN, BO = "0058d000002AbCdAAK", "0058d000002AbCeAAK"


@pytest.fixture(autouse=True)
def programme(app):
    return make_programme(time_zone="America/New_York")


@pytest.fixture
def take(tmp_path):
    """Import a text, some bytes or a path by a preset; answers the files of the summary by kind."""

    def import_one(content, preset, name="export.csv", *, path=None, zone=None, **asked):
        if path is None:
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = registry()
        time_zone = ZoneInfo(zone) if zone else None
        programme_id = found.find_programme(None)
        summary = run_import(
            [path],
            kinds=found.kinds,
            followers=found.followers,
            preset=found.presets[preset],
            programme_id=programme_id,
            time_zone=time_zone,
            actor=SYSTEM,
            now=NOW,
            asked=found.asked(programme_id, time_zone=time_zone, **asked),
        )
        for file in summary.files:
            assert file.rows == sum(
                (file.added, file.changed, file.unchanged, file.refused, file.set_aside)
            )
        return {file.kind: file for file in summary.files}

    return import_one


def counts(file):
    return file.rows, file.added, file.changed, file.unchanged, file.refused, file.set_aside


def told(file, *, refused=True):
    return [(p.row, p.field, p.code) for p in file.problems if p.refuses == refused]


def stored(model, *columns):
    return sorted(tuple(row) for row in db.session.execute(select(*columns or (model,))))


def people():
    return {person.key: person for person in db.session.scalars(select(Person))}


# ---- Salesforce


SALESFORCE_PEOPLE = f"""Id,Username,FirstName,LastName,Email,IsActive,ManagerId,Department,UserType,LastLoginDate
{BO},bo@crm.example,Bo,Òrd,Bo@Example.org,true,{BO},East,Standard,2026-01-05T08:00:00.000Z
{ANN},ann@crm.example,Ann,"Lee, Jr",ann@example.org,false,{BO[:15]},East,Standard,
0058d000002AbCfAAK,bot@crm.example,,Robot,bot@example.org,true,,,AutomatedProcess,
0058d000002AbCgAAK,x@crm.example,No,Mail,not an address,true,,West,Standard,
"""


def test_ids_of_fifteen_signs_are_completed():
    assert whole_id("0055j00000AT6I1") == "0055j00000AT6I1AAL"
    assert whole_id(ANN[:15]) == ANN
    assert whole_id("abc") == "abc"


def test_people_of_salesforce(take):
    files = take(SALESFORCE_PEOPLE, "salesforce-users")
    assert counts(files["people"]) == (4, 2, 0, 1, 1, 0)
    assert told(files["people"]) == [(5, "email", "not_an_email")]
    assert (3, "IsActive", "not_dated") in told(files["people"], refused=False)
    assert files["people"].not_counted == {"accounts of programs": 1}
    found = people()
    assert found[ANN].manager_id == found[BO].id
    assert found[BO].manager_id is None
    assert (found[BO].role, found[ANN].role) == ("manager", "rep")
    assert (found[BO].email, found[ANN].name) == ("bo@example.org", "Ann Lee, Jr")
    assert count_rows(UsageEvent) == 0
    again = take(SALESFORCE_PEOPLE, "salesforce-users")
    assert counts(again["people"]) == (4, 0, 0, 3, 1, 0)
    assert again["external_ids"].added == 0


def test_people_known_by_their_address_keep_their_record(take):
    make_person(key="007", email="ann@example.org", name="Ann of HR", role="director")
    files = take(SALESFORCE_PEOPLE, "salesforce-users")
    assert files["people"].not_counted["accounts of people known already"] == 1
    assert people()["007"].name == "Ann of HR"
    logins = take(f"UserId,LoginTime,Status\n{ANN[:15]},2026-01-05T08:48:31.000Z,Success\n", LOGINS)
    assert logins["usage"].added == 1
    [event] = db.session.scalars(select(UsageEvent))
    assert event.person_id == people()["007"].id


LOGINS = "salesforce-login-history"
EVENT_LOG = f""""EVENT_TYPE","TIMESTAMP","USER_ID","USER_NAME","TIMESTAMP_DERIVED","USER_ID_DERIVED","LOGIN_STATUS"
"Login","20260105084831.655","{ANN[:15]}","ann@crm.example","2026-01-05T08:48:31.655Z","{ANN}","LOGIN_NO_ERROR"
"Login","20260105084902.001","{BO[:15]}","bo@crm.example","2026-01-05T08:49:02.001Z","{BO}","LOGIN_ERROR_INVALID_PASSWORD"
"Logout","20260105094902.001","{BO[:15]}","bo@crm.example","2026-01-05T09:49:02.001Z","{BO}",""
"""
HISTORY = f"""Id,UserId,LoginTime,Status,Application
0Ya1,{ANN},2026-01-05T08:48:31.000Z,Success,Browser
0Ya2,{ANN},2026-01-06T08:48:31.000Z,Success,Browser
0Ya3,{ANN},2026-01-06T08:47:31.000Z,Invalid Password,Browser
0Ya4,0058d000002AbZZAA0,2026-01-06T08:47:31.000Z,Success,Browser
0Ya5,,2026-01-06T08:47:31.000Z,Success,Browser
0Ya6,{ANN},,Success,Browser
0Ya7,{ANN},2026-01-07T08:47:31.000Z,,Browser
"""


def test_the_same_login_of_two_exports_is_one(take):
    take(SALESFORCE_PEOPLE, "salesforce-users")
    first = take(gzip.compress(EVENT_LOG.encode()), LOGINS, "log.csv.gz")["usage"]
    assert counts(first) == (3, 1, 0, 2, 0, 0)
    assert first.not_counted == {"failed logins": 1, "events that are no logins": 1}
    second = take(HISTORY, LOGINS)["usage"]
    assert counts(second) == (7, 1, 0, 2, 3, 1)
    assert told(second) == [
        (6, "UserId", "missing"), (7, "LoginTime", "missing"), (8, "Status", "missing"),
    ]  # fmt: skip
    assert told(second, refused=False) == [
        (4, "Status", "not_counted"), (5, "person_id", "unknown_person"),
    ]  # fmt: skip
    assert {(e.kind, e.source) for e in db.session.scalars(select(UsageEvent))} == {
        ("login", LOGINS)
    }


def test_rows_set_aside_come_in_with_their_person(take):
    take(HISTORY, LOGINS)
    waiting = {row.ref for row in db.session.scalars(select(IntakeSetAside))}
    assert waiting == {f"salesforce {ANN}", "salesforce 0058d000002AbZZAA0"}
    take(SALESFORCE_PEOPLE, "salesforce-users")
    assert count_rows(UsageEvent) == 2
    assert count_rows(IntakeSetAside) == 1


def test_the_shape_without_a_zone_wants_one_and_an_order(take):
    text = "Username,Login Time,Status\nann@example.org,{},Success\n"
    make_person(key="A", email="ann@example.org")
    unclear = take(text.format("01/05/2026 03:30 PM"), LOGINS)["usage"]
    assert told(unclear) == [(2, "Login Time", "ambiguous_date")]
    assert counts(unclear) == (1, 0, 0, 0, 1, 0)
    assert "--dates day-first" in unclear.problems[0].message
    naive = take(text.format("01/25/2026 03:30 PM"), LOGINS)["usage"]
    assert told(naive) == [(2, "Login Time", "naive_instant")]
    good = take(
        text.format("01/05/2026 03:30 PM"), LOGINS, zone="Europe/Berlin", is_day_first=False
    )["usage"]
    assert good.added == 1
    [event] = db.session.scalars(select(UsageEvent))
    assert event.occurred_at == datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


OPPORTUNITIES = f'''Id,Name,AccountId,StageName,Amount,CloseDate,CreatedDate,OwnerId,IsClosed,IsWon
006A,"Acme, ""renewal""",001A,Proposal/Price Quote,30000.0,2026-02-28,2026-01-02T03:00:00.000Z,{ANN},false,false
006B,Pilot,,Ganada,12000.5,2026-01-15,2026-01-03T10:00:00.000+0000,{ANN[:15]},true,true
006C,Gone,,Anders,,2026-01-16,2026-01-03T10:00:00.000+0000,{BO},true,false
'''


def test_opportunities_of_data_loader(take):
    take(SALESFORCE_PEOPLE, "salesforce-users")
    deals = take(OPPORTUNITIES, "salesforce-opportunities")["deals"]
    assert counts(deals) == (3, 3, 0, 0, 0, 0)
    assert stored(
        Deal, Deal.deal_key, Deal.stage, Deal.amount, Deal.created_on, Deal.closed_on, Deal.account
    ) == [
        # Three in the morning UTC is the evening before in the programme's zone; a date stays.
        ("006A", "open", Decimal(30000), date(2026, 1, 1), None, "001A"),
        ("006B", "won", Decimal("12000.50"), date(2026, 1, 3), date(2026, 1, 15), None),
        ("006C", "lost", None, date(2026, 1, 3), date(2026, 1, 16), None),
    ]
    assert take(OPPORTUNITIES, "salesforce-opportunities")["deals"].unchanged == 3


REPORT = """Opportunity ID,Opportunity Owner,Opportunity Name,Stage,Amount,Close Date,Probability (%)
006A,Jörg Groß,Acme,Closed Won,"USD 1,250,000.00",1/25/2026,100%
006B,Sam Smith,Beta,Pendiente,"USD 7,500.00",2/3/2026,40%
006C,Jörg  groß,Gamma,Firma prevista,"USD 1,500",2/3/2026,
"""


def test_a_report_names_owners_only_and_says_so_when_two_bear_the_name(take):
    jorg = make_person(name="Jörg Groß")
    make_person(name="Sam Smith")
    make_person(name="sam smith")
    deals = take(REPORT.encode("cp1252"), "salesforce-opportunities")["deals"]
    assert counts(deals) == (3, 1, 0, 0, 1, 1)
    assert deals.encoding == "cp1252"
    assert told(deals) == [(4, "Stage", "unknown_status")]
    assert told(deals, refused=False) == [(3, "person_id", "ambiguous_name")]
    assert stored(
        Deal, Deal.deal_key, Deal.person_id, Deal.amount, Deal.currency, Deal.closed_on
    ) == [("006A", jorg.id, Decimal(1250000), "USD", date(2026, 1, 25))]
    [waiting] = db.session.scalars(select(IntakeSetAside))
    assert (waiting.code, waiting.ref, waiting.line) == ("ambiguous_name", "name Sam Smith", 3)
    again = take(
        REPORT.encode("cp1252"), "salesforce-opportunities", words={"firma prevista": "open"}
    )["deals"]
    assert counts(again) == (3, 1, 0, 1, 0, 1)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("dates", "said", "codes"),
    [
        (("1/25/2026", "2/3/2026"), {}, []),
        (("25/1/2026", "2/3/2026"), {}, []),
        (("1/5/2026", "2/3/2026"), {}, [(2, "Close Date", "ambiguous_date")]),
        (("5/5/2026", "3/3/2026"), {}, []),
        (("1/25/2026", "25/1/2026"), {}, [(3, "Close Date", "ambiguous_date")]),
        (("1/25/2026", "25/1/2026"), {"is_day_first": True}, [(2, "Close Date", "not_a_date")]),
    ],
)
def test_day_and_month_are_told_apart_over_the_whole_file(take, dates, said, codes):
    make_person(name="Ann Lee")
    rows = "".join(f"006{place},Ann Lee,Closed Won,{day}\n" for place, day in enumerate(dates))
    text = f"Opportunity ID,Opportunity Owner,Stage,Close Date\n{rows}"
    deals = take(text, "salesforce-opportunities", **said)["deals"]
    assert told(deals) == codes
    assert deals.rows == 2


# ---- HubSpot


HUBSPOT_PEOPLE = """User ID,First name,Last name,Email,Last login date,Assigned teams,Role,Permissions
1,Ann,Lee,ann@example.org,2026-01-05,"Central; Inside sales",,
2,Bo,Ord,bo@example.org,,,,
"""
HUBSPOT_DEALS = """\N{ZERO WIDTH NO-BREAK SPACE}"Record ID","Deal Name","Deal Stage","Pipeline","Amount","Close Date","Deal owner","Create Date"
"1001","Acme renewal","Closed Won","Sales","$5,000","2026-01-25 23:30","Ann Lee","2026-01-02 08:00"
"1002","Beta pilot","Decision Maker Bought-In","Sales","","2026-03-01 09:00","","2026-01-03 08:00"
"1003","Gamma","Signed at last","Sales","1,200.50","","Bo Ord","2026-01-03 08:00"
"0004","Delta","Closed Lost","Sales","0","1769299200000","Nobody Here","2026-01-03 08:00"
"""


def test_people_of_hubspot_make_no_usage(take):
    files = take(HUBSPOT_PEOPLE, "hubspot-owners")
    assert counts(files["people"]) == (2, 2, 0, 0, 0, 0)
    assert {field for _row, field, _code in told(files["people"], refused=False)} == {
        "Last login date", "Assigned teams",
    }  # fmt: skip
    assert set(people()) == {"hubspot-1", "hubspot-2"}
    assert count_rows(UsageEvent) == 0
    again = take(HUBSPOT_PEOPLE, "hubspot-owners")
    assert again["people"].unchanged == 2
    assert stored(ExternalId, ExternalId.system, ExternalId.ref) == [
        ("hubspot", "1"),
        ("hubspot", "2"),
    ]


def test_deals_of_hubspot(take):
    take(HUBSPOT_PEOPLE, "hubspot-owners")
    deals = take(HUBSPOT_DEALS, "hubspot-deals")["deals"]
    assert counts(deals) == (4, 1, 0, 0, 2, 1)
    assert told(deals) == [(3, "Deal owner", "missing"), (4, "Deal Stage", "unknown_status")]
    assert told(deals, refused=False) == [(5, "person_id", "unknown_person")]
    words = {"signed at last": "won"}
    assert take(HUBSPOT_DEALS, "hubspot-deals", words=words)["deals"].added == 1
    assert stored(Deal, Deal.deal_key, Deal.stage, Deal.amount, Deal.closed_on) == [
        ("1001", "won", Decimal(5000), date(2026, 1, 25)),
        ("1003", "won", Decimal("1200.50"), None),
    ]
    make_person(name="nobody here")
    take(HUBSPOT_PEOPLE.replace("Ann", "Anne"), "hubspot-owners")
    assert count_rows(IntakeSetAside) == 0
    # Noon and midnight of a date written in milliseconds are that date, whatever the zone.
    assert ("0004", date(2026, 1, 25)) in stored(Deal, Deal.deal_key, Deal.closed_on)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("amounts", "said", "stored_as", "refused"),
    [
        (("1.234,50", "1.500"), {}, ["1234.50", "1500"], []),
        (("1,234.50", "1,500"), {}, ["1234.50", "1500"], []),
        (("1,234", "1,500"), {}, ["1234", "1500"], []),
        (("1.234", "7"), {}, ["7"], [2]),
        (("1.234", "7"), {"is_comma_decimal": True}, ["1234", "7"], []),
        (("1,5", "1.5", "1,500"), {}, ["1.5", "1.5"], [4]),
        (("(300)", "12 %"), {}, ["-300", "12"], []),
        (("a lot", "5"), {}, ["5"], [2]),
    ],
)
def test_amounts_are_read_by_what_the_whole_file_shows(take, amounts, said, stored_as, refused):
    make_person(name="Ann Lee")
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Record ID", "Deal Stage", "Amount", "Deal owner"])
    rows.writerows([str(n), "Closed Won", amount, "Ann Lee"] for n, amount in enumerate(amounts))
    deals = take(text.getvalue(), "hubspot-deals", **said)["deals"]
    assert [row for row, _field, _code in told(deals)] == refused
    found = [row[1] for row in stored(Deal, Deal.deal_key, Deal.amount)]
    assert found == [Decimal(amount) for amount in stored_as]


# ---- Entra


ENTRA_HEADER = (
    "Date (UTC),Request ID,Correlation ID,User ID,User,Username,Incoming token type,"
    "Application,Application ID ,Resource ID ,Autonomous system  number,Incoming token type,Status,"
)
ENTRA_ROWS = (
    ("2026-01-05T08:19:50Z", "r3", "c1", "Success"),
    ("2026-01-05T08:19:45Z", "r2", "c1", "Success"),
    ("2026-01-05T08:19:41Z", "r1", "c1", "Interrupted"),
    ("2026-01-05T07:00:00Z", "r0", "c0", "Failure"),
    ("2026-01-05T06:00:00Z", "r9", "c9", "Success"),
)


def entra(rows=ENTRA_ROWS, upn="Ann@Example.org"):
    lines = [
        f"{at},{request},{flow},guid-1,Ann Lee,{upn},none,App,a1,r1,64512,none,{status},"
        for at, request, flow, status in rows
    ]
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + "\r\n".join([ENTRA_HEADER, *lines]) + "\r\n"


def test_several_rows_of_an_entra_sign_in_are_one_event(take):
    make_person(email="ann@example.org")
    usage = take(entra(), "entra-sign-ins")["usage"]
    assert counts(usage) == (5, 2, 0, 3, 0, 0)
    assert usage.not_counted == {
        "further rows of the same sign-in": 1,
        "interrupted sign-ins": 1,
        "failed sign-ins": 1,
    }
    moments = sorted(db.session.scalars(select(UsageEvent.occurred_at)))
    assert moments == [
        datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2026, 1, 5, 8, 19, 45, tzinfo=UTC),
    ]  # fmt: skip
    again = take(entra(tuple(reversed(ENTRA_ROWS))), "entra-sign-ins")["usage"]
    assert (again.added, again.changed) == (0, 0)


@pytest.mark.sqlite_only
def test_the_portal_of_old_writes_local_times(take):
    make_person(email="ann@example.org")
    text = (
        "CreatedDateTime,UserPrincipalName,Status,CorrelationId\n"
        "3/12/2025 7:22:01 AM,ann@example.org,Success,c1\n"
        "3/13/2025 7:22:01 PM,ann@example.org,Success,c2\n"
    )
    assert told(take(text, "entra-sign-ins")["usage"]) == [
        (2, "CreatedDateTime", "naive_instant"), (3, "CreatedDateTime", "naive_instant"),
    ]  # fmt: skip
    assert take(text, "entra-sign-ins", zone="America/New_York")["usage"].added == 2
    assert datetime(2025, 3, 13, 23, 22, 1, tzinfo=UTC) in set(
        db.session.scalars(select(UsageEvent.occurred_at))
    )


# ---- Google Workspace


def google(*events, mail="ann@example.org", time="2026-01-05T08:20:00.481Z", number="1"):
    return json.dumps(
        {
            "kind": "admin#reports#activity",
            "id": {"time": time, "uniqueQualifier": number},
            "actor": {"email": mail, "profileId": "77"},
            "events": list(events) if len(events) != 1 else events[0],
        }
    )


SUCCESS, FAILURE = {"type": "login", "name": "login_success"}, {"name": "login_failure"}


def test_google_logins(take):
    ann = make_person(email="ann@example.org")
    text = "\n".join(
        [
            google({"name": "login_challenge"}, SUCCESS),
            google(FAILURE, number="2"),
            google({"name": "logout"}, number="3"),
            "{broken",
            "",
            google(SUCCESS, mail="", number="4"),
            google(SUCCESS, number="5", time="soon"),
            google(SUCCESS, number="6", mail="who@example.org"),
            "[1]",
        ]
    )
    usage = take(text, "google-workspace-logins", "login.jsonl")["usage"]
    assert counts(usage) == (8, 1, 0, 2, 3, 2)
    assert usage.not_counted == {"failed logins": 1, "sign-outs": 1}
    assert told(usage) == [
        (4, None, "not_an_event"), (7, "id.time", "not_an_instant"), (9, None, "not_an_event"),
    ]  # fmt: skip
    [event] = db.session.scalars(select(UsageEvent))
    assert (event.person_id, event.occurred_at.microsecond) == (ann.id, 481000)
    packed = gzip.compress(text.encode())
    assert take(packed, "google-workspace-logins", "login.jsonl.gz")["usage"].added == 0


@pytest.mark.sqlite_only
def test_the_download_of_the_google_console(take):
    make_person(email="ann@example.org")
    text = (
        "Event Name,User,Date\nSuccessful Login,ann@example.org,2026-01-05T08:20:00+01:00\n"
        "Failed Login,ann@example.org,2026-01-05T08:19:00+01:00\n"
    )
    usage = take(text, "google-workspace-logins")["usage"]
    assert counts(usage) == (2, 1, 0, 1, 0, 0)
    assert usage.not_counted == {"failed logins": 1}


REPORTED = [
    google(SUCCESS),
    google(FAILURE, number="2"),
    google(SUCCESS, number="3", time="2026-01-06T08:20:00Z"),
    google(SUCCESS, number="4", time="soon"),
]
PRINTED = [json.dumps(json.loads(one), indent=2) for one in REPORTED]
TEXTS = {
    "a list in one line": "[" + ",".join(REPORTED) + "]",
    "a list by line": "[\n" + ",\n".join(REPORTED) + "\n]\n",
    "a list as printed": "\ufeff[\n" + ",\n".join(PRINTED) + "\n]\n",
    "an answer": '{"kind":"admin#reports#activities","etag":"\\"x\\"","items":['
    + ",".join(REPORTED)
    + '],"nextPageToken":"y"}',
    "an answer as printed": '{\n  "kind": "admin#reports#activities",\n  "items": [\n'
    + ",\n".join(PRINTED)
    + "\n  ]\n}\n",
    "objects as printed": "\n".join(PRINTED),
    "lines": "\n".join(REPORTED),
}
REFUSED_AT = {"a list as printed": 46, "an answer as printed": 48, "objects as printed": 45}


@pytest.mark.parametrize("way", TEXTS)
def test_a_google_report_comes_as_any_json(take, way):
    ann = make_person(email="ann@example.org")
    usage = take(TEXTS[way], "google-workspace-logins", "login.json")["usage"]
    assert counts(usage) == (4, 2, 0, 1, 1, 0)
    [(line, field, code)] = told(usage)
    assert (field, code) == ("id.time", "not_an_instant")
    assert line == REFUSED_AT.get(way, 5 if way == "a list by line" else 4)
    events = list(db.session.scalars(select(UsageEvent).order_by(UsageEvent.occurred_at)))
    assert [event.person_id for event in events] == [ann.id, ann.id]
    again = take(TEXTS["a list in one line"], "google-workspace-logins", "again.json")["usage"]
    assert (again.added, again.changed) == (0, 0)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("text", "taken", "said"),
    [
        ("[" + ",".join(REPORTED[:3]), 2, "breaks off here without its end"),
        ("[" + ",".join(REPORTED[:3]) + ',{"id":', 2, "From here on the file is not JSON"),
        ("[" + REPORTED[0] + ",}," + REPORTED[2] + "]", 1, "From here on the file is not JSON"),
        ("[" + REPORTED[0] + ',"' + "x" * (3 << 19) + '"]', 1, "longer than a megabyte"),
        ("[" + REPORTED[0] + ",[[" * 9_000, 1, "not JSON"),
        ("[7," + REPORTED[0] + "]", 1, "no activity of a report"),
    ],
)
def test_a_broken_list_says_where_and_keeps_what_stands_before(take, text, taken, said):
    make_person(email="ann@example.org")
    usage = take(text, "google-workspace-logins", "login.json")["usage"]
    assert usage.added == taken
    assert said in " ".join(problem.message for problem in usage.problems if problem.refuses)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("text", ["[]", "[\n]\n", '{"kind":"a","items":[]}'])
def test_an_empty_list_is_no_row(take, text):
    assert counts(take(text, "google-workspace-logins", "l.json")["usage"]) == (0, 0, 0, 0, 0, 0)


@pytest.mark.sqlite_only
def test_a_long_list_needs_little_memory():
    """Two hundred thousand activities in one line, read as they come."""

    class Endless(io.RawIOBase):
        """A list far longer than what is kept of it."""

        left = 200_000
        rest = b"["

        def read(self, size=-1):
            while len(self.rest) < size and self.left:
                self.left -= 1
                self.rest += REPORTED[0].encode() + (b"," if self.left else b"]")
            given, self.rest = self.rest[:size], self.rest[size:]
            return given

    tracemalloc.start()
    count = sum(item.fault is None for item in json_stream.items(Endless()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 4 << 20


# ---- Moodle


MOODLE = """ID,Name,Email address,Intro,Intro - Completion date,Hands-on,Hands-on - Completion date,Course complete
982,Ann Lee,ANN@example.org,Completed,"05/01/26, 09:40",Completed (achieved pass grade),"06/01/26, 10:00","06/01/26, 10:01"
983,Bo Ord,bo@example.org,Not completed,,Completed (did not achieve pass grade),"07/01/26, 10:00",
984,Cy Day,cy@example.org,Abgeschlossen,"07/01/26, 10:00",Not completed,,
985,No Body,,Completed,"07/01/26, 10:00",Not completed,,
986,Di Eve,di@example.org,Completed,,Not completed,,
"""


def test_moodle_completions_of_an_utf_16_table(take):
    ann = make_person(email="ann@example.org")
    bo = make_person(email="bo@example.org")
    rows = list(csv.reader(io.StringIO(MOODLE)))
    text = "\r\n".join("\t".join(row) for row in rows)
    found = take(
        text.encode("utf-16"), "moodle-completions", zone="Europe/Berlin",
        words={"course complete": "basics", "hands-on": "practice"},
    )["completions"]  # fmt: skip
    assert found.encoding == "utf-16"
    assert counts(found) == (7, 4, 0, 0, 2, 1)
    assert told(found) == [
        (4, "Intro", "unknown_status"), (6, "Intro - Completion date", "missing"),
    ]  # fmt: skip
    slugs = {row.id: row.slug for row in db.session.execute(select(Course.id, Course.slug))}
    rows = [
        (slugs[row.course_id], row.person_id, row.completed_at, row.is_passed)
        for row in db.session.scalars(select(Completion))
    ]
    assert sorted(rows) == [
        ("basics", ann.id, datetime(2026, 1, 6, 9, 1, tzinfo=UTC), True),
        ("intro", ann.id, datetime(2026, 1, 5, 8, 40, tzinfo=UTC), True),
        ("practice", ann.id, datetime(2026, 1, 6, 9, tzinfo=UTC), True),
        ("practice", bo.id, datetime(2026, 1, 7, 9, tzinfo=UTC), False),
    ]


@pytest.mark.sqlite_only
def test_a_site_of_another_language_and_order(take):
    make_person(email="cy@example.org")
    make_person(email="ann@example.org")
    text = MOODLE.replace("05/01/26", "12/31/25")
    found = take(
        text, "moodle-completions", zone="UTC", words={"abgeschlossen": "completed"}
    )["completions"]  # fmt: skip
    days = sorted(db.session.scalars(select(Completion.local_day)))
    assert days[0] == date(2025, 12, 31)
    assert days[-1] == date(2026, 7, 1)
    assert (1, "Course complete", "not_counted") in told(found, refused=False)


# ---- Whatever the preset


def test_a_workbook_reads_like_the_text_it_stands_for(take, tmp_path):
    make_person(name="Ann Lee")
    path = tmp_path / "deals.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, ["Record ID", "Deal Stage", "Amount", "Close Date", "Deal owner"])
    sheet.write_row(1, 0, ["001", "Closed Won", 5000.5])
    sheet.write_datetime(1, 3, datetime(2026, 4, 3), day)  # noqa: DTZ001 - a cell has no zone
    sheet.write(1, 4, "Ann Lee")
    sheet.write_row(2, 0, ["002", "Closed Won", "5,000.50", "25/12/2026", "Ann Lee"])
    book.close()
    deals = take(None, "hubspot-deals", path=path)["deals"]
    assert counts(deals) == (2, 2, 0, 0, 0, 0)
    assert stored(Deal, Deal.deal_key, Deal.amount, Deal.closed_on) == [
        ("001", Decimal("5000.50"), date(2026, 4, 3)),
        ("002", Decimal("5000.50"), date(2026, 12, 25)),
    ]


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("preset", "lacking"),
    [
        ("salesforce-users", "Id"),
        ("salesforce-login-history", "TIMESTAMP_DERIVED"),
        ("salesforce-opportunities", "StageName"),
        ("hubspot-deals", "Record ID"),
        ("hubspot-owners", "User ID"),
        ("entra-sign-ins", "Date (UTC)"),
        ("google-workspace-logins", "Event Name"),
        ("moodle-completions", "Email address"),
    ],
)
def test_the_wrong_file_is_refused_by_name(take, preset, lacking):
    [file] = take("colour,size\nred,1\n", preset).values()
    assert file.is_refused
    [problem] = file.problems
    assert problem.code == "missing_column"
    assert lacking in problem.message


@pytest.mark.sqlite_only
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_bad_lines(take, separator):
    make_person(name="Ann Lee")
    rows = [
        "Record ID,Deal Stage,Deal owner",
        "1,Closed Won,Ann Lee",
        "2,Closed Won",
        '3,"x',
        "4,Closed Lost,Ann Lee",
    ]
    text = "\n".join(rows).replace(",", separator)
    deals = take(text, "hubspot-deals")["deals"]
    assert counts(deals) == (4, 2, 0, 0, 2, 0)
    assert told(deals) == [(3, None, "wrong_cell_count"), (4, None, "unclosed_quote")]


@pytest.mark.sqlite_only
def test_a_needed_column_twice_is_refused(take):
    [file] = take("Record ID,Deal Stage,Deal owner,Deal stage\n1,a,b,c\n", "hubspot-deals").values()
    assert [problem.code for problem in file.problems] == ["duplicate_column"]


@pytest.mark.skipif(not REAL.is_dir(), reason="the sample exports are not here")
@pytest.mark.parametrize(
    ("name", "preset", "rows"),
    [
        ("salesforce_user_dataloader.csv", "salesforce-users", 3),
        ("salesforce_loginhistory_soql.csv", "salesforce-login-history", 2),
        ("salesforce_eventlogfile_login.csv", "salesforce-login-history", 2),
        ("salesforce_opportunity_dataloader.csv", "salesforce-opportunities", 2),
        ("hubspot_users.csv", "hubspot-owners", 1),
        ("hubspot_deals.csv", "hubspot-deals", 2),
        ("google_workspace_login_activity.jsonl", "google-workspace-logins", 2),
        ("moodle_course_completion.csv", "moodle-completions", 3),
    ],
)
def test_the_samples_come_in_twice_and_change_nothing_the_second_time(take, name, preset, rows):
    take(None, "salesforce-users", path=REAL / "salesforce_user_dataloader.csv")
    first = take(None, preset, path=REAL / name, zone="Europe/Berlin")
    assert next(iter(first.values())).rows == rows
    again = take(None, preset, path=REAL / name, zone="Europe/Berlin")
    assert all((file.added, file.changed) == (0, 0) for file in again.values())
