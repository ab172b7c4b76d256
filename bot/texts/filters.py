"""What is said where the words of a filter cannot be understood. Plain text."""

from __future__ import annotations

from bot.domain.bad_filter import BadFilter, Trouble
from bot.texts.catalogue import _
from bot.texts.formats import number, sentences

_WRONG = {
    Trouble.TOO_LONG: _("The filter has {length} characters; {most} is the most."),
    Trouble.UNREADABLE: _("I cannot read the filter from {rest!r} on."),
    Trouble.NO_SUCH_FILTER: _("There is no filter {name!r}."),
    Trouble.NO_SUCH_WORD: _("I do not understand {word!r} in a filter."),
    Trouble.CONTRADICTION: _("{one!r} and {other!r} contradict each other; give one status."),
    Trouble.NO_VALUE: _("The filter {name}: has no value."),
    Trouble.NUMBER: _("alert: takes the start of an alert's id."),
    Trouble.NO_SUCH_VALUE: _("{name}:{value} is unknown."),
    Trouble.AGE: _("age:{value} cannot be read."),
    Trouble.MOMENT: _("{name}:{value} is neither a span nor a date."),
    Trouble.NO_ASKER: _("assigned:me means whoever asks, and here nobody in particular does."),
}
_INSTEAD = {
    Trouble.TOO_LONG: _("Name fewer things."),
    Trouble.UNREADABLE: _("A quotation mark may be missing."),
    Trouble.NO_SUCH_FILTER: _("Filters: {names}."),
    Trouble.NO_SUCH_WORD: _('Write a status ({statuses}) or a filter, such as severity:high or customer:"{word}".'),
    Trouble.NO_VALUE: _("For example: {example}"),
    Trouble.NUMBER: _("For the number write: show {number}"),
    Trouble.NO_SUCH_VALUE: _("It can be {allowed}."),
    Trouble.AGE: _("Write {example} (older than an hour) or age:<30m (younger)."),
    Trouble.MOMENT: _("For example: {example}"),
    Trouble.NO_ASKER: _("Write a name, such as assigned:ada."),
}


def wrong(bad: BadFilter) -> str:
    """What is wrong, what was perhaps meant, and what to write instead."""
    values = {name: number(value) if isinstance(value, int) else value for name, value in bad.values.items()}
    return sentences(
        _WRONG[bad.why].format(**values),
        _("Did you mean {near!r}?").format(near=bad.near) if bad.near else "",
        _INSTEAD.get(bad.why, "").format(**values),
    )
