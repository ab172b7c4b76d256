"""What an operator reads about the webhook's registration at Partner Center."""

from __future__ import annotations

from collections.abc import Sequence

NO_BASE = "ALERTDESK_PUBLIC_URL is not set: Partner Center must be told where this bot answers."


def none(partner: str) -> str:
    return f"Partner Center has no webhook registration for {partner}. Alerts are found by polling alone."


def shown(partner: str, url: str, events: Sequence[str], ours: bool) -> str:
    whose = "this bot" if ours else "another program"
    return f"{partner}: Partner Center sends to {url} ({whose}): {', '.join(events) or 'no events'}."


def stale(partner: str, url: str, ours: str) -> str:
    return (
        f"The webhook of {partner} is registered for {url}, where an Alert Desk once was, but this one answers at {ours}. "
        f'Run: python -m bot webhook register --partner "{partner}" --replace'
    )


def foreign(partner: str, url: str) -> str:
    return (
        f"Partner Center has one webhook registration for a tenant, and that of {partner} belongs to another program: {url}. "
        "That program gets nothing any more once it is replaced. Nothing was changed. If that is meant, add --replace."
    )


def not_ours(partner: str, url: str) -> str:
    return f"The webhook registration of {partner} belongs to another program ({url}). Nothing was changed."


def registered(partner: str, url: str, events: Sequence[str]) -> str:
    return f"Registered: Partner Center tells {url} about {', '.join(events)} of {partner}. Try it: python -m bot webhook test"


def unchanged(partner: str, url: str) -> str:
    return f"{partner} is registered for {url} already. Nothing was changed."


def removed(partner: str, url: str, left: Sequence[str]) -> str:
    return (
        f"No alerts of {partner} are announced to {url} any more; still registered: {', '.join(left)}. "
        "Partner Center documents no way to delete a registration: another program replaces it when it registers."
    )


def nothing_to_remove(partner: str) -> str:
    return f"Partner Center announces no alerts of {partner} to this bot. Nothing was changed."


def not_tested(event: str) -> str:
    return f"The registration does not include {event}, so Partner Center sends no test. Register first."


def sent(correlation_id: str) -> str:
    return f"Partner Center sends a test event ({correlation_id}). Waiting for what it says about it …"


def attempt(at: str, status: str, message: str, *, system_error: bool) -> str:
    said = " ".join(filter(None, (status or "no answer", message)))
    return f"{at}: {said}{' (an error of Partner Center itself)' if system_error else ''}"


ARRIVED = "The test event arrived and was accepted."
NOT_ARRIVED = "The test event was not accepted. See the answers above, and webhook_refused in the bot's log."


def no_result(seconds: float) -> str:
    return f"Partner Center said nothing about it within {seconds:.0f} s. Run the test again in a minute."
