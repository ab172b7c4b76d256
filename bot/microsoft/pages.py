"""Partner Center's collections, page by page: the links of each page are checked and followed, never made here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bot.errors import Permanent
from bot.microsoft.protocol import listed, partner_center_link
from bot.microsoft.service import Caller, Service

MAX_PAGES = 1000
_READS = 3


async def partner_center_pages(
    service: Service, caller: Caller, path: str, *, timeout: float = 30.0
) -> AsyncIterator[list[Any]]:
    """The `items` of each page of the collection at `path` (below the service's base). `timeout` seconds for a page.

    Raises as `Service.call` does, and Permanent where the links lead elsewhere, in a circle, or never end.
    """
    url, headers = f"{service.base}{path}", dict[str, str]()
    for _ in range(MAX_PAGES):
        answer = await service.call("GET", url, caller=caller, headers=headers, timeout=timeout, attempts=_READS)
        body = answer.json()
        yield listed(body, "items")
        links = body.get("links")
        following = links.get("next") if isinstance(links, Mapping) else None
        if not following:
            return
        before = (url, headers)
        link, more = partner_center_link(service.base, following)
        url, headers = link, dict(more)
        if (url, headers) == before:
            raise Permanent("Partner Center's pages lead in a circle.")
    raise Permanent(f"Partner Center lists this on more than {MAX_PAGES} pages.")
