"""Teams delivers an activity again when its answer is late, about 15 s after the first time, and so may a proxy. It is
done once; and where the process died that had it in hand, it is done by the one that gets it then.

https://github.com/microsoft/botbuilder-dotnet/issues/5005
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.chat.replies import decode, encode
from bot.chat.turn import SPOKEN, AskToken, Nothing, Refuse, Reply, Turn
from bot.errors import Transient, UserError
from bot.ports import Environment
from bot.telemetry.log import get_logger
from bot.texts import en as texts

log = get_logger("redelivery")

RENEW_SECONDS = 4.0
_LOOK_SECONDS = 0.25


class Redelivery:
    def __init__(self, env: Environment) -> None:
        self._env = env
        self._running: dict[str, float] = {}  # turns in hand, and since when; as many as the server lets in at once

    async def once(self, turn: Turn, work: Callable[[Turn], Awaitable[Reply]], patience: float | None) -> Reply:
        """What `work` answers to the turn, or did when the same activity came first. While that still runs, a repeat
        waits for it up to `patience` seconds; with None nobody waits for a repeat. Raises what `work` raises."""
        key = f"{turn.conversation.id}|{turn.kind}|{turn.activity_id}"
        async with self._env.store.write() as tx:
            first, answer = await tx.inbox.begin(key, self._env.clock.now())
        if not first:
            log.info("turn_repeated", key=key)
            return await self._as_before(turn, key, answer, patience)
        self._running[key] = self._env.clock.monotonic()
        try:
            reply = await work(turn)
        except UserError as problem:
            reply = Refuse(problem.message, problem.code or "refused")
        except Transient:
            await self._forget(key)  # nothing was done
            raise
        except Exception:
            await self._finish(key, Refuse(texts.IN_DOUBT, "in_doubt"))  # it is not tried again blindly
            raise
        finally:
            self._running.pop(key, None)
        if isinstance(reply, AskToken):
            await self._forget(key)  # Teams sends the same activity again, with the token
        else:
            await self._finish(key, reply)
        return reply

    async def renew(self) -> None:
        """Say of the turns that take long that they are not dead. To be called each RENEW_SECONDS."""
        now = self._env.clock.monotonic()
        keys = [key for key, began in self._running.items() if now - began >= RENEW_SECONDS]
        if keys:
            async with self._env.store.write() as tx:
                await tx.inbox.renew(keys, self._env.clock.now())

    async def _as_before(self, turn: Turn, key: str, answer: Mapping[str, Any] | None, patience: float | None) -> Reply:
        if answer is not None:
            return decode(answer)
        if patience is None:
            return Nothing()
        until = self._env.clock.monotonic() + patience
        while answer is None and self._env.clock.monotonic() < until:
            await self._env.clock.sleep(_LOOK_SECONDS)
            async with self._env.store.read() as tx:
                answer = await tx.inbox.answer(key)
        if answer is None:
            return Refuse(texts.IN_DOUBT, "in_doubt")  # it may have died before it wrote anything down
        # What is answered by a message was answered by the first one itself.
        return decode(answer) if turn.verb and turn.kind not in SPOKEN else Nothing()

    async def _finish(self, key: str, reply: Reply) -> None:
        async with self._env.store.write() as tx:
            await tx.inbox.finish(key, encode(reply))

    async def _forget(self, key: str) -> None:
        async with self._env.store.write() as tx:
            await tx.inbox.forget(key)
