"""The first words in a conversation, and what is said when alerts begin or end to go there."""

from __future__ import annotations

from collections.abc import Sequence

from bot.texts.catalogue import _, plural
from bot.texts.en import echo
from bot.texts.formats import both, number, sentences

SEND_HERE = _("Send alerts here")
WELCOME_TITLE = _("Alert Desk is here")
WELCOME = (
    _("I bring Partner Center's security alerts into Teams: a card for each new alert, decided where you talk."),
    _("Nothing is sent here yet. An Admin Agent of your partner tenant presses the button below, or says “subscribe”."),
    _("Say “help” for everything that I understand."),
)
WELCOME_ROUTED = (
    _("I bring Partner Center's security alerts into Teams: a card for each new alert, decided where you talk."),
    _("Alerts are sent to this conversation. Say “help” for everything that I understand."),
)
WELCOME_PERSONAL = (
    _(
        "I bring Partner Center's security alerts into Teams. Here you can ask me in private: show unresolved, search, export."
    ),
    _("Say “whoami” to see what you may do, and “help” for everything that I understand."),
)
PRIVATE_CHANNEL = _(
    "In private channels Teams lets bots listen but not post. Use a standard or shared channel for alerts, or ask me here."
)


def not_taken(place: str, reason: str) -> str:
    """To one person, whom nothing said in that conversation could reach."""
    return sentences(
        _("Teams did not take my message in {place}.").format(place=place),
        _("The reason: {reason}.").format(reason=reason.strip().rstrip(".")) if reason else "",
        _("You can ask me here."),
    )


def subscribed(partners: Sequence[str], words: str) -> str:
    said = (
        _(
            "From now on the alerts of {partners} that match {filter} are sent here. "
            "A summary of what is open comes first."
        )
        if words
        else _("From now on the alerts of {partners} are sent here. A summary of what is open comes first.")
    )
    return said.format(partners=both(partners), filter=words)


def no_partner_to_route(words: str) -> str:
    return _("No partner of your tenant fits {words!r}, so nothing was changed.").format(words=echo(words))


def unsubscribed(partners: Sequence[str]) -> str:
    return _("The alerts of {partners} are no longer sent here.").format(partners=both(partners))


def summary_title(partner: str) -> str:
    return _("Security alerts of {partner} are now sent here").format(partner=partner)


def summary_posted(posted: int, total: int) -> str:
    if not total:
        return _("Nothing is open at the moment.")
    if posted == total:
        said = plural(
            "{count} alert open; each has its card below.", "{count} alerts open; each has its card below.", total
        )
    elif not posted:
        said = plural(
            "{count} alert open, all older than a day. Say “show unresolved” to see them.",
            "{count} alerts open, all older than a day. Say “show unresolved” to see them.",
            total,
        )
    else:
        said = plural(
            "{count} alert open. Below are the cards of {posted} from the last 24 hours, most severe first; "
            "say “show unresolved” for the other {others}.",
            "{count} alerts open. Below are the cards of {posted} from the last 24 hours, most severe first; "
            "say “show unresolved” for the other {others}.",
            total,
        )
    return said.format(count=number(total), posted=posted, others=number(total - posted))
