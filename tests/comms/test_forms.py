"""Playbook parts of the comms room: what is read, and what is refused where."""

from datetime import date, time
from pathlib import Path

import pytest

from comms.forms import CampaignPlan, TipPlan, campaigns_part, tips_part
from core.playbook import PlaybookPart, PlaybookRefused, read_text


def parts(text: str, folder: Path) -> dict:
    def nothing(_run, _value):
        return ()

    known = [
        PlaybookPart("programme", 0, lambda node: None, nothing),
        PlaybookPart("tips", 50, tips_part, nothing),
        PlaybookPart("campaigns", 60, campaigns_part, nothing),
    ]
    book = read_text(f"programme: {{slug: a}}\n{text}".encode(), known, folder)
    return {part.key: value for part, value in book.values}


def test_tips_and_campaigns_as_the_contract_writes_them(tmp_path: Path) -> None:
    (tmp_path / "tips").mkdir()
    (tmp_path / "tips" / "first.md").write_text("Offer **two** dates.\r\n", encoding="utf-8")
    found = parts(
        "tips: [{slug: first-proposal, subject: 'Hi {first_name}', body_file: tips/first.md,"
        " about: proposal_created}]\n"
        "campaigns: [{slug: weekly-tip, cadence: weekly, day: tue, time: '09:00',"
        " audience: {states: [trying, lapsed]}, holdout_percent: 10, tips: next_best}]\n",
        tmp_path,
    )
    assert found["tips"] == (
        TipPlan("first-proposal", "Hi {first_name}", "Offer **two** dates.", "proposal_created"),
    )
    assert found["campaigns"] == (
        CampaignPlan("weekly-tip", "weekly", 1, time(9), ("trying", "lapsed"), 10, ()),
    )


def test_what_need_not_be_said(tmp_path: Path) -> None:
    found = parts(
        "tips: [{slug: a, subject: A, body: Text}]\n"
        "campaigns: [{slug: c, day: mon, time: '08:30', tips: [a], ends_on: 2026-05-01}]",
        tmp_path,
    )
    assert found["tips"] == (TipPlan("a", "A", "Text", None),)
    assert found["campaigns"] == (
        CampaignPlan("c", "weekly", 0, time(8, 30), (), 0, ("a",), None, date(2026, 5, 1)),
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("tips:\n- {slug: a, subject: A}", 3, "either body_file or body"),
        ("tips:\n- {slug: a, subject: A, body_file: none.md}", 3, "cannot be read"),
        ("tips:\n- {slug: a, subject: A, body_file: ../../etc/passwd}", 3, "outside"),
        ("tips:\n- {slug: a, subject: A, body: 'Your {rank}'}", 3, "cannot be filled in"),
        ("tips:\n- {slug: a, subject: A, body: B}\n- {slug: a, subject: A, body: B}", 2, "twice"),
        ("campaigns:\n- {slug: a, day: tue}", 3, "time is missing"),
        ("campaigns:\n- {slug: a, day: tuesday, time: '09:00'}", 3, "not one of"),
        ("campaigns:\n- {slug: a, day: tue, time: 10:30}", 3, "time of day"),
        ("campaigns:\n- {slug: a, day: tue, time: '09:00', holdout_percent: 100}", 3, "outside"),
        ("campaigns:\n- {slug: a, day: tue, time: '09:00', cadence: daily}", 3, "not one of"),
        (
            "campaigns:\n- {slug: a, day: tue, time: '09:00', audience: {states: [left]}}",
            3,
            "not one of",
        ),
        ("campaigns:\n- {slug: a, day: tue, time: '09:00', tips: best}", 3, "next_best"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(PlaybookRefused) as refused:
        parts(text, tmp_path)
    (fault,) = refused.value.faults
    assert fault.line == line
    assert said in fault.message
