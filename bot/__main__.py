"""The command line: `python -m bot serve | demo | login | doctor | webhook | export | evidence | audit | migrate |
manifest`.

Exit codes: 0 done, 1 could not be done now, 2 wrong arguments or settings. Each command reads the settings first and
imports the rest after: texts are looked up when their modules are imported, in the language that the settings name.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from aiohttp import web
from dotenv import dotenv_values

from bot import __version__
from bot.errors import AlertDeskError, ConfigError, UserError
from bot.settings import PREFIX, Settings, audit_key, load
from bot.texts import catalogue

STOP_CONNECTIONS_SECONDS = 3.0
_ABOUT_THE_APP = ("developer", "website_url", "privacy_url", "terms_url")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (ConfigError, UserError) as problem:
        print(problem.message, file=sys.stderr)
        return 2
    except AlertDeskError as problem:
        print(problem.message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _settings() -> Settings:
    """Read and checked; from here on everything is said in their language."""
    settings = load(_environment())
    catalogue.speak(settings.locale)
    return settings


def _environment() -> dict[str, str]:
    """The environment, and below it the file .env of the working directory."""
    kept = {
        name: value for name, value in dotenv_values(".env").items() if name.startswith(PREFIX) and value is not None
    }
    return {**kept, **os.environ}


def _serve(_options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, _end_early)
    settings = _settings()
    from bot.app import build_app
    from bot.store import sole_user
    from bot.telemetry.log import configure

    configure(level=logging.INFO)
    with sole_user(settings.database_url.get_secret_value()):
        app = build_app(settings)
        app.on_startup.append(_spare_the_collector)
        web.run_app(
            app,
            host=settings.host,
            port=settings.port,
            access_log=None,
            shutdown_timeout=STOP_CONNECTIONS_SECONDS,
            print=_listening,
        )
    return 0


def _end_early(_number: int, _frame: FrameType | None) -> NoReturn:
    """Until aiohttp takes SIGTERM over, nothing has begun that would have to be finished."""
    raise SystemExit(0)


async def _spare_the_collector(_app: web.Application) -> None:
    """What exists by now stays for good: looking at it again and again is a sixth of what a turn costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _listening(said: str) -> None:
    """Tell the address that was really taken (PORT=0 takes any free one), out of what aiohttp would print."""
    address = next((word.rstrip(",") for word in said.split() if word.startswith("http")), "")
    if address:
        print(f"Alert Desk listens on {address}", file=sys.stderr, flush=True)


def _demo(options: argparse.Namespace) -> int:
    from bot.demo import run

    return run(port=options.port, page_port=options.page_port, pace=options.pace, playground=options.playground)


