"""Is the process alive, and is it ready: for load balancers; no versions, no counts."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text

from core.clock import now
from core.db import db
from core.guards import public
from core.scheduler import LEASE_TTL, lease_age

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """Say that this process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Say whether the database answers, is migrated, and a scheduler is alive."""
    try:
        db.session.execute(select(1))
        migrated = (
            db.session.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
        )
        age = lease_age(now())
    except Exception:  # noqa: BLE001 - whatever is wrong with the database, the answer is "not ready"
        db.session.rollback()
        return jsonify(status="not ready", database=False), 503
    scheduler = age is not None and age <= 2 * LEASE_TTL
    status = 200 if migrated else 503
    return jsonify(
        status="ready" if migrated else "not ready",
        database=True,
        migrated=migrated,
        scheduler=scheduler,
    ), status
