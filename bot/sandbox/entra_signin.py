"""The interactive half of the sandbox's Entra: authorize, the chooser of a person, device sign-in, sign-out.

No password is asked: whoever opens the page says who they are, by the cookie of the Teams-like page or by a press.
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#request-an-authorization-code
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.sandbox import entra_errors as errors
from bot.sandbox.entra_errors import EntraError
from bot.sandbox.entra_scopes import Scope, parse_scope
from bot.sandbox.entra_state import SignIn

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.world import Person

PERSON_COOKIE = "sandbox_person"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COMMON = ("common", "organizations")


async def authorize(cloud: Cloud, request: web.Request) -> web.Response:
    """Signs the person in and sends the code to the redirect URI; without a person it shows the chooser."""
    asked = dict(request.query)
    if request.method == "POST":
        asked |= {name: str(value) for name, value in (await request.post()).items()}
    tenant_id = request.match_info["tenant"]
    redirect_uri = asked.get("redirect_uri", "")
    try:
        if asked.get("client_id") != cloud.entra.app.app_id:
            raise errors.app_not_found(asked.get("client_id", ""), tenant_id)
        if not _is_registered(cloud, redirect_uri):
            raise errors.redirect_mismatch(redirect_uri)
    except EntraError as problem:
        return _failed(problem)
    if asked.get("response_type") != "code":
        return _redirect(
            asked, {"error": "unsupported_response_type", "error_description": "AADSTS700054: only 'code'."}
        )
    try:
        scope = parse_scope(cloud, asked.get("scope", ""))
    except EntraError as problem:
        return _redirect(asked, _as_query(problem))
    person = _person_of(cloud, request, asked)
    if person is None and asked.get("prompt") == "none":
        login_required = EntraError(
            "login_required", 50058, "A silent sign-in request was sent but no user is signed in."
        )
        return _redirect(asked, _as_query(login_required))
    if person is None:
        return _chooser(cloud, asked, tenant_id)
    return _signed_in(cloud, asked, tenant_id, person, scope)


async def device_code(cloud: Cloud, request: web.Request) -> web.Response:
    """https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code#device-authorization-request"""
    form = {name: str(value) for name, value in (await request.post()).items()}
    tenant_id = request.match_info["tenant"]
    try:
        if form.get("client_id") != cloud.entra.app.app_id:
            raise errors.app_not_found(form.get("client_id", ""), tenant_id)
        parse_scope(cloud, form.get("scope", ""))
    except EntraError as problem:
        return problem.response(request)
    code, device = cloud.entra.open_device(tenant_id, form.get("scope", ""))
    place = f"{cloud.base_url}/entra/devicelogin"
    return web.json_response(
        {
            "user_code": device.user_code,
            "device_code": code,
            "verification_uri": place,
            "expires_in": 900,
            "interval": cloud.entra.device_interval,
            "message": f"To sign in, use a web browser to open the page {place} and enter the code {device.user_code} "
            "to authenticate.",
        }
    )


async def device_page(cloud: Cloud, request: web.Request) -> web.Response:
    """GET shows a form; POST {user_code, person, decline?} signs that person in on the waiting device."""
    if request.method == "GET":
        choices = "".join(
            f"<option value='{key}'>{escape(person.name)}</option>" for key, person in cloud.world.people.items()
        )
        code = escape(request.query.get("user_code", ""), quote=True)
        return _page(
            "Enter the code",
            f"<form method=post><p><label>Code <input name=user_code value='{code}' required></label>"
            f"<p><label>Sign in as <select name=person>{choices}</select></label>"
            "<p><button>Continue</button> <button name=decline value=1>Cancel</button></form>",
        )
    form = {name: str(value) for name, value in (await request.post()).items()}
    device = cloud.entra.device_of_user_code(form.get("user_code", ""))
    person = cloud.world.people.get(form.get("person", ""))
    if device is None or person is None or device.sign_in is not None:
        return _page("Sign-in failed", "<p role=alert>That code is not waiting for anybody.</p>", 400)
    if form.get("decline"):
        device.declined = True
        return _page("Cancelled", "<p>Nothing was signed in.</p>")
    tenant_id = person.tenant_id if device.tenant_id in COMMON else device.tenant_id
    if not cloud.entra.belongs(person, tenant_id):
        return _failed(_foreign(person, tenant_id))
    if person.aad_object_id in cloud.world.removed:
        return _failed(errors.account_deleted(person.upn, tenant_id))
    scope = parse_scope(cloud, device.scope)
    cloud.entra.consent(person, [scope.service] if scope.service else [])
    device.sign_in = SignIn(person, tenant_id, ("pwd", "mfa"))
    return _page("Signed in", "<p>You have signed in on your device. You may now close this window.</p>")


async def logout(_: Cloud, request: web.Request) -> web.Response:
    """Forgets the person; goes on to `post_logout_redirect_uri` where that is on this machine."""
    target = request.query.get("post_logout_redirect_uri", "")
    if target and urlsplit(target).hostname in LOOPBACK:
        response = web.Response(status=302, headers={"Location": target})
    else:
        response = _page("Signed out", "<p>You signed out of your account.</p>")
    response.del_cookie(PERSON_COOKIE, path="/")
    return response


