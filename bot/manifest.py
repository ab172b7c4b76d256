"""The Teams app package: manifest.json and two icons in a zip, made for one bot registration.

What never changes lies in bot/package_data/teams_app, so that the wheel can make the package too. Nothing is fetched:
the limits of the published schema and of the upload are kept by the models below, and no package that breaks one is
written. https://learn.microsoft.com/microsoft-365/extensibility/schema
"""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.chat.turn import SEARCH_COMMAND, SEARCH_PARAMETER
from bot.errors import ConfigError
from bot.texts import searching
from bot.texts.help import COMMANDS

MENU = ("show", "search", "mark", "investigate", "note", "cancel", "export", "subscribe", "whoami", "help")
"""The commands that Teams offers while somebody writes to the bot; it shows ten at most."""

ABOUT = "https://learn.microsoft.com/partner-center/security/security-alerts-reference-guide"
"""What the app's page in Teams links to, unless the operator has pages of their own."""

_MANIFEST = "manifest.json"
_ICONS = ("color.png", "outline.png")
_DATA = files("bot") / "package_data" / "teams_app"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ManifestInput:
    """What differs between operators. Empty `public_url`: no domain is claimed; empty `sso_resource`: the usual one.

    `version` is three numbers; Teams takes an update of an app only with a higher one.
    """

    app_id: str
    public_url: str = ""
    sso_resource: str = ""
    version: str = "1.0.0"
    name: str = "Alert Desk"
    developer: str = "Alert Desk contributors"
    website_url: str = ABOUT
    privacy_url: str = ""
    terms_url: str = ""


def write_package(given: ManifestInput, target: Path) -> Path:
    """Write the app package to `target`, whole or not at all, and return `target`.

    Raises ConfigError where a value breaks a limit of Teams, or the file cannot be written.
    """
    content = package(given)
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise ConfigError(f"The app package cannot be written to {target}: {error.strerror}.") from error
    return target


def package(given: ManifestInput) -> bytes:
    """The app package as bytes: the same for the same input. Raises ConfigError where a value breaks a limit."""
    manifest = json.dumps(build(given), indent=2, ensure_ascii=False) + "\n"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, _MANIFEST, manifest.encode())
        for icon in _ICONS:
            _add(archive, icon, (_DATA / icon).read_bytes())
    return held.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def build(given: ManifestInput) -> dict[str, Any]:
    """The manifest as JSON values. Raises ConfigError where a value breaks a limit."""
    host = urlsplit(given.public_url).hostname
    manifest: dict[str, Any] = json.loads((_DATA / _MANIFEST).read_text("utf-8"))
    manifest |= {
        "version": given.version,
        "id": given.app_id,
        "name": {**manifest["name"], "short": given.name},
        "developer": {
            "name": given.developer,
            "websiteUrl": given.website_url,
            "privacyUrl": given.privacy_url or given.website_url,
            "termsOfUseUrl": given.terms_url or given.website_url,
        },
        "bots": [
            {
                "botId": given.app_id,
                "scopes": ["team", "personal", "groupChat"],
                "supportsFiles": True,
                "isNotificationOnly": False,
                "commandLists": [{"scopes": ["team", "personal", "groupChat"], "commands": _menu()}],
            }
        ],
        "composeExtensions": [{"botId": given.app_id, "commands": [_search()]}],
        "validDomains": [host] if host else [],
        "webApplicationInfo": {
            "id": given.app_id,
            "resource": given.sso_resource or f"api://botid-{given.app_id}",
        },
    }
    try:
        Manifest.model_validate(manifest)
    except ValidationError as error:
        problems = [f"  - {'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False)]
        raise ConfigError("Teams would not take this app package:\n" + "\n".join(problems)) from None
    return manifest


def _menu() -> list[dict[str, str]]:
    meanings = {command.name: command.meaning for command in COMMANDS}
    return [{"title": name, "description": meanings[name]} for name in MENU]


def _search() -> dict[str, Any]:
    """https://learn.microsoft.com/microsoftteams/platform/messaging-extensions/how-to/search-commands/define-search-command"""
    words = {
        "name": SEARCH_PARAMETER,
        "title": searching.PARAMETER,
        "description": searching.PARAMETER_ABOUT,
        "inputType": "text",
    }
    return {
        "id": SEARCH_COMMAND,
        "type": "query",
        "context": ["compose", "commandBox"],
        "title": searching.COMMAND,
        "description": searching.COMMAND_ABOUT,
        "initialRun": True,
        "parameters": [words],
    }


# The limits, in the shape of the file. https://developer.microsoft.com/json-schemas/teams/v1.25/MicrosoftTeams.schema.json
Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")]
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s/]+\S*$", max_length=2048)]
"""The schema would let http pass; the upload does not."""
Domain = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$", max_length=2048)]
Scope = Literal["team", "personal", "groupChat"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Developer(_Part):
    name: Annotated[str, Field(min_length=1, max_length=32)]
    websiteUrl: HttpsUrl
    privacyUrl: HttpsUrl
    termsOfUseUrl: HttpsUrl


class Name(_Part):
    short: Annotated[str, Field(min_length=1, max_length=30)]
    full: Annotated[str, Field(min_length=1, max_length=100)]


class Description(_Part):
    short: Annotated[str, Field(min_length=1, max_length=80)]
    full: Annotated[str, Field(min_length=1, max_length=4000)]


class Icons(_Part):
    color: Literal["color.png"]
    outline: Literal["outline.png"]


class Command(_Part):
    """Newer schemas take longer texts and twelve commands; within the old limits every client shows them whole."""

    title: Annotated[str, Field(min_length=1, max_length=32)]
    description: Annotated[str, Field(min_length=1, max_length=128)]


class CommandList(_Part):
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)]
    commands: Annotated[list[Command], Field(min_length=1, max_length=10)]


