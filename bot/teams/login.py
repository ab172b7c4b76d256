"""How a person's token is asked for: the parts of a login request and an OAuth card that chat does not know. Pure.

https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/sso-adaptive-cards-universal-action
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/bot-sso-code
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.chat.turn import SPOKEN, AskToken, Attach, Reply, Say, TokenRefused, Turn, TurnKind
from bot.teams.activity import CONNECTION
from bot.texts import signing_in

OAUTH_CARD = "application/vnd.microsoft.card.oauth"


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """The value of a 401 answer to a pressed button: `{text, connectionName, tokenExchangeResource, buttons}`."""

    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Login:
    """`resource` is the audience of Teams' SSO tokens (SSO_RESOURCE); empty: no token is ever asked for.

    `sign_in_url` is what an exchange's id is put behind to be the address of a sign-in page, for a client that gets no
    token silently; empty: there is no page.
    """

    resource: str = ""
    sign_in_url: str = ""

    def asked(self, turn: Turn, ask: AskToken) -> Reply | LoginRequest:
        """The request in the form that this turn can be answered with; in words where Teams has no form for it."""
        if turn.kind == TurnKind.TOKEN_EXCHANGE:
            return TokenRefused(ask.text)
        if self.resource and turn.kind == TurnKind.EXECUTE:
            return LoginRequest(self._value(ask))
        if self.resource and turn.is_personal and turn.kind in SPOKEN:
            return Attach({"contentType": OAUTH_CARD, "content": self._value(ask)}, summary=ask.text)
        return Say(ask.text)

    def _value(self, ask: AskToken) -> dict[str, Any]:
        buttons = []
        if self.sign_in_url:
            address = f"{self.sign_in_url}{quote(ask.exchange_id, safe='')}"
            buttons = [{"type": "signin", "title": signing_in.SIGN_IN, "text": signing_in.SIGN_IN, "value": address}]
        return {
            "text": ask.text,
            "connectionName": CONNECTION,
            "tokenExchangeResource": {"id": ask.exchange_id, "uri": self.resource, "providerId": ""},
            "buttons": buttons,
        }


NO_LOGIN = Login()
