"""What a person reads when the bot cannot act as them, and what an operator reads about a reader's sign-in."""

from __future__ import annotations

from collections.abc import Sequence

NOT_SIGNED_IN = "I act as you here, and you are not signed in yet. Nothing was done yet."
SIGNED_OUT = "Your sign-in has ended or was revoked. Sign in again. Nothing was done yet."
WANTS_MFA = "Microsoft wants a second proof that it is you (multi-factor authentication). Nothing was done yet."
WANTS_CONSENT = (
    "Microsoft wants you or an administrator to agree to what Alert Desk may do for you. Nothing was done yet."
)
WANTS_MORE = "An access policy of your organization wants more than this sign-in has, such as a managed device. Nothing was done yet."
NOT_IN_TENANT = "Microsoft says that your account is disabled or no longer in this organization, so nothing was done."

UNKNOWN_PERSON = "Teams does not say who you are or to which organization you belong, so nothing was done."
OTHER_PERSON = "That sign-in is of another account than the one that asked in Teams, so nothing was done. Open the link again, or press again, with that account."
NOT_FOR_US = "That sign-in was not made for Alert Desk, so nothing was kept."
SIGN_IN_EXPIRED = "That sign-in has expired, so nothing was kept. Try again."
UNREADABLE = "That is no sign-in of Microsoft's, so nothing was kept."

AGAIN = "Open the link from Teams again."
DECLINED = (
    "Microsoft did not sign you in, so nothing was done. Either it was cancelled, or an access policy of your "
    f"organization refuses this device or this place: then use a device that it manages. {AGAIN}"
)
STALE = f"That answer belongs to another sign-in. {AGAIN}"


def not_accepted(code: str) -> str:
    return f"Microsoft did not accept the sign-in ({code}). {AGAIN}"


def how_to_sign_in_reader(partner: str) -> str:
    return f'run python -m bot login --partner "{partner}"'


def no_reader(partner: str) -> str:
    return f"Nobody has signed in to read the alerts of {partner}: {how_to_sign_in_reader(partner)}."


def reader_refused(partner: str, code: str) -> str:
    return f"The sign-in that reads the alerts of {partner} does not work any more ({code}): {how_to_sign_in_reader(partner)}."


def reader_ends(partner: str, days: int) -> str:
    return f"The sign-in that reads the alerts of {partner} ends in {days} days unless it is used: {how_to_sign_in_reader(partner)}."


def reads_delegated(partner: str, code: str) -> str:
    return f"{partner} refuses the application's own token ({code}); its alerts are read with the sign-in of a person."


def reader_not_signed_in(code: str) -> str:
    return f"Microsoft did not accept the sign-in ({code}). Nothing was kept."


def unknown_partner(name: str, known: Sequence[str]) -> str:
    return f"ALERTDESK_PARTNERS has no partner {name!r}; there is {', '.join(known)}."