def _signed_in(cloud: Cloud, asked: Mapping[str, str], tenant_id: str, person: Person, scope: Scope) -> web.Response:
    tenant = person.tenant_id if tenant_id in COMMON else tenant_id
    if not cloud.entra.belongs(person, tenant):
        return _failed(_foreign(person, tenant))
    if tenant not in cloud.world.partners:
        return _failed(errors.app_not_found(cloud.entra.app.app_id, tenant))
    if person.aad_object_id in cloud.world.removed:
        return _failed(errors.account_deleted(person.upn, tenant))
    if cloud.faults.switches.conditional_access and scope.service in ("graph", "partnercenter"):
        return _redirect(asked, _as_query(errors.blocked_by_conditional_access()) | {"error": "access_denied"})
    if asked.get("sandbox_answer") == "decline":
        declined = EntraError("access_denied", 65004, "User declined to consent to access the app.")
        return _redirect(asked, _as_query(declined))
    if scope.service:
        cloud.entra.consent(person, [scope.service])
    # Only a sign-in that carries the claims challenge (or asks for mfa) proves the second factor while demanded.
    asked_for_mfa = "mfa" in asked.get("amr_values", "").split() or _names_a_policy(asked.get("claims", ""))
    strong = asked_for_mfa or not cloud.faults.switches.mfa_required
    sign_in = SignIn(person, tenant, ("pwd", "mfa") if strong else ("pwd",), asked.get("nonce"))
    code = cloud.entra.open_code(
        sign_in,
        asked.get("scope", ""),
        asked["redirect_uri"],
        asked.get("code_challenge"),
        asked.get("code_challenge_method", "plain"),
    )
    return _redirect(asked, {"code": code, "session_state": code[2:34]})


def _foreign(person: Person, tenant_id: str) -> EntraError:
    return EntraError(
        "invalid_request",
        50020,
        f"User account '{person.upn}' from identity provider '{person.tenant_id}' does not exist in tenant "
        f"'{tenant_id}' and cannot access the application in that tenant.",
    )


def _person_of(cloud: Cloud, request: web.Request, asked: Mapping[str, str]) -> Person | None:
    """`sandbox_person` of the chooser, else the cookie; `prompt=select_account` always leads to the chooser."""
    chosen = asked.get("sandbox_person")
    if chosen is None and asked.get("prompt") != "select_account":
        chosen = request.cookies.get(PERSON_COOKIE)
    return cloud.world.people.get(chosen or "")


def _is_registered(cloud: Cloud, redirect_uri: str) -> bool:
    """The registration has every address of this machine and those below the bot's own base; no fragment."""
    parts = urlsplit(redirect_uri)
    if parts.scheme not in ("http", "https") or parts.fragment:
        return False
    return parts.hostname in LOOPBACK or redirect_uri.startswith(f"{cloud.bot_url}/")


def _names_a_policy(claims: str) -> bool:
    try:
        wanted = json.loads(claims or "{}")
    except ValueError:
        return False
    token = wanted.get("access_token") if isinstance(wanted, dict) else None
    return isinstance(token, dict) and bool({"polids", "capolids", "acrs", "amr"} & token.keys())


def _as_query(problem: EntraError) -> dict[str, str]:
    body = problem.body()
    return {name: str(body[name]) for name in ("error", "error_description", "claims") if name in body}


def _redirect(asked: Mapping[str, str], answer: Mapping[str, str]) -> web.Response:
    values = dict(answer)
    if "state" in asked:
        values["state"] = asked["state"]
    target = asked["redirect_uri"]
    if asked.get("response_mode") == "form_post":
        fields = "".join(
            f"<input type=hidden name='{escape(name, quote=True)}' value='{escape(value, quote=True)}'>"
            for name, value in values.items()
        )
        action = escape(target, quote=True)
        form = f"<form id=answer method=post action='{action}'>{fields}<button>Continue</button></form>"
        return _page("Working…", f"{form}<script>document.getElementById('answer').submit()</script>")
    joint = "&" if "?" in target else "?"
    return web.Response(
        status=302, headers={"Location": f"{target}{joint}{urlencode(values)}", "Cache-Control": "no-store"}
    )


def _chooser(cloud: Cloud, asked: Mapping[str, str], tenant_id: str) -> web.Response:
    rows = []
    for key, person in cloud.world.people.items():
        query = urlencode({**asked, "sandbox_person": key})
        rows.append(
            f"<li><a data-testid='signin-{key}' href='?{escape(query, quote=True)}'>{escape(person.name)}</a> "
            f"<small>{escape(person.upn)} · {escape(person.describe)}</small>"
        )
    declined = urlencode({**asked, "sandbox_person": next(iter(cloud.world.people)), "sandbox_answer": "decline"})
    return _page(
        "Pick an account",
        f"<p>{escape(cloud.entra.app.name)} asks you to sign in to {escape(tenant_id)}.</p><ul>{''.join(rows)}</ul>"
        f"<p><a href='?{escape(declined, quote=True)}'>Cancel</a></p>",
    )


def _failed(problem: EntraError) -> web.Response:
    return _page("Sign-in failed", f"<p role=alert>{escape(str(problem.body()['error_description']))}</p>", 400)


def _page(title: str, body: str, status: int = 200) -> web.Response:
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>"
        "body{font:16px system-ui;max-width:36rem;margin:3rem auto;padding:0 1rem}"
        f"li{{margin:.6rem 0}}</style><h1>{escape(title)}</h1>{body}<p><small>Sandbox sign-in. Nothing here is "
        "Microsoft's.</small></html>"
    )
    return web.Response(text=text, content_type="text/html", status=status)
