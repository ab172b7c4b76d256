"""Languages for tests: the product sets one before its texts are imported, and never another one after that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.texts import catalogue, formats


@contextmanager
def another_language() -> Iterator[None]:
    """In here `speak` may be said as if nothing had been looked up; afterwards all is as before.

    What was looked up when its module was imported stays in the language of then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "_speech", catalogue.Speech())
        patch.setattr(formats, "_current", formats.Formats(formats.ENGLISH))
        yield
