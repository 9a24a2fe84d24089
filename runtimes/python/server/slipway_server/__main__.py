"""The server process; launch.sh starts this file."""

import os
import sys

home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [home, os.path.join(os.path.dirname(home), "lib")]

from slipway_server import settings
from slipway_server.spawn import Spawned, command

chosen = settings.read()
environment = settings.function_environment()
# The function processes are started first: they load while this one still imports its server.
first = [Spawned(command(chosen), environment) for _ in range(chosen.workers)]

from slipway_server.lifecycle import run

run(chosen, environment, first)
