"""The seeded world of the sandbox: who there is, what they own, and the alerts about it. No HTTP in here."""

from __future__ import annotations

from bot.sandbox.world.build import build_world
from bot.sandbox.world.model import (
    GLOBAL_ADMINISTRATOR,
    BotApp,
    Channel,
    Customer,
    Entitlement,
    Group,
    GroupChat,
    Partner,
    Person,
    Plan,
    Reseller,
    Team,
)
from bot.sandbox.world.world import World

__all__ = [
    "GLOBAL_ADMINISTRATOR",
    "BotApp",
    "Channel",
    "Customer",
    "Entitlement",
    "Group",
    "GroupChat",
    "Partner",
    "Person",
    "Plan",
    "Reseller",
    "Team",
    "World",
    "build_world",
]
