"""A process that has imported everything, and forks a run for each line it reads."""

import json
import os
import sys
import time


def serve() -> None:
    """Reads requests until the input ends; computes nothing itself, so that its children start clean."""
    from graftgan.recipes import train  # noqa: F401  (imported once, for all children)

    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            print(os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1]), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            run(request)
        print(pid, flush=True)


def run(request: dict) -> None:
    """Runs the command line in the child and ends it."""
    from graftgan.cli.main import main

    said = os.open(request["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    if request["slow_disk"]:
        fsync = os.fsync

        def slow(descriptor: int) -> None:
            time.sleep(request["slow_disk"])
            fsync(descriptor)

        os.fsync = slow
    code = 1
    try:
        code = main(request["run"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
