"""The commands, as `help` tells them. The grammar takes their names from here."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.filter_grammar import NAMES, STATUS_WORDS


@dataclass(frozen=True, slots=True)
class CommandHelp:
    name: str
    usage: str
    meaning: str
    example: str = ""


COMMANDS = (
    CommandHelp(
        "show",
        "show [unresolved|active|investigating|resolved|all] [filters]",
        "List alerts; show alone means unresolved.",
        "show unresolved severity:high since:7d",
    ),
    CommandHelp("show <alert>", "show A-1042", "Everything that is known about one alert."),
    CommandHelp(
        "search", "search <text>", "Find alerts by customer name, subscription id or alert id.", "search contoso"
    ),
    CommandHelp(
        "mark",
        "mark <alert> legitimate|fraud|ignore [note]",
        "Decide on an alert. In its own thread the number can be left out.",
        "mark A-1042 fraud mining pool traffic",
    ),
    CommandHelp(
        "reverdict",
        "reverdict <alert> legitimate|fraud|ignore <reason>",
        "Change a verdict that was wrong.",
        "reverdict A-1042 legitimate load test",
    ),
    CommandHelp(
        "investigate",
        "investigate <alert>",
        "Tell everybody, and Partner Center, that you are on it.",
        "investigate A-1042",
    ),
    CommandHelp(
        "bulk",
        "bulk <set> legitimate|fraud|ignore [note]",
        "Decide on all alerts of a set at once, which a list names; for fraud and ignore the note is needed.",
        "bulk 3f9a0c11d2e4 ignore test machines of our own",
    ),
    CommandHelp("note", "note <alert> <text>", "Leave a remark on an alert.", "note A-1042 customer called back"),
    CommandHelp(
        "cancel",
        'cancel <alert> or <subscription> [customer:agreed|refused|unreachable note:"…" confirm:1a2b3c <reason>]',
        "Ask for a subscription to be cancelled; a second person decides. Without the rest a form opens.",
        "cancel A-1042",
    ),
    CommandHelp(
        "approve",
        "approve <request> [seen <alert>]",
        "Approve a request to cancel, and send it. “seen” names the newest alert you looked at.",
        "approve R-12",
    ),
    CommandHelp("reject", "reject <request> <reason>", "Reject a request to cancel.", "reject R-12 customer confirmed"),
    CommandHelp("withdraw", "withdraw <request> [reason]", "Take back a request of your own.", "withdraw R-12"),
    CommandHelp("approvals", "approvals", "Requests that wait for a decision, and the latest others."),
    CommandHelp(
        "reactivate",
        "reactivate <alert> or <subscription> [confirm:1a2b3c <reason>]",
        "Ask for a cancelled subscription to be reactivated; a second person decides.",
        "reactivate A-1042",
    ),
    CommandHelp(
        "export",
        "export [same words as show]",
        "The same alerts as a CSV file with all details.",
        "export all since:30d",
    ),
    CommandHelp(
        "export audit",
        "export audit [partner:name]",
        "The whole audit trail of your partner as JSON Lines, for Admin Agents.",
        'export audit partner:"Northwind"',
    ),
    CommandHelp(
        "subscribe",
        "subscribe [filters]",
        "Send your partner's alerts to this conversation.",
        "subscribe severity:high,medium",
    ),
    CommandHelp("unsubscribe", "unsubscribe", "Stop sending them here."),
    CommandHelp("whoami", "whoami", "Your account and roles, and what you may do."),
    CommandHelp("signout", "signout", "Forget every token with which I could act as you."),
    CommandHelp("help", "help [command]", "This list, or more about one command.", "help show"),
)

FILTER_HELP = (
    f"Status: {', '.join(STATUS_WORDS)}.",
    f"Filters: {', '.join(NAMES)}.",
    'For example: severity:high,medium customer:"Contoso Ltd" since:7d age:>1h sla:breached test:no',
)
