"""The page every other page is compared with: Flask, one short answer, nothing else."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def page() -> str:
    """A page without a question behind it."""
    return "<!doctype html><title>Bare</title><p>Bare page.</p>"
