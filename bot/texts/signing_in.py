"""What somebody reads who has to sign in before their act goes on."""

from __future__ import annotations

from bot.texts.catalogue import _

SIGN_IN_TITLE = _("Sign in to go on")
SIGN_IN = _("Sign in")


def sign_in_for(label: str) -> str:
    return _("{label}: sign in to go on").format(label=label)


SIGN_IN_LINK = _(
    "The link is yours alone and works for 15 minutes. Once you are signed in I go on, and that page says how it ended."
)
SIGN_IN_BY_BUTTON = _(
    "Nothing was done yet: I act as you, and Teams hands me your sign-in only with a button. Press it, and I do what you asked for."
)
GO_ON_BY_BUTTON = _(
    "Nothing was done yet: I act as you, and Teams hands me your sign-in only with a button on a card. I have just posted one, with what you wrote: press it, and I do what you asked for."
)
SIGN_IN_SLOW = _("Microsoft is slow to sign you in just now, so nothing was done. Try again in a moment.")
SIGN_IN_NOWHERE = _("You would have to sign in, but the operator has set no address for that (ALERTDESK_PUBLIC_URL).")
GO_ON_AS_ME = _("Go on as me")
WANTS_STILL_MORE = _(
    "You are signed in, but Microsoft wants still more of you for this, so nothing was done yet. Go on here: sign in once more."
)
PRESS_AGAIN = _("Press the button in Teams again: its form opens now. You can close this page.")
BACK_TO_REQUEST = _("Back to the request")
PRESS_ANEW = _("Press again")
NOT_SHOWN = _(
    "Done. Teams may not show the answer, for it did not take it at once: where it does not, ask there again. You can close this page."
)
WENT_ON = _("Done. Teams shows the result; you can close this page.")
