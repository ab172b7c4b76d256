"""What is said about the partner security score. Plain text."""

from __future__ import annotations

from datetime import datetime

from bot.domain.scores import CustomerMfa, Requirement, ScorePoint, SecurityScore
from bot.texts import en as texts
from bot.texts import formats
from bot.texts.catalogue import _, plural

TITLE = _("Security scores")
NOT_OFFERED = _(
    "Microsoft has no partner security score in the US Government cloud, so there is none that I could show here."
)
USAGE = _("Write: score, or score partner:<name>. Other filters do not apply to it.")
UNREAD = _("Not read")
READING = _("Being read")
READING_LINE = _("Microsoft has not answered yet. Press Refresh in a moment.")
READING_CUSTOMERS = _("Your customers are still being read. Press Refresh in a moment.")
REQUIREMENTS = _("Requirements")
NO_REQUIREMENTS = _("Microsoft lists no requirements.")
HISTORY = _("History")
HISTORY_CHART = _("Score by day")
SCORE = _("Score")
MAXIMUM = _("Maximum")
CUSTOMERS = _("Customers that lack multi-factor authentication")
CUSTOMERS_NONE = _("None of the customers that Microsoft tells of.")
ALL_PARTNERS = _("All partners")
REFRESH = _("Refresh")
OPEN = _("Open")
SHOW = _("Show")
GUIDE = _("About the score")
GUIDE_LINK = "https://learn.microsoft.com/partner-center/security/partner-security-score"
BY_MICROSOFT = _("Reckoned by Microsoft, usually once a day.")

_KINDS = {
    "mfaenforcedforadmins": (
        _("Multi-factor authentication for your own administrators"),
        _("Require it of every administrator in your tenant, by security defaults or a conditional access policy."),
    ),
    "mfaenforcedforadminsofcustomers": (
        _("Multi-factor authentication for your customers' administrators"),
        _("Ask the customers below to require it of their administrators."),
    ),
    "securityalertspromptlyresolved": (
        _("Alerts answered within 24 hours on average"),
        _("Decide on each alert as it comes; an hour is what Microsoft recommends."),
    ),
    "securitycontactprovided": (
        _("A security contact in Partner Center"),
        _("Name a person or a team in Partner Center's account settings, so that Microsoft reaches somebody."),
    ),
    "spendingbudgetsetforcustomerazuresubscriptions": (
        _("Budgets on your customers' Azure subscriptions"),
        _("Set a spending budget for each customer in Partner Center."),
    ),
}
_SETTINGS = {"enabled": _("on"), "disabled": _("off"), "true": _("on"), "false": _("off")}


def title(partner: str) -> str:
    return _("Security score \u00b7 {partner}").format(partner=partner)


def number(value: float) -> str:
    return formats.number(round(value, 1))


def standing(score: SecurityScore) -> str:
    """`50 of 70`."""
    if score.current is None:
        return _("Microsoft says no score")
    return (
        number(score.current)
        if score.maximum is None
        else _("{current} of {maximum}").format(current=number(score.current), maximum=number(score.maximum))
    )


def missed(score: SecurityScore) -> str:
    count = len(score.missed)
    if not score.requirements:
        return NO_REQUIREMENTS
    if not count:
        return _("Every requirement that counts is met")
    return plural("{count} requirement missed", "{count} requirements missed", count).format(count=count)


def refreshed(at: datetime | None) -> str:
    if at is None:
        return _("Microsoft does not say when it was refreshed.")
    return _("Microsoft refreshed it {time}.").format(time=texts.when(at))


def unread(partner: str, problem: str) -> str:
    return _("The score of {partner} could not be read. {problem}").format(partner=partner, problem=problem)


def customers_unread(problem: str) -> str:
    return _("The customers could not be read. {problem}").format(problem=problem)


def outdated(at: datetime, problem: str) -> str:
    return _("This is as of {time}; it could not be read again. {problem}").format(time=texts.when(at), problem=problem)


def requirement(of: Requirement) -> str:
    """What it is in plain words; a kind that we do not know is shown as it came."""
    return _KINDS.get(of.kind.lower(), (of.kind or texts.UNKNOWN, ""))[0]


def what_to_do(of: Requirement) -> str:
    """Empty where it is met, or where we do not know the kind."""
    return "" if of.met else _KINDS.get(of.kind.lower(), ("", ""))[1]


def met(of: Requirement) -> str:
    """`Missed · 0 of 20 · preview, does not count yet`."""
    word = {True: _("Met"), False: _("Missed"), None: of.compliance or texts.UNKNOWN}[of.met]
    parts = [word, _("{score} of {most}").format(score=number(of.score), most=number(of.max_score))]
    if of.is_preview:
        parts.append(_("preview, does not count yet"))
    if of.average_response_hours is not None:
        parts.append(_("average of 30 days: {hours} h").format(hours=number(of.average_response_hours)))
    return " \u00b7 ".join(parts)


def day(point: ScorePoint) -> str:
    return formats.day(point.at)


def then(point: ScorePoint) -> str:
    return _("{score} \u00b7 {compliant} of {total} requirements met").format(
        score=number(point.score), compliant=point.compliant, total=point.total
    )


def counted(lacking: int, customers: int, users: int) -> str:
    return _("{lacking} of {customers} customers; {users} users have none.").format(
        lacking=formats.number(lacking), customers=formats.number(customers), users=formats.number(users)
    )


def not_all(customers: int) -> str:
    return _("There are more customers; only the first {customers} were read.").format(
        customers=formats.number(customers)
    )


def unknown_customers(count: int) -> str:
    return _("Of {count} customers Microsoft does not say.").format(count=formats.number(count))


def lacking(of: CustomerMfa) -> str:
    """`14 of 61 users have none · no administrator has it`."""
    parts = []
    if of.lacking is not None:
        said = _("{count} of {total} users have none")
        parts.append(said.format(count=formats.number(of.lacking), total=formats.number(of.users_total or 0)))
    if of.no_admin:
        parts.append(_("no administrator has it"))
    return " \u00b7 ".join(parts)


def settings(of: CustomerMfa) -> str:
    named = (
        (_("security defaults"), of.security_defaults),
        (_("conditional access"), of.conditional_access),
        (_("per-user MFA"), of.legacy_mfa),
    )
    said = [f"{name} {_SETTINGS.get(word.lower(), word)}" for name, word in named if word]
    joined = ", ".join(said)
    return joined[:1].upper() + joined[1:]


def shown(first: int, last: int, total: int) -> str:
    return _("{first}\u2013{last} of {total}, the worst first").format(
        first=formats.number(first), last=formats.number(last), total=formats.number(total)
    )


def fallback(partner: str, score: SecurityScore) -> str:
    return _("Security score of {partner}: {standing}. {missed}. Say to Alert Desk: score").format(
        partner=partner, standing=standing(score), missed=missed(score)
    )


def fallback_all(count: int) -> str:
    return _("Security scores of {count} partners. Say to Alert Desk: score partner:<name>").format(count=count)


def fallback_unread(partner: str) -> str:
    return _("The security score of {partner} could not be read yet. Say to Alert Desk: score").format(partner=partner)
