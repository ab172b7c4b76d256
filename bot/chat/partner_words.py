"""Partners as somebody names them after a command: `partner:Northwind`, or just the name."""

from __future__ import annotations

from bot.domain.filters import Filter, query
from bot.domain.people import Partner
from bot.errors import Unknown, UserError
from bot.ports import Environment
from bot.services import filter_words
from bot.texts import en as texts


def named_partners(words: str, readable: frozenset[str], env: Environment, usage: str) -> list[Partner]:
    """Those that the words fit (all, where there are none), sorted by name. Raises UserError with `usage` for other
    filters, Unknown where no readable partner fits."""
    name = words.strip().strip('"')
    wanted = filter_words.parse(words if ":" in words or not name else f'partner:"{name}"')
    if wanted != Filter(unresolved=True, partners=wanted.partners):
        raise UserError(usage, code="bad_filter")
    names = {tenant: partner.name for tenant, partner in env.partners.items()}
    found = sorted_partners(query(wanted, readable, names, env.clock.now()).partners, env)
    if not found:
        raise Unknown(texts.no_such_partner(name), code="unknown_partner")
    return found


def one_of(tenant: str, readable: frozenset[str], env: Environment) -> Partner:
    """The partner that a button names. Raises Unknown where it may not be read here."""
    if tenant not in readable or tenant not in env.partners:
        raise Unknown(texts.no_such_partner(tenant), code="unknown_partner")
    return env.partners[tenant]


def sorted_partners(tenants: frozenset[str], env: Environment) -> list[Partner]:
    found = [env.partners[tenant] for tenant in tenants if tenant in env.partners]
    return sorted(found, key=lambda partner: partner.name.lower())
