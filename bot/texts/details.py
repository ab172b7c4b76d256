"""What the details of an alert say, beside what its card says already."""

from __future__ import annotations

from bot.domain.unfolding import Scalar
from bot.texts import en
from bot.texts.catalogue import _

CONCERNS = _("Whom it concerns")
DESCRIPTION = _("What was seen")
STEPS = _("What to do")
RESOURCE = _("Resource information")
FIRST_CONNECTION = _("First connection")
LAST_CONNECTION = _("Last connection")
ADDITIONAL = _("Additional information")
HELP = _("Help")
ABOUT = _("About this alert")
RESPOND_BY = _("Respond by")
RESOLVED = _("Resolved")
YES, NO = _("yes"), _("no")
NOTHING = "\u2013"
MORE_DETAILS = _("There is more than fits here; an export has all of it.")

GUIDE = _("Types of alerts")
RESPOND = _("How to respond to an alert")
LIABILITY = _("Fraud, misuse and who pays")
SERVICE_HEALTH = _("Azure Service Health")

VERDICTS_HINT = _("The verdict counts for the alert, and so for all of these resources.")


def value(of: Scalar) -> str:
    """`yes`, `21 Nov 2026, 14:05 UTC`, or the words as they came."""
    if of is None or of == "":
        return NOTHING
    if isinstance(of, bool):
        return YES if of else NO
    return of if isinstance(of, str) else en.when(of)
