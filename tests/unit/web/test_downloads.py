"""A download: for the asker, after a sign-in, once, in the browser that signed in."""

from __future__ import annotations

import asyncio
import csv
import io
import json

import aiohttp
import pytest

from bot.ports import SignedIn
from bot.texts import web as texts
from tests.factories import ADA, FABRIKAM, NORA, NORTHWIND, alert, query
from tests.support.site import Site, back, sent_to_entra


async def asked(site: Site) -> str:
    _, token = await site.house.exports.ask(site.house.as_known(ADA), query(partners=frozenset({NORTHWIND})))
    return f"/exports/{token}"


async def signed_in(site: Site, path: str) -> aiohttp.ClientSession:
    """A browser that stands before the button."""
    browser = site.browser()
    state = await sent_to_entra(browser, path)
    status, text = await back(browser, state=state, code="good")
    assert status == 200, text
    assert f'action="{path}"' in text
    return browser


async def fetch(browser: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with browser.post(path) as answer:
        return answer.status, await answer.text()


async def test_the_asker_gets_exactly_the_alerts_once(site: Site) -> None:
    await site.house.take_in(alert("one", name="=1+1"), alert("theirs", partner=FABRIKAM))
    path = await asked(site)
    browser = await signed_in(site, path)
    async with browser.post(path) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/csv"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="alerts-20260301-123015.csv"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        rows = list(csv.DictReader(io.StringIO(await answer.text(), newline="")))
    assert [(row["Alert ID"], row["Alert name"]) for row in rows] == [("one", "'=1+1")]
    assert (await fetch(browser, path))[0] == 403
    assert (await site.get(path))[0] == 404
    assert [outcome for _, outcome, _ in await site.house.audited()] == ["asked", "done"]


async def test_looking_consumes_nothing(site: Site) -> None:
    path = await asked(site)
    for _ in range(3):
        assert (await site.get(path))[0] == 302
    assert (await fetch(await signed_in(site, path), path))[0] == 200


async def test_without_the_browsers_ticket_there_is_nothing(site: Site) -> None:
    path = await asked(site)
    browser = await signed_in(site, path)
    assert (await fetch(site.browser(), path))[0] == 403
    assert (await fetch(browser, path))[0] == 200


async def test_a_ticket_serves_once_even_for_nothing(site: Site) -> None:
    """Of two presses at once, one gets the file."""
    path = await asked(site)
    browser = await signed_in(site, path)
    statuses = await asyncio.gather(*(fetch(browser, path) for _ in range(3)))
    assert sorted(status for status, _ in statuses) == [200, 403, 403]


async def test_a_ticket_is_for_one_export(site: Site) -> None:
    path, other = await asked(site), await asked(site)
    browser = await signed_in(site, path)
    (ticket,) = [each.value for each in browser.cookie_jar if each.key == "alertdesk_export"]
    async with site.browser().post(other, headers={"Cookie": f"alertdesk_export={ticket}"}) as answer:
        assert answer.status == 403
    assert (await site.house.exports.by_token(other.rsplit("/", 1)[1])) is not None


async def test_a_ticket_is_worth_nothing_after_five_minutes(site: Site) -> None:
    path = await asked(site)
    browser = await signed_in(site, path)
    site.house.clock.forward(300)
    assert (await fetch(browser, path))[0] == 403


async def test_a_sign_ins_own_cookie_is_no_ticket(site: Site) -> None:
    path = await asked(site)
    browser = site.browser()
    state = await sent_to_entra(browser, path)
    async with site.browser().post(path, headers={"Cookie": f"alertdesk_export={state}"}) as answer:
        assert answer.status == 403


async def test_another_person_never_stands_before_the_button(site: Site) -> None:
    path = await asked(site)
    site.entra.who = SignedIn(NORA.aad_id, NORTHWIND, "Nora")
    browser = site.browser()
    status, text = await back(browser, state=await sent_to_entra(browser, path), code="good")
    assert (status, texts.DOWNLOAD in text) == (403, False)
    assert [each.key.rpartition("_")[0] for each in browser.cookie_jar] == ["alertdesk_signin"]


async def test_an_export_that_ran_out_while_one_signed_in_is_gone(site: Site) -> None:
    path = await asked(site)
    site.house.clock.forward(25 * 60)
    browser = site.browser()
    state = await sent_to_entra(browser, path)
    site.house.clock.forward(5 * 60)
    assert (await back(browser, state=state, code="good"))[0] == 404
    assert (await site.get(path))[0] == 404


async def test_one_that_was_taken_otherwise_meanwhile_is_gone(site: Site) -> None:
    request, token = await site.house.exports.ask(site.house.as_known(ADA), query())
    browser = await signed_in(site, f"/exports/{token}")
    await site.house.exports.take(request.id, ADA.aad_id)
    assert (await fetch(browser, f"/exports/{token}"))[0] == 403


@pytest.mark.parametrize("path", ["/exports/" + "y" * 43, "/exports/" + "-_" * 40])
async def test_what_never_was_is_gone_and_not_told_apart(site: Site, path: str) -> None:
    status, text = await site.get(path)
    assert (status, "over half an hour old, or it is not yours" in text) == (404, True)
    assert (await fetch(site.browser(), path))[0] == 403


async def test_the_ticket_stays_with_the_browser_and_its_address(site: Site) -> None:
    path = await asked(site)
    browser = await signed_in(site, path)
    (cookie,) = [each for each in browser.cookie_jar if each.key == "alertdesk_export"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", path)


async def test_an_audit_trail_comes_as_json_lines(site: Site) -> None:
    _, token = await site.house.exports.ask_audit(site.house.as_known(ADA), site.house.northwind)
    browser = await signed_in(site, f"/exports/{token}")
    async with browser.post(f"/exports/{token}") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/jsonl"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-northwind-20260301.jsonl"'
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [line.get("seq") for line in lines] == [1, 2, None]
    assert lines[-1]["head"] == {"partner": NORTHWIND, "count": 2, "hash": lines[1]["hash"]}
