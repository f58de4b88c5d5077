"""The one blueprint of this room; every file of pages hangs its addresses on it."""

from flask import Blueprint

blueprint = Blueprint("coaching", __name__)
