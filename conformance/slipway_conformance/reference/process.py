"""What concerns the whole process: its environment, its signals, and how it crashes."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal

from .. import contract
from . import function, logs

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def hide_secret() -> None:
    """Overwrites the secret where the kernel shows it, in /proc/self/environ."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    name = contract.load().variable("secret").encode()
    if place := getenv(name):
        ctypes.memset(place, ord("x"), len(os.environb[name]))


def forget_settings() -> None:
    """Takes the runtime's variables out of the environment that a function sees."""
    prefix = contract.load().variable("host").partition("_")[0] + "_"
    for name in [name for name in os.environ if name.startswith(prefix)]:
        del os.environ[name]


def on_signals(stopped: asyncio.Event) -> None:
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)


def end_in_peace() -> None:
    """Keeps off the signals that come once more: the loop takes its handlers along, and the exit code
    would be theirs."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def crashed(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """A crash is a log line as well; the exit code stays that of a crash."""
    function.log_exception(logs.NOBODY, error)
