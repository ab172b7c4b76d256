"""The exception tree, split by who must act. Foreign errors are mapped to it in one place per adapter.

AlertDeskError
├── UserError              the sender of the input; the text is shown to them as it is
│   ├── NotAllowed         the person lacks a role or the conversation lacks the route
│   │   ├── NoAccount      Microsoft knows the person's account no longer, or it is disabled
│   │   └── NotAssigned    the person's organization does not let them use the bot
│   ├── Unknown            no such alert, command, person, or conversation *here*
│   ├── Incomplete         a form is not filled in as it must be; it is shown again with what was typed
│   └── SignInNeeded       the person must sign in (again) before we can act as them
├── Transient              nobody yet: try again, after `retry_after` seconds where the other side said so
│   └── NotChecked         a person's roles could not be checked in time, so nothing was done; the text is for them
├── Permanent              trying again cannot help; park the work and say why
│   ├── Missing            the thing asked for does not exist (404)
│   ├── Refused            our credentials or roles do not suffice (401, 403)
│   │   └── MissingMfa     the other side wants multi-factor authentication
│   ├── PendingOperation   something is already under way there; ask again when it is over (409)
│   ├── TooLarge           the message must be made smaller (413)
│   └── Unreachable        the conversation takes no messages any more (bot removed, blocked, disabled)
└── ConfigError            the operator: a setting is missing, wrong or contradictory
"""

from __future__ import annotations

from datetime import timedelta


class AlertDeskError(Exception):
    """Root of all errors that the product raises on purpose. `code` is the foreign code, for logs and branching."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class UserError(AlertDeskError):
    """Bad input. The message says what was wrong and what to do instead."""


class NotAllowed(UserError):
    """The person may not do this, here."""


class NoAccount(NotAllowed):
    """The account as which the person came is disabled, or no longer in its organization."""


class NotAssigned(NotAllowed):
    """The person's account is not assigned to the application, and their organization demands that."""


class Unknown(UserError):
    """There is no such thing, as far as this person in this place may know."""


class Incomplete(UserError):
    """What was filled in does not do yet. Nothing was done; the message says what is missing."""


class SignInNeeded(UserError):
    """We hold no token with which we could act as this person. Nothing was done.

    `interactive`: a silent exchange of Teams' SSO token will not do; they must see Entra's page, with these `claims`
    (JSON, may be empty) asked for. `scope` is what the token was wanted for, as of UserTokens.get; empty: for Graph.
    """

    def __init__(
        self, message: str, *, code: str = "", interactive: bool = False, claims: str = "", scope: str = ""
    ) -> None:
        super().__init__(message, code=code)
        self.interactive = interactive
        self.claims = claims
        self.scope = scope


class Transient(AlertDeskError):
    """Passing trouble. `in_doubt` is true where the other side may have done the deed all the same."""

    def __init__(
        self, message: str, *, code: str = "", retry_after: float | None = None, in_doubt: bool = False
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class NotChecked(Transient):
    """Who somebody is, or what they may do, could not be checked. Nothing was done."""


class Permanent(AlertDeskError):
    """Trying the same again cannot help."""


class Missing(Permanent):
    """The other side does not know the thing asked for."""


class Refused(Permanent):
    """The other side refuses our token, consent or role."""


class MissingMfa(Refused):
    """The token lacks a multi-factor claim that the other side demands."""


class PendingOperation(Permanent):
    """Nothing was done: the other side still works on an earlier change. It takes a new one `earliest` from now."""

    def __init__(self, message: str, *, code: str = "", earliest: timedelta | None = None) -> None:
        super().__init__(message, code=code)
        self.earliest = earliest


class TooLarge(Permanent):
    """The message is over the size that Teams takes."""


class Unreachable(Permanent):
    """The conversation takes no messages from us until something changes there."""


class ConfigError(AlertDeskError):
    """A setting is missing, wrong, or contradicts another."""
