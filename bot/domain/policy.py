"""Who may do what: one literal table. Reading is decided by the conversation (bot/services/access.py), not by roles."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.people import Roles


class Act(StrEnum):
    MARK = "mark"  # legitimate, fraud, or ignore
    REVERDICT = "change verdict"
    INVESTIGATE = "investigate"
    BULK = "mark many"
    NOTE = "note"
    ASSIGN = "assign"
    SNOOZE = "snooze"
    DRILL = "drill"  # raise an alert of our own, to practise
    ROUTE = "route"  # send a partner's alerts to a conversation, or stop that
    DIGEST = "digest"  # set, send or stop the digest of a conversation
    REFUND = "record credit request"  # that the ticket to Microsoft is filed, or is not
    DUTY = "duty roster"  # who is called where an alert gets no answer in a conversation
    SAVE = "save filter"  # or forget it, for everybody in a conversation
    EVIDENCE = "export audit"  # and evidence packs
    ASK_CANCEL = "ask to cancel"
    DECIDE_CANCEL = "decide on cancelling"  # approve or reject; with TWO_PERSON_CANCEL never the one who asked


class Role(StrEnum):
    ADMIN_AGENT = "Admin Agent"
    GLOBAL_ADMINISTRATOR = "Global Administrator"


NEEDS: dict[Act, frozenset[Role]] = {
    Act.MARK: frozenset({Role.ADMIN_AGENT}),
    Act.REVERDICT: frozenset({Role.ADMIN_AGENT}),
    Act.INVESTIGATE: frozenset({Role.ADMIN_AGENT}),
    Act.BULK: frozenset({Role.ADMIN_AGENT}),
    Act.NOTE: frozenset({Role.ADMIN_AGENT}),
    Act.ASSIGN: frozenset({Role.ADMIN_AGENT}),
    Act.SNOOZE: frozenset({Role.ADMIN_AGENT}),
    Act.DRILL: frozenset({Role.ADMIN_AGENT}),
    Act.ROUTE: frozenset({Role.ADMIN_AGENT}),
    Act.DIGEST: frozenset({Role.ADMIN_AGENT}),
    Act.REFUND: frozenset({Role.ADMIN_AGENT}),
    Act.DUTY: frozenset({Role.ADMIN_AGENT}),
    Act.SAVE: frozenset({Role.ADMIN_AGENT}),
    Act.EVIDENCE: frozenset({Role.ADMIN_AGENT}),
    Act.ASK_CANCEL: frozenset({Role.ADMIN_AGENT}),
    Act.DECIDE_CANCEL: frozenset({Role.ADMIN_AGENT, Role.GLOBAL_ADMINISTRATOR}),
}
"""The roles that an act takes, all of them, live, in the partner's role tenant."""


def lacking(act: Act, roles: Roles) -> frozenset[Role]:
    """Which roles the person lacks for the act; empty means that they may."""
    held = {
        role
        for role, has in (
            (Role.ADMIN_AGENT, roles.admin_agent),
            (Role.GLOBAL_ADMINISTRATOR, roles.global_administrator),
        )
        if has
    }
    return NEEDS[act] - held
