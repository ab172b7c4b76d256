"""The operator's settings: environment variables with the prefix ALERTDESK_, checked as a whole before anything opens.

Every problem is named in one ConfigError, so that nobody has to start the bot five times to find five mistakes.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
import math
import os
import re
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.escalation import USUAL, problem
from bot.domain.people import GLOBAL_ADMINISTRATOR, Partner
from bot.errors import ConfigError
from bot.texts import formats

PREFIX = "ALERTDESK_"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# The clouds: https://learn.microsoft.com/graph/deployments
# and https://learn.microsoft.com/azure/bot-service/how-to-deploy-gov-cloud-high
CLOUDS: Mapping[str, Mapping[str, Any]] = {
    "global": {
        "login_url": "https://login.microsoftonline.com",
        "graph_url": "https://graph.microsoft.com",
        "partner_center_url": "https://api.partnercenter.microsoft.com",
        "azure_portal_url": "https://portal.azure.com",
        "bot_openid_url": "https://login.botframework.com/v1/.well-known/openidconfiguration",
        "bot_issuer": "https://api.botframework.com",
        "bot_token_scope": "https://api.botframework.com/.default",
        "service_hosts": (
            "smba.trafficmanager.net",
            "botframework.com",
            "teams.microsoft.com",
            "smba.infra.gcc.teams.microsoft.com",
        ),
        "upload_hosts": ("sharepoint.com",),
    },
    "usgov": {
        "login_url": "https://login.microsoftonline.us",
        "graph_url": "https://graph.microsoft.us",
        "partner_center_url": "https://api.partnercenter.microsoft.com",
        "azure_portal_url": "https://portal.azure.us",
        "bot_openid_url": "https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
        "bot_issuer": "https://api.botframework.us",
        "bot_token_scope": "https://api.botframework.us/.default",
        "service_hosts": ("smba.infra.gov.teams.microsoft.us", "botframework.azure.us", "teams.microsoft.us"),
        "upload_hosts": ("sharepoint.us",),
    },
}

DOCUMENTED_SEND_LIMITS: Mapping[str, list[list[float]]] = {
    "conversation": [[7, 1], [8, 2], [60, 30], [1800, 3600]],
    "create": [[7, 1], [8, 2], [60, 30], [1800, 3600]],
    "members": [[14, 1], [16, 2], [120, 30], [3600, 3600]],
    "tenant": [[50, 1]],
}
"""[count, seconds] windows. https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""


def _guid(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError):
        raise ValueError(f"{value!r} is not a GUID") from None


def _key(value: str) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ValueError("must be base64 of exactly 32 bytes (openssl rand -base64 32)")
    return raw


def _keys(text: str) -> tuple[bytes, ...]:
    """One key, or a JSON list of them."""
    return tuple(_key(key) for key in (json.loads(text) if text.lstrip().startswith("[") else [text]))


