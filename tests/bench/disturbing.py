"""Passes a runner's lines on, and stops it for some milliseconds whenever the second copy of a model is at work.

Arguments: the command of the runner.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

STOPPED_SECONDS = 0.003


def main() -> int:
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as runner:
        assert runner.stdout
        for line in runner.stdout:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            event = json.loads(line)
            if event["event"] == "begin" and event["doing"] == "block" and event["model"].endswith(" (again)"):
                runner.send_signal(signal.SIGSTOP)
                time.sleep(STOPPED_SECONDS)
                runner.send_signal(signal.SIGCONT)
        return runner.wait()


if __name__ == "__main__":
    sys.exit(main())
