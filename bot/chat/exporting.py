"""Handing out a CSV: by Teams' file consent in the asker's personal chat, else by a link that only they can open."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import IO, Any

from bot.chat.acting import Acting
from bot.chat.turn import Attach, Nothing, Refuse, Reply, Say, ShowCard, Turn
from bot.domain.people import Conversation
from bot.errors import AlertDeskError, Permanent, Transient, Unreachable, UserError
from bot.ports import Channel, Environment, ExportRequest, Files, Message
from bot.services.access import Access
from bot.services.exports import ROW_BYTES, Exports
from bot.services.filtering import words_query
from bot.telemetry.log import get_logger
from bot.texts import en as texts
from cards.info import info_card
from cards.views import Button, Fact, InfoView, Line

_CHUNK = 1 << 20
log = get_logger("exports")


class Exporting:
    """`spawn` starts a task that the program waits for when it stops; `public_url` is empty where there is none."""

    def __init__(
        self,
        env: Environment,
        acting: Acting,
        access: Access,
        exports: Exports,
        channel: Channel,
        files: Files,
        *,
        public_url: str,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._env, self._acting, self._access, self._exports = env, acting, access, exports
        self._channel, self._files, self._public_url, self._spawn = channel, files, public_url, spawn

    async def ask(self, turn: Turn, words: str) -> Reply:
        """Start an export of what `show <words>` would list."""
        readable = await self._acting.readable(turn)
        wanted = words_query(words, readable, self._env.partners, self._env.clock.now())
        person = await self._access.known(turn.person, turn.conversation)
        # A guest's object id is one of the conversation's tenant: there the sign-in must prove it.
        where = turn.conversation.tenant_id if person.guest else person.tenant_id
        request, token = await self._exports.ask(replace(person, tenant_id=where), wanted)
        if turn.is_personal:
            return Attach(self._consent(request), summary=request.file_name)
        if await self._sent_in_person(turn, request):
            return Say(texts.export_in_personal(request.rows))
        if not self._public_url:
            raise UserError(texts.EXPORT_NOWHERE, code="no_place_for_file")
        return self._link(request, token)

    async def consent(self, turn: Turn) -> Reply:
        """The person pressed Allow or Decline on the file consent card."""
        context = turn.data.get("context")
        export_id = str(context.get("export", "")) if isinstance(context, dict) else ""
        if turn.data.get("action") != "accept":
            await self._clear(turn)
            return Say(texts.EXPORT_DECLINED)
        info = turn.data.get("uploadInfo")
        if not isinstance(info, dict) or not isinstance(info.get("uploadUrl"), str):
            return Refuse(texts.EXPORT_GONE, code="bad_upload")
        request = await self._exports.take(export_id, turn.person.aad_id)
        await self._clear(turn)
        self._spawn(self._upload(turn.conversation, request, info))
        return Nothing()

    async def _clear(self, turn: Turn) -> None:
        """Take the answered question away. A courtesy: pressed again, it would only say that it is over."""
        if not turn.reply_to:
            return
        try:
            await self._channel.delete(turn.conversation, turn.reply_to)
        except AlertDeskError as problem:
            log.info("consent_not_cleared", code=problem.code)

    async def _sent_in_person(self, turn: Turn, request: ExportRequest) -> bool:
        try:
            async with self._env.store.read() as tx:
                personal = await tx.conversations.personal_of(turn.person.aad_id)
            if personal is None:
                personal = await self._channel.personal(turn.person, turn.conversation)
            await self._channel.send(
                personal, Message(attachments=(self._consent(request),), summary=request.file_name)
            )
        except (Permanent, Unreachable):
            return False
        except Transient as problem:
            log.warning("personal_chat_away", code=problem.code)
            return False
        return True

    def _consent(self, request: ExportRequest) -> Any:
        size = max(1, request.rows) * ROW_BYTES
        return self._files.consent_card(
            request.file_name, texts.export_consent(request.rows), size, {"export": request.id}
        )

    def _link(self, request: ExportRequest, token: str) -> ShowCard:
        view = InfoView(
            title=texts.EXPORT_TITLE,
            lines=tuple(Line(line) for line in texts.EXPORT_LINK_LINES),
            facts=(
                Fact(texts.ROWS, f"{request.rows:,}"),
                Fact(texts.FILE, request.file_name),
                Fact(texts.OPENS_UNTIL, texts.when(request.expires_at)),
            ),
            buttons=(Button(texts.DOWNLOAD, "url", url=f"{self._public_url}/exports/{token}"),),
            fallback_text=texts.EXPORT_TITLE,
        )
        return ShowCard(info_card(view), summary=texts.EXPORT_TITLE)

    async def _upload(self, conversation: Conversation, request: ExportRequest, info: dict[str, Any]) -> None:
        """Spool the file (its length must be known before the first byte is sent), upload it, and say so."""
        try:
            with await asyncio.to_thread(tempfile.TemporaryFile) as file:
                async for part in self._exports.stream(request.query):
                    await asyncio.to_thread(file.write, part)
                size = await asyncio.to_thread(file.tell)
                await asyncio.to_thread(file.seek, 0)
                await self._files.upload(str(info["uploadUrl"]), _chunks(file), size)
            card = self._files.info_card(
                str(info.get("name") or request.file_name),
                str(info.get("contentUrl") or ""),
                str(info.get("uniqueId") or ""),
                str(info.get("fileType") or "csv"),
            )
            await self._channel.send(
                conversation, Message(attachments=(card,), summary=texts.export_done(request.rows))
            )
        except AlertDeskError as problem:
            log.warning("export_failed", export=request.id, code=problem.code, problem=problem.message)
            await self._tell(conversation, texts.export_failed(problem.message))
        except OSError as problem:
            log.error("export_failed", export=request.id, problem=str(problem))
            await self._tell(conversation, texts.export_failed(""))

    async def _tell(self, conversation: Conversation, text: str) -> None:
        try:
            await self._channel.send(conversation, Message(text=text))
        except AlertDeskError as problem:
            log.warning("export_failure_not_told", code=problem.code)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk
