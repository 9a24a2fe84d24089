"""``python -m slipway_conformance.reference [--mutant NAME]`` with the contract's variables."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import sys

from .. import contract
from . import logs, server, settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway_conformance.reference")
    parser.add_argument("--mutant", help="break one clause, by the name of a mutant")
    options = parser.parse_args()
    if options.mutant:
        from . import mutants

        mutants.apply(options.mutant)
    try:
        wanted = settings.read(os.environ)
    except settings.ConfigurationError as error:
        logs.NOBODY.add("error", str(error))
        return int(contract.load().limit("configuration_exit"))
    hide_secret()
    server.forget_settings()
    logs.take_over()
    sys.excepthook = crashed
    asyncio.run(server.Server(wanted, dict(os.environ)).run())
    return 0


def hide_secret() -> None:
    """Overwrites the secret where the kernel shows it, in /proc/self/environ."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    name = contract.load().variable("secret")
    if place := getenv(name.encode()):
        ctypes.memset(place, ord("x"), len(os.environb[name.encode()]))


def crashed(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """A crash is a log line as well; the exit code stays that of a crash."""
    from . import function

    function.log_exception(logs.NOBODY, error)


if __name__ == "__main__":
    sys.exit(main())
