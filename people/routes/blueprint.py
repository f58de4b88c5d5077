"""The blueprint every file of this folder hangs its pages on."""

from flask import Blueprint

blueprint = Blueprint("people", __name__)
