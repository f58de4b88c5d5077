"""The pages of the adoption room."""

from flask import Blueprint

from adoption.routes import dashboard

blueprint = Blueprint("adoption", __name__)
blueprint.get("/adoption")(dashboard.adoption)
