"""A leader in a process of its own, whose workers do the deeds of ``poison``.

    python tests/support/leader_process.py DEED …

Each deed is a session; it and a good one are a task, all at once. Ctrl-C makes the
workers drain. Prints how many sessions each task did, and in the end "closed".
"""

import signal
import sys

from poison import task_of, work
from replay.batch.process_pool import ProcessPool


def main(deeds: list[str]) -> None:
    """Have all deeds done."""
    pool = ProcessPool(len(deeds), work)
    signal.signal(signal.SIGINT, lambda *_: pool.drain())
    futures = [pool.submit(work, task_of(deed, "good")) for deed in deeds]
    for future in futures:
        print(len(future.result().done))  # noqa: T201 - its output
    pool.close()
    print("closed")  # noqa: T201 - its output


if __name__ == "__main__":
    main(sys.argv[1:])
