"""Checks deliveries to our webhook: gets the certificates that they name, and remembers which are Partner Center's.

Whoever can reach the webhook can make it look at a certificate, so that is bounded in every way: only addresses that
`read_claim` admits, one look at a time for each, few at a time and a minute in all, and what was found useless is not
looked at again for a minute. A certificate that was good is not subject to others' flood.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.webhooks import Forged, Forgery
from bot.errors import Permanent, Transient
from bot.microsoft.webhook_signature import Claim, Signer, Trust, check_signature, read_claim
from bot.net.http import Hosts, Http
from bot.ports import Clock
from bot.telemetry.log import get_logger

MOST_BYTES = 64 * 1024
SECONDS = 5.0
LIFETIME = 24 * 3600.0
"""Seconds for which a good certificate serves; then it is looked at again, and no failure of that is forgiven."""
PAUSE = 60.0
"""Least seconds between two looks at one address."""
MOST_KEPT = 64
MOST_NEW = 20
"""Looks in `PAUSE` seconds at addresses that had no good certificate before."""
MOST_UNDER_WAY = 4

log = get_logger("webhook")


@dataclass(frozen=True, slots=True)
class _Found:
    """What stood at an address: a signer, or why there is none."""

    at: float
    signer: Signer | None
    problem: Forged | Transient | None = None


class SignatureCheck:
    """`verify` is all there is to call. `cert_hosts` are exact names."""

    def __init__(
        self, http: Http, clock: Clock, trust: Trust, cert_hosts: tuple[str, ...], *, loopback: bool = False
    ) -> None:
        self._http, self._clock, self._trust = http, clock, trust
        self._cert_hosts, self._loopback = cert_hosts, loopback
        self._hosts = Hosts((*cert_hosts, "127.0.0.1") if loopback else cert_hosts, loopback)
        self._found: OrderedDict[str, _Found] = OrderedDict()
        self._flights: dict[str, asyncio.Task[_Found]] = {}
        self._new: deque[float] = deque(maxlen=MOST_NEW)

    async def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises Forged where Partner Center did not sign this, Transient where that cannot be told now."""
        claim = read_claim(headers, self._cert_hosts, loopback=self._loopback)
        found = await self._at(claim.certificate_url)
        if found.signer is not None and not check_signature(found.signer, claim, body) and self._is_old(found):
            found = await self._look(claim.certificate_url)  # its key may have been renewed
        self._judge(found, claim, body)

    async def close(self) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _judge(self, found: _Found, claim: Claim, body: bytes) -> None:
        if found.signer is None:
            raise found.problem or Transient("The certificate was not looked at.")
        if not check_signature(found.signer, claim, body):
            raise Forged(Forgery.SIGNATURE, "The signature is not one of this body by that certificate.")

    def _is_old(self, found: _Found) -> bool:
        return self._clock.monotonic() - found.at >= PAUSE

    async def _at(self, url: str) -> _Found:
        """What stands there, from memory as long as it may serve."""
        found = self._found.get(url)
        if found is not None and self._serves(found):
            return found
        return await self._look(url)

    def _serves(self, found: _Found) -> bool:
        age = self._clock.monotonic() - found.at
        if found.signer is None:
            return age < PAUSE
        return age < LIFETIME and found.signer.begins <= self._clock.now() <= found.signer.ends

    async def _look(self, url: str) -> _Found:
        """Look at an address now, or wait for who does already."""
        flight = self._flights.get(url)
        if flight is None:
            before = self._found.get(url)
            self._admit(known=before is not None and before.signer is not None)
            flight = asyncio.create_task(self._fetched(url), name="webhook-certificate")
            self._flights[url] = flight
        return await asyncio.shield(flight)  # one waiter's end is not the others'

    def _admit(self, *, known: bool) -> None:
        """Raises Transient where strangers make us look at too many addresses."""
        at = self._clock.monotonic()
        too_many = len(self._new) == MOST_NEW and at - self._new[0] < PAUSE
        if not known and (too_many or len(self._flights) >= MOST_UNDER_WAY):
            raise Transient("Too many certificates are asked for.", code="busy", retry_after=PAUSE)
        if not known:
            self._new.append(at)

    async def _fetched(self, url: str) -> _Found:
        try:
            found = await self._fetch(url)
        finally:
            del self._flights[url]
        self._found[url] = found
        self._found.move_to_end(url)
        while len(self._found) > MOST_KEPT:
            self._drop_one()
        return found

    def _drop_one(self) -> None:
        """The oldest, but a useless one first: made-up addresses push no good certificate out."""
        useless = next((url for url, found in self._found.items() if found.signer is None), None)
        if useless is None:
            self._found.popitem(last=False)
        else:
            del self._found[useless]

    async def _fetch(self, url: str) -> _Found:
        signer: Signer | None = None
        problem: Forged | Transient | None = None
        try:
            answer = await self._http.request(
                "GET", url, hosts=self._hosts, headers={"accept": "*/*"}, timeout=SECONDS, max_body=MOST_BYTES
            )
            if answer.status >= 500 or answer.status == 429:
                problem = Transient(f"The certificate's server answered HTTP {answer.status}.")
            elif answer.status != 200:
                problem = Forged(Forgery.CERTIFICATE, "There is no certificate at X-MS-Certificate-Url.")
            else:
                signer = self._trust.signer(answer.body, self._clock.now())
        except Forged as forged:
            problem = forged
        except Permanent:
            problem = Forged(Forgery.ADDRESS, "X-MS-Certificate-Url is not where Partner Center's certificates are.")
        except Transient as trouble:
            too_large = trouble.code == "AnswerTooLarge"
            problem = Forged(Forgery.CERTIFICATE, "The certificate is too large.") if too_large else trouble
        at = self._clock.monotonic()
        if problem is not None:
            log.warning("webhook_certificate_useless", url=url, why=problem.code, problem=problem.message)
        else:
            log.info("webhook_certificate_read", url=url, good_for=_words(signer, self._clock))
        return _Found(at, signer, problem)


def _words(signer: Signer | None, clock: Clock) -> str:
    return str(max(timedelta(), signer.ends - clock.now())) if signer is not None else ""
