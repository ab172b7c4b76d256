"""Values of the domain for tests: each factory gives a usual one and takes overrides by name."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat.turn import Turn, TurnKind
from bot.domain.alerts import Alert, AlertKey, AlertRecord, Decision
from bot.domain.audit import AuditEntry
from bot.domain.cancellations import Cancellation, Plan
from bot.domain.decisions import Intent
from bot.domain.filters import AlertQuery
from bot.domain.people import Conversation, ConversationKind, Partner, Person
from bot.ports import Entitlement

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
NORTHWIND = "11111111-1111-4111-8111-111111111111"
FABRIKAM = "22222222-2222-4222-8222-222222222222"
ELSEWHERE = "33333333-3333-4333-8333-333333333333"
CUSTOMER = "cccccccc-0000-4000-8000-000000000001"
SUBSCRIPTION = "5ab00000-0000-4000-8000-000000000001"
AZURE_PLAN = "a9000000-0000-4000-8000-000000000001"
CHANNEL = "19:alerts@thread.tacv2"
GENERAL = "19:general@thread.tacv2"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def guid(number: int) -> str:
    """Always the same GUID for a number."""
    return str(uuid.UUID(int=number, version=4))


def partner(**changes: Any) -> Partner:
    values: dict[str, Any] = {"name": "Northwind", "tenant_id": NORTHWIND, "admin_agents_group_id": guid(1)}
    return Partner(**(values | changes))


def alert(alert_id: str = "alert-one", **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "partner": NORTHWIND,
        "id": alert_id,
        "name": "Crypto mining suspected",
        "description": "Unusual compute usage",
        "alert_type": "usageAnomalyDetected",
        "status": "active",
        "severity": "high",
        "confidence": "medium",
        "detected_at": NOW - minutes(5),
        "first_observed_at": NOW - minutes(35),
        "last_observed_at": NOW - minutes(6),
        "customer_tenant_id": CUSTOMER,
        "subscription_id": SUBSCRIPTION,
    }
    return Alert(**(values | changes))


def plan(**changes: Any) -> Plan:
    """To cancel `SUBSCRIPTION`, asked by Ada because of `alert-one`."""
    values: dict[str, Any] = {
        "number": 12,
        "kind": "cancel",
        "partner": NORTHWIND,
        "customer_tenant_id": CUSTOMER,
        "customer_name": "Contoso",
        "reseller_name": "",
        "azure_plan_id": AZURE_PLAN,
        "entitlement_id": SUBSCRIPTION,
        "entitlement_name": "Contoso production",
        "alerts": ("alert-one",),
        "by_id": ADA.aad_id,
        "by_name": ADA.name,
        "reason": "Miners on every machine",
        "consent": "agreed",
        "consent_note": "",
        "request_id": guid(77),
        "asked_at": NOW,
        "expires_at": NOW + timedelta(hours=4),
        "conversation_id": CHANNEL,
        "activity_id": "activity",
    }
    return Plan(**(values | changes))


def cancellation(of: Plan | None = None, **changes: Any) -> Cancellation:
    return Cancellation(of or plan(), **changes)


def entitlement(**changes: Any) -> Entitlement:
    values: dict[str, Any] = {
        "customer_tenant_id": CUSTOMER,
        "plan_id": AZURE_PLAN,
        "id": SUBSCRIPTION,
        "name": "Contoso production",
        "status": "active",
    }
    return Entitlement(**(values | changes))


def resolved(alert_id: str = "alert-one", reason: str = "fraud", **changes: Any) -> Alert:
    values = {"status": "resolved", "resolved_reason": reason, "resolved_by": "kim@northwind.example"}
    return alert(alert_id, **(values | {"resolved_at": NOW} | changes))


def decision(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "verdict": "fraud",
        "by_name": "Ada",
        "by_id": ADA.aad_id,
        "at": NOW,
        "note": "",
        "via": "teams",
    }
    return Decision(**(values | changes))


def record(of: Alert | None = None, **changes: Any) -> AlertRecord:
    values: dict[str, Any] = {
        "alert": of or alert(),
        "number": 1042,
        "version": 3,
        "first_seen_at": NOW,
        "changed_at": NOW,
        "customer_name": "Contoso Ltd",
    }
    return AlertRecord(**(values | changes))


def intent(**changes: Any) -> Intent:
    values: dict[str, Any] = {
        "id": "intent-one",
        "alert": AlertKey(NORTHWIND, "alert-one"),
        "status": "resolved",
        "reason": "fraud",
        "note": "",
        "by_id": ADA.aad_id,
        "by_name": ADA.name,
        "at": NOW,
        "conversation_id": CHANNEL,
    }
    return Intent(**(values | changes))


def query(**changes: Any) -> AlertQuery:
    return AlertQuery(**({"partners": frozenset({NORTHWIND, FABRIKAM}), "now": NOW} | changes))


def entry(**changes: Any) -> AuditEntry:
    values: dict[str, Any] = {
        "partner": NORTHWIND,
        "act": "mark fraud",
        "outcome": "done",
        "actor_id": ADA.aad_id,
        "actor_name": "Ada",
        "subject": "A-1",
    }
    return AuditEntry(**(values | changes))


def person(name: str = "Ada", number: int = 101, **changes: Any) -> Person:
    """As an activity tells of them: without a tenant."""
    values = {"aad_id": guid(number), "mri": f"29:{name.lower()}", "name": name}
    return Person(**(values | changes))


ADA = person("Ada", 101)
"""Admin Agent of Northwind."""
MAX = person("Max", 102)
"""Admin Agent and Global Administrator of Northwind."""
GIL = person("Gil", 103)
"""Global Administrator of Northwind."""
NORA = person("Nora", 104)
"""Of Northwind, without roles."""
GUS = person("Gus", 105)
"""Of another tenant, external in Northwind's channel; a guest where the roster is told to say so."""
FAY = person("Fay", 106)
"""Admin Agent of Fabrikam."""
TENANTS = {ADA: NORTHWIND, MAX: NORTHWIND, GIL: NORTHWIND, NORA: NORTHWIND, GUS: ELSEWHERE, FAY: FABRIKAM}


