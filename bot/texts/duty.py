"""What is said about who is on duty, and what people type to change it. Plain text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.duty import AHEAD_MOST, EXCEPTIONS_MOST, PEOPLE_MOST, TOGETHER_MOST, Duty, Member, Week
from bot.domain.escalation import Plan
from bot.domain.people import Conversation, ConversationKind
from bot.texts import en as texts
from bot.texts.catalogue import _, plural
from bot.texts.formats import both, day

TITLE = _("Who is on duty")
NOBODY = _("Nobody")
NOBODY_LINE = _("When an alert gets no answer, nobody is called by name until the last step.")
HOW_TO_BEGIN = _("Say “duty add @name” to begin a rotation by week, and “duty manager @name” for whom to call at last.")
MANAGERS = _("Managers")
NO_MANAGERS = _("None; at last those are called who may approve cancellations")
TAG = _("Teams tag")
ZONE = _("Time zone of the weeks")
ESCALATION = _("Without an answer")
OFF = _("Nobody is called: escalation is off here")
SWITCH_OFF = _("Turn escalation off")
SWITCH_ON = _("Turn escalation on")
ELSEWHERE_TITLE = _("Who is on duty where")
ELSEWHERE_NONE = _(
    "None of your partners' alerts are sent to a channel or group chat, so there is nothing to be on duty for."
)

USAGE = _(
    "Write: duty (who is on duty), duty add @name, duty remove @name, duty week this|next|2026-W48 @name, "
    "duty manager @name, duty tag <id>, duty zone Europe/Stockholm, duty escalate on or off, duty clear."
)
IN_THE_CONVERSATION = _(
    "A roster belongs to the channel or group chat whose alerts it is about. Say this there, with @Alert Desk before it."
)
NOT_IN_IT = _("They are not in this roster, so nothing was changed. Say “duty” to see who is.")
NOBODY_NAMED = _("Whom? Mention them, such as “duty add @Ada”. They must be members of this conversation.")
CHANGED_MEANWHILE = _("Somebody else was changing the roster at the same time. Nothing was done; say it again.")
BAD_TAG = _(
    "That is no id of a Teams tag. Graph lists the tags of a team with their ids (teamwork tags); "
    "say “duty tag <id>”, or “duty tag off”."
)
BAD_SWITCH = _("Say “duty escalate on” or “duty escalate off”.")
ROSTER_AWAY = _("Teams did not say who is a member of this conversation. Nothing was done; try again in a moment.")


def not_a_member(name: str) -> str:
    return _("{name} is not a member of this conversation, so nothing was done. Add them here first.").format(
        name=name or _("One of them")
    )


def unknown_name(name: str) -> str:
    return _("Nobody called {name!r} is in this roster. Say “duty” to see who is.").format(name=name)


def several_named(name: str) -> str:
    return _("Several people here fit {name!r}. Mention the one you mean.").format(name=name)


def bad_week(word: str, now: Week) -> str:
    return _(
        "{word!r} is no week from now to {count} weeks ahead. Write this, next, or a week such as {week}: "
        "duty week {example} @name"
    ).format(word=word, count=AHEAD_MOST, week=now.label, example=now.plus(1).label)


def bad_zone(word: str) -> str:
    return _("{word!r} is no time zone that I know. Write it as Europe/Stockholm, America/New_York or UTC.").format(
        word=word
    )


def too_many() -> str:
    return _(
        "That would be too many: at most {people_most} people take turns, {people_most} are managers, {together_most} share a week, and {exceptions_most} weeks differ from the rotation. Nothing was done."
    ).format(people_most=PEOPLE_MOST, together_most=TOGETHER_MOST, exceptions_most=EXCEPTIONS_MOST)


# What has changed: the first line of the answer -------------------------------------------------------------------------


def added(names: Sequence[str]) -> str:
    return plural(
        "{names} takes turns by week from now on.", "{names} take turns by week from now on.", len(names)
    ).format(names=listed(names))


def removed(names: Sequence[str]) -> str:
    return plural(
        "{names} is out of this roster: of the rotation, of single weeks and of the managers.",
        "{names} are out of this roster: of the rotation, of single weeks and of the managers.",
        len(names),
    ).format(names=listed(names))


def week_given(week: Week, names: Sequence[str]) -> str:
    return plural("{names} has {week}.", "{names} have {week}.", len(names)).format(
        names=listed(names), week=week_of(week)
    )


def week_as_usual(week: Week, who: Sequence[Member]) -> str:
    return _("In {week} the rotation holds again: {people}.").format(week=week_of(week), people=people(who))


def managers_added(names: Sequence[str]) -> str:
    return plural(
        "{names} is called as manager where nobody else answers.",
        "{names} are called as manager where nobody else answers.",
        len(names),
    ).format(names=listed(names))


TAG_SET = _("That tag is mentioned first, in the place of those on duty.")
TAG_OFF = _("No tag is mentioned any more.")
CLEARED = _("The roster is empty now.")
ESCALATES = _("Alerts of this conversation that nobody answers are escalated.")
SILENT = _("Nobody is called any more about alerts of this conversation that nobody answers.")


def zone_set(zone: str) -> str:
    return _("Weeks begin here on Monday at 00:00 {zone}.").format(zone=zone)


# The card -----------------------------------------------------------------------------------------------------------


def this_week(roster: Duty, week: Week) -> str:
    return _("This week: {people}").format(people=people(roster.of_week(week)))


def week_label(week: Week) -> str:
    return _("{label}, from {monday}").format(label=week.label, monday=day(week.monday))


def differs(names: str) -> str:
    """A week that is not as the rotation would have it."""
    return _("{names} (stands in)").format(names=names)


def plan(minutes: Plan) -> str:
    """`High and medium: after 15, 30 and 50 minutes`."""
    of_steps: dict[tuple[int, ...], list[str]] = {}
    for severity, word in texts.SEVERITIES.items():
        steps = tuple(int(each.total_seconds() // 60) for each in minutes.steps(severity))
        if steps:
            of_steps.setdefault(steps, []).append(word.lower())
    if not of_steps:
        return _("Nobody is called: the operator has set no steps")
    said = [
        _("{severities} after {lengths} minutes").format(
            severities=listed(words), lengths=listed([str(each) for each in steps])
        )
        for steps, words in of_steps.items()
    ]
    return "; ".join(said).capitalize()


def place(conversation: Conversation | None) -> str:
    """What a conversation is called where somebody reads of it elsewhere."""
    if conversation is None:
        return _("a conversation")
    named = " > ".join(part for part in (conversation.team_name, conversation.name) if part)
    if named:
        return named
    kinds = {ConversationKind.PERSONAL: _("a personal chat"), ConversationKind.GROUP_CHAT: _("a group chat")}
    return next((words for kind, words in kinds.items() if kind == conversation.kind), _("a channel"))


def fallback(said: str) -> str:
    return f"{TITLE}. {said}."


def people(who: Sequence[Member]) -> str:
    return listed([each.name for each in who]) if who else NOBODY.lower()


def listed(names: Sequence[str]) -> str:
    return both([name or texts.UNKNOWN for name in names])


def week_of(week: Week) -> str:
    return _("week {label} (from {monday})").format(label=week.label, monday=day(week.monday))
