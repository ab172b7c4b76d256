"""What a person reads when the bot cannot act as them, and what an operator reads about a reader's sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts.catalogue import _, plural

NOT_SIGNED_IN = _("I act as you here, and you are not signed in yet. Nothing was done yet.")
SIGNED_OUT = _("Your sign-in has ended or was revoked. Sign in again. Nothing was done yet.")
WANTS_MFA = _("Microsoft wants a second proof that it is you (multi-factor authentication). Nothing was done yet.")
WANTS_CONSENT = _(
    "Microsoft wants you or an administrator to agree to what Alert Desk may do for you. Nothing was done yet."
)
WANTS_MORE = _(
    "An access policy of your organization wants more than this sign-in has, such as a managed device. Nothing was done yet."
)
NOT_IN_TENANT = _(
    "Microsoft says that your account is disabled or no longer in this organization, so nothing was done."
)

NOT_ASSIGNED = _(
    "Your organization lets only some people use Alert Desk, and your account is not one of them, so nothing was done. Ask its administrator to assign you to Alert Desk (enterprise applications, users and groups)."
)

UNKNOWN_PERSON = _("Teams does not say who you are or to which organization you belong, so nothing was done.")
OTHER_PERSON = _(
    "That sign-in is of another account than the one that asked in Teams, so nothing was done. Open the link again, or press again, with that account."
)
NOT_FOR_US = _("That sign-in was not made for Alert Desk, so nothing was kept.")
SIGN_IN_EXPIRED = _("That sign-in has expired, so nothing was kept. Try again.")
UNREADABLE = _("That is no sign-in of Microsoft's, so nothing was kept.")

AGAIN = _("Open the link from Teams again.")
DECLINED = _(
    "Microsoft did not sign you in, so nothing was done. Either it was cancelled, or an access policy of your organization refuses this device or this place: then use a device that it manages. {again}"
).format(again=AGAIN)
STALE = _("That answer belongs to another sign-in. {again}").format(again=AGAIN)


def not_accepted(code: str) -> str:
    return _("Microsoft did not accept the sign-in ({code}). {again}").format(code=code, again=AGAIN)


def how_to_sign_in_reader(partner: str) -> str:
    return _('run python -m bot login --partner "{partner}"').format(partner=partner)


def no_reader(partner: str) -> str:
    return _("Nobody has signed in to read the alerts of {partner}: {how_to}.").format(
        partner=partner, how_to=how_to_sign_in_reader(partner)
    )


def reader_refused(partner: str, code: str) -> str:
    return _("The sign-in that reads the alerts of {partner} does not work any more ({code}): {how_to}.").format(
        partner=partner, code=code, how_to=how_to_sign_in_reader(partner)
    )


def reader_too_mighty(partner: str) -> str:
    return _(
        "The account with whose sign-in the alerts of {partner} are read has become a Global Administrator. Such a sign-in is too mighty to be kept: take that role from it, or sign in with an account that does not have it: {how_to}. Until then its alerts are read as before."
    ).format(partner=partner, how_to=how_to_sign_in_reader(partner))


def reader_ends(partner: str, days: int) -> str:
    return plural(
        "The sign-in that reads the alerts of {partner} ends in {days} day unless it is used: {how_to}.",
        "The sign-in that reads the alerts of {partner} ends in {days} days unless it is used: {how_to}.",
        days,
    ).format(partner=partner, days=days, how_to=how_to_sign_in_reader(partner))


def reads_delegated(partner: str, code: str) -> str:
    return _(
        "{partner} refuses the application's own token ({code}); its alerts are read with the sign-in of a person."
    ).format(partner=partner, code=code)


def reader_not_signed_in(code: str) -> str:
    return _("Microsoft did not accept the sign-in ({code}). Nothing was kept.").format(code=code)


def unknown_partner(name: str, known: Sequence[str]) -> str:
    return _("ALERTDESK_PARTNERS has no partner {name!r}; there is {known}.").format(name=name, known=", ".join(known))
