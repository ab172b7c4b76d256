"""Starts real bots that will die: `python -m tests.soak.bot`, told on standard input whom to start.

Each is a process of its own that runs `python -m bot serve` with settings from its environment. They are forked, so
that a restart costs no imports. Lines in: {"replica", "settings", "aim", "log"}; out: {"replica", "point" | "died" |
"status"}. When standard input ends, so do they all.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
from typing import Any, NoReturn

from tests.soak.lapse import Lapse
from tests.soak.points import Aim, Points

LOOK_SECONDS = 0.02


def main() -> None:
    import bot.__main__
    import bot.app  # noqa: F401 so that those who are forked have it

    Lapse.of_environment().install()
    gc.freeze()
    running: dict[int, int] = {}
    pending = b""
    try:
        while True:
            if select.select([0], [], [], LOOK_SECONDS)[0]:
                more = os.read(0, 1 << 20)
                if not more:
                    return
                *lines, pending = (pending + more).split(b"\n")
                for line in lines:
                    wanted = json.loads(line)
                    pid = _start(wanted)
                    running[pid] = wanted["replica"]
                    _say({"replica": wanted["replica"], "pid": pid})
            while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                _say({"replica": running.pop(ended[0]), "status": os.waitstatus_to_exitcode(ended[1])})
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)


def _start(wanted: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        _serve(wanted)
    return pid


def _serve(wanted: dict[str, Any]) -> NoReturn:
    from bot.__main__ import main as run

    code = 1
    try:
        report = os.dup(1)
        log = os.open(wanted["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((null, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        os.environ.update(wanted["settings"])
        Points(Aim(**wanted["aim"]), report, wanted["replica"]).install()
        code = run(["serve"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def _say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
