"""What a command says beside the people whom it mentions. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.people import Person


def unmentioned(rest: str, people: Iterable[Person]) -> str:
    """`A-1042 @Ada Lindqvist` as `A-1042`: names may have spaces, so words alone do not tell where one ends."""
    for person in sorted(people, key=lambda each: len(each.name), reverse=True):
        rest = rest.replace(f"@{person.name}", " ")
    return " ".join(rest.split())
