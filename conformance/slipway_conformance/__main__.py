"""``python -m slipway_conformance``."""

from .cli import app

app()
