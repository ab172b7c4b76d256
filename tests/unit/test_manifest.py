"""The Teams app package: complete, within the limits of Teams, always the same, or not written at all."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import bot
from bot.chat.turn import SEARCH_COMMAND, SEARCH_PARAMETER
from bot.errors import ConfigError
from bot.manifest import ABOUT, MENU, Manifest, ManifestInput, build, package, write_package
from bot.sandbox import client_search
from bot.texts.help import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "bot" / "sandbox" / "node"
SCHEMAS = NODE / "node_modules" / "@microsoft" / "app-manifest" / "build" / "json-schemas" / "teams"
APP_ID = "11111111-2222-4333-8444-555555555555"
GIVEN = ManifestInput(app_id=APP_ID, public_url="https://alerts.example.com:8443/desk", version=bot.__version__)


def _files(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def _changed(**values: Any) -> ManifestInput:
    return dataclasses.replace(GIVEN, **values)


def test_the_package_holds_the_manifest_and_its_icons_at_its_root() -> None:
    files = _files(package(GIVEN))
    assert sorted(files) == ["color.png", "manifest.json", "outline.png"]
    manifest = json.loads(files["manifest.json"])
    assert manifest == build(GIVEN)
    assert sorted(manifest["icons"].values()) == ["color.png", "outline.png"]


def test_it_names_this_bot_and_the_scopes_it_works_in() -> None:
    manifest = build(GIVEN)
    assert (manifest["id"], manifest["version"]) == (APP_ID, bot.__version__)
    (teams_bot,) = manifest["bots"]
    assert teams_bot["botId"] == APP_ID
    assert set(teams_bot["scopes"]) == {"team", "personal", "groupChat"}
    assert teams_bot["supportsFiles"] is True
    assert teams_bot["isNotificationOnly"] is False
    assert manifest["supportsChannelFeatures"] == "tier1"
    assert "packageName" not in manifest


def test_the_menu_offers_ten_commands_that_exist_and_can_be_typed_as_they_are() -> None:
    (listed,) = build(GIVEN)["bots"][0]["commandLists"]
    assert [command["title"] for command in listed["commands"]] == list(MENU)
    assert len(MENU) == len(set(MENU)) <= 10
    assert set(MENU) <= {command.name for command in COMMANDS}
    assert all(len(command["title"]) <= 32 and len(command["description"]) <= 128 for command in listed["commands"])
    assert set(listed["scopes"]) == {"team", "personal", "groupChat"}


def test_the_search_is_one_that_the_bot_answers_to() -> None:
    (extension,) = build(GIVEN)["composeExtensions"]
    assert extension["botId"] == APP_ID
    (command,) = extension["commands"]
    assert (command["id"], command["type"], command["initialRun"]) == (SEARCH_COMMAND, "query", True)
    assert [parameter["name"] for parameter in command["parameters"]] == [SEARCH_PARAMETER]
    assert (client_search.COMMAND, client_search.PARAMETER) == (SEARCH_COMMAND, SEARCH_PARAMETER)


def test_a_domain_is_claimed_only_where_the_bot_has_a_public_address() -> None:
    assert build(GIVEN)["validDomains"] == ["alerts.example.com"]
    assert build(_changed(public_url=""))["validDomains"] == []


def test_single_sign_on_names_the_resource_of_the_settings_or_the_usual_one() -> None:
    assert build(GIVEN)["webApplicationInfo"] == {"id": APP_ID, "resource": f"api://botid-{APP_ID}"}
    other = f"api://alerts.example.com/botid-{APP_ID}"
    assert build(_changed(sso_resource=other))["webApplicationInfo"]["resource"] == other


def test_the_pages_are_the_operators_where_there_are_any() -> None:
    assert set(build(GIVEN)["developer"].values()) == {"Alert Desk contributors", ABOUT}
    own = _changed(
        developer="Fabrikam", website_url="https://fabrikam.example", privacy_url="https://fabrikam.example/p"
    )
    assert build(own)["developer"] == {
        "name": "Fabrikam",
        "websiteUrl": "https://fabrikam.example",
        "privacyUrl": "https://fabrikam.example/p",
        "termsOfUseUrl": "https://fabrikam.example",
    }


def test_the_same_input_gives_the_same_bytes() -> None:
    assert package(GIVEN) == package(_changed())
    assert package(GIVEN) != package(_changed(version="9.9.9"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"app_id": "my-bot"}, "id"),
        ({"version": "1.0"}, "version"),
        ({"version": "01.0.0"}, "version"),
        ({"version": "1.0.0-rc1"}, "version"),
        ({"name": "A" * 31}, "name.short"),
        ({"developer": "D" * 33}, "developer.name"),
        ({"website_url": "http://fabrikam.example"}, "developer.websiteUrl"),
        ({"terms_url": "/terms"}, "developer.termsOfUseUrl"),
        ({"public_url": "https://*.example.com"}, "validDomains.0"),
        ({"sso_resource": "https://alerts.example.com"}, "webApplicationInfo.resource"),
    ],
)
def test_what_teams_would_refuse_is_refused_here_by_name(tmp_path: Path, change: dict[str, str], named: str) -> None:
    target = tmp_path / "app.zip"
    with pytest.raises(ConfigError) as refusal:
        write_package(_changed(**change), target)
    assert f"- {named}: " in refusal.value.message
    assert list(tmp_path.iterdir()) == []


def test_the_model_takes_no_key_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="packageName"):
        Manifest.model_validate({**build(GIVEN), "packageName": "example.alerts"})


def test_the_file_is_written_whole_over_an_older_one(tmp_path: Path) -> None:
    target = tmp_path / "alertdesk.zip"
    target.write_bytes(b"older")
    assert write_package(GIVEN, target) == target
    assert target.read_bytes() == package(GIVEN)
    assert list(tmp_path.iterdir()) == [target]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_package(GIVEN, tmp_path / "missing" / "alertdesk.zip")


@pytest.mark.skipif(
    "@microsoft/app-manifest" not in (NODE / "package.json").read_text(),
    reason="the npm package that ships Microsoft's manifest schemas is not among the sandbox's packages",
)
class TestAgainstMicrosoftsSchema:
    """The schema that `@microsoft/app-manifest` ships, so that nothing is fetched."""

    @staticmethod
    def _problems(manifest: dict[str, Any]) -> list[str]:
        version = manifest["manifestVersion"]
        schema = json.loads((SCHEMAS / f"v{version}" / "MicrosoftTeams.schema.json").read_text("utf-8-sig"))
        return [
            f"{error.json_path}: {error.message}" for error in jsonschema.Draft4Validator(schema).iter_errors(manifest)
        ]

    @pytest.mark.parametrize("given", [GIVEN, ManifestInput(app_id=APP_ID)], ids=["public", "bare"])
    def test_the_manifest_keeps_it(self, given: ManifestInput) -> None:
        assert self._problems(build(given)) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"packageName": "example.alerts"},
            {"icons": {"color": "color.png"}},
            {"accentColor": "blue"},
            {"supportsChannelFeatures": "tier9"},
            {"name": {"short": "A" * 31}},
            {"bots": [{"botId": "x", "scopes": ["team"]}]},
            {"composeExtensions": [{"botId": APP_ID, "commands": [{"id": "x"}]}]},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_and_it_can_fail(self, change: dict[str, Any]) -> None:
        assert self._problems({**build(GIVEN), **change}) != []

    def test_the_address_of_the_schema_is_that_of_its_version(self) -> None:
        manifest = build(GIVEN)
        assert re.search(r"/v([\d.]+)/", manifest["$schema"])[1] == manifest["manifestVersion"]


def _pixels(content: bytes) -> list[list[tuple[int, ...]]]:
    """Rows of pixels of an 8-bit RGBA PNG with unfiltered rows, as deploy/teams/draw_icons.py writes it."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", (0, 0)
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            *size, depth, colour_type, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert (depth, colour_type, interlaced) == (8, 6, 0)
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height = size
    raw, stride = zlib.decompress(data), 4 * width + 1
    assert len(raw) == stride * height
    assert {raw[row * stride] for row in range(height)} == {0}
    return [
        [tuple(raw[row * stride + 1 + 4 * x : row * stride + 5 + 4 * x]) for x in range(width)] for row in range(height)
    ]


def test_the_colour_icon_is_square_opaque_and_keeps_its_symbol_in_the_middle() -> None:
    rows = _pixels(_files(package(GIVEN))["color.png"])
    assert (len(rows[0]), len(rows)) == (192, 192)
    accent = build(GIVEN)["accentColor"]
    background = (*bytes.fromhex(accent[1:]), 255)
    assert {pixel[3] for row in rows for pixel in row} == {255}
    drawn = [(x, y) for y, row in enumerate(rows) for x, pixel in enumerate(row) if pixel != background]
    assert len(drawn) > 1000
    assert all(48 <= x < 144 and 48 <= y < 144 for x, y in drawn)


def test_the_outline_icon_is_white_on_nothing() -> None:
    rows = _pixels(_files(package(GIVEN))["outline.png"])
    assert (len(rows[0]), len(rows)) == (32, 32)
    assert {pixel[:3] for row in rows for pixel in row if pixel[3]} == {(255, 255, 255)}
    assert [rows[y][x][3] for x in (0, 31) for y in (0, 31)] == [0, 0, 0, 0]
    assert sum(pixel[3] == 255 for row in rows for pixel in row) > 40
