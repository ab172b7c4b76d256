"""What is said about the partner security score. Plain text."""

from __future__ import annotations

from datetime import datetime

from bot.domain.scores import CustomerMfa, Requirement, ScorePoint, SecurityScore
from bot.texts import en as texts
from bot.texts import formats

TITLE = "Security scores"
NOT_OFFERED = (
    "Microsoft has no partner security score in the US Government cloud, so there is none that I could show here."
)
USAGE = "Write: score, or score partner:<name>. Other filters do not apply to it."
UNREAD = "Not read"
READING = "Being read"
READING_LINE = "Microsoft has not answered yet. Press Refresh in a moment."
READING_CUSTOMERS = "Your customers are still being read. Press Refresh in a moment."
REQUIREMENTS = "Requirements"
NO_REQUIREMENTS = "Microsoft lists no requirements."
HISTORY = "History"
HISTORY_CHART = "Score by day"
SCORE = "Score"
MAXIMUM = "Maximum"
CUSTOMERS = "Customers that lack multi-factor authentication"
CUSTOMERS_NONE = "None of the customers that Microsoft tells of."
ALL_PARTNERS = "All partners"
REFRESH = "Refresh"
OPEN = "Open"
SHOW = "Show"
GUIDE = "About the score"
GUIDE_LINK = "https://learn.microsoft.com/partner-center/security/partner-security-score"
BY_MICROSOFT = "Reckoned by Microsoft, usually once a day."

_KINDS = {
    "mfaenforcedforadmins": (
        "Multi-factor authentication for your own administrators",
        "Require it of every administrator in your tenant, by security defaults or a conditional access policy.",
    ),
    "mfaenforcedforadminsofcustomers": (
        "Multi-factor authentication for your customers' administrators",
        "Ask the customers below to require it of their administrators.",
    ),
    "securityalertspromptlyresolved": (
        "Alerts answered within 24 hours on average",
        "Decide on each alert as it comes; an hour is what Microsoft recommends.",
    ),
    "securitycontactprovided": (
        "A security contact in Partner Center",
        "Name a person or a team in Partner Center's account settings, so that Microsoft reaches somebody.",
    ),
    "spendingbudgetsetforcustomerazuresubscriptions": (
        "Budgets on your customers' Azure subscriptions",
        "Set a spending budget for each customer in Partner Center.",
    ),
}
_SETTINGS = {"enabled": "on", "disabled": "off", "true": "on", "false": "off"}


def title(partner: str) -> str:
    return f"Security score \u00b7 {partner}"


def number(value: float) -> str:
    return formats.number(round(value, 1))


def standing(score: SecurityScore) -> str:
    """`50 of 70`."""
    if score.current is None:
        return "Microsoft says no score"
    return number(score.current) if score.maximum is None else f"{number(score.current)} of {number(score.maximum)}"


def missed(score: SecurityScore) -> str:
    count = len(score.missed)
    if not score.requirements:
        return NO_REQUIREMENTS
    return f"{count} requirement{'s' if count != 1 else ''} missed" if count else "Every requirement that counts is met"


def refreshed(at: datetime | None) -> str:
    return f"Microsoft refreshed it {texts.when(at)}." if at else "Microsoft does not say when it was refreshed."


def unread(partner: str, problem: str) -> str:
    return f"The score of {partner} could not be read. {problem}"


def customers_unread(problem: str) -> str:
    return f"The customers could not be read. {problem}"


def outdated(at: datetime, problem: str) -> str:
    return f"This is as of {texts.when(at)}; it could not be read again. {problem}"


def requirement(of: Requirement) -> str:
    """What it is in plain words; a kind that we do not know is shown as it came."""
    return _KINDS.get(of.kind.lower(), (of.kind or texts.UNKNOWN, ""))[0]


def what_to_do(of: Requirement) -> str:
    """Empty where it is met, or where we do not know the kind."""
    return "" if of.met else _KINDS.get(of.kind.lower(), ("", ""))[1]


def met(of: Requirement) -> str:
    """`Missed · 0 of 20 · preview, does not count yet`."""
    word = {True: "Met", False: "Missed", None: of.compliance or texts.UNKNOWN}[of.met]
    parts = [word, f"{number(of.score)} of {number(of.max_score)}"]
    if of.is_preview:
        parts.append("preview, does not count yet")
    if of.average_response_hours is not None:
        parts.append(f"average of 30 days: {number(of.average_response_hours)} h")
    return " \u00b7 ".join(parts)


def day(point: ScorePoint) -> str:
    return formats.day(point.at)


def then(point: ScorePoint) -> str:
    return f"{number(point.score)} \u00b7 {point.compliant} of {point.total} requirements met"


def counted(lacking: int, customers: int, users: int) -> str:
    return (
        f"{formats.number(lacking)} of {formats.number(customers)} customers; {formats.number(users)} users have none."
    )


def not_all(customers: int) -> str:
    return f"There are more customers; only the first {formats.number(customers)} were read."


def unknown_customers(count: int) -> str:
    return f"Of {formats.number(count)} customers Microsoft does not say."


def lacking(of: CustomerMfa) -> str:
    """`14 of 61 users have none · no administrator has it`."""
    parts = (
        []
        if of.lacking is None
        else [f"{formats.number(of.lacking)} of {formats.number(of.users_total or 0)} users have none"]
    )
    if of.no_admin:
        parts.append("no administrator has it")
    return " \u00b7 ".join(parts)


def settings(of: CustomerMfa) -> str:
    named = (
        ("security defaults", of.security_defaults),
        ("conditional access", of.conditional_access),
        ("per user", of.legacy_mfa),
    )
    said = [f"{name} {_SETTINGS.get(word.lower(), word)}" for name, word in named if word]
    return ", ".join(said).capitalize()


def shown(first: int, last: int, total: int) -> str:
    return f"{formats.number(first)}\u2013{formats.number(last)} of {formats.number(total)}, the worst first"


def fallback(partner: str, score: SecurityScore) -> str:
    return f"Security score of {partner}: {standing(score)}. {missed(score)}. Say to Alert Desk: score"


def fallback_all(count: int) -> str:
    return f"Security scores of {count} partners. Say to Alert Desk: score partner:<name>"


def fallback_unread(partner: str) -> str:
    return f"The security score of {partner} could not be read yet. Say to Alert Desk: score"