class PartnerSettings(BaseModel):
    """One entry of PARTNERS, in the spelling of the JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    tenantId: str
    adminAgentsGroupId: str
    reader: Literal["auto", "app", "delegated"] = "auto"
    roleTenantId: str = ""
    actAs: Literal["", "user", "app"] = ""
    approversGroupId: str = ""
    channels: tuple[str, ...] = ()
    appMayCancel: bool = False

    _ids = field_validator("tenantId", "adminAgentsGroupId")(staticmethod(_guid))

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        name = value.strip()
        if not name or not name.isprintable():
            raise ValueError("a name is one line of text that can be read")
        if name.lower() == "none":
            raise ValueError("'none' is the audit trail of what concerns no partner; take another name")
        return name

    @field_validator("roleTenantId", "approversGroupId")
    @classmethod
    def _optional_ids(cls, value: str) -> str:
        return _guid(value) if value else ""

    @field_validator("channels")
    @classmethod
    def _base_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # As copied from a link to a channel, or with the thread that they stood in.
        bases = tuple(unquote(channel).split(";", 1)[0].strip() for channel in value)
        if not all(bases):
            raise ValueError("a channel is the id of a Teams conversation, not an empty text")
        return bases


class Settings(BaseSettings):
    """Frozen. Read it with `load`, which asks for the `contradictions` too and names every problem in one error."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 3978
    database_url: SecretStr = SecretStr("sqlite:///alertdesk.db")
    app_id: str
    app_tenant_id: str
    app_secret: SecretStr | None = None
    app_certificate_path: str | None = None
    app_certificate_password: SecretStr | None = None
    app_managed_identity_client_id: str | None = None
    partners: tuple[PartnerSettings, ...]
    act_as: Literal["user", "app"] = "user"
    two_person_cancel: bool = True
    cloud: str = "global"
    login_url: str = ""
    graph_url: str = ""
    partner_center_url: str = ""
    azure_portal_url: str = ""
    bot_openid_url: str = ""
    bot_issuer: str = ""
    bot_token_scope: str = ""
    sso_resource: str = ""
    service_hosts: tuple[str, ...] = ()
    upload_hosts: tuple[str, ...] = ()
    webhook_cert_hosts: tuple[str, ...] = ("3psostorageacct.blob.core.windows.net",)
    webhook_ca_file: str | None = None
    public_url: str = ""
    poll_seconds: Annotated[float, Field(ge=1, le=3600)] = 60
    full_sync_hours: Annotated[float, Field(gt=0, le=168)] = 6
    encryption_key: SecretStr | None = None
    cancellation_hours: Annotated[float, Field(gt=0, le=168)] = 4
    entitlement_poll_seconds: Annotated[float, Field(ge=1, le=3600)] = 30
    audit_key: SecretStr
    escalation: dict[str, tuple[int, ...]] = Field(default_factory=lambda: {k: tuple(v) for k, v in USUAL.items()})
    operators_channel: str = ""
    locale: str = formats.ENGLISH
    heartbeat_url: str = ""
    dangerously_allow_loopback: bool = False
    send_limits: dict[str, list[tuple[int, float]]] = Field(
        default_factory=lambda: {
            name: [(int(c), s) for c, s in windows] for name, windows in DOCUMENTED_SEND_LIMITS.items()
        }
    )

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)  # the environment is read by `load`, which also refuses unknown names

    _ids = field_validator("app_id", "app_tenant_id")(staticmethod(_guid))

    @field_validator("audit_key")
    @classmethod
    def _audit_key(cls, value: SecretStr) -> SecretStr:
        _key(value.get_secret_value())
        return value

    @field_validator("escalation")
    @classmethod
    def _steps(cls, value: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        if wrong := problem(value):
            raise ValueError(wrong)
        return value

    @field_validator("locale")
    @classmethod
    def _locale(cls, value: str) -> str:
        formats.Formats(value)
        return value

    @field_validator("cloud")
    @classmethod
    def _cloud(cls, value: str) -> str:
        if value == "china":
            raise ValueError("the partner security alerts API does not exist in the China cloud; use global or usgov")
        if value not in CLOUDS:
            raise ValueError(f"{value!r} is no cloud we know; use global or usgov")
        return value

    @model_validator(mode="before")
    @classmethod
    def _presets(cls, data: Any) -> Any:
        """Fill what the operator left out from the cloud's presets."""
        if not isinstance(data, dict):
            return data
        preset = CLOUDS.get(data.get("cloud", "global"), {})
        if data.get("app_id") and not data.get("sso_resource"):
            data = {**data, "sso_resource": f"api://botid-{str(data['app_id']).lower()}"}
        return {
            **{name: value for name, value in preset.items() if not data.get(name)},
            **{k: v for k, v in data.items() if v or k not in preset},
        }

    def contradictions(self, unknown: frozenset[str] = frozenset()) -> list[str]:
        """What the settings contradict each other in, a line each. Checks that need one of `unknown` are left out."""
        checks: tuple[tuple[Callable[[], list[str]], set[str]], ...] = (
            (self._database_problems, {"database_url"}),
            (self._credential_problems, set()),
            (self._encryption_key_problems, set()),
            (self._partner_problems, {"partners", "act_as", "app_tenant_id"}),
            (self._sign_in_problems, {"partners", "act_as", "app_tenant_id", "encryption_key", "public_url"}),
            (self._url_problems, {"dangerously_allow_loopback"}),
            (self._limit_problems, {"send_limits", "dangerously_allow_loopback"}),
        )
        return [problem for check, needs in checks if not needs & unknown for problem in check()]

    def _database_problems(self) -> list[str]:
        scheme = self.database_url.get_secret_value().split(":", 1)[0]
        if scheme in ("sqlite", "postgresql"):
            return []
        return [f"{PREFIX}DATABASE_URL: must be sqlite:///file or postgresql://user:password@host/name"]

    def _credential_problems(self) -> list[str]:
        given = [
            name
            for name, value in (
                ("APP_SECRET", self.app_secret and self.app_secret.get_secret_value()),
                ("APP_CERTIFICATE_PATH", self.app_certificate_path),
                ("APP_MANAGED_IDENTITY_CLIENT_ID", self.app_managed_identity_client_id),
            )
            if value
        ]
        if not given:
            return [
                f"{PREFIX}APP_SECRET: one of it, APP_CERTIFICATE_PATH or APP_MANAGED_IDENTITY_CLIENT_ID is required"
            ]
        if len(given) > 1:
            return [f"{PREFIX}{' and '.join(given)}: give exactly one credential"]
        if self.app_certificate_password and not self.app_certificate_path:
            return [f"{PREFIX}APP_CERTIFICATE_PASSWORD: there is no APP_CERTIFICATE_PATH that it could open"]
        if self.app_certificate_path and not Path(self.app_certificate_path).is_file():
            return [f"{PREFIX}APP_CERTIFICATE_PATH: there is no such file"]
        return []

    def _encryption_key_problems(self) -> list[str]:
        text = self.encryption_key.get_secret_value() if self.encryption_key else ""
        if not text:
            return []
        try:
            if not _keys(text):
                raise ValueError("the list is empty")
        except json.JSONDecodeError:
            return [f"{PREFIX}ENCRYPTION_KEY: not valid JSON; one key, or a JSON list of keys, newest first"]
        except (ValueError, TypeError) as problem:
            return [f"{PREFIX}ENCRYPTION_KEY: {problem}; one key, or a JSON list of keys, newest first"]
        return []

    def _partner_problems(self) -> list[str]:
        problems = []
        if not self.partners:
            problems.append(f"{PREFIX}PARTNERS: at least one partner tenant is required")
        seen: set[str] = set()
        names: set[str] = set()
        for entry in self.partners:
            where = f"{PREFIX}PARTNERS ({entry.name})"
            if entry.tenantId in seen:
                problems.append(f"{where}: tenant {entry.tenantId} is listed twice")
            elif entry.name.casefold() in names:
                problems.append(f"{where}: another partner has that name; cards and commands tell partners apart by it")
            seen.add(entry.tenantId)
            names.add(entry.name.casefold())
            problems += [
                f"{where}: {key} is the role Global Administrator, not a group"
                for key in ("adminAgentsGroupId", "approversGroupId")
                if getattr(entry, key) == GLOBAL_ADMINISTRATOR
            ]
            if (entry.actAs or self.act_as) == "user":
                if entry.tenantId != self.app_tenant_id:
                    problems.append(
                        f'{where}: ACT_AS=user cannot cross tenants (APP_TENANT_ID is another); set "actAs":"app"'
                    )
                elif entry.roleTenantId not in ("", entry.tenantId):
                    problems.append(
                        f'{where}: with ACT_AS=user roles are checked where the person is; remove "roleTenantId", or '
                        'set "actAs":"app"'
                    )
        return problems

    def _sign_in_problems(self) -> list[str]:
        """What is needed wherever a person's token is kept."""
        problems = []
        if self.acts_as_people:
            if not self.public_url:
                problems.append(
                    f"{PREFIX}PUBLIC_URL: is required with ACT_AS=user, for sign-in pages; or set ACT_AS=app"
                )
            if not self.encryption_key:
                problems.append(
                    f"{PREFIX}ENCRYPTION_KEY: is required with ACT_AS=user, which keeps people's tokens "
                    "(openssl rand -base64 32); or set ACT_AS=app"
                )
        readers = [entry.name for entry in self.partners if entry.reader == "delegated"]
        if readers and not self.encryption_key:
            problems.append(
                f'{PREFIX}ENCRYPTION_KEY: is required for "reader":"delegated" ({", ".join(readers)}), whose sign-in '
                "is kept (openssl rand -base64 32)"
            )
        return problems

    def _url_problems(self) -> list[str]:
        problems = []
        for name in (
            "login_url",
            "graph_url",
            "partner_center_url",
            "azure_portal_url",
            "bot_openid_url",
            "public_url",
            "heartbeat_url",
        ):
            value = getattr(self, name)
            if value and (why := self._url_problem(value)):
                problems.append(f"{PREFIX}{name.upper()}: {why}")
            elif name in ("graph_url", "partner_center_url") and _VERSIONED.search(value):
                problems.append(f"{PREFIX}{name.upper()}: must be the base without a version, which the bot appends")
        for name in ("service_hosts", "upload_hosts", "webhook_cert_hosts"):
            for host in getattr(self, name):
                if not host or any(sign in host for sign in "/:@?*"):
                    problems.append(
                        f"{PREFIX}{name.upper()}: {host!r} must be a host name without scheme, port or wildcard"
                    )
                elif host.lower() in LOOPBACK and not self.dangerously_allow_loopback:
                    problems.append(
                        f"{PREFIX}{name.upper()}: {host} needs DANGEROUSLY_ALLOW_LOOPBACK=true, never in production"
                    )
        return problems

    def _url_problem(self, url: str) -> str:
        """Never shows the address itself: a secret may stand in one."""
        try:
            parts = urlsplit(url)
            wrong = not parts.hostname or parts.port == 0
        except ValueError:  # such as a port that is no number
            return "this is no address that can be read"
        if wrong or parts.username or parts.password or parts.query or parts.fragment:
            return "must be a plain https address without user, query or fragment"
        if parts.hostname in LOOPBACK:
            if not self.dangerously_allow_loopback:
                return "a loopback address needs DANGEROUSLY_ALLOW_LOOPBACK=true, never in production"
            return "" if parts.scheme in ("http", "https") else "must be http or https"
        return "" if parts.scheme == "https" else "must be https"

    def _limit_problems(self) -> list[str]:
        given = self.send_limits
        # What is left out of create and members stays as documented, unless all is lifted.
        lifted = [
            name for name in DOCUMENTED_SEND_LIMITS if not given.get(name, name in ("create", "members") and given)
        ]
        if lifted and not self.dangerously_allow_loopback:
            return [
                f"{PREFIX}SEND_LIMITS: lifting Teams' limits needs DANGEROUSLY_ALLOW_LOOPBACK=true, never in production"
            ]
        if unknown := set(self.send_limits) - set(DOCUMENTED_SEND_LIMITS):
            known = ", ".join(DOCUMENTED_SEND_LIMITS)
            return [f"{PREFIX}SEND_LIMITS: unknown window {', '.join(sorted(unknown))}; there are {known}"]
        windows = [window for windows in self.send_limits.values() for window in windows]
        if not all(count > 0 and seconds > 0 and math.isfinite(seconds) for count, seconds in windows):
            return [f"{PREFIX}SEND_LIMITS: a window is [count, seconds], both greater than 0"]
        return []

    @property
    def audit_key_bytes(self) -> bytes:
        return _key(self.audit_key.get_secret_value())

    @property
    def encryption_keys(self) -> tuple[bytes, ...]:
        """Newest first; empty where none is set."""
        text = self.encryption_key.get_secret_value() if self.encryption_key else ""
        return _keys(text) if text else ()

    @property
    def acts_as_people(self) -> bool:
        """Whether a write goes out with the token of whoever decides, for some partner."""
        return any((entry.actAs or self.act_as) == "user" for entry in self.partners)

    def hosts(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """An allow-list as it is meant: the loopback switch admits 127.0.0.1 in every one."""
        return (*names, "127.0.0.1") if self.dangerously_allow_loopback else names

    @property
    def public_base(self) -> str:
        """Where links in cards lead: PUBLIC_URL without its trailing slash; empty where none is set."""
        return self.public_url.rstrip("/")

    def partner_values(self) -> dict[str, Partner]:
        """PARTNERS as domain values, by tenant id."""
        return {
            entry.tenantId: Partner(
                name=entry.name,
                tenant_id=entry.tenantId,
                admin_agents_group_id=entry.adminAgentsGroupId,
                reader=entry.reader,
                role_tenant_id=entry.roleTenantId,
                act_as=entry.actAs or self.act_as,
                approvers_group_id=entry.approversGroupId,
                channels=entry.channels,
                app_may_cancel=entry.appMayCancel,
            )
            for entry in self.partners
        }


_VERSIONED = re.compile(r"/(beta|v\d+(\.\d+)?)/?$")
_JSON_FIELDS = frozenset(
    {"partners", "service_hosts", "upload_hosts", "webhook_cert_hosts", "send_limits", "escalation"}
)
_STAND_INS: Mapping[str, Any] = {
    "app_id": str(uuid.UUID(int=0)),
    "app_tenant_id": str(uuid.UUID(int=0)),
    "partners": (),
    "audit_key": base64.b64encode(bytes(32)).decode(),
}
"""Where a required setting is missing or wrong, so that the others can be checked. They never leave this module."""


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from an environment (the process's own by default). Raises ConfigError that names every problem."""
    given: dict[str, Any] = {}
    problems: list[str] = []
    unread: set[str] = set()
    for name, value in (os.environ if environment is None else environment).items():
        if not name.upper().startswith(PREFIX):
            continue
        field_name = name.upper().removeprefix(PREFIX).lower()
        if field_name not in Settings.model_fields:
            problems.append(f"{name}: there is no such setting{_nearest(field_name)}")
        elif value.strip() == "":
            continue  # set but empty is as good as not set
        elif field_name in _JSON_FIELDS:
            try:
                given[field_name] = json.loads(value)
            except ValueError as error:
                problems.append(f"{name}: not valid JSON ({error})")
                unread.add(field_name)
        else:
            given[field_name] = value.strip()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        told = {name: lines for name, lines in _told(error).items() if name not in unread}
        problems.extend(line for lines in told.values() for line in lines)
        unread |= set(told)
        readable = {name: value for name, value in given.items() if name not in unread}
        settings = Settings(**{**_STAND_INS, **readable})
    problems.extend(settings.contradictions(frozenset(unread)))
    if problems:
        raise ConfigError("The settings cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))
    return settings


def audit_key(environment: Mapping[str, str]) -> bytes:
    """AUDIT_KEY alone, for work that needs no other setting. Raises ConfigError."""
    name = f"{PREFIX}AUDIT_KEY"
    value = environment.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name} is required")
    try:
        return _key(value)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _told(error: ValidationError) -> dict[str, list[str]]:
    """The fields that could not be read, each with what is wrong with it."""
    told: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_input=False):
        field_name = str(item["loc"][0])
        text = "must be a list" if item["type"] == "tuple_type" else str(item["msg"]).removeprefix("Value error, ")
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"][1:])
        line = f"{PREFIX}{field_name.upper()}{where}: {'is required' if item['type'] == 'missing' else text}"
        told.setdefault(field_name, []).append(line)
    return told


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""
