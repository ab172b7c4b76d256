"""The requester's role, where Graph does not let the bot itself ask for it: their own kept token has to do."""

from __future__ import annotations

import pytest

from bot.domain.cancellations import Cancellation, State
from bot.domain.people import Person
from bot.errors import AlertDeskError, NoAccount, NotAllowed, NotChecked, SignInNeeded
from bot.services.asking import Wanted
from bot.services.deciding import Answer
from bot.services.plan_progress import Where
from bot.texts import tokens
from tests.factories import ADA, MAX, SUBSCRIPTION, alert, conversation, entitlement
from tests.support.house import House

HERE = Where(conversation(), "activity-1")


@pytest.fixture
async def c(house: House) -> Cancellation:
    """Ada's request; Graph answers people alone."""
    await house.route()
    house.set_up(act_as="user")
    house.subscriptions.put(entitlement())
    house.directory.app_refused = True
    (record,) = await house.take_in(alert())
    wanted = Wanted("cancel", "Miners", "agreed", "", SUBSCRIPTION[-6:])
    return await house.asking.ask(wanted, record, ADA, HERE, 10.0)


async def approve(house: House, c: Cancellation, by: Person = MAX) -> Answer:
    return await house.deciding.approve(c, by, HERE, digest=c.plan.digest, patience=10.0)


async def test_it_is_read_with_their_own_token(house: House, c: Cancellation) -> None:
    assert (await approve(house, c)).cancellation.state == State.ACCEPTED


async def test_who_has_no_account_any_more_holds_no_role(house: House, c: Cancellation) -> None:
    house.directory.token_troubles[ADA.aad_id] = NoAccount(tokens.NOT_IN_TENANT, code="AADSTS50057")
    void = (await approve(house, c)).cancellation
    assert (void.state, house.subscriptions.request_ids) == (State.VOID, [])
    assert "not an Admin Agent any more" in void.outcome


@pytest.mark.parametrize(
    "trouble",
    [SignInNeeded(tokens.SIGNED_OUT, code="no_token"), NotAllowed(tokens.NOT_ASSIGNED, code="AADSTS50105")],
    ids=["signed out", "not assigned to the application"],
)
async def test_whoever_approves_reads_who_has_to_sign_in(
    house: House, c: Cancellation, trouble: AlertDeskError
) -> None:
    house.directory.token_troubles[ADA.aad_id] = trouble
    with pytest.raises(NotChecked) as refused:
        await approve(house, c)
    assert "Ada has to sign in again" in refused.value.message
    assert refused.value.code == trouble.code
    assert house.subscriptions.request_ids == []
    del house.directory.token_troubles[ADA.aad_id]
    assert (await approve(house, c)).cancellation.state == State.ACCEPTED
