"""A scoreboard as small Flask ones are commonly written: summed and sorted anew for every request.

Ours from the first line; it stands for the way of working, not for a product.
"""

import os

from flask import Flask, render_template_string
from sqlalchemy import create_engine, text

app = Flask(__name__)
engine = create_engine(os.environ["PENNANT_DATABASE_URL"])

SUMS = text(
    "SELECT a.id, a.name, count(*) AS solves, max(e.occurred_at) AS latest FROM person a"
    " JOIN usage_event e ON e.person_id = a.id WHERE e.kind = 'guided_use'"
    " AND e.superseded_at IS NULL GROUP BY a.id, a.name ORDER BY solves DESC, latest, a.id"
)
PAGE = """<!doctype html><title>Scoreboard</title><table>{% for row in rows %}
<tr><td>{{ loop.index }}</td><td>{{ row.name }}</td><td>{{ row.solves }}</td></tr>
{% endfor %}</table>"""


@app.get("/")
def page() -> str:
    """Everybody's sum, ranked, and the first hundred shown."""
    with engine.connect() as connection:
        rows = connection.execute(SUMS).all()
    return render_template_string(PAGE, rows=rows[:100])
