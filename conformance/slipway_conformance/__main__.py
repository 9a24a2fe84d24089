"""``python -m slipway_conformance``."""

from .cli import main

main()
