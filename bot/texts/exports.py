"""What is said of exports and audit trails that are handed out."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts.catalogue import _, plural
from bot.texts.formats import either, number, sentences

GONE = _(
    "This export is not there any more: it was fetched already, it is over half an hour old, or it is not yours. Say “export” again."
)
DECLINED = _("The export was not saved. Say “export” again whenever you need it.")
NOWHERE = _(
    "I cannot hand you the file here: Teams takes files from me only in a personal chat. Add Alert Desk for yourself and say “export” there."
)


def consent(rows: int) -> str:
    return plural("{count} alert with all details, as CSV", "{count} alerts with all details, as CSV", rows).format(
        count=number(rows)
    )


def audit_consent(rows: int, partner: str) -> str:
    return plural(
        "The audit trail of {partner} ({count} row so far), as JSON Lines",
        "The audit trail of {partner} ({count} rows so far), as JSON Lines",
        rows,
    ).format(partner=partner, count=number(rows))


def what(rows: int) -> str:
    return plural("the file of {count} alert", "the file of {count} alerts", rows).format(count=number(rows))


def audit_what(partner: str) -> str:
    return _("the audit trail of {partner}").format(partner=partner)


def in_personal(what: str) -> str:
    return _("Waiting for you in our personal chat: {what}.").format(what=what)


def done(what: str) -> str:
    return _("Saved: {what}.").format(what=what)


def with_heads(what: str, heads: str) -> str:
    return _(
        "To go with {what}, the head of the audit trail: {heads} (it shows later whether rows were cut off)."
    ).format(what=what, heads=heads)


AUDIT_SUBJECT = _("audit trail")
AUDIT_WORDS = _(
    'The audit trail is exported whole: after “export audit” comes at most the partner, such as partner:"Northwind".'
)


def which_audit(partners: Sequence[str]) -> str:
    return _('One file holds the audit trail of one partner: {partners}. Say: export audit partner:"{example}"').format(
        partners=either(partners), example=partners[0]
    )


def daily_heads(heads: str) -> str:
    return _("Heads of the audit trails today, for “audit verify”: {heads}").format(heads=heads)


def failed(problem: str) -> str:
    return sentences(_("The file could not be saved."), problem, _("Say “export” again."))


DOWNLOAD = _("Sign in and download")
TITLE = _("Your export is ready")
LINK_LINES = (_("Only you can open it: the page asks you to sign in. The link serves once and for half an hour."),)
ROWS = _("Alerts")
AUDIT_ROWS = _("Rows")
AUDIT_HEAD = _("Head of the audit trail")
FILE = _("File")
OPENS_UNTIL = _("Opens until")
