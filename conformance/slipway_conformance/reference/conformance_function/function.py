"""The conformance function of the reference runtime: an interpreter of the steps."""

from slipway_conformance.reference.steps import main

__all__ = ["main"]
