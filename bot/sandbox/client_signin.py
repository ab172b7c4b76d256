"""Single sign-on as the Teams client plays it: tokens for the bot, their exchange, and what can go wrong with sign-ins.

https://learn.microsoft.com/microsoftteams/platform/bots/how-to/authentication/bot-sso-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.sandbox import teams_activities as build
from bot.sandbox import tokens
from bot.sandbox.botframework import deliver
from bot.sandbox.client_request import ClientError, ClientRequest
from bot.sandbox.entra_signin import PERSON_COOKIE
from bot.sandbox.entra_state import OWN_SCOPE
from bot.sandbox.keys import KeyRing

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

TEAMS_CLIENT = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
OAUTH_CARD = "application/vnd.microsoft.card.oauth"
OTHER_APP = "0fface00-0000-4000-8000-000000000001"
ACTIONS = ("revoke", "expire", "endTokens", "revokeConsent")


async def remember(call: ClientRequest) -> web.Response:
    """Remembers in a cookie who uses this browser, so that Entra's authorize page does not ask."""
    person = call.named_person(call.request.match_info["person"])
    response = web.json_response({"person": person.key})
    response.set_cookie(PERSON_COOKIE, person.key, path="/", httponly=True, samesite="Lax")
    return response


async def sso_token(call: ClientRequest) -> web.Response:
    """{person} -> {token}: what Teams hands a bot for single sign-on.

    More in the body spoils it: `lifetime` (seconds, may be negative), `audience` ("other": another application's),
    `tenantId`, `clientId`, `amr`, `forged` (a key that Entra does not publish).
    """
    body = await call.json()
    person = call.named_person(body.get("person"))
    return web.json_response({"token": token_for(call.cloud, person, body)})


async def exchange(call: ClientRequest) -> web.Response:
    """{person, conversationId, messageId?, exchangeId, token?} -> {status, body}: `signin/tokenExchange`, as a client
    sends it by itself when an OAuth card comes in a personal chat.

    With `state` in the place of `exchangeId` it is `signin/verifyState`, what a sign-in page gave the client; with
    `failure`, a code, it is `signin/failure`: the client got no token.
    """
    body = await call.json()
    person = call.named_person(body.get("person"))
    conversation = call.conversation_of(person, body.get("conversationId"))
    if conversation.kind != "personal":
        raise ClientError(409, "NotPersonal", "Teams signs people in to bots in personal chats only")
    origin = None
    if body.get("messageId") is not None:
        origin = call.message_in(conversation, person, body["messageId"])
    if "state" in body:
        name, value = "signin/verifyState", {"state": body["state"]}
    elif "failure" in body:
        name, value = "signin/failure", {"code": body["failure"], "message": "Silent sign-in did not succeed."}
    else:
        card = _oauth_card(origin.activity) if origin else {}
        name = "signin/tokenExchange"
        value = {
            "id": body.get("exchangeId"),
            "connectionName": body.get("connectionName") or card.get("connectionName"),
            "token": body.get("token") or token_for(call.cloud, person, {}),
        }
    activity = build.invoke(call.cloud, conversation, person, name, value, message_id=origin.id if origin else None)
    if origin:
        activity["channelData"]["legacy"] = {"replyToId": origin.id}
    answer = await deliver(call.cloud, activity)
    return web.json_response({"status": answer.status, "body": answer.body})


async def spoil(call: ClientRequest) -> web.Response:
    """{person, action: "revoke" | "expire" | "endTokens" | "revokeConsent"} -> {signIns}: how many it concerned.

    revoke: all sign-ins until now, their refresh and access tokens; expire: refresh tokens; endTokens: access tokens,
    by continuous access evaluation, the sign-ins stay; revokeConsent: the person must consent anew.
    """
    body = await call.json()
    person, entra = call.named_person(body.get("person")), call.cloud.entra
    action, count = body.get("action"), 0
    if action == "revoke":
        count = entra.spoil(person, "revoked")
    elif action == "expire":
        count = entra.spoil(person, "expired")
    elif action == "endTokens":
        entra.end_tokens(person)
    elif action == "revokeConsent":
        entra.revoke_consent(person)
    else:
        raise ClientError(400, "BadRequest", f"action is one of {', '.join(ACTIONS)}")
    return web.json_response({"signIns": count})


def token_for(cloud: Cloud, person: Person, spoilt: dict[str, Any]) -> str:
    """Of the tenant where the person is in Teams: a guest's is the host's. Raises ClientError where Teams gets none.

    While MFA is demanded the token lacks it, as the tokens of a Teams client that signed in before do.
    """
    tenant_id = str(spoilt.get("tenantId") or person.directory)
    if tenant_id not in cloud.world.partners and "tenantId" not in spoilt:
        raise ClientError(409, "resourcematchfailed", f"{cloud.world.app.name} is not in the tenant of {person.name}")
    if person.aad_object_id in cloud.world.removed:
        raise ClientError(409, "tokenmissing", f"the account of {person.name} was deleted")
    audience = str(spoilt.get("audience") or cloud.entra.sso_resource)
    token = tokens.issue(
        cloud,
        audience=f"api://botid-{OTHER_APP}" if audience == "other" else audience,
        tenant_id=tenant_id,
        app_id=str(spoilt.get("clientId") or TEAMS_CLIENT),
        object_id=person.aad_object_id,
        scopes=[OWN_SCOPE],
        amr=spoilt.get("amr", ["pwd"] if cloud.faults.switches.mfa_required else ["pwd", "mfa"]),
        lifetime=float(spoilt.get("lifetime", 3600)),
        extra={"name": person.name, "preferred_username": person.upn, "ver": "2.0"},
    )
    if spoilt.get("forged"):
        claims = tokens.verify(cloud, token, (audience, f"api://botid-{OTHER_APP}"))
        return tokens.sign(claims, KeyRing("forger").current)
    return token


def _oauth_card(activity: dict[str, Any]) -> dict[str, Any]:
    for attachment in activity.get("attachments") or []:
        if attachment.get("contentType") == OAUTH_CARD and isinstance(attachment.get("content"), dict):
            card: dict[str, Any] = attachment["content"]
            return card
    return {}
