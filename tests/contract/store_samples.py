"""Values that the store's contract tests put in. Each takes overrides by name."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.alerts import Alert, AlertKey
from bot.domain.cancellations import Kind, Plan, RequestCard
from bot.domain.decisions import Intent
from bot.domain.delivery import CardPost, ItemKind, NewItem
from bot.domain.filters import AlertQuery
from bot.domain.people import Conversation, ConversationKind
from bot.store import SqlStore

AUDIT_KEY = b"an insecure key for tests only..."
CONTOSO = "11111111-1111-4111-8111-111111111111"
FABRIKAM = "22222222-2222-4222-8222-222222222222"
CUSTOMER = "cccccccc-0000-4000-8000-000000000001"
SUBSCRIPTION = "5ab00000-0000-4000-8000-000000000001"
NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
EVERYONE = frozenset({CONTOSO, FABRIKAM})


class FreshIds:
    def guid(self) -> str:
        return str(uuid.uuid4())

    def token(self) -> str:
        return uuid.uuid4().hex * 2

    def jitter(self) -> float:
        return 0.5


def at(minutes: float) -> datetime:
    """So many minutes after NOW."""
    return NOW + timedelta(minutes=minutes)


def an_alert(alert_id: str = "alert-1", **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "partner": CONTOSO,
        "id": alert_id,
        "name": "Crypto mining suspected",
        "description": "Unusual compute usage",
        "alert_type": "usageAnomalyDetected",
        "status": "active",
        "severity": "high",
        "confidence": "medium",
        "detected_at": NOW,
        "first_observed_at": at(-30),
        "last_observed_at": at(-1),
        "customer_tenant_id": CUSTOMER,
        "subscription_id": SUBSCRIPTION,
    }
    return Alert(**(values | changes))


def an_intent(intent_id: str = "intent-1", alert_id: str = "alert-1", **changes: Any) -> Intent:
    values: dict[str, Any] = {
        "id": intent_id,
        "alert": AlertKey(CONTOSO, alert_id),
        "status": "resolved",
        "reason": "fraud",
        "note": "seen before",
        "by_id": "ada-id",
        "by_name": "Ada",
        "at": NOW,
        "conversation_id": "channel-1",
    }
    return Intent(**(values | changes))


def a_conversation(conversation_id: str = "channel-1", **changes: Any) -> Conversation:
    values: dict[str, Any] = {
        "id": conversation_id,
        "kind": ConversationKind.CHANNEL,
        "tenant_id": CONTOSO,
        "service_url": "https://smba.example/emea",
        "bot_id": "28:bot",
        "name": "Security",
        "team_id": "team-1",
        "team_name": "SOC",
    }
    return Conversation(**(values | changes))


def a_card(card_id: str = "card-1", alert_id: str = "alert-1", **changes: Any) -> CardPost:
    values: dict[str, Any] = {
        "id": card_id,
        "alert": AlertKey(CONTOSO, alert_id),
        "conversation_id": "channel-1",
        "activity_id": "",
        "created_at": NOW,
    }
    return CardPost(**(values | changes))


def a_plan(number: int = 1, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "number": number,
        "kind": Kind.CANCEL,
        "partner": CONTOSO,
        "customer_tenant_id": CUSTOMER,
        "customer_name": "Adatum",
        "reseller_name": "",
        "azure_plan_id": "plan-1",
        "entitlement_id": SUBSCRIPTION,
        "entitlement_name": "Production",
        "alerts": ("alert-1", "alert-2"),
        "by_id": "ada-id",
        "by_name": "Ada",
        "reason": "Mining since this morning",
        "consent": "unreachable",
        "consent_note": "called twice",
        "request_id": f"request-{number}",
        "asked_at": NOW,
        "expires_at": at(240),
        "conversation_id": "channel-1",
        "activity_id": "activity-1",
    }
    return Plan(**(values | changes))


def a_request_card(card_id: str = "card-1", number: int = 1, **changes: Any) -> RequestCard:
    values: dict[str, Any] = {
        "id": card_id,
        "number": number,
        "conversation_id": "channel-1",
        "activity_id": "",
        "created_at": NOW,
    }
    return RequestCard(**(values | changes))


def an_item(conversation_id: str = "channel-1", **changes: Any) -> NewItem:
    return NewItem(**({"conversation_id": conversation_id, "kind": ItemKind.ALERT_CARD} | changes))


def a_query(**changes: Any) -> AlertQuery:
    values: dict[str, Any] = {"partners": EVERYONE, "now": NOW}
    return AlertQuery(**(values | changes))


async def add_alerts(store: SqlStore, *alerts: Alert) -> list[int]:
    """Their numbers."""
    async with store.write() as tx:
        return [(await tx.alerts.add(alert, NOW, None)).number for alert in alerts]


async def ask(store: SqlStore, *plans: Plan, due_at: datetime = NOW) -> None:
    """Open these, each of which must be free."""
    async with store.write() as tx:
        for plan in plans:
            assert await tx.cancellations.open(plan, due_at) is None


async def add_conversations(store: SqlStore, *ids: str, **changes: Any) -> None:
    async with store.write() as tx:
        for conversation_id in ids:
            await tx.conversations.put(a_conversation(conversation_id, **changes))