class Bot(_Part):
    botId: Guid
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=3)]
    supportsFiles: bool
    isNotificationOnly: Literal[False]  # true would hide the box that people write in
    commandLists: Annotated[list[CommandList], Field(min_length=1, max_length=3)]


class Parameter(_Part):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    title: Annotated[str, Field(min_length=1, max_length=32)]
    description: Annotated[str, Field(max_length=128)]
    inputType: Literal["text"]


class SearchCommand(_Part):
    id: Annotated[str, Field(min_length=1, max_length=64)]
    type: Literal["query"]
    context: Annotated[list[Literal["compose", "commandBox"]], Field(min_length=1, max_length=2)]
    title: Annotated[str, Field(min_length=1, max_length=32)]
    description: Annotated[str, Field(max_length=128)]
    initialRun: bool
    parameters: Annotated[list[Parameter], Field(min_length=1, max_length=1)]  # Teams shows a box for the first only


class ComposeExtension(_Part):
    """Its bot must be the app's own, or the buttons of what is shared reach nobody."""

    botId: Guid
    commands: Annotated[list[SearchCommand], Field(min_length=1, max_length=10)]


class WebApplicationInfo(_Part):
    id: Guid
    resource: Annotated[str, Field(pattern=r"^api://\S+$", max_length=2048)]


class DefaultGroupCapability(_Part):
    team: Literal["bot"]
    groupchat: Literal["bot"]


class Manifest(_Part):
    schema_url: Annotated[str, Field(alias="$schema")]
    manifestVersion: Literal["1.25"]
    version: Annotated[str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$", max_length=256)]
    id: Guid
    developer: Developer
    name: Name
    description: Description
    icons: Icons
    accentColor: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    supportsChannelFeatures: Literal["tier1"]  # the upload demands it from 1.25 on of every app with the scope team
    defaultInstallScope: Literal["team"]
    defaultGroupCapability: DefaultGroupCapability
    bots: Annotated[list[Bot], Field(min_length=1, max_length=1)]
    composeExtensions: Annotated[list[ComposeExtension], Field(min_length=1, max_length=1)]
    validDomains: Annotated[list[Domain], Field(max_length=100)]
    webApplicationInfo: WebApplicationInfo
