"""What the details of an alert say, beside what its card says already."""

from __future__ import annotations

from bot.domain.unfolding import Scalar
from bot.texts import en

CONCERNS = "Whom it concerns"
DESCRIPTION = "What was seen"
STEPS = "What to do"
RESOURCE = "Resource information"
FIRST_CONNECTION = "First connection"
LAST_CONNECTION = "Last connection"
ADDITIONAL = "Additional information"
HELP = "Help"
ABOUT = "About this alert"
RESPOND_BY = "Respond by"
RESOLVED = "Resolved"
YES, NO = "yes", "no"
NOTHING = "\u2013"
MORE_DETAILS = "There is more than fits here; an export has all of it."

GUIDE = "Types of alerts"
RESPOND = "How to respond to an alert"
LIABILITY = "Fraud, misuse and who pays"
SERVICE_HEALTH = "Azure Service Health"

VERDICTS_HINT = "The verdict counts for the alert, and so for all of these resources."


def value(of: Scalar) -> str:
    """`yes`, `21 Nov 2026, 14:05 UTC`, or the words as they came."""
    if of is None or of == "":
        return NOTHING
    if isinstance(of, bool):
        return YES if of else NO
    return of if isinstance(of, str) else en.when(of)