def conversation(conversation_id: str = CHANNEL, **changes: Any) -> Conversation:
    values: dict[str, Any] = {
        "id": conversation_id,
        "kind": ConversationKind.CHANNEL,
        "tenant_id": NORTHWIND,
        "service_url": "https://smba.trafficmanager.net/emea",
        "bot_id": "28:bot",
        "name": "Alerts",
        "team_id": "19:team@thread.tacv2",
        "team_name": "Security Operations",
    }
    return Conversation(**(values | changes))


def personal(of: Person = ADA, **changes: Any) -> Conversation:
    """Somebody's own chat with the bot."""
    values = {
        "kind": ConversationKind.PERSONAL,
        "person_id": of.aad_id,
        "tenant_id": TENANTS.get(of, NORTHWIND),
        "name": "",
        "team_id": "",
        "team_name": "",
    }
    return conversation(f"a:{of.name.lower()}", **(values | changes))


_activities = iter(range(1, 10**9))


def turn(**changes: Any) -> Turn:
    """Each with an activity id of its own."""
    values: dict[str, Any] = {
        "kind": TurnKind.MESSAGE,
        "activity_id": f"activity-{next(_activities)}",
        "conversation": conversation(),
        "person": ADA,
    }
    return Turn(**(values | changes))


def said(text: str, by: Person = ADA, **changes: Any) -> Turn:
    return turn(**({"text": text, "person": by} | changes))


def pressed(verb: str, by: Person = ADA, **changes: Any) -> Turn:
    return turn(**({"kind": TurnKind.EXECUTE, "verb": verb, "person": by} | changes))
