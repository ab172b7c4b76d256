"""bot.microsoft.aadsts: what each refusal asks of the person who wanted to act."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import AlertDeskError, ConfigError, NoAccount, NotAllowed, NotAssigned, Refused, SignInNeeded, Transient
from bot.microsoft.aadsts import MFA_CLAIMS, page_code, person_error, with_mfa

TENANT = "22222222-2222-4222-8222-222222222222"
CLAIMS = '{"access_token":{"polids":{"essential":true,"values":["p"]}}}'


def answer(number: int, error: str = "invalid_grant", **more: Any) -> dict[str, Any]:
    words = f"AADSTS{number}: <b>words</b> of Entra"
    return {"error": error, "error_codes": [number], "error_description": words, **more}


@pytest.mark.parametrize("number", [50072, 50074, 50076, 50078, 50079, 50158])
def test_multi_factor_authentication_needs_the_page_and_claims(number: int) -> None:
    for error in ("invalid_grant", "interaction_required"):
        for given, asked in ((CLAIMS, CLAIMS), (None, MFA_CLAIMS), (7, MFA_CLAIMS)):
            need = person_error(answer(number, error, claims=given), TENANT, interactive=False)
            assert isinstance(need, SignInNeeded)
            assert (need.interactive, need.claims, need.code) == (True, asked, f"AADSTS{number}")
            assert "multi-factor" in need.message


@pytest.mark.parametrize("number", [65001, 65004, 90094])
def test_consent_needs_the_page(number: int) -> None:
    need = person_error(answer(number, suberror="consent_required"), TENANT, interactive=False)
    assert isinstance(need, SignInNeeded)
    assert need.interactive
    assert "agree" in need.message


@pytest.mark.parametrize("number", [50005, 53000, 53001, 53002, 53003, 53004, 530003, 999999])
def test_conditional_access_needs_the_page_with_its_claims(number: int) -> None:
    need = person_error(answer(number, claims=CLAIMS), TENANT, interactive=False)
    assert isinstance(need, SignInNeeded)
    assert (need.interactive, need.claims) == (True, CLAIMS)


@pytest.mark.parametrize("number", [50005, 50097, 50129, 50131, 53003, 53009, 53011, 530001, 530035])
@pytest.mark.parametrize("error", ["invalid_grant", "interaction_required", "access_denied"])
def test_conditional_access_is_the_persons_to_meet_without_claims_too(number: int, error: str) -> None:
    need = person_error(answer(number, error), TENANT, interactive=False)
    assert isinstance(need, SignInNeeded)
    assert (need.interactive, need.claims) == (True, "")
    assert "policy" in need.message


@pytest.mark.parametrize("number", [50133, 50173, 70043, 700082, 700084])
def test_a_sign_in_that_ended_is_called_so_where_claims_come_with_it(number: int) -> None:
    need = person_error(answer(number, claims=CLAIMS), TENANT, interactive=False)
    assert isinstance(need, SignInNeeded)
    assert (need.interactive, need.claims) == (True, CLAIMS)
    assert "ended" in need.message


@pytest.mark.parametrize("number", [50173, 50133, 70008, 70043, 700082, 9002313, 123456])
@pytest.mark.parametrize("interactive", [False, True])
def test_an_ended_sign_in_begins_anew(number: int, interactive: bool) -> None:
    need = person_error(answer(number), TENANT, interactive=interactive)
    assert isinstance(need, SignInNeeded)
    assert (need.interactive, need.claims) == (interactive, "")


@pytest.mark.parametrize("error", ["interaction_required", "login_required"])
def test_interaction_is_what_entra_calls_it(error: str) -> None:
    need = person_error(answer(50058, error), TENANT, interactive=False)
    assert isinstance(need, SignInNeeded)
    assert need.interactive


@pytest.mark.parametrize("number", [50034, 50057, 50020, 500341])
def test_who_left_is_told(number: int) -> None:
    gone = person_error(answer(number), TENANT, interactive=True)
    assert isinstance(gone, NoAccount)
    assert "no longer" in gone.message


def test_who_is_not_assigned_to_the_application_is_told_whom_to_ask() -> None:
    """No sign-in page mends that."""
    refused = person_error(answer(50105, claims=CLAIMS), TENANT, interactive=True)
    assert isinstance(refused, NotAssigned)
    assert "assign" in refused.message
    assert refused.code == "AADSTS50105"


@pytest.mark.parametrize("number", [50013, 50027, 500131, 500133, 240002])
def test_a_bad_assertion_is_refused(number: int) -> None:
    assert isinstance(person_error(answer(number), TENANT, interactive=True), NotAllowed)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (answer(7000215, "invalid_client"), ConfigError),
        (answer(50011, "invalid_client"), ConfigError),
        (answer(700016, "unauthorized_client"), Refused),
        (answer(90033, "temporarily_unavailable"), Transient),
        ({}, Refused),
        ({"error": {}, "error_codes": "x", "suberror": []}, Refused),
    ],
    ids=str,
)
def test_what_is_not_the_persons_business_stays_so(found: dict[str, Any], kind: type[AlertDeskError]) -> None:
    problem = person_error(found, TENANT, interactive=True)
    assert type(problem) is kind
    assert "<b>" not in problem.message


def test_the_second_factor_is_asked_for_as_essential() -> None:
    """What a claims request does not call essential may be left out.
    https://openid.net/specs/openid-connect-core-1_0.html#IndividualClaimsRequests"""
    assert json.loads(MFA_CLAIMS) == {"access_token": {"amr": {"essential": True, "values": ["mfa"]}}}


def test_a_second_factor_is_asked_for_beside_what_is_asked_for_already() -> None:
    mfa = json.loads(MFA_CLAIMS)["access_token"]
    assert with_mfa("") == MFA_CLAIMS
    policies = json.loads(CLAIMS)["access_token"]
    assert json.loads(with_mfa(CLAIMS)) == {"access_token": policies | mfa}
    assert json.loads(with_mfa('{"id_token":{}}')) == {"id_token": {}, "access_token": mfa}


@pytest.mark.parametrize("odd", ["{", "[]", "7", '"x"', "null"])
def test_claims_that_are_none_leave_the_second_factor(odd: str) -> None:
    assert with_mfa(odd) == MFA_CLAIMS


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"error": "access_denied", "error_description": "AADSTS65004: User declined."}, "AADSTS65004"),
        ({"error": "access_denied", "error_description": "AADSTS530003: no\r\nTrace ID: x"}, "AADSTS530003"),
        ({"error": "access_denied", "error_description": "the user AADSTS65004"}, "access_denied"),
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "<script>"}, "no code"),
        ({"error": "two\nlines", "error_description": "AADSTS\n"}, "no code"),
        ({}, "no code"),
    ],
)
def test_what_a_page_sent_back_has_a_code(answer: dict[str, str], code: str) -> None:
    assert page_code(answer) == code
