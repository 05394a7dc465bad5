#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A store of a million results: filled, opened again, and used by a daemon that is restarted.

    bench/store.py DIRECTORY [ENTRIES]

BUILD=… names another build directory, made with -DSLUICE_BENCH=ON.

DIRECTORY is empty at first and stays: 8 KiB on ext4 for each entry, 4 KiB on tmpfs. A filled one is
used as it is. Two times of the daemon are measured from its execution: until the answer to the first
request, which is a hit, and until the status page shows how full the store is.
"""

import json
import os
import subprocess
import sys
import time

from measure import BUILD, median

from daemon import Daemon, recipe  # noqa: E402

ROUNDS = 7


def main():
    directory, entries = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    if not os.listdir(directory):
        subprocess.run([os.path.join(BUILD, "bench/bench-store"), directory, str(entries)], check=True)
    daemon = Daemon(f'cache {{\n    path = "{directory}"\n    size = 100G\n}}', recipe("r", "write", "1000"), status_path="/-/status")
    hits, known = [], []
    try:
        daemon.get("/r/a")
        for _ in range(ROUNDS):
            daemon.stop()
            mark, start = daemon.log.mark(), time.monotonic()
            daemon.start(wait=False)
            while True:
                try:
                    answer = daemon.get("/r/a")
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    time.sleep(0.0005)
            hits.append((time.monotonic() - start) * 1000)
            cache = json.loads(bytes(daemon.get("/-/status?json").body))["cache"]
            known.append((time.monotonic() - start) * 1000)
            assert answer.status == 200 and daemon.log.wait_request(mark)[0]["cache"] == "hit"
        print(f"restart of the daemon: the first hit after {median(hits):.1f} ms, "
              f"{cache['entries']} entries and {cache['used_bytes']} bytes known after {median(known):.1f} ms (median of {ROUNDS})")
    finally:
        daemon.close()


if __name__ == "__main__":
    main()
