"""The pages of the adoption room."""

from flask import Blueprint

from adoption.routes import dashboard, quality

blueprint = Blueprint("adoption", __name__)
blueprint.get("/adoption")(dashboard.adoption)
blueprint.get("/adoption/data")(quality.quality_page)
blueprint.get("/adoption/data/<reason>")(quality.left_out_rows)
