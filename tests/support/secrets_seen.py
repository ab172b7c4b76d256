"""Every token, code and key that a test's cloud hands out, so that a test can look for them where they must not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import entra_grants, tokens
from bot.sandbox.entra_state import EntraState


class Secrets:
    """Collects from the moment it is made. Of a signed token the signature and the payload count, each by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: set[str] = set()
        sign, following, code = tokens.sign, EntraState._next, EntraState.open_code
        device = EntraState.open_device

        def signed(*args: Any) -> str:
            token = sign(*args)
            self.add(*token.split(".")[1:])
            return token

        def renewed(state: EntraState, family: Any) -> str:
            return self._noted(following(state, family))

        def opened(state: EntraState, *args: Any, **more: Any) -> str:
            return self._noted(code(state, *args, **more))

        def begun(state: EntraState, *args: Any) -> Any:
            found = device(state, *args)
            self.add(found[0])
            return found

        monkeypatch.setattr(tokens, "sign", signed)
        monkeypatch.setattr(EntraState, "_next", renewed)
        monkeypatch.setattr(EntraState, "open_code", opened)
        monkeypatch.setattr(EntraState, "open_device", begun)
        assert entra_grants.tokens is tokens

    def add(self, *texts: str) -> None:
        self.texts |= {text for text in texts if len(text) >= 16}

    def _noted(self, text: str) -> str:
        self.add(text)
        return text

    def in_text(self, text: str) -> set[str]:
        """Those that stand in it."""
        return {secret for secret in self.texts if secret in text}

    def in_files(self, folder: Path) -> tuple[int, set[str]]:
        """(bytes looked through, those that stand in a file of the folder)."""
        contents = [file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()]
        found = {secret for secret in self.texts if any(secret.encode() in content for content in contents)}
        return sum(map(len, contents)), found
