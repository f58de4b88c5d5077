"""The pages of the adoption room."""

from flask import Blueprint

from adoption.routes import dashboard, people, quality, signals, tables

blueprint = Blueprint("adoption", __name__)
blueprint.get("/adoption")(dashboard.adoption)
blueprint.get("/adoption/people")(people.people)
blueprint.get("/adoption/people.csv")(people.people_csv)
blueprint.get("/adoption/tables/<name>.csv")(tables.table_csv)
blueprint.get("/adoption/data")(quality.quality_page)
blueprint.get("/adoption/data/<reason>")(quality.left_out_rows)
blueprint.get("/adoption/signals")(signals.rules_page)
blueprint.post("/adoption/signals")(signals.save_rule)
blueprint.post("/adoption/signals/<slug>/switch")(signals.switch_rule)
blueprint.post("/adoption/signals/dismiss")(signals.dismiss)
