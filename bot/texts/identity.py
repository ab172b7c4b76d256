"""What `whoami` and `signout` answer."""

from __future__ import annotations

from bot.texts.catalogue import _

WHOAMI = _("Who you are to me")
NAME = _("Name")
ACCOUNT = _("Account")
OBJECT_ID = _("Entra object id")
TENANT = _("Tenant")
ROLES_NONE = _("no role that counts here")
ROLES_UNCHECKED = _("could not be checked just now")
MAY_DECIDE = _("You may decide on alerts here.")
MAY_NOT_DECIDE = _("You may read along where alerts are sent; deciding takes the Admin Agent role.")
NOT_CHECKED = _(
    "I could not check just now which tenant your account belongs to, so I do not know your roles. "
    "Ask again in a moment."
)


def at_partner(partner: str, said: str) -> str:
    """Where there are several partners: which of them a sentence is about."""
    return _("{partner}: {said}").format(partner=partner, said=said)


def acts_as_app(partner: str) -> str:
    return _("For {partner} I write with my own identity and put your name on record.").format(partner=partner)


def roles_in(partner: str) -> str:
    return _("Roles at {partner}").format(partner=partner)


ROLES_NOT_SIGNED_IN = _("not known: you are not signed in")
NOT_SIGNED_IN = _("The first button that you press signs you in.")
SIGNED_OUT = _("Signed out: I have forgotten every token with which I could act as you.")
SIGNOUT_NOTHING = _("There is nothing to sign out of: I hold no token of yours.")


def acts_as_you(partner: str) -> str:
    return _("For {partner} I act as you: Partner Center records and limits what you do.").format(partner=partner)
