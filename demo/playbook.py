"""The demo's programme as a playbook (CONTRACT section 4): courses, races, tips, the campaign."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from demo.dates import AUTUMN, FINISH, LAUNCH, SPRING, SUMMER, WINTER, ZONE, Timeline
from demo.names import TOOL
from demo.parameters import TIP_CAMPAIGN, TIP_HOLDOUT_PERCENT
from demo.people import Company
from demo.tips import TIPS
from demo.training import DUE_DAYS, INTRO, PROPOSALS

SLUG = "csp"


def _race(slug: str, title: str, when: tuple[date, date], teams: list[str] | str) -> dict[str, Any]:
    """A two-week participation race after METRICS 5.4's defaults."""
    start, end = when
    return {
        "slug": slug,
        "title": title,
        "unit": "team",
        "teams": teams,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "mode": "participation",
        "rules": [
            {"kind": "guided_use", "points": 10, "daily_cap": 1, "unique": "object_day"},
            {"kind": "proposal_created", "points": 10, "daily_cap": 1, "unique": "object"},
            {"kind": "sequence_run", "points": 10, "daily_cap": 1, "unique": "object"},
        ],
        "target_days": 2,
        "goal": 0.75,
        "min_team_size": 3,
        "baseline_days": 28,
        "freeze_hours": 24,
        "prizes": [
            {"place": "goal", "title": "Team lunch", "cost": 15000},
            {"place": 1, "title": "Team dinner", "cost": 50000, "reserve_score": 0.5},
            {"place": 2, "title": "Team dinner", "cost": 50000, "reserve_score": 0.5},
            {"place": 3, "title": "Team dinner", "cost": 50000, "reserve_score": 0.5},
        ],
    }


def _races(company: Company, line: Timeline) -> list[dict[str, Any]]:
    """Spring for the half of the teams drawn first, summer for the other half, then all."""

    def moved(when: tuple[date, date]) -> tuple[date, date]:
        return line.moved(when[0]), line.moved(when[1])

    halves = {
        half: [team.name for team in company.teams if team.half == half] for half in ("A", "B")
    }
    return [
        _race("spring", "Spring race", moved(SPRING), halves["A"]),
        _race("summer", "Summer race", moved(SUMMER), halves["B"]),
        _race("autumn", "Autumn race", moved(AUTUMN), "all"),
        _race("finish", "Finish race", moved(FINISH), "all"),
        _race("winter", "Winter race", moved(WINTER), "all"),
    ]


def _outcomes() -> list[dict[str, Any]]:
    return [
        {
            "slug": "revenue_per_rep",
            "title": "Won revenue per rep and month",
            "unit": "USD",
            "direction": "up",
            "baseline": 5200,
            "targets": {"Q1": 5400, "Q2": 5700, "Q3": 6000, "Q4": 6400},
            "metrics": ["sustained_adoption", "due_behaviour_coverage"],
        }
    ]


def playbook(company: Company, line: Timeline, sponsor: str) -> dict[str, Any]:
    """The playbook as plain data; tips carry their text until it is written to files."""
    return {
        "programme": {
            "slug": SLUG,
            "name": f"{TOOL} rollout",
            "sponsor": sponsor,
            "time_zone": ZONE,
            "week_start": "monday",
            "workweek": ["mon", "tue", "wed", "thu", "fri"],
            "holidays": [day.isoformat() for day in line.holidays()],
            "launch_on": line.moved(LAUNCH).isoformat(),
            "login_kind": "login",
            "key_actions": ["guided_use", "proposal_created", "sequence_run"],
            "due_action": "sequence_run",
            "adoption_rule": {
                "target_days": 2,
                "k": 3,
                "n": 4,
                "lookback": 6,
                "min_available_days": 3,
                "horizon_days": 60,
            },
            "goal": {"low": 0.40, "high": 0.50},
            "respond_days": 2,
            "weekly_decay": 0.20,
            "late_grace_hours": 48,
            "min_group": 5,
            "leak_per_year": 300000,
            "build_cost": 60000,
            "currency": "USD",
        },
        "courses": [
            {"slug": INTRO, "title": f"Introduction to {TOOL}", "kind": "elearning", "minutes": 20},
            {
                "slug": PROPOSALS,
                "title": "Proposals that get read",
                "kind": "lunch_and_learn",
                "minutes": 45,
            },
        ],
        "milestones": [
            {
                "course": INTRO,
                "for": {"roles": ["rep"]},
                "due_days_after_start": DUE_DAYS,
                "mandatory": True,
                "hands_on": {"kind": "guided_use", "count": 1, "within_hours": 48},
            }
        ],
        "contests": _races(company, line),
        "outcomes": _outcomes(),
        "tips": [
            {
                "slug": tip.slug,
                "subject": tip.subject,
                "body_file": f"tips/{tip.slug}.md",
                **({"about": tip.about} if tip.about else {}),
            }
            for tip in TIPS
        ],
        "campaigns": [
            {
                "slug": TIP_CAMPAIGN,
                "cadence": "weekly",
                "day": "tue",
                "time": "09:00",
                "audience": {"states": ["not_started", "trying", "lapsed"]},
                "holdout_percent": TIP_HOLDOUT_PERCENT,
                "tips": "next_best",
            }
        ],
        "asks": [
            {
                "slug": "what-else",
                "question": (
                    "Other than training, what else needs to happen for you to fully use this?"
                ),
                "to": {"roles": ["rep"]},
                "anonymous": True,
            }
        ],
    }


def at_stage(plan: dict[str, Any], races: int) -> dict[str, Any]:
    """The playbook as it stood when its first `races` contests had been announced."""
    known = {tip.slug for tip in TIPS if tip.since <= races}
    return {
        **plan,
        "contests": plan["contests"][:races],
        "tips": [tip for tip in plan["tips"] if tip["slug"] in known],
    }


def write_playbook(plan: dict[str, Any], folder: Path) -> Path:
    """Writes `playbook.yaml` and its tips; JSON is YAML, so the standard library is enough."""
    tips = folder / "tips"
    tips.mkdir(exist_ok=True)
    for tip in TIPS:
        (tips / f"{tip.slug}.md").write_text(tip.body, encoding="utf-8")
    path = folder / "playbook.yaml"
    path.write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
