"""The function process: FOLDER ENTRYPOINT, with the server's socket on descriptor 3."""

import os
import sys

# What multiprocessing starts executes this file as well, under another name.
if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

    from slipway_worker.main import run

    folder, entrypoint = sys.argv[1:]
    sys.argv[1:] = []
    run(folder, entrypoint)
