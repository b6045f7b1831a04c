"""A small program that runs a command and prints its cost as JSON.

It is a program of its own because Linux counts the memory of the process that starts a
command towards the command's peak.
"""

import json
import os
import sys
from time import perf_counter


def main(command: list[str]) -> None:
    """Run *command*, discard its output, and print its cost."""
    begin = perf_counter()
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[nowhere])
    _, status, usage = os.wait4(child, 0)
    cost = {
        "seconds": perf_counter() - begin,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss,
        "exit_code": os.waitstatus_to_exitcode(status),
    }
    sys.stdout.write(json.dumps(cost))


if __name__ == "__main__":
    main(sys.argv[1:])
