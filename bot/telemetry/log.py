"""Event logs: a fixed event name and fields, one JSON object a line. Ids, not objects; never a token or a message.

Whatever a stranger sent is stripped of control characters, so that nobody can forge a line.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import structlog

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 500


def get_logger(part: str) -> Any:
    """A logger whose lines carry `part`."""
    return structlog.get_logger(part=part)


class About:
    """Lines logged in this block, and in tasks begun in it, carry `fields`: in one variable, as every turn sets it."""

    __slots__ = ("_fields", "_token")

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._token = _ABOUT.set(self._fields)

    def __exit__(self, *_: object) -> None:
        _ABOUT.reset(self._token)


def configure(*, level: int = logging.INFO) -> None:
    """Set up logging for the whole process: ours and the libraries', as JSON on stderr."""
    shared: list[Any] = [
        _about,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without the frames' local variables: a token may stand in one.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
        _clean,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=structlog.processors.JSONRenderer())
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _about(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**_ABOUT.get(), **event}


def _clean(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _CONTROL.sub(" ", value)[:_LONGEST]
    return event
