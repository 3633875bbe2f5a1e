"""Launcher: runs one command and says what it took; it imports next to nothing, so that it adds next to nothing.

The most memory that a process had is counted from its parent's on when it begins: so the parent must be a small one.
"""

import json
import os
import sys
import time

report, *command = sys.argv[1:]
begun = time.perf_counter()
child = os.fork()
if child == 0:
    os.execvp(command[0], command)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - begun
with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would add to what is measured
    json.dump(
        {
            "seconds": seconds,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_mb": usage.ru_maxrss / 1024,
            "status": os.waitstatus_to_exitcode(status),
        },
        file,
    )
