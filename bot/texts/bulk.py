"""What is said about one verdict for many alerts. Plain text: nothing here is Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.alerts import AlertKey, Verdict
from bot.domain.bulk import MOST, BulkRun, LeftOut, Tally, Why
from bot.texts.catalogue import _, plural
from bot.texts.en import SOMEBODY, status_word
from bot.texts.formats import number, sentences
from bot.texts.names import some

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
    if count >= MOST:
        said = (
            _("Mark the first {count} {status} of {partner}\u2026")
            if partner
            else _("Mark the first {count} {status}\u2026")
        )
    else:
        said = (
            _("Mark these {count} {status} of {partner}\u2026") if partner else _("Mark these {count} {status}\u2026")
        )
    return said.format(count=count, status=status_word(status).lower(), partner=partner)


def hint(set_id: str) -> str:
    return _("If buttons fail, write to Alert Desk: bulk {set_id} fraud, and why").format(set_id=set_id)


def no_such_set(set_id: str) -> str:
    return _(
        "Nobody here has drawn the set {set_id!r} within the last day, so nothing was done. Say “show active” for a fresh list."
    ).format(set_id=set_id[:40])


def form_title(count: int, status: str) -> str:
    return plural("Mark {count} {status} alert", "Mark {count} {status} alerts", count).format(
        count=count, status=status_word(status).lower()
    )


def changed_meanwhile(count: int) -> str:
    return plural(
        "{count} alert of this set changed meanwhile and will be left out.",
        "{count} alerts of this set changed meanwhile and will be left out.",
        count,
    ).format(count=number(count))


def nothing_left(left_out: Sequence[LeftOut]) -> str:
    """Not one of the set can be marked any more."""
    return sentences(_("Nothing was sent: none of these alerts is as it was drawn."), _listed(left_out))


def started(run: BulkRun) -> str:
    said = plural(
        "{count} alert is being marked as {verdict}; the result shows here.",
        "{count} alerts are being marked as {verdict}; the result shows here.",
        run.total,
    ).format(count=number(run.total), verdict=run.verdict)
    return sentences(said, _("Left out: {alerts}").format(alerts=_listed(run.left_out)) if run.left_out else "")


def title(run: BulkRun, counted: Tally) -> str:
    if run.ended_at is None:
        said = plural(
            "{name} is marking {count} alert as {verdict}", "{name} is marking {count} alerts as {verdict}", run.total
        )
    else:
        said = plural(
            "{name} marked {done} of {count} alert as {verdict}",
            "{name} marked {done} of {count} alerts as {verdict}",
            run.total,
        )
    return said.format(name=run.by_name, done=number(len(counted.done)), count=number(run.total), verdict=run.verdict)


def sent(run: BulkRun, counted: Tally) -> str:
    return _("{sent} of {total} sent to Partner Center, {done} confirmed.").format(
        sent=number(max(run.sent, len(counted.done))), total=number(run.total), done=number(len(counted.done))
    )


def confirmed(run: BulkRun, counted: Tally) -> str:
    if len(counted.done) == run.total:
        return _("Partner Center confirms all of them.") if run.total != 1 else _("Partner Center confirms it.")
    return _("Partner Center confirms {done} of {total}.").format(
        done=number(len(counted.done)), total=number(run.total)
    )


def waiting(count: int) -> str:
    return plural(
        "{count} alert is tried again: Partner Center has not confirmed it yet.",
        "{count} alerts are tried again: Partner Center has not confirmed them yet.",
        count,
    ).format(count=number(count))


def failed(label: str, problem: str) -> str:
    return _("{label} failed: {problem}").format(label=label, problem=problem or _("Partner Center gave no reason."))


def overtaken(label: str) -> str:
    return _("{label}: somebody else was faster, nothing was sent").format(label=label)


def left_out(left: LeftOut) -> str:
    # Translators: {reason} is a clause such as "decided by Ada" or "it is not known any more".
    return _("{label} left out: {reason}").format(label=left.label, reason=_reason(left))


def _reason(left: LeftOut) -> str:
    match left.why:
        case Why.DECIDED:
            return _("decided by {name}").format(name=left.of or SOMEBODY)
        case Why.BUSY:
            return _("{name} is deciding on it right now").format(name=left.of or SOMEBODY)
        case Why.STATUS:
            return _("it is {status} now").format(status=status_word(left.of).lower())
    return _("it is not known any more")


def line(run: BulkRun, counted: Tally, labels: Mapping[AlertKey, str]) -> str:
    """The one line that everybody sees at the end, instead of one for each alert."""
    failed = [labels[each.alert] for each in counted.failed]
    elsewhere = [labels[each.alert] for each in counted.overtaken] + [left.label for left in run.left_out]
    done = len(counted.done)
    return sentences(
        plural("{name} marked {count} alert as {verdict}.", "{name} marked {count} alerts as {verdict}.", done).format(
            name=run.by_name, count=number(done), verdict=run.verdict
        ),
        plural("{count} failed: {labels}.", "{count} failed: {labels}.", len(failed)).format(
            count=number(len(failed)), labels=some(failed, NAMED)
        )
        if failed
        else "",
        plural("{count} left as it is: {labels}.", "{count} left as they are: {labels}.", len(elsewhere)).format(
            count=number(len(elsewhere)), labels=some(elsewhere, NAMED)
        )
        if elsewhere
        else "",
        _("Note: {note}").format(note=run.note) if run.note else "",
    )


def people(names: Sequence[tuple[str, int]]) -> str:
    """`Contoso (30) and Fabrikam (18)`: the most frequent first."""
    return some([f"{name} ({count})" if len(names) > 1 else name for name, count in names], 3)


def _listed(left: Sequence[LeftOut]) -> str:
    said = "; ".join(f"{each.label}: {_reason(each)}" for each in left[:NAMED])
    if len(left) > NAMED:
        return _("{alerts}; and {count} more.").format(alerts=said, count=len(left) - NAMED)
    return f"{said}."
