"""Somebody's own chat with the bot, to write to them first."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.people import Conversation, ConversationState, Person
from bot.errors import Permanent
from bot.ports import Channel, Environment, Transaction


async def chat_with(
    person: Person, like: Conversation | None, env: Environment, channel: Channel
) -> Conversation | None:
    """None where there is none: Alert Desk is not installed for them. `like` is a conversation on whose service a new
    one is begun. Raises Transient where Teams is away."""
    async with env.store.read() as tx:
        known = await tx.conversations.personal_of(person.aad_id)
        met = await tx.people.get(person.aad_id)
    if known is not None and known.state == ConversationState.ACTIVE:
        return known
    if like is None:
        return None
    try:
        return await channel.personal(replace(person, mri=person.mri or (met.mri if met else "")), like)
    except Permanent:
        return None


async def try_again(tx: Transaction, chat: Conversation) -> None:
    """Teams has just told us of the chat, or we know it: it is tried, whatever became of it earlier. That it took
    nothing stays known until something arrives, or its loss would be news each time."""
    known = await tx.conversations.get(chat.id)
    if known is None:
        await tx.conversations.put(chat)
    elif known.state != ConversationState.ACTIVE:
        await tx.conversations.set_state(chat.id, ConversationState.TRIED)
