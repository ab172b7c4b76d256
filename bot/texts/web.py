"""What the bot's few web pages say."""

from __future__ import annotations

from bot.texts.catalogue import _, plural
from bot.texts.formats import number

SIGN_IN_TITLE = _("Sign in to Alert Desk")
SIGN_IN_NOTHING = _(
    "This link was used already, or it is over 15 minutes old. Look at the alert in Teams: where it is not decided, press again for a new link."
)
SIGN_IN_NOT_SET_UP = _("Signing in is not set up. Ask the operator to set ALERTDESK_PUBLIC_URL.")
SIGN_IN_AWAY = _("Microsoft's sign-in does not answer just now. Open the link from Teams again in a moment.")
SIGN_IN_STALE = _(
    "This sign-in is over ten minutes old, was used already, or began in another browser. Open the link from Teams again."
)
SIGN_IN_OTHER = _(
    "You signed in with another account than the one that asked in Teams, so nothing was opened. Open the link again and choose that account."
)

SIGN_IN_ON = _("Sign in once more")

SIGNED_IN_TITLE = _("You are signed in")
SIGNED_IN_TOO_LATE = _(
    "You are signed in. What you asked for was done already, or waited too long. Look at the alert in Teams: where it is not decided, press again."
)

EXPORT_TITLE = _("Alert export")
EXPORT_GONE = _(
    "This export is not there any more: it was fetched already, it is over half an hour old, or it is not yours. Say “export” again in Teams."
)
EXPORT_AGAIN = _(
    "Open the link from Teams again: this page serves once, for a few minutes, in the browser that signed in."
)
DOWNLOAD = _("Download")


def file_ready(name: str) -> str:
    return _("{name} is ready. It can be fetched once.").format(name=name)


def export_ready(rows: int, name: str) -> str:
    return plural(
        "{name} with {count} alert is ready. It can be fetched once.",
        "{name} with {count} alerts is ready. It can be fetched once.",
        rows,
    ).format(name=name, count=number(rows))
