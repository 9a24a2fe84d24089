"""``python -m slipway_server``."""

import os

from . import settings
from .spawn import Spawned, command

chosen = settings.read()
environment = settings.function_environment()
# launch.sh put the runtime's folders on the path; the function process gets the first of them, and takes it off again.
own = os.environ["PYTHONPATH"].split(os.pathsep)[0]
environment["PYTHONPATH"] = os.pathsep.join(p for p in (own, os.environ.get("RUNTIME_PYTHONPATH")) if p)
# The function process is started first: it loads while this one still imports its server.
first = [Spawned(command(chosen), environment) for _ in range(chosen.workers)]

from .lifecycle import run

run(chosen, environment, first)
