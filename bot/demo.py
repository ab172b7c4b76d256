"""`python -m bot demo`: starts a sandbox cloud and the bot as programs of their own, and prints where to look.

The bot gets nothing but settings, as it would in production; this module only starts and stops programs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bot.errors import ConfigError, Transient

_CLOUD = "bot.sandbox"
_NODE = Path(__file__).parent / "sandbox" / "node"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_LOOK_EVERY = 0.1


def run(*, port: int, page_port: int, pace: float, playground: bool) -> int:
    """Run until Ctrl-C or until one of the programs ends. Returns the exit code."""
    if find_spec(_CLOUD) is None:
        raise ConfigError("The demo needs the source tree: the installed package leaves the sandbox cloud out.")
    port, page_port = port or _free_port(), page_port or _free_port()
    for number in (port, page_port):
        _refuse_taken(number)
    bot_url, cloud_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{page_port}"
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup keeps what a closed terminal would end
        signal.signal(signal.SIGHUP, _interrupt)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alertdesk-demo-")))
        programs = stack.enter_context(_Programs(folder))
        try:
            # With the Playground as client, Teams' own installs must come from it, and not from the sandbox as well.
            announce = "" if playground else bot_url
            programs.start(
                "sandbox",
                [
                    sys.executable,
                    "-m",
                    _CLOUD,
                    "serve",
                    "--port",
                    str(page_port),
                    "--pace",
                    str(pace),
                    "--bot-url",
                    announce,
                ],
            )
            programs.wait("sandbox", f"{cloud_url}/control/pace")
            # The Playground signs nobody in.
            act_as = "app" if playground else "user"
            settings = json.loads(programs.read(f"{cloud_url}/control/settings?bot_url={bot_url}&act_as={act_as}"))
            environment = {
                **settings,
                "ALERTDESK_HOST": "127.0.0.1",
                "ALERTDESK_PORT": str(port),
                "ALERTDESK_DATABASE_URL": f"sqlite:///{folder / 'alertdesk.db'}",
                "ALERTDESK_POLL_SECONDS": "5",
                "ALERTDESK_ENTITLEMENT_POLL_SECONDS": "5",
            }
            if playground:
                page = _playground(programs, folder, bot_url, cloud_url)
            else:
                page = f"{cloud_url}/"
            programs.start("bot", [sys.executable, "-m", "bot", "serve"], environment)
            programs.wait("bot", f"{bot_url}/readyz")
            print(f"\n  Alert Desk is running. Open  {page}\n\n  Ctrl-C stops it. Logs: {folder}\n", flush=True)
            return programs.watch()
        except KeyboardInterrupt:
            print("\nStopping.", flush=True)
            return 0


def _playground(programs: _Programs, folder: Path, bot_url: str, cloud_url: str) -> str:
    """Start the Agents Playground, and between it and the bot the relay that signs. Returns the page's address."""
    command = _NODE / "node_modules" / ".bin" / "agentsplayground"
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not command.exists() or node is None:
        raise ConfigError("The Agents Playground is not installed. Run: make setup")
    port, relay_port = _free_port(), _free_port()
    config = programs.read(f"{cloud_url}/control/playground")
    (folder / ".m365agentsplayground.yml").write_bytes(config)
    programs.start(
        "relay",
        [
            *(sys.executable, "-m", _CLOUD, "relay", "--port", str(relay_port)),
            *("--playground-port", str(port), "--bot-url", bot_url, "--cloud-url", cloud_url),
        ],
    )
    endpoint = f"http://127.0.0.1:{relay_port}/api/messages"
    programs.start(
        "playground",
        [
            node,
            str(command.resolve()),
            "start",
            "-e",
            endpoint,
            "-c",
            "msteams",
            "--disable-telemetry",
            "-p",
            str(port),
        ],
        {
            "TEAMSAPPTESTER_BROWSER": "none",
            "M365_AGENTS_PLAYGROUND_CONFIG_PATH": str(folder / ".m365agentsplayground.yml"),
            "M365_AGENTS_PLAYGROUND_LOGFILE": str(folder / "playground.events.log"),
        },
    )
    programs.wait("playground", f"http://127.0.0.1:{port}/_debug/ping")
    return f"http://127.0.0.1:{port}/"


class _Programs:
    """Child processes with their logs; leaving the block stops all of them, the newest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> _Programs:
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must leave nothing behind
        for program in reversed(self._running.values()):
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGTERM)  # the venv's node is a wrapper around the real one
        deadline = time.monotonic() + _STOP_SECONDS
        for program in self._running.values():
            try:
                program.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """In a session of its own, so that Ctrl-C reaches this program alone, which then stops them in order."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ALERTDESK_")}
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                command,
                env={**kept, **(environment or {})},
                cwd=self._folder if name == "playground" else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, name: str, url: str) -> bytes:
        """The answer of `url` as soon as it is a good one. Raises Transient with the program's last words."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._running[name].poll() is None:
            try:
                return self.read(url)
            except OSError:
                time.sleep(_LOOK_EVERY)
        raise Transient(f"The {name} did not start.\n{self._last_words(name)}")

    @staticmethod
    def read(url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:  # loopback only
            body: bytes = answer.read()
        return body

    def watch(self) -> int:
        """Wait until one of them ends by itself, which none should."""
        while True:
            for name, program in self._running.items():
                if program.poll() is not None:
                    print(
                        f"The {name} ended with exit code {program.returncode}.\n{self._last_words(name)}",
                        file=sys.stderr,
                    )
                    return 1
            time.sleep(0.5)

    def _last_words(self, name: str) -> str:
        lines = (self._folder / f"{name}.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigError(
                f"Port {port} is taken. Stop that program, or choose: python -m bot demo --port N --page-port M"
            ) from None
