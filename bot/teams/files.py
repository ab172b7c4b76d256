"""Files in a personal chat: Teams' consent and file cards, and the upload that follows a consent.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4
https://learn.microsoft.com/graph/api/driveitem-createuploadsession#upload-bytes-to-the-upload-session
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.errors import AlertDeskError, Missing, Permanent, Refused, Transient
from bot.net.http import Hosts, Http, Response, retry_after
from bot.ports import Clock

UNIT = 320 * 1024
"""Bytes: every piece but the last is a multiple of this."""
PIECE = 10 * UNIT


def consent_card(name: str, description: str, size: int, context: Mapping[str, Any]) -> dict[str, Any]:
    """Asks to put a file of `size` bytes into the person's OneDrive. `context` comes back and is not to be believed."""
    return {
        "contentType": "application/vnd.microsoft.teams.card.file.consent",
        "name": name,
        "content": {
            "description": description,
            "sizeInBytes": size,
            "acceptContext": dict(context),
            "declineContext": dict(context),
        },
    }


def file_info_card(name: str, content_url: str, unique_id: str, file_type: str) -> dict[str, Any]:
    """Shows the uploaded file. All but the name come from the consent's `uploadInfo`."""
    return {
        "contentType": "application/vnd.microsoft.teams.card.file.info",
        "contentUrl": content_url,
        "name": name,
        "content": {"uniqueId": unique_id, "fileType": file_type},
    }


class TeamsFiles:
    """The port Files: Teams' own cards, and the upload."""

    def __init__(self, http: Http, clock: Clock, hosts: Hosts) -> None:
        self._uploader = Uploader(http, clock, hosts)

    def consent_card(self, name: str, description: str, size: int, context: Mapping[str, Any]) -> Mapping[str, Any]:
        return consent_card(name, description, size, context)

    def info_card(self, name: str, content_url: str, unique_id: str, file_type: str) -> Mapping[str, Any]:
        return file_info_card(name, content_url, unique_id, file_type)

    async def upload(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        await self._uploader.upload(url, chunks, size)


class Uploader:
    """Streams bytes into an OneDrive upload session, in constant memory and without any token of ours."""

    def __init__(self, http: Http, clock: Clock, hosts: Hosts) -> None:
        self._http = http
        self._clock = clock
        self._hosts = hosts

    async def upload(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """`size` is the number of bytes that all chunks have together.

        Raises Refused where the address is none of UPLOAD_HOSTS, Missing where the session has ended, Permanent where
        the chunks are more or fewer bytes than announced.
        """
        if not self._hosts.admits(url):
            raise Refused("The upload address is none of UPLOAD_HOSTS; nothing was sent.", code="HostNotAllowed")
        if size <= 0:
            raise Permanent("An empty file cannot be uploaded.")
        try:
            await self._pieces(url, chunks, size)
        except AlertDeskError:
            await self._abandon(url)
            raise

    async def _pieces(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        waiting = bytearray()
        sent = 0
        async for chunk in chunks:
            waiting += chunk
            if sent + len(waiting) > size:
                raise Permanent("The file is longer than announced.")
            while len(waiting) > PIECE:
                await self._put(url, bytes(waiting[:PIECE]), sent, size)
                del waiting[:PIECE]
                sent += PIECE
        if sent + len(waiting) != size:
            raise Permanent("The file is shorter than announced.")
        await self._put(url, bytes(waiting), sent, size)

    async def _put(self, url: str, piece: bytes, start: int, size: int) -> None:
        end = start + len(piece) - 1
        answer = await self._http.request(
            "PUT",
            url,
            hosts=self._hosts,
            headers={"content-range": f"bytes {start}-{end}/{size}", "content-type": "application/octet-stream"},
            content=piece,
            timeout=60.0,
            attempts=3,
        )
        if answer.status in (200, 201, 202) or (answer.status == 416 and await self._has(url, end)):
            return
        raise self._failure(answer)

    async def _has(self, url: str, end: int) -> bool:
        """A piece whose first answer was lost is refused the second time (416); does the session have it?"""
        answer = await self._http.request("GET", url, hosts=self._hosts, attempts=2)
        session = answer.json() if answer.status == 200 else None
        ranges = session.get("nextExpectedRanges") if isinstance(session, dict) else None
        return isinstance(ranges, list) and bool(ranges) and str(ranges[0]).partition("-")[0] == str(end + 1)

    def _failure(self, answer: Response) -> AlertDeskError:
        code = f"HTTP{answer.status}"
        if answer.status in (404, 410):
            return Missing("The upload was asked for too long ago; ask for the file again.", code=code)
        if answer.status == 429 or answer.status >= 500:
            pause = retry_after(answer.headers, self._clock.now())
            return Transient("OneDrive had trouble of its own.", code=code, retry_after=pause)
        return Refused("OneDrive did not take the file.", code=code)

    async def _abandon(self, url: str) -> None:
        """Best effort: a session that is left alone ends by itself."""
        try:
            await self._http.request("DELETE", url, hosts=self._hosts, timeout=5.0)
        except AlertDeskError:
            return
