"""What operators read and deploy agrees with the program: settings, metrics, words, and the lock of the image."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bot.settings import PREFIX, PartnerSettings, Settings
from bot.telemetry.metrics import REGISTRY
from bot.texts import identity, welcome

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text()


def _rows(heading: str) -> dict[str, str]:
    """name -> default of the first table below a heading."""
    section = re.split(r"^##+ ", GUIDE.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


def test_the_guide_names_every_setting_and_no_other() -> None:
    assert sorted(_rows("## Settings")) == sorted(name.upper() for name in Settings.model_fields)


def test_the_guide_names_every_key_of_a_partner_and_no_other() -> None:
    assert sorted(_rows("### PARTNERS")) == sorted(PartnerSettings.model_fields)


@pytest.mark.parametrize(
    ("heading", "model"), [("## Settings", Settings), ("### PARTNERS", PartnerSettings)], ids=["settings", "partners"]
)
def test_the_guide_says_which_are_required(heading: str, model: type[Settings] | type[PartnerSettings]) -> None:
    required = {
        name.upper() if model is Settings else name for name, field in model.model_fields.items() if field.is_required()
    }
    assert {name for name, default in _rows(heading).items() if default == "required"} == required


def test_plain_defaults_in_the_guide_are_those_of_the_program() -> None:
    plain = {
        name.upper(): str(field.default).lower() if isinstance(field.default, bool) else f"{field.default}"
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, int | float | bool) or name in {"host", "cloud", "act_as"}
    }
    rows = _rows("## Settings")
    assert {name: rows[name].strip("`") for name in plain} == plain


def test_only_settings_that_exist_are_used_in_deploy_and_guide() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    files = [path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".lock"]
    texts_read = {path.name: path.read_text() for path in files} | {"operations.md": GUIDE}
    used = {name: set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text)) for name, text in texts_read.items()}
    assert {name: found - known for name, found in used.items() if found - known} == {}
    assert used["main.bicep"]
    assert used["deployment.yaml"]


def test_the_guide_explains_every_metric() -> None:
    exposed = set(re.findall(r"^# TYPE (\w+) \w+$", generate_latest(REGISTRY).decode(), re.MULTILINE))
    ours = {name for name in exposed if not name.endswith("_created")}
    assert set(re.findall(r"^\| `(alertdesk_\w+)`", GUIDE, re.MULTILINE)) == ours


def test_what_whoami_says_is_what_the_guide_says() -> None:
    said = (identity.WHOAMI, identity.MAY_DECIDE, identity.acts_as_app("Fabrikam"), identity.roles_in("Fabrikam"))
    assert [
        line for line in (*said, identity.ROLES_NONE, identity.ROLES_UNCHECKED, welcome.SEND_HERE) if line not in GUIDE
    ] == []


def test_links_to_headings_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= anchors


def _pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """name -> (version and marker, hashes) of a lock."""
    blocks = re.split(r"^(?=[a-z0-9-]+==)", path.read_text(), flags=re.MULTILINE)[1:]
    return {
        block.split("==", 1)[0]: (
            block.splitlines()[0].split("==", 1)[1].partition(" ")[0],
            frozenset(re.findall(r"--hash=(\S+)", block)),
        )
        for block in blocks
    }


def test_the_image_gets_the_locked_versions_with_their_hashes_and_none_of_development() -> None:
    image, everything = _pins(ROOT / "deploy" / "requirements.lock"), _pins(ROOT / "requirements.lock")
    assert {name: pin for name, pin in image.items() if everything.get(name) != pin} == {}
    assert all(hashes for _, hashes in image.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {
        kind: {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", each)[0]).lower() for each in given}
        for kind, given in {"run": project["dependencies"], "dev": project["optional-dependencies"]["dev"]}.items()
    }
    assert names["run"] <= set(image)
    assert set(image) & (names["dev"] - names["run"]) <= {"yarl"}  # aiohttp brings it
