"""What is said about one verdict for many alerts. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.alerts import AlertKey, Verdict
from bot.domain.bulk import MOST, BulkRun, LeftOut, Tally, Why
from bot.texts.catalogue import _
from bot.texts.en import status_word
from bot.texts.formats import number

NAMED = 10
"""Alerts that a sentence names; the rest is counted."""

TITLE = _("Mark many alerts")
CHOOSE = _("Choose a verdict.")
NOTE_NEEDED = _("Say why: for fraud and ignore the note is needed, and it is kept with each alert.")
VERDICT_FIELD = _("Verdict for all of them")
NOTE_FIELD = _("Note (needed for fraud and ignore)")
NOTE_HINT = _("Kept with each alert")
CHOICES = {
    Verdict.LEGITIMATE: _("Legitimate: the customer's own doing"),
    Verdict.FRAUD: _("Fraud"),
    Verdict.IGNORE: _("Ignore"),
}
MARK_ALL = _("Mark all of them")
ALL_OF_THEM = _("Exactly these")
FIRST_OF_THEM = _("The first of them")
CUSTOMERS = _("Customers")
SEVERITIES = _("Severity")
STATUS = _("Status")
NOTE = _("Note")
FORM_LINE = _(
    "The verdict is written to Partner Center for each of them, with you on record. What changes meanwhile is left out."
)
POSSIBLE_REPEAT = _("Possible repeat: an earlier copy may stand above")
NOT_LISTED = _("Partner Center's list left it out; it is read by itself")
NOT_SEEN_YET = _("Partner Center took the change but does not show it yet")
USAGE = _(
    "Write: bulk <set> legitimate, fraud or ignore, and why. The set stands below each list that has one. For example: bulk 3f9a0c11d2e4 fraud mining pool traffic"
)


def button(count: int, status: str, partner: str) -> str:
    """On a list or a roll-up card. `partner` is empty where there is only one."""
    which = _("the first {count}").format(count=count) if count >= MOST else _("these {count}").format(count=count)
    return _("Mark {which} {lower}{further}\u2026").format(
        which=which,
        lower=status_word(status).lower(),
        further=_(" of {partner}").format(partner=partner) if partner else "",
    )


def hint(set_id: str) -> str:
    return _("If buttons fail, write to Alert Desk: bulk {set_id} fraud, and why").format(set_id=set_id)


def no_such_set(set_id: str) -> str:
    return _(
        "Nobody here has drawn the set {set_id!r} within the last day, so nothing was done. Say “show active” for a fresh list."
    ).format(set_id=set_id[:40])


def form_title(count: int, status: str) -> str:
    return _("Mark {count} {lower} alert{further}").format(
        count=count, lower=status_word(status).lower(), further="s" if count != 1 else ""
    )


def changed_meanwhile(count: int) -> str:
    return _("{alerts} of this set changed meanwhile and will be left out.").format(alerts=_alerts(count))


def nothing_left(left_out: Sequence[LeftOut]) -> str:
    """Not one of the set can be marked any more."""
    return _("Nothing was sent: none of these alerts is as it was drawn. {listed}").format(listed=_listed(left_out))


def started(run: BulkRun) -> str:
    said = _("{alerts} {are} being marked as {verdict}; the result shows here.").format(
        alerts=_alerts(run.total), are=_are(run.total), verdict=run.verdict
    )
    return _("{said} Left out: {listed}").format(said=said, listed=_listed(run.left_out)) if run.left_out else said


def title(run: BulkRun, counted: Tally) -> str:
    if run.ended_at is None:
        return _("{by_name} is marking {alerts} as {verdict}").format(
            by_name=run.by_name, alerts=_alerts(run.total), verdict=run.verdict
        )
    return _("{by_name} marked {done} of {alerts} as {verdict}").format(
        by_name=run.by_name, done=number(len(counted.done)), alerts=_alerts(run.total), verdict=run.verdict
    )


def sent(run: BulkRun, counted: Tally) -> str:
    confirmed = _("{done} confirmed").format(done=number(len(counted.done)))
    return _("{sent} of {total} sent to Partner Center, {confirmed}.").format(
        sent=number(max(run.sent, len(counted.done))), total=number(run.total), confirmed=confirmed
    )


def confirmed(run: BulkRun, counted: Tally) -> str:
    if len(counted.done) == run.total:
        return _("Partner Center confirms all of them.") if run.total != 1 else _("Partner Center confirms it.")
    return _("Partner Center confirms {done} of {total}.").format(
        done=number(len(counted.done)), total=number(run.total)
    )


def waiting(count: int) -> str:
    return _("{alerts} {are} tried again: Partner Center has not confirmed {further} yet.").format(
        alerts=_alerts(count), are=_are(count), further="them" if count != 1 else "it"
    )


def failed(label: str, problem: str) -> str:
    return _("{label} failed: {problem}").format(label=label, problem=problem or _("Partner Center gave no reason."))


def overtaken(label: str) -> str:
    return _("{label}: somebody else was faster, nothing was sent").format(label=label)


def left_out(left: LeftOut) -> str:
    match left.why:
        case Why.DECIDED:
            return _("{label} left out: decided by {of}").format(label=left.label, of=left.of or "somebody")
        case Why.BUSY:
            return _("{label} left out: {of} is deciding on it right now").format(
                label=left.label, of=left.of or "somebody"
            )
        case Why.STATUS:
            return _("{label} left out: it is {lower} now").format(label=left.label, lower=status_word(left.of).lower())
    return _("{label} left out: it is not known any more").format(label=left.label)


def line(run: BulkRun, counted: Tally, labels: Mapping[AlertKey, str]) -> str:
    """The one line that everybody sees at the end, instead of one for each alert."""
    said = _("{by_name} marked {alerts} as {verdict}.").format(
        by_name=run.by_name, alerts=_alerts(len(counted.done)), verdict=run.verdict
    )
    if counted.failed:
        said += _(" {failed} failed: {some}.").format(
            failed=len(counted.failed), some=_some([labels[each.alert] for each in counted.failed])
        )
    elsewhere = [labels[each.alert] for each in counted.overtaken] + [left.label for left in run.left_out]
    if elsewhere:
        said += _(" {elsewhere} left as they are: {some}.").format(elsewhere=len(elsewhere), some=_some(elsewhere))
    return _("{said} Note: {note}").format(said=said, note=run.note) if run.note else said


def people(names: Sequence[tuple[str, int]]) -> str:
    """`Contoso (30), Fabrikam (18)`: the most frequent first."""
    shown = ", ".join(f"{name} ({count})" if len(names) > 1 else name for name, count in names[:3])
    return _("{shown} and {value} more").format(shown=shown, value=len(names) - 3) if len(names) > 3 else shown


def _listed(left: Sequence[LeftOut]) -> str:
    said = "; ".join(left_out(each).replace(" left out", "") for each in left[:NAMED])
    return (
        _("{said}; and {value} more.").format(said=said, value=len(left) - NAMED) if len(left) > NAMED else f"{said}."
    )


def _some(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:NAMED])
    return (
        _("{shown} and {value} more").format(shown=shown, value=len(labels) - NAMED) if len(labels) > NAMED else shown
    )


def _alerts(count: int) -> str:
    return _("{count} alert{further}").format(count=number(count), further="s" if count != 1 else "")


def _are(count: int) -> str:
    return "are" if count != 1 else "is"
