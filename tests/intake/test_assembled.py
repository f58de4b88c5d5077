"""The import command of the whole application: every room's kinds, enrolment, and a kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.db import count_rows, db
from core.intake.models import ImportRun
from core.intake.registry import registry
from people import queries
from people.models import Absence
from programme import queries as programmes
from tests.factories.people import make_person
from tests.factories.programme import make_programme

ROOT = Path(__file__).resolve().parents[2]
ROWS = 60_000


@pytest.mark.sqlite_only
def test_every_kind_of_the_contract_is_there_in_its_order(app):
    found = registry()
    wanted = ["people", "memberships", "absences", "deals", "usage", "assignments", "completions"]
    assert [name for name in found.kinds if name in wanted] == wanted
    assert {follower.kind for follower in found.followers} == {"people"}


@pytest.mark.sqlite_only
def test_people_imported_for_a_programme_are_enrolled_in_it(app, tmp_path):
    one, two = make_programme(slug="one"), make_programme(slug="two")
    path = tmp_path / "people.csv"
    path.write_text("person_id,email,name\nP1,a@example.org,A\n")
    result = app.test_cli_runner().invoke(
        args=["import", str(path), "--programme", "one", "--json"]
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["files"][0]["added"] == 1
    everywhere = tmp_path / "people2" / "people.csv"
    everywhere.parent.mkdir()
    everywhere.write_text("person_id,email,name\nP2,b@example.org,B\n")
    assert app.test_cli_runner().invoke(args=["import", str(everywhere)]).exit_code == 0
    ids = queries.by_key()
    assert programmes.members(one.id) == {ids["P1"], ids["P2"]}
    assert programmes.members(two.id) == {ids["P2"]}


def stored() -> int:
    """Absences another process has committed by now."""
    db.session.rollback()
    return count_rows(Absence)


@pytest.mark.processes
def test_a_killed_import_leaves_whole_batches_and_is_completed_by_the_next(app, settings, tmp_path):
    make_person(key="P1")
    path = tmp_path / "absences.csv"
    days = (f"P1,{1900 + n // 300}-{n % 12 + 1:02}-{n % 25 + 1:02}" for n in range(ROWS))
    rows = [f"{day},2199-12-{n % 28 + 1:02}" for n, day in enumerate(days)]
    path.write_text("\n".join(["person_id,start_date,end_date", *rows]))
    different = len(set(rows))
    command = [sys.executable, "-m", "flask", "import", str(path)]
    environment = os.environ | {
        "PENNANT_DATABASE_URL": settings.database_url,
        "PENNANT_SECRET_KEY": settings.secret_key,
        "PENNANT_BASE_URL": settings.base_url,
        "PENNANT_INSTANCE_DIR": settings.instance_dir,
    }
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    patience = time.monotonic() + 60
    while not stored() and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    _out, said = process.communicate()
    kept = stored()
    assert kept, said.decode()
    told = db.session.scalar(select(func.sum(ImportRun.added)))
    assert kept == told
    again = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert stored() == different, again.stderr.decode()
    last = db.session.scalars(select(ImportRun).order_by(ImportRun.id.desc())).first()
    assert (last.rows, last.added, last.refused) == (ROWS, different - kept, 0)
