"""The commands, as `help` tells them. The grammar takes their names from here."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.filter_grammar import NAMES, STATUS_WORDS
from bot.texts.catalogue import _


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
        _("List alerts; show alone means unresolved."),
        "show unresolved severity:high since:7d",
    ),
    CommandHelp("show <alert>", "show A-1042", _("Everything that is known about one alert.")),
    CommandHelp(
        "search",
        "search <text> [filters]",
        _("Find alerts by a part of the customer's name, or the start of a subscription id or alert id."),
        "search contoso unresolved severity:high",
    ),
    CommandHelp(
        "save",
        "save <name> <filters>",
        _("Keep a filter as @name: in our personal chat for you alone, elsewhere for the conversation."),
        "save urgent unresolved severity:high sort:deadline",
    ),
    CommandHelp(
        "saved", "saved", _("The filters that are kept here; show @name, search, export and subscribe use them.")
    ),
    CommandHelp("forget", "forget <name>", _("Drop a saved filter."), "forget urgent"),
    CommandHelp(
        "mark",
        "mark <alert> legitimate|fraud|ignore [note]",
        _("Decide on an alert. In its own thread the number can be left out."),
        "mark A-1042 fraud mining pool traffic",
    ),
    CommandHelp(
        "reverdict",
        "reverdict <alert> legitimate|fraud|ignore <reason>",
        _("Change a verdict that was wrong."),
        "reverdict A-1042 legitimate load test",
    ),
    CommandHelp(
        "investigate",
        "investigate <alert>",
        _("Tell everybody, and Partner Center, that you are on it."),
        "investigate A-1042",
    ),
    CommandHelp(
        "bulk",
        "bulk <set> legitimate|fraud|ignore [note]",
        _("Decide on all alerts of a set at once, which a list names; for fraud and ignore the note is needed."),
        "bulk 3f9a0c11d2e4 ignore test machines of our own",
    ),
    CommandHelp(
        "assign",
        "assign <alert> @person|me|nobody",
        _("Say whose an alert is; whoever it is gets a mention. Only members of the conversation can be chosen."),
        "assign A-1042 me",
    ),
    CommandHelp(
        "snooze",
        "snooze <alert> <time>|off",
        _("Let an alert wait: 30m, 2h or until 18:00 (UTC), 24 hours at most. High severity still escalates."),
        "snooze A-1042 2h",
    ),
    CommandHelp("note", "note <alert> <text>", _("Leave a remark on an alert."), "note A-1042 customer called back"),
    CommandHelp(
        "cancel",
        'cancel <alert> or <subscription> [customer:agreed|refused|unreachable note:"…" confirm:1a2b3c <reason>]',
        _("Ask for a subscription to be cancelled; a second person decides. Without the rest a form opens."),
        "cancel A-1042",
    ),
    CommandHelp(
        "approve",
        "approve <request> [seen <alert>]",
        _("Approve a request to cancel, and send it. “seen” names the newest alert you looked at."),
        "approve R-12",
    ),
    CommandHelp(
        "reject", "reject <request> <reason>", _("Reject a request to cancel."), "reject R-12 customer confirmed"
    ),
    CommandHelp("withdraw", "withdraw <request> [reason]", _("Take back a request of your own."), "withdraw R-12"),
    CommandHelp("approvals", "approvals", _("Requests that wait for a decision, and the latest others.")),
    CommandHelp(
        "reactivate",
        "reactivate <alert> or <subscription> [confirm:1a2b3c <reason>]",
        _("Ask for a cancelled subscription to be reactivated; a second person decides."),
        "reactivate A-1042",
    ),
    CommandHelp(
        "export",
        "export [same words as show]",
        _("The same alerts as a CSV file with all details."),
        "export all since:30d",
    ),
    CommandHelp(
        "export audit",
        "export audit [partner:name]",
        _("The whole audit trail of your partner as JSON Lines, for Admin Agents."),
        'export audit partner:"Northwind"',
    ),
    CommandHelp(
        "subscribe",
        "subscribe [filters]",
        _("Send your partner's alerts to this conversation."),
        "subscribe severity:high,medium",
    ),
    CommandHelp("unsubscribe", "unsubscribe", _("Stop sending them here.")),
    CommandHelp(
        "digest",
        "digest [daily <time> <zone> | weekly <weekday> <time> <zone> | off [daily|weekly] | now]",
        _("A summary for this conversation each day or week; digest alone tells what is set."),
        "digest daily 08:00 Europe/Stockholm",
    ),
    CommandHelp(
        "refunds",
        "refunds [done <alert> <ticket> | undo <alert>]",
        _("How long Microsoft can still be asked for a credit after fraud; done records that the ticket is filed."),
        "refunds done A-1042 2611230040001234",
    ),
    CommandHelp(
        "evidence",
        "evidence <alert> or <subscription>",
        _("Everything about a subscription's alerts as one zip file for a ticket, for Admin Agents."),
        "evidence A-1042",
    ),
    CommandHelp(
        "routes",
        "routes [alert]",
        _("What is sent here and what stands in the way; with an alert, why it came here or did not."),
        "routes A-1042",
    ),
    CommandHelp(
        "duty",
        "duty [add|remove|manager @name | week <week> @name | tag <id> | zone <zone> | escalate on|off | clear]",
        _("Who is on duty here by week, and who is called when an alert gets no answer."),
        "duty week next @Ada",
    ),
    CommandHelp(
        "dashboard",
        "dashboard [partner:name] [until:18:00]",
        _(
            "The tiles of the dashboard, the response clock, and what the average will be if nothing is answered until "
            "then (UTC)."
        ),
        "dashboard until:18:00",
    ),
    CommandHelp(
        "score",
        "score [partner:name]",
        _(
            "Microsoft's security score of your partner, what is missed, and which customers lack multi-factor "
            "authentication."
        ),
        "score partner:Northwind",
    ),
    CommandHelp(
        "drill",
        "drill [high|medium|low|informational] [partner:name]",
        _(
            "Raise an alert of our own to practise with. Partner Center never hears of it; the team's times are reported."
        ),
        "drill high",
    ),
    CommandHelp("drill report", "drill report [partner:name]", _("The last ten drills, and how long each step took.")),
    CommandHelp(
        "status", "status", _("Whether I do my work: when each partner was last read, and what waits to be sent.")
    ),
    CommandHelp("whoami", "whoami", _("Your account and roles, and what you may do.")),
    CommandHelp("signout", "signout", _("Forget every token with which I could act as you.")),
    CommandHelp("help", "help [command]", _("This list, or more about one command."), "help show"),
)

FILTER_HELP = (
    _("Status: {status_words}.").format(status_words=", ".join(STATUS_WORDS)),
    _("Filters: {names}.").format(names=", ".join(NAMES)),
    _('For example: severity:high,medium customer:"Contoso Ltd" since:7d age:>1h sla:breached test:no'),
    _("sla: can be breached, met, or due (to be answered within 30 minutes); assigned: can be me, nobody or a name."),
    _("sort: can be severity, newest, oldest, deadline or customer, and orders lists."),
    _("A filter that is saved as @name can stand among the others."),
)
