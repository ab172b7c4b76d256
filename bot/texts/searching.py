"""What people read who look for an alert from the box they write in, and on the cards that they share so."""

from __future__ import annotations

from bot.texts.catalogue import _

COMMAND = _("Find an alert")
COMMAND_ABOUT = _(
    "Finds an alert by its number, id, subscription or customer, and shares it without telling what it is about"
)
PARAMETER = _("Alert")
PARAMETER_ABOUT = _("A number such as A-1042, the start of an alert or subscription id, or part of a customer's name")

NOTHING_READABLE = _(
    "I know of no alerts that I may show you. If you work on alerts, write “whoami” to Alert Desk in a personal chat, "
    "then search again."
)
NOT_NOW = _("I could not look that up in time. Type one more letter, or open the search again.")
OTHER_VERSION = _(
    "This search is of another version of Alert Desk. Ask the people who run it to update the app in Teams."
)
SIGNED_IN_SEARCH = _("You are signed in. Search again in Teams; you can close this page.")
SIGNED_IN_SHOW = _("You are signed in. Press Show again in Teams; you can close this page.")

SHARED_LEAD = _("A security alert. Show tells what it is about, to those alone who may read it.")
BACK_TO_SHARED = _("Hide")
NOT_FOR_YOU = _(
    "There is nothing here that I may show you. If you work on alerts, write “whoami” to Alert Desk in a personal chat."
)
BY_BUTTON_ONLY = _(
    "Your Teams cannot show the alert to you alone, so I do not show it here. Write to Alert Desk in a personal chat."
)


def shared_summary(label: str, severity: str) -> str:
    return _("{label}, {severity}: a security alert in Alert Desk").format(label=label, severity=severity)


def only_you(label: str) -> str:
    return _("Only you see this. To work on it, write to Alert Desk in your personal chat: show {label}").format(
        label=label
    )