def _login(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.app import entra_config
    from bot.login import Way, discard_key, login
    from bot.telemetry.log import configure

    configure(level=logging.WARNING)
    if options.discard_key:
        return asyncio.run(discard_key(settings, options.discard_key))
    return asyncio.run(login(settings, entra_config(settings), options.partner, Way(options.browser)))


def _doctor(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.app import entra_config
    from bot.doctor import doctor
    from bot.telemetry.log import configure

    configure(level=logging.ERROR)
    say = partial(print, flush=True)
    return asyncio.run(doctor(settings, entra_config(settings), say, cancel_check=options.cancel_check))


def _webhook(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.app import entra_config
    from bot.telemetry.log import configure
    from bot.webhook import Order, webhook

    configure(level=logging.ERROR)
    order = Order(options.what, options.partner, options.replace)
    return asyncio.run(webhook(settings, entra_config(settings), order))


def _export(options: argparse.Namespace) -> int:
    settings, words = _settings(), " ".join(options.words)
    from bot.maintenance import export, export_audit

    first, _, rest = words.partition(" ")
    if first.lower() == "audit":
        return asyncio.run(export_audit(settings, rest, options.partner, options.out))
    if options.partner is not None:
        raise UserError("--partner goes with `export audit`; alerts are chosen by words, such as partner:Northwind.")
    return asyncio.run(export(settings, words, options.out))


def _evidence(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.maintenance import export_evidence

    return asyncio.run(export_evidence(settings, options.subject, options.partner, options.out))


def _audit(options: argparse.Namespace) -> int:
    if not options.file:
        settings = _settings()
        from bot.maintenance import verify_audit

        return asyncio.run(verify_audit(settings, options.head, options.head_file))
    if options.head_file:
        raise UserError("--file looks into files alone, --head-file compares one with the database: give one of them.")
    from bot.maintenance import verify_files

    return verify_files(audit_key(_environment()), options.file, options.head)


def _migrate(_options: argparse.Namespace) -> int:
    from bot.store import migrate

    migrate(_settings().database_url.get_secret_value())
    print("The database is up to date.")
    return 0


def _manifest(options: argparse.Namespace) -> int:
    settings = _settings()
    from bot.manifest import ManifestInput, write_package

    given = ManifestInput(
        app_id=settings.app_id,
        public_url=settings.public_base,
        sso_resource=settings.sso_resource,
        version=options.version or __version__,
        **{name: vars(options)[name] for name in _ABOUT_THE_APP if vars(options)[name]},
    )
    print(write_package(given, options.out))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Alert Desk: Partner Center security alerts in Microsoft Teams."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    add("serve", _serve, "Run the bot; all settings come from ALERTDESK_ environment variables.")
    demo = add("demo", _demo, "Run the bot with a Microsoft cloud in a sandbox and a Teams-like page.")
    demo.add_argument("--port", type=int, default=3978, help="port of the bot (0: any)")
    demo.add_argument("--page-port", type=int, default=4400, help="port of the sandbox and its page (0: any)")
    demo.add_argument("--pace", type=float, default=25.0, help="seconds between new alerts (0: none by itself)")
    demo.add_argument(
        "--playground", action="store_true", help="use the Microsoft 365 Agents Playground as Teams client"
    )
    login = add("login", _login, "Sign somebody in, as whom a partner's alerts are read where the application may not.")
    which = login.add_mutually_exclusive_group(required=True)
    which.add_argument("--partner", default="", help="name or tenant id, as in PARTNERS")
    which.add_argument("--discard-key", default="", metavar="KEY_ID", help="remove the tokens that a lost key sealed")
    login.add_argument("--browser", action="store_true", help="use a browser of this machine instead of a device code")
    doctor = add("doctor", _doctor, "Try from this machine what the running bot needs, and say what to mend.")
    doctor.add_argument(
        "--cancel-check",
        action="store_true",
        help="ask whether the application may cancel subscriptions, by one that does not exist",
    )
    hook = add("webhook", _webhook, "See or change where Partner Center sends a partner's events.")
    hook.add_argument("what", choices=["show", "register", "test", "remove"], help="what to do with the registration")
    hook.add_argument("--partner", required=True, metavar="NAME", help="name or tenant id, as in PARTNERS")
    hook.add_argument("--replace", action="store_true", help="with register: even if it is another program's")
    text = "Write alerts as CSV; the words are those of the chat command. Or, after the word audit, an audit trail."
    export = add("export", _export, text)
    export.add_argument("words", nargs="*", help='such as: all since:30d severity:high customer:"Contoso Ltd"')
    export.add_argument("--partner", default=None, metavar="NAME", help="with `export audit`: whose trail")
    export.add_argument("--out", type=Path, default=None, help="file to write (default: standard output)")
    text = "Collect everything about a subscription's alerts, as one zip file for a ticket."
    pack = add("evidence", _evidence, text)
    pack.add_argument("subject", help="a subscription's id, or the number or id of one of its alerts (A-1042)")
    pack.add_argument("--partner", default=None, metavar="NAME", help="whose, where several partners have it")
    pack.add_argument("--out", type=Path, default=None, help="file to write (default: standard output)")
    audit = add("audit", _audit, "Verify the audit chain of each partner.")
    audit.add_argument("verify", choices=["verify"], help="find a changed, removed or reordered row")
    audit.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="PARTNER=COUNT:HASH",
        help="a head kept elsewhere: a cut tail shows too (may be given several times)",
    )
    audit.add_argument(
        "--head-file",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="an audit trail exported earlier: is it whole, and does the database still go through it?",
    )
    audit.add_argument(
        "--file",
        action="append",
        default=[],
        type=Path,
        help="verify exported audit trails without a database; of the settings only AUDIT_KEY is needed",
    )
    add("migrate", _migrate, "Bring the database's schema up to date.")
    manifest = add("manifest", _manifest, "Write the Teams app package for these settings.")
    manifest.add_argument("--out", type=Path, default=Path("alertdesk.zip"), help="the package to write")
    manifest.add_argument("--version", default="", help="of the package; Teams takes an update only with a higher one")
    manifest.add_argument("--developer", default="", help="who answers for the app (else: Alert Desk contributors)")
    manifest.add_argument("--website", dest="website_url", metavar="URL", default="", help="https page of theirs")
    manifest.add_argument(
        "--privacy", dest="privacy_url", metavar="URL", default="", help="https page with their privacy statement"
    )
    manifest.add_argument(
        "--terms", dest="terms_url", metavar="URL", default="", help="https page with their terms of use"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
