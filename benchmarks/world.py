"""A company of any size for the benchmarks, brought in through the import files like any other."""

from datetime import UTC, datetime, timedelta

from benchmarks.ground import Ground

PLAYBOOK = """
programme: {slug: bench, name: Benchmark rollout, time_zone: UTC, week_start: monday,
  workweek: [mon, tue, wed, thu, fri], launch_on: %(launch)s, login_kind: login,
  key_actions: [guided_use, proposal_created, sequence_run], due_action: sequence_run,
  adoption_rule: {target_days: 2, k: 3, n: 4, lookback: 6, min_available_days: 3, horizon_days: 60},
  goal: {low: 0.40, high: 0.50}, currency: USD}
"""


def person_key(number: int) -> str:
    """The person_id of the n-th rep."""
    return f"R{number:05d}"


def launch_day(days: int = 250) -> str:
    """A launch some months ago."""
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


def add_people(ground: Ground, count: int, *, teams: int, playbook: str) -> None:
    """Import reps in equal teams, a manager each, one sales ops person O1, and apply a playbook."""
    since = launch_day()
    people = [
        (person_key(n), f"r{n}@example.test", f"Rep {n}", "rep", since, since) for n in range(count)
    ]
    people += [
        (f"M{n:04d}", f"m{n}@example.test", f"Lead {n}", "manager", since, "") for n in range(teams)
    ]
    people.append(("O1", "o1@example.test", "Ops", "sales_ops", since, ""))
    people.append(("X1", "x1@example.test", "Exec", "executive", since, ""))
    columns = ("person_id", "email", "name", "role", "hire_date", "enabled_on")
    ground.write("people.csv", columns, people)
    members = [(person_key(n), f"Team {n % teams:03d}", since, "") for n in range(count)]
    members += [(f"M{n:04d}", f"Team {n:03d}", since, "true") for n in range(teams)]
    ground.write("memberships.csv", ("person_id", "team", "start_date", "lead"), members)
    plan = ground.folder / "playbook.yaml"
    plan.write_text(playbook % {"launch": since})
    ground.flask(
        "import", str(ground.folder / "people.csv"), str(ground.folder / "memberships.csv")
    )
    ground.flask("programme", "apply", str(plan), "--approve-as", "O1")
