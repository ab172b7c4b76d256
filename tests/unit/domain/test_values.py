"""Small rules of the domain's values, and lists in docstrings that must agree with the code."""

from __future__ import annotations

import re

import pytest

from bot.domain import delivery
from bot.domain.alerts import notification_kind, severity_rank
from bot.domain.delivery import ItemState
from tests.factories import ELSEWHERE, NORTHWIND, alert, partner, record


@pytest.mark.parametrize(
    ("severity", "rank"),
    [("high", 4), ("HIGH", 4), ("medium", 3), ("low", 2), ("informational", 1), ("", 3), ("catastrophic", 3)],
)
def test_an_unknown_severity_is_never_buried(severity: str, rank: int) -> None:
    assert severity_rank(severity) == rank


@pytest.mark.parametrize(("status", "is_open"), [("active", True), ("Resolved", False), ("brandNew", True), ("", True)])
def test_only_resolved_is_not_open(status: str, is_open: bool) -> None:
    assert alert(status=status).is_open is is_open


def test_an_alert_has_a_short_number() -> None:
    assert record(number=7).label == "A-7"


def test_the_dashboards_coarse_type() -> None:
    assert notification_kind("ServiceHealthSecurityAdvisory") == "Azure Notification"
    assert notification_kind("virtualMachineHijack") == "Azure Usage"


def test_roles_are_checked_in_the_partners_own_tenant_unless_told_otherwise() -> None:
    assert partner().roles_in == NORTHWIND
    assert partner(role_tenant_id=ELSEWHERE).roles_in == ELSEWHERE


def test_the_state_machine_in_the_docstring_knows_every_state_and_no_other() -> None:
    steps = re.findall(r"^(\w+)\s+-> (\w+)\s+\S", delivery.__doc__ or "", re.MULTILINE)
    assert {state for step in steps for state in step} == set(ItemState)
    assert ItemState.SENT not in {before for before, _ in steps}  # the end
    reached, border = {ItemState.PENDING.value}, {ItemState.PENDING.value}
    while border:
        border = {after for before, after in steps if before in border} - reached
        reached |= border
    assert reached == set(ItemState)
