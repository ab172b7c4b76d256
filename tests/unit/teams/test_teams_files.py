from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.errors import AlertDeskError, Missing, Permanent, Refused, Transient
from bot.net.http import Hosts
from bot.teams.files import PIECE, UNIT, Uploader, consent_card, file_info_card
from tests.support.teams_world import FakeClock, http

URL = "https://northwind-my.sharepoint.com/upload/1?tempauth=secret"


class OneDrive:
    """An upload session that keeps what it is given, in order. `answers` replace the next answers."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.content = b""
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            return httpx.Response(200, json={"nextExpectedRanges": [f"{len(self.content)}-"]})
        if request.method == "DELETE":
            return httpx.Response(204)
        found = self.answers.pop(0) if self.answers else None
        if isinstance(found, httpx.Response):
            return found
        span, _, total = request.headers["content-range"].removeprefix("bytes ").partition("/")
        start, end = map(int, span.split("-"))
        if start != len(self.content):
            return httpx.Response(416)
        assert end - start + 1 == len(request.content)
        self.content += request.content
        if isinstance(found, Exception):
            raise found  # after the deed
        return httpx.Response(201 if end + 1 == int(total) else 202, json={})

    @property
    def pieces(self) -> list[int]:
        return [len(request.content) for request in self.requests if request.method == "PUT"]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def uploader(drive: OneDrive) -> Uploader:
    clock = FakeClock()
    return Uploader(http(drive, clock), clock, Hosts(("sharepoint.com",)))


async def test_a_file_in_one_piece() -> None:
    drive = OneDrive()
    await uploader(drive).upload(URL, chunks(b"abc", b"", b"def"), 6)
    assert drive.content == b"abcdef"
    request = drive.requests[0]
    assert request.method == "PUT"
    assert request.headers["content-range"] == "bytes 0-5/6"
    assert request.headers["content-length"] == "6"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5])
@pytest.mark.parametrize("step", [100_000, 3 * PIECE])
async def test_a_large_file_goes_in_pieces(size: int, step: int) -> None:
    drive = OneDrive()
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    await uploader(drive).upload(URL, chunks(*(content[at : at + step] for at in range(0, size, step))), size)
    assert drive.content == content
    assert all(piece % UNIT == 0 for piece in drive.pieces[:-1])
    assert max(drive.pieces) <= PIECE


async def test_trouble_on_the_way_is_overcome() -> None:
    drive = OneDrive(httpx.Response(503), httpx.Response(429, headers={"Retry-After": "1"}))
    await uploader(drive).upload(URL, chunks(b"abc"), 3)
    assert drive.content == b"abc"


async def test_a_piece_whose_answer_was_lost_is_not_sent_twice_over() -> None:
    drive = OneDrive(httpx.ReadError("lost"))
    content = b"x" * (PIECE + 5)
    await uploader(drive).upload(URL, chunks(content), len(content))
    assert drive.content == content


async def test_a_piece_that_the_session_lacks_is_an_error() -> None:
    drive = OneDrive(httpx.Response(416))
    with pytest.raises(Refused):
        await uploader(drive).upload(URL, chunks(b"abc"), 3)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(404), Missing),
        (httpx.Response(410), Missing),
        (httpx.Response(401), Refused),
        (httpx.Response(409), Refused),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), Refused),
        (httpx.Response(503, headers={"Retry-After": "120"}), Transient),
    ],
)
async def test_what_an_answer_means(answer: httpx.Response, kind: type[AlertDeskError]) -> None:
    drive = OneDrive(answer)
    with pytest.raises(kind) as caught:
        await uploader(drive).upload(URL, chunks(b"abc"), 3)
    assert "secret" not in caught.value.message
    assert drive.requests[-1].method == "DELETE"  # the session is given up


@pytest.mark.parametrize(("parts", "size"), [([b"abc"], 4), ([b"abc", b"d"], 3), ([], 1)])
async def test_a_file_of_another_length_is_not_finished(parts: list[bytes], size: int) -> None:
    drive = OneDrive()
    with pytest.raises(Permanent, match=r"announced"):
        await uploader(drive).upload(URL, chunks(*parts), size)
    assert drive.content == b""


async def test_an_empty_file() -> None:
    drive = OneDrive()
    with pytest.raises(Permanent, match="empty"):
        await uploader(drive).upload(URL, chunks(), 0)
    assert drive.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "http://northwind.sharepoint.com/",
        "https://sharepoint.com.evil.example/",
        "https://a:b@x.sharepoint.com/",
        "http://127.0.0.1/",
        "",
        "file:///etc/passwd",
    ],
)
async def test_files_go_nowhere_else(url: str) -> None:
    drive = OneDrive()
    with pytest.raises(Refused, match="UPLOAD_HOSTS"):
        await uploader(drive).upload(url, chunks(b"abc"), 3)
    assert drive.requests == []


def test_the_consent_card() -> None:
    context: dict[str, Any] = {"export": "1"}
    assert consent_card("alerts.csv", "12 alerts", 1234, context) == {
        "contentType": "application/vnd.microsoft.teams.card.file.consent",
        "name": "alerts.csv",
        "content": {
            "description": "12 alerts",
            "sizeInBytes": 1234,
            "acceptContext": context,
            "declineContext": context,
        },
    }


def test_the_file_card() -> None:
    assert file_info_card("alerts.csv", "https://x/alerts.csv", "u", "csv") == {
        "contentType": "application/vnd.microsoft.teams.card.file.info",
        "contentUrl": "https://x/alerts.csv",
        "name": "alerts.csv",
        "content": {"uniqueId": "u", "fileType": "csv"},
    }
