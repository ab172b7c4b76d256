"""What an operator reads about the webhook's registration at Partner Center."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts.catalogue import _

NO_BASE = _("ALERTDESK_PUBLIC_URL is not set: Partner Center must be told where this bot answers.")


def none(partner: str) -> str:
    return _("Partner Center has no webhook registration for {partner}. Alerts are found by polling alone.").format(
        partner=partner
    )


def shown(partner: str, url: str, events: Sequence[str], ours: bool) -> str:
    said = (
        _("{partner}: Partner Center sends to {url} (this bot): {events}.")
        if ours
        else _("{partner}: Partner Center sends to {url} (another program): {events}.")
    )
    return said.format(partner=partner, url=url, events=", ".join(events) or _("no events"))


def stale(partner: str, url: str, ours: str) -> str:
    return _(
        "The webhook of {partner} is registered for {url}, where an Alert Desk once was, but this one answers at {ours}. "
        'Run: python -m bot webhook register --partner "{partner}" --replace'
    ).format(partner=partner, url=url, ours=ours)


def foreign(partner: str, url: str) -> str:
    return _(
        "Partner Center has one webhook registration for a tenant, and that of {partner} belongs to another program: {url}. That program gets nothing any more once it is replaced. Nothing was changed. If that is meant, add --replace."
    ).format(partner=partner, url=url)


def not_ours(partner: str, url: str) -> str:
    return _("The webhook registration of {partner} belongs to another program ({url}). Nothing was changed.").format(
        partner=partner, url=url
    )


def registered(partner: str, url: str, events: Sequence[str]) -> str:
    return _(
        "Registered: Partner Center tells {url} about {events} of {partner}. Try it: python -m bot webhook test"
    ).format(url=url, events=", ".join(events), partner=partner)


def unchanged(partner: str, url: str) -> str:
    return _("{partner} is registered for {url} already. Nothing was changed.").format(partner=partner, url=url)


def removed(partner: str, url: str, left: Sequence[str]) -> str:
    return _(
        "No alerts of {partner} are announced to {url} any more; still registered: {left}. Partner Center documents no way to delete a registration: another program replaces it when it registers."
    ).format(partner=partner, url=url, left=", ".join(left))


def nothing_to_remove(partner: str) -> str:
    return _("Partner Center announces no alerts of {partner} to this bot. Nothing was changed.").format(
        partner=partner
    )


def not_tested(event: str) -> str:
    return _("The registration does not include {event}, so Partner Center sends no test. Register first.").format(
        event=event
    )


def sent(correlation_id: str) -> str:
    return _("Partner Center sends a test event ({correlation_id}). Waiting for what it says about it …").format(
        correlation_id=correlation_id
    )


def attempt(at: str, status: str, message: str, *, system_error: bool) -> str:
    said = " ".join(filter(None, (f"{at}:", status or _("no answer"), message)))
    return _("{answer} (an error of Partner Center itself)").format(answer=said) if system_error else said


ARRIVED = _("The test event arrived and was accepted.")
NOT_ARRIVED = _("The test event was not accepted. See the answers above, and webhook_refused in the bot's log.")


def no_result(seconds: float) -> str:
    return _("Partner Center said nothing about it within {seconds:.0f} s. Run the test again in a minute.").format(
        seconds=seconds
    )
