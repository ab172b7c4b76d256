"""What is said about one verdict for many alerts. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.alerts import AlertKey, Verdict
from bot.domain.bulk import MOST, BulkRun, LeftOut, Tally, Why
from bot.texts.en import status_word
from bot.texts.formats import number

NAMED = 10
"""Alerts that a sentence names; the rest is counted."""

TITLE = "Mark many alerts"
CHOOSE = "Choose a verdict."
NOTE_NEEDED = "Say why: for fraud and ignore the note is needed, and it is kept with each alert."
VERDICT_FIELD = "Verdict for all of them"
NOTE_FIELD = "Note (needed for fraud and ignore)"
NOTE_HINT = "Kept with each alert"
CHOICES = {
    Verdict.LEGITIMATE: "Legitimate: the customer's own doing",
    Verdict.FRAUD: "Fraud",
    Verdict.IGNORE: "Ignore",
}
MARK_ALL = "Mark all of them"
ALL_OF_THEM = "Exactly these"
FIRST_OF_THEM = "The first of them"
CUSTOMERS = "Customers"
SEVERITIES = "Severity"
STATUS = "Status"
NOTE = "Note"
FORM_LINE = (
    "The verdict is written to Partner Center for each of them, with you on record. What changes meanwhile is left out."
)
POSSIBLE_REPEAT = "Possible repeat: an earlier copy may stand above"
NOT_LISTED = "Partner Center's list left it out; it is read by itself"
NOT_SEEN_YET = "Partner Center took the change but does not show it yet"
USAGE = "Write: bulk <set> legitimate, fraud or ignore, and why. The set stands below each list that has one. For example: bulk 3f9a0c11d2e4 fraud mining pool traffic"


def button(count: int, status: str, partner: str) -> str:
    """On a list or a roll-up card. `partner` is empty where there is only one."""
    which = f"the first {count}" if count >= MOST else f"these {count}"
    return f"Mark {which} {status_word(status).lower()}{f' of {partner}' if partner else ''}\u2026"


def hint(set_id: str) -> str:
    return f"If buttons fail, write to Alert Desk: bulk {set_id} fraud, and why"


def no_such_set(set_id: str) -> str:
    return (
        f"Nobody here has drawn the set {set_id[:40]!r} within the last day, so nothing was done. "
        "Say “show active” for a fresh list."
    )


def form_title(count: int, status: str) -> str:
    return f"Mark {count} {status_word(status).lower()} alert{'s' if count != 1 else ''}"


def changed_meanwhile(count: int) -> str:
    return f"{_alerts(count)} of this set changed meanwhile and will be left out."


def nothing_left(left_out: Sequence[LeftOut]) -> str:
    """Not one of the set can be marked any more."""
    return f"Nothing was sent: none of these alerts is as it was drawn. {_listed(left_out)}"


def started(run: BulkRun) -> str:
    said = f"{_alerts(run.total)} {_are(run.total)} being marked as {run.verdict}; the result shows here."
    return f"{said} Left out: {_listed(run.left_out)}" if run.left_out else said


def title(run: BulkRun, counted: Tally) -> str:
    if run.ended_at is None:
        return f"{run.by_name} is marking {_alerts(run.total)} as {run.verdict}"
    return f"{run.by_name} marked {number(len(counted.done))} of {_alerts(run.total)} as {run.verdict}"


def sent(run: BulkRun, counted: Tally) -> str:
    confirmed = f"{number(len(counted.done))} confirmed"
    return f"{number(max(run.sent, len(counted.done)))} of {number(run.total)} sent to Partner Center, {confirmed}."


def confirmed(run: BulkRun, counted: Tally) -> str:
    if len(counted.done) == run.total:
        return "Partner Center confirms all of them." if run.total != 1 else "Partner Center confirms it."
    return f"Partner Center confirms {number(len(counted.done))} of {number(run.total)}."


def waiting(count: int) -> str:
    return f"{_alerts(count)} {_are(count)} tried again: Partner Center has not confirmed {'them' if count != 1 else 'it'} yet."


def failed(label: str, problem: str) -> str:
    return f"{label} failed: {problem or 'Partner Center gave no reason.'}"


def overtaken(label: str) -> str:
    return f"{label}: somebody else was faster, nothing was sent"


def left_out(left: LeftOut) -> str:
    match left.why:
        case Why.DECIDED:
            return f"{left.label} left out: decided by {left.of or 'somebody'}"
        case Why.BUSY:
            return f"{left.label} left out: {left.of or 'somebody'} is deciding on it right now"
        case Why.STATUS:
            return f"{left.label} left out: it is {status_word(left.of).lower()} now"
    return f"{left.label} left out: it is not known any more"


def line(run: BulkRun, counted: Tally, labels: Mapping[AlertKey, str]) -> str:
    """The one line that everybody sees at the end, instead of one for each alert."""
    said = f"{run.by_name} marked {_alerts(len(counted.done))} as {run.verdict}."
    if counted.failed:
        said += f" {len(counted.failed)} failed: {_some([labels[each.alert] for each in counted.failed])}."
    elsewhere = [labels[each.alert] for each in counted.overtaken] + [left.label for left in run.left_out]
    if elsewhere:
        said += f" {len(elsewhere)} left as they are: {_some(elsewhere)}."
    return f"{said} Note: {run.note}" if run.note else said


def people(names: Sequence[tuple[str, int]]) -> str:
    """`Contoso (30), Fabrikam (18)`: the most frequent first."""
    shown = ", ".join(f"{name} ({count})" if len(names) > 1 else name for name, count in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _listed(left: Sequence[LeftOut]) -> str:
    said = "; ".join(left_out(each).replace(" left out", "") for each in left[:NAMED])
    return f"{said}; and {len(left) - NAMED} more." if len(left) > NAMED else f"{said}."


def _some(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:NAMED])
    return f"{shown} and {len(labels) - NAMED} more" if len(labels) > NAMED else shown


def _alerts(count: int) -> str:
    return f"{number(count)} alert{'s' if count != 1 else ''}"


def _are(count: int) -> str:
    return "are" if count != 1 else "is"
