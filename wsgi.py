"""The front step: `gunicorn wsgi:app` and the Flask command line find the app here."""

from app import create_app

app = create_app()
