"""What Partner Center's answers to a cancel or reactivate mean, and what to do. Plain text, by its error codes.

https://learn.microsoft.com/partner-center/developer/error-codes
"""

from __future__ import annotations

from bot.texts.catalogue import _

_LACKS_ROLE = _(
    "it says that the approver's role does not suffice. It takes a Global Administrator who is also an Admin Agent; check both in Partner Center, then ask again"
)
_MALFORMED = _(
    "it does not take the request as it stands. Do it in the Azure portal, and tell the people who run Alert Desk"
)
ANSWERS = {
    "900421": _("it wants multi-factor authentication in the approver's sign-in. Sign in with it, then approve again"),
    **dict.fromkeys(("900150", "900308", "900335"), _LACKS_ROLE),
    **dict.fromkeys(("900307", "800002", "800011", "800012"), _MALFORMED),
    "900159": _(
        "it knows no commerce relationship with this customer: they may have ended it. Ask your partner account team; Microsoft's support can stop the resources"
    ),
    "900420": _(
        "it does not take the token that Alert Desk showed. Do it in the Azure portal, and tell the people who run Alert Desk: ALERTDESK_PARTNER_CENTER_URL may be wrong"
    ),
    "900329": _("it lets no application do this, only a person. Do it in the Azure portal"),
    "800111": _(
        "it does not know this subscription under this customer's Azure plan. Look whether it was moved or removed, then ask again"
    ),
    "900278": _("it still works on an earlier change of this subscription"),
    "900118": _("it does not know this customer of yours. Look whether they left, then do it in the Azure portal"),
    "900337": _("it says that this subscription cannot be reactivated. Open a support request in Partner Center"),
    "429": _("it takes no more requests at present"),
}
_APP_LACKS_ROLE = _(
    "it does not let Alert Desk do this with its own identity. Do it in the Azure portal, and tell the people who run Alert Desk: the application's role there, or its setting appMayCancel, is not what it should be"
)
APP_ANSWERS = {
    **ANSWERS,
    **dict.fromkeys(("900150", "900308", "900335", "900329", "900421"), _APP_LACKS_ROLE),
}
"""The same where it was the bot's own identity that asked: there the approver's role is not what it lacks."""
FOR_OPERATORS = frozenset({"900307", "800002", "800011", "800012", "900420"})
"""What only the people who run the bot can do something about, whoever's token it was."""
APP_FOR_OPERATORS = FOR_OPERATORS | {"900150", "900308", "900335", "900329", "900421"}
LOOK_UP_ANSWERS = dict.fromkeys(
    ("900150", "900308", "900335"),
    _(
        "it lets neither Alert Desk nor you look at this customer's subscriptions. Check there that you are an Admin Agent, and tell the people who run Alert Desk: the application may lack that role"
    ),
)
"""The same where a subscription was only looked up, as the bot and then as whoever asks."""
LOOK_UPS = {
    "no_customer": _("Partner Center does not know this customer of yours. Look whether they left."),
    "no_azure_plan": _("This customer has no Azure plan with you at Partner Center."),
    "no_entitlement": _(
        "None of this customer's Azure plans has that subscription: it may stand with another partner or be billed otherwise."
    ),
    "ambiguous": _("Several of this customer's Azure plans name that subscription. Do it in the Azure portal."),
}
