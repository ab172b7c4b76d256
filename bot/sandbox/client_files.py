"""File consent and the OneDrive upload session behind it.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4
https://learn.microsoft.com/graph/api/driveitem-createuploadsession#upload-bytes-to-the-upload-session
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from aiohttp import web

from bot.sandbox import teams_activities as build
from bot.sandbox.botframework import deliver
from bot.sandbox.client_request import ClientError, ClientRequest
from bot.sandbox.teams import stamp

CONSENT_CARD = "application/vnd.microsoft.teams.card.file.consent"
CHUNK = 320 * 1024
MAX_SIZE = 250 * 1024 * 1024
MAX_FILES = 20
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass
class Upload:
    """One upload session and, once complete, its file."""

    id: str
    name: str
    owner: str
    data: bytearray = field(default_factory=bytearray)
    total: int | None = None

    @property
    def complete(self) -> bool:
        return self.total is not None and len(self.data) == self.total


Uploads = OrderedDict[str, Upload]


async def consent(call: ClientRequest) -> web.Response:
    """{person, conversationId, messageId, action: "accept" | "decline"} -> {status, body} of `fileConsent/invoke`."""
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    origin = call.message_in(conversation, person, body.get("messageId"))
    action = body.get("action")
    if action not in ("accept", "decline"):
        raise ClientError(400, "BadRequest", "action is accept or decline")
    card = next(
        (entry for entry in origin.activity.get("attachments") or [] if entry.get("contentType") == CONSENT_CARD), None
    )
    if card is None or conversation.kind != "personal":
        raise ClientError(409, "NoConsentCard", "that message asks for no consent to a file")
    content: dict[str, Any] = card.get("content") or {}
    value: dict[str, Any] = {
        "type": "fileUpload",
        "action": action,
        "context": content.get("acceptContext" if action == "accept" else "declineContext"),
    }
    if action == "accept":
        value["uploadInfo"] = _open(call, person.key, str(card.get("name") or "file"))
    activity = build.invoke(call.cloud, conversation, person, "fileConsent/invoke", value, message_id=origin.id)
    answer = await deliver(call.cloud, activity)
    return web.json_response({"status": answer.status, "body": answer.body})


def _open(call: ClientRequest, owner: str, name: str) -> dict[str, Any]:
    upload = Upload(uuid4().hex, name, owner)
    uploads = call.cloud.teams.uploads
    uploads[upload.id] = upload
    while len(uploads) > MAX_FILES:
        uploads.popitem(last=False)
    base = call.cloud.base_url
    return {
        "contentUrl": f"{base}/client/files/{upload.id}",
        "name": name,
        "uploadUrl": f"{base}/onedrive/upload/{upload.id}",
        "uniqueId": upload.id,
        "fileType": PurePosixPath(name).suffix.lstrip("."),
    }


async def upload(call: ClientRequest) -> web.Response:
    """`PUT` of a range. 202 with what is still expected, 201 with the file when it is complete."""
    request = call.request
    session = call.cloud.teams.uploads.get(request.match_info["file"])
    if session is None:
        return _refused(404, "itemNotFound", "The upload session was not found.")
    if "Authorization" in request.headers:
        return _refused(401, "unauthenticated", "An upload URL is pre-authorised: send no token to it.")
    if session.complete:
        return _refused(409, "nameAlreadyExists", "The upload is complete.")
    data = await request.read()
    found = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
    if not found:
        return _refused(400, "invalidRequest", "The Content-Range header is missing or malformed.")
    start, end, total = (int(part) for part in found.groups())
    if end - start + 1 != len(data) or end >= total or total > MAX_SIZE or session.total not in (None, total):
        return _refused(400, "invalidRequest", "The Content-Range does not fit the body or the earlier ranges.")
    if start != len(session.data):
        return _refused(416, "invalidRange", "The uploaded fragment overlaps or leaves a gap.")
    if end + 1 < total and len(data) % CHUNK:
        return _refused(400, "invalidRequest", "Fragments except the last are multiples of 320 KiB.")
    session.total = total
    session.data += data
    if end + 1 < total:
        until = call.cloud.now() + timedelta(minutes=15)
        return web.json_response(
            {"expirationDateTime": stamp(until), "nextExpectedRanges": [f"{len(session.data)}-"]}, status=202
        )
    address = f"{call.cloud.base_url}/client/files/{session.id}"
    return web.json_response({"id": session.id, "name": session.name, "size": total, "webUrl": address}, status=201)


async def download(call: ClientRequest) -> web.Response:
    """The file, as its owner gets it from OneDrive."""
    session = call.cloud.teams.uploads.get(call.request.match_info["file"])
    if session is None or not session.complete:
        raise ClientError(404, "NoSuchFile", "there is no such file, or its upload is not complete")
    return web.Response(
        body=bytes(session.data),
        content_type="text/csv" if session.name.endswith(".csv") else "application/octet-stream",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(session.name)}"},
    )


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
