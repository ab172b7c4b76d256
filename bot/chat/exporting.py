"""Handing out a file: by Teams' file consent in the asker's personal chat, else by a link that only they can open."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import IO, Any

from bot.chat.acting import Acting
from bot.chat.signing_in import by_button
from bot.chat.turn import Attach, Nothing, Refuse, Reply, Say, ShowCard, Turn, TurnKind
from bot.domain.people import Conversation
from bot.domain.policy import Act
from bot.errors import AlertDeskError, Permanent, SignInNeeded, Transient, Unreachable, UserError
from bot.ports import Channel, Environment, ExportKind, ExportRequest, Files, Message
from bot.services import evidence, evidence_pack
from bot.services.access import Access
from bot.services.exports import ROW_BYTES, Exports
from bot.services.filtering import widened, words_query
from bot.telemetry.log import get_logger
from bot.texts import en as texts
from bot.texts import evidence as pack_texts
from bot.texts import exports as export_texts
from cards.actions import EXPORT_RUN
from cards.info import info_card
from cards.views import Button, Fact, InfoView, Line

_CHUNK = 1 << 20
_AUDIT = "audit"
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
        """Start an export of what `show <words>` would list, or after the word `audit` of a partner's audit trail."""
        readable = await self._acting.readable(turn)
        first, _, rest = words.strip().partition(" ")
        if first.lower() == _AUDIT:
            return await self._ask_audit(turn, rest, readable)
        asker, now = turn.person.aad_id, self._env.clock.now()
        wanted = words_query(words, readable, self._env.partners, now, asker=asker)
        async with self._env.store.read() as tx:
            wanted = await widened(tx, wanted)
        person = await self._access.account(turn.person, turn.conversation, readable)
        return await self.hand_out(turn, *await self._exports.ask(person, wanted))

    async def _ask_audit(self, turn: Turn, words: str, readable: frozenset[str]) -> Reply:
        partner = evidence.chosen_partner(words, readable, self._env.partners)
        try:
            await self._access.require(
                Act.EVIDENCE, turn.person, partner, turn.conversation, export_texts.AUDIT_SUBJECT, turn.activity_id
            )
        except SignInNeeded:
            if turn.is_personal or turn.kind != TurnKind.MESSAGE:
                raise
            return by_button(EXPORT_RUN, {"words": f"{_AUDIT} {words}".strip()})
        person = await self._access.account(turn.person, turn.conversation, {partner.tenant_id})
        return await self.hand_out(turn, *await self._exports.ask_audit(person, partner))

    async def hand_out(self, turn: Turn, request: ExportRequest, token: str) -> Reply:
        """Offer the file that was asked for where the asker alone can take it. `token` is that of its link."""
        if turn.is_personal:
            return Attach(self._consent(request), summary=request.file_name)
        if await self._sent_in_person(turn, request):
            return Say(export_texts.in_personal(self._what(request)))
        if not self._public_url:
            raise UserError(export_texts.NOWHERE, code="no_place_for_file")
        return self._link(request, token, await self._heads(request))

    async def consent(self, turn: Turn) -> Reply:
        """The person pressed Allow or Decline on the file consent card."""
        context = turn.data.get("context")
        export_id = str(context.get("export", "")) if isinstance(context, dict) else ""
        if turn.data.get("action") != "accept":
            await self._clear(turn)
            return Say(export_texts.DECLINED)
        info = turn.data.get("uploadInfo")
        if not isinstance(info, dict) or not isinstance(info.get("uploadUrl"), str):
            return Refuse(export_texts.GONE, code="bad_upload")
        request = await self._exports.take(export_id, turn.person.aad_id)
        await self._clear(turn)
        self._spawn(self._upload(turn.conversation, request, info))
        try:
            heads = await self._heads(request)
        except AlertDeskError as problem:
            log.warning("heads_not_told", code=problem.code)
            return Nothing()
        return Say(export_texts.with_heads(self._what(request), "; ".join(heads))) if heads else Nothing()

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
        match request.kind:
            case ExportKind.AUDIT:
                row_bytes, about = (
                    evidence.ROW_BYTES,
                    export_texts.audit_consent(request.rows, self._partner_name(request)),
                )
            case ExportKind.EVIDENCE:
                row_bytes, about = evidence_pack.ALERT_BYTES, pack_texts.consent(request.rows, request.subject)
            case _:
                row_bytes, about = ROW_BYTES, export_texts.consent(request.rows)
        size = max(1, request.rows) * row_bytes
        return self._files.consent_card(request.file_name, about, size, {"export": request.id})

    def _what(self, request: ExportRequest) -> str:
        match request.kind:
            case ExportKind.AUDIT:
                return export_texts.audit_what(self._partner_name(request))
            case ExportKind.EVIDENCE:
                return pack_texts.what(request.subject)
        return export_texts.what(request.rows)

    def _partner_name(self, request: ExportRequest) -> str:
        (tenant,) = request.query.partners
        return self._env.partners[tenant].name if tenant in self._env.partners else tenant

    async def _heads(self, request: ExportRequest) -> tuple[str, ...]:
        """Where the audit chains of the file's partners end now: with each file they go out of the database's reach."""
        found = await evidence.heads(self._env, sorted(request.query.partners))
        return evidence.told(found, self._env.partners)

    def _link(self, request: ExportRequest, token: str, heads: tuple[str, ...]) -> ShowCard:
        view = InfoView(
            title=export_texts.TITLE,
            lines=tuple(Line(line) for line in export_texts.LINK_LINES),
            facts=(
                Fact(
                    export_texts.AUDIT_ROWS if request.kind == ExportKind.AUDIT else export_texts.ROWS,
                    f"{request.rows:,}",
                ),
                Fact(export_texts.FILE, request.file_name),
                Fact(export_texts.OPENS_UNTIL, texts.when(request.expires_at)),
                *(Fact(export_texts.AUDIT_HEAD, head) for head in heads),
            ),
            buttons=(Button(export_texts.DOWNLOAD, "url", url=f"{self._public_url}/exports/{token}"),),
            fallback_text=export_texts.TITLE,
        )
        return ShowCard(info_card(view), summary=export_texts.TITLE)

    async def _upload(self, conversation: Conversation, request: ExportRequest, info: dict[str, Any]) -> None:
        """Spool the file (its length must be known before the first byte is sent), upload it, and say so."""
        try:
            with await asyncio.to_thread(tempfile.TemporaryFile) as file:
                async for part in self._exports.content(request):
                    await asyncio.to_thread(file.write, part)
                size = await asyncio.to_thread(file.tell)
                await asyncio.to_thread(file.seek, 0)
                await self._files.upload(str(info["uploadUrl"]), _chunks(file), size)
            card = self._files.info_card(
                str(info.get("name") or request.file_name),
                str(info.get("contentUrl") or ""),
                str(info.get("uniqueId") or ""),
                str(info.get("fileType") or request.file_name.rpartition(".")[2]),
            )
            summary = export_texts.done(self._what(request))
            await self._channel.send(conversation, Message(attachments=(card,), summary=summary))
        except AlertDeskError as problem:
            log.warning("export_failed", export=request.id, code=problem.code, problem=problem.message)
            await self._tell(conversation, export_texts.failed(problem.message))
        except OSError as problem:
            log.error("export_failed", export=request.id, problem=str(problem))
            await self._tell(conversation, export_texts.failed(""))

    async def _tell(self, conversation: Conversation, text: str) -> None:
        try:
            await self._channel.send(conversation, Message(text=text))
        except AlertDeskError as problem:
            log.warning("export_failure_not_told", code=problem.code)


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk
