"""Takes a claimed file in as a web process does, to be killed: `... UPLOAD_ID PERSON_ID MOMENT`."""

import sys
from datetime import datetime

from app import create_app
from core.intake.taking import Taking
from core.policy import Actor, Role


def main(upload_id: str, person_id: str, moment: str) -> None:
    """Begin the import beside this thread and wait for its end."""
    with create_app().app_context():
        actor = Actor(person_id=int(person_id), role=Role.SALES_OPS, name="Ops")
        taking = Taking(upload_id, actor, datetime.fromisoformat(moment))
        taking.start()
        taking.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
