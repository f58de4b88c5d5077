"""Every playbook that is shipped applies, twice without a change, and fits the JSON Schema."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from flask import current_app

from core.playbook import read
from programme.cli import apply_playbook

FOLDER = Path(__file__).resolve().parent.parent.parent / "playbooks"
SHIPPED = sorted(FOLDER.glob("*.yaml"))
NOW = datetime(2016, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_playbook_applies_and_the_second_time_changes_nothing(app, path):
    book = read(path, current_app.extensions["pennant"]["playbook_parts"])
    changes, _notices = apply_playbook(book, approve_as=None, dry_run=False, now=NOW)
    assert changes
    assert apply_playbook(book, approve_as=None, dry_run=False, now=NOW)[0] == []


@pytest.mark.sqlite_only
def test_the_schema_knows_every_key_of_every_part(app):
    schema = json.loads((FOLDER / "playbook.schema.json").read_text(encoding="utf-8"))
    parts = {part.key for part in current_app.extensions["pennant"]["playbook_parts"]}
    assert set(schema["properties"]) == parts


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_playbooks_use_keys_of_the_schema_only(path):
    schema = json.loads((FOLDER / "playbook.schema.json").read_text(encoding="utf-8"))
    _walk(yaml.safe_load(path.read_text(encoding="utf-8")), schema, "")


def _walk(value, schema, where):
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"]), where
        assert set(schema.get("required", ())) <= set(value), where
        for key, inner in value.items():
            _walk(inner, schema["properties"][key], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, inner in enumerate(value):
            _walk(inner, schema["items"], f"{where}[{number}]")
    if "enum" in schema:
        assert value in schema["enum"], where
