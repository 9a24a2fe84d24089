"""``python -m slipway_conformance.reference [--mutant NAME] [build]`` with the contract's variables."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from . import build, logs, offline, process, server, settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway_conformance.reference")
    parser.add_argument("verb", nargs="?", choices=("launch", "build"), default="launch")
    parser.add_argument("--mutant", help="break one clause, by the name of a mutant")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    offline.begin()
    if options.mutant:
        from . import mutants

        mutants.apply(options.mutant)
    return build.run(os.environ) if options.verb == "build" else launch()


def launch() -> int:
    try:
        wanted = settings.read(os.environ)
    except settings.ConfigurationError as error:
        logs.NOBODY.add("error", str(error))
        return settings.exit_code()
    process.hide_secret()
    process.forget_settings()
    logs.take_over()
    sys.excepthook = process.crashed
    asyncio.run(server.Server(wanted, dict(os.environ)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
