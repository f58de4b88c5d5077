"""The schema steps bring an empty database up to exactly what the models say, and lose no row."""

import ast
import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from core.db import Base, db
from tests.conftest import ROOT, assemble, settings_for

VERSIONS = ROOT / "migrations" / "versions"
STEPS = sorted(VERSIONS.glob("[0-9]*.py"))
MAY_IMPORT = {"alembic", "sqlalchemy", "datetime", "hashlib", "json"}

TWO_STEPS = {
    "0001_parents.py": """
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("spare", sa.Integer))
    op.create_table("child", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("parent_id", sa.Integer,
                              sa.ForeignKey("parent.id", ondelete="CASCADE")))
    op.execute("INSERT INTO parent (id, spare) VALUES (1, 1)")
    op.execute("INSERT INTO child (id, parent_id) VALUES (1, 1), (2, 1)")
""",
    "0002_drop_spare.py": """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    with op.batch_alter_table("parent", recreate="always") as batch:
        batch.drop_column("spare")
""",
    "0003_orphan.py": """
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("DELETE FROM parent")
""",
}


def constants(path: Path) -> dict[str, object]:
    """The plain module constants of a step, read without running it."""
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            found[target.id] = node.value.value
    return found


def test_there_are_steps_and_their_numbers_are_in_order():
    assert STEPS, "migrations/versions is empty"
    numbers = [path.name[:4] for path in STEPS]
    assert numbers == [f"{number:04d}" for number in range(1, len(STEPS) + 1)]
    for path, before in zip(STEPS, [None, *numbers], strict=False):
        assert constants(path)["revision"] == path.name[:4]
        assert constants(path).get("down_revision") == before


def test_a_step_imports_nothing_of_the_app():
    for path in STEPS:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] in MAY_IMPORT, path.name
            elif isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= MAY_IMPORT, path.name


def test_the_steps_build_what_the_models_say(app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
        reached = context.get_current_revision()
    assert differences == []
    assert reached == STEPS[-1].name[:4]


def small_migrations(tmp_path: Path, steps: int) -> str:
    """A folder with our env.py and the first of the steps above."""
    place = tmp_path / "steps"
    if not place.exists():
        shutil.copytree(ROOT / "migrations", place, ignore=shutil.ignore_patterns("versions"))
        (place / "versions").mkdir()
        config = (place / "alembic.ini").read_text()
        (place / "alembic.ini").write_text(config.replace("= migrations", f"= {place}"))
    for name, source in list(TWO_STEPS.items())[:steps]:
        (place / "versions" / name).write_text(source)
    return str(place)


@pytest.mark.sqlite_only
def test_rebuilding_a_table_on_sqlite_keeps_the_rows_that_point_to_it(tmp_path, caplog):
    from flask_migrate import upgrade

    app = assemble(settings_for(f"sqlite:///{tmp_path / 'old.db'}", tmp_path))
    with app.app_context():
        upgrade(directory=small_migrations(tmp_path, 2))
        assert db.session.scalar(text("SELECT count(*) FROM child")) == 2
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
        db.session.remove()
        with pytest.raises(SystemExit):  # as the command ends, with the reason logged
            upgrade(directory=small_migrations(tmp_path, 3))
        assert "without their parent" in caplog.text
        assert db.session.scalar(text("SELECT count(*) FROM parent")) == 1
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) == "0002"
        db.session.remove()
        db.engine.dispose()
