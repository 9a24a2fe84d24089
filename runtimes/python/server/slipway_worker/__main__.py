"""``python -m slipway_worker FOLDER ENTRYPOINT`` with the server's socket on descriptor 3."""

import sys

from .main import run

run(sys.argv[1], sys.argv[2])
