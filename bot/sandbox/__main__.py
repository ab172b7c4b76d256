"""The command line of the sandbox: `serve`, `fault` and `switch` of a running cloud, `relay`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from bot.sandbox import relay
from bot.sandbox.app import running
from bot.sandbox.cloud import SandboxOptions

DEFAULT_PORT = 4400


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0; 1 where the running cloud refused or could not be reached; 2 for wrong arguments (argparse)."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], Coroutine[Any, Any, int]] = options.run
    return asyncio.run(run(options))


async def serve(options: argparse.Namespace) -> int:
    """Run a cloud until SIGINT or SIGTERM; prints one JSON line with its address when it is ready."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wanted = SandboxOptions(options.seed, options.pace, options.bot_url, options.now)
    try:
        async with running(wanted, options.host, options.port) as cloud:
            print(json.dumps({"url": cloud.base_url}), flush=True)
            await stop.wait()
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0


async def fault(options: argparse.Namespace) -> int:
    """List, add or clear faults of a running cloud."""
    if options.clear is not None:
        where = "/control/faults" + (f"/{options.clear}" if options.clear else "")
        return await _ask(options.url, "DELETE", where)
    action = {
        name: getattr(options, name)
        for name in ("status", "retry_after", "code", "message", "latency", "drop")
        if getattr(options, name) is not None
    }
    if not action:
        return await _ask(options.url, "GET", "/control/faults")
    wanted = {
        "service": options.service,
        "method": options.method,
        "match": options.match,
        "action": action,
        "times": options.times,
        "probability": options.probability,
    }
    return await _ask(options.url, "POST", "/control/faults", wanted)


async def switch(options: argparse.Namespace) -> int:
    """Show the switches of a running cloud, or set some (`name=value`, the value as JSON)."""
    if not options.set:
        return await _ask(options.url, "GET", "/control/switches")
    return await _ask(options.url, "POST", "/control/switches", dict(options.set))


async def _ask(url: str, method: str, path: str, body: Any = None) -> int:
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, url.rstrip("/") + path, json=body) as response,
        ):
            print(json.dumps(await response.json(content_type=None), indent=2, ensure_ascii=False))
            return 0 if response.ok else 1
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        print(f"{url} does not answer as a sandbox: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description="A Microsoft cloud in one process.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    server = commands.add_parser("serve", help="run a cloud")
    server.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    server.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (%(default)s)")
    server.add_argument("--seed", type=int, default=7, help="fixes the world (%(default)s)")
    server.add_argument("--pace", type=_seconds, default=0.0, help="seconds between new alerts, 0 for none")
    server.add_argument("--bot-url", default="http://127.0.0.1:3978", help="where the bot listens (%(default)s)")
    server.add_argument("--now", type=_moment, help="freeze the clock at this ISO time with zone")
    server.set_defaults(run=serve)

    faults = commands.add_parser("fault", help="list faults, add one, or clear them")
    faults.add_argument("--url", required=True, help="the running cloud")
    faults.add_argument("--clear", nargs="?", const="", metavar="ID", help="remove one fault, or all")
    faults.add_argument("--service", help="graph, partnercenter, entra, connector, …")
    faults.add_argument("--method", help="HTTP method")
    faults.add_argument("--match", help="regular expression on the path and query")
    faults.add_argument("--status", type=int, help="answer with this status")
    faults.add_argument("--retry-after", type=float, help="seconds, with --status")
    faults.add_argument("--code", help="error code, with --status")
    faults.add_argument("--message", help="error message, with --status")
    faults.add_argument("--latency", type=float, help="hold the request up for these seconds")
    faults.add_argument("--drop", choices=("before", "after"), help="close the connection before or after the deed")
    faults.add_argument("--times", type=int, help="how often (for ever)")
    faults.add_argument("--probability", type=float, default=1.0, help="from 0 to 1 (%(default)s)")
    faults.set_defaults(run=fault)

    playground = commands.add_parser("relay", help="stand between the Agents Playground and the bot")
    relay.add_arguments(playground)
    playground.set_defaults(run=relay.serve)

    switches = commands.add_parser("switch", help="show the switches, or set some")
    switches.add_argument("--url", required=True, help="the running cloud")
    switches.add_argument("set", nargs="*", type=_setting, metavar="NAME=VALUE")
    switches.set_defaults(run=switch)
    return parser


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time with a zone, such as 2026-01-31T09:00:00Z")
    return moment


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("seconds from 0 to 86400")
    return seconds


def _setting(text: str) -> tuple[str, Any]:
    name, given, value = text.partition("=")
    try:
        return name, json.loads(value) if given else True
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} is no JSON value") from error


if __name__ == "__main__":
    sys.exit(main())
