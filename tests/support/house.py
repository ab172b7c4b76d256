"""The use cases and the chat, wired as bot/app.py wires them, on a real store and a made-up world around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat.acting import Acting
from bot.chat.board import Board
from bot.chat.bulk import BulkBoard, BulkButtons, Bulking
from bot.chat.cancelling import Requests
from bot.chat.commands import Commands
from bot.chat.dashboard import Dashboard
from bot.chat.desk import Desk
from bot.chat.digesting import Digesting
from bot.chat.drilling import Drilling
from bot.chat.duty import OnDuty
from bot.chat.events import Events
from bot.chat.evidence import EvidencePacks
from bot.chat.exporting import Exporting
from bot.chat.feature import Feature
from bot.chat.identity import Identity
from bot.chat.lists import Lists
from bot.chat.presenter import Place
from bot.chat.refunding import Refunding
from bot.chat.render import CardRenderer
from bot.chat.request_board import RequestBoard
from bot.chat.rollup_board import RollUpBoard
from bot.chat.routing import Routing
from bot.chat.saving import Saving
from bot.chat.scoring import Scoring
from bot.chat.searching import Searching
from bot.chat.signing_in import SigningIn
from bot.chat.status import Status
from bot.chat.verbs import Verbs
from bot.chat.working import AlertWork
from bot.domain.alerts import Alert, AlertRecord
from bot.domain.audit import AuditRow
from bot.domain.delivery import OutboxItem
from bot.domain.escalation import Plan
from bot.domain.people import Conversation, Partner, Person, Route
from bot.ports import Environment, SyncState, UserTokens
from bot.services.access import Access
from bot.services.adoption import Adoption
from bot.services.answers import Answers, LateAnswers
from bot.services.approvers import Approvers
from bot.services.asking import Asking
from bot.services.bulk import Bulk
from bot.services.calling import Calling
from bot.services.calming import Calming
from bot.services.cards import CardWork
from bot.services.carrying_out import CarryingOut
from bot.services.conversations import Conversations
from bot.services.deciding import Deciding
from bot.services.delivery import Delivery
from bot.services.digests import Digests
from bot.services.drill_source import DrillSource
from bot.services.drills import Drills
from bot.services.duty import DutyRosters
from bot.services.escalations import Escalations
from bot.services.exports import Exports
from bot.services.figures import Figures
from bot.services.intake import Intake
from bot.services.lookup import Lookup
from bot.services.names import Names
from bot.services.notes import Notes
from bot.services.operators import Operators
from bot.services.plan_check import PlanCheck
from bot.services.plan_progress import PlanProgress
from bot.services.reach import Reach
from bot.services.refunds import Refunds
from bot.services.rosters import Rosters
from bot.services.routes import Routes
from bot.services.saved_filters import SavedFilters
from bot.services.scores import Scores
from bot.services.sending import Sending
from bot.services.telling import Telling
from bot.services.verdicts import Verdicts
from bot.services.watching import Watching
from bot.services.working import Working
from bot.store import SqlStore
from tests.factories import ADA, CHANNEL, FABRIKAM, FAY, GIL, GUS, MAX, NORA, NORTHWIND, TENANTS, conversation, partner
from tests.fake_scores import FakeScores
from tests.fakes import FakeChannel, FakeClock, FakeDirectory, FakeFiles, FakeIds, FakeSource, FakeSubscriptions

PORTAL = "https://portal.azure.com"
PUBLIC = "https://desk.example"
OPERATORS = "19:operators@thread.tacv2"


class House:
    """`northwind` and `fabrikam` are the partners; Northwind's people are in the channel `CHANNEL`, which gets nothing
    until a test routes it."""

    def __init__(
        self,
        store: SqlStore,
        clock: FakeClock,
        ids: FakeIds,
        *,
        public_url: str = PUBLIC,
        tokens: UserTokens | None = None,
    ) -> None:
        self.northwind, self.fabrikam = partner(), partner(name="Fabrikam", tenant_id=FABRIKAM)
        partners: dict[str, Partner] = {each.tenant_id: each for each in (self.northwind, self.fabrikam)}
        self.store, self.clock, self.ids = store, clock, ids
        self.partners = partners
        self.env = Environment(store, clock, ids, partners)
        self.source, self.directory = FakeSource(clock), FakeDirectory()
        self.channel, self.files = FakeChannel(), FakeFiles()
        self.tasks: set[asyncio.Task[Any]] = set()
        self._settle_the_people()

        env = self.env
        self.cards = CardWork(env)
        self.access = Access(
            env, self.directory, self.channel, lambda partner: self.spawn(self.cards.views_changed(partner))
        )
        self.lookup = Lookup(env)
        self.alerts = DrillSource(env, self.source)
        self.woken: list[str] = []
        self.drills = Drills(env, self.cards, self._wake)
        self.calming = Calming(env, self.cards)
        self.routes = Routes(env, self.access, self.cards)
        self.names = Names(env, self.directory, self.cards)
        self.score_source = FakeScores()
        self.figures = Figures(env)
        self.scores = Scores(env, self.score_source, self.names, spawn=self.spawn)
        self.notes = Notes(env, self.cards)
        self.exports = Exports(env)
        self.reach = Reach(env, OPERATORS)
        self.conversations = Conversations(env, self.routes, self.reach)
        self.verdicts = self.replica("one")
        self.operators = Operators(env, OPERATORS)
        self.intake = Intake(
            env, self.alerts, self.cards, self.names, self.routes, self.operators, full_sync=timedelta(hours=6)
        )
        self.place = Place(PORTAL, {tenant: each.name for tenant, each in partners.items()})
        self.board = Board(env, self.access, self.lookup, self.place)
        self.request_board = RequestBoard(env, self.place, two_person=True)
        self.bulk = self.marker("one")
        self.bulk_buttons = BulkButtons(env, self.bulk, self.cards.rollups, self.place)
        self.rollup_board = RollUpBoard(env, self.place, self.bulk_buttons.of_rollup)
        self.renderer = CardRenderer(env, self.board, self.request_board, self.rollup_board, BulkBoard(env))
        self.progress = PlanProgress(env, self.cards)
        self.delivery = Delivery(
            env, self.channel, self.renderer, self.cards, self.reach, owner="one", progress=self.progress
        )
        self.acting = Acting(env, self.access, self.lookup, self.verdicts, self.board)
        self.lists = Lists(env, self.place, self.bulk_buttons)
        self.exporting = Exporting(
            env,
            self.acting,
            self.access,
            self.exports,
            self.channel,
            self.files,
            public_url=public_url,
            spawn=self.spawn,
        )
        self.subscriptions = FakeSubscriptions(self.clock)
        self.check = PlanCheck(env, self.subscriptions, self.alerts, self.directory)
        self.asking, self.deciding, self.carrying_out = self.canceller("one")
        self.requests = Requests(self.acting, self.asking, self.deciding, self.request_board)
        self.signing_in = SigningIn(env, self.access, tokens, public_url=public_url)
        self.searching = Searching(env, self.access, self.lookup, self.signing_in, self.place)
        self.working = Working(env, self.cards)
        alert_work = AlertWork(env, self.acting, self.access, self.working)
        self.features: list[Feature] = [
            alert_work,
            self.searching,
            Scoring(env, self.acting, self.scores),
            Dashboard(env, self.acting, self.figures, self.scores),
            Drilling(env, self.acting, self.access, self.drills),
        ]
        self.plan = Plan()
        self.duty_rosters = DutyRosters(env, self.access)
        self.escalations = self.escalator()
        self.features += [
            OnDuty(env, self.acting, self.duty_rosters, self.plan),
            Routing(env, self.acting, self.access, self.plan),
        ]
        self.digests, self.refunds = Digests(env, self.access), Refunds(env, self.cards)
        self.features += [
            Digesting(self.acting, self.digests),
            Refunding(env, self.acting, self.access, self.refunds),
            EvidencePacks(env, self.acting, self.access, self.exports, self.exporting),
        ]
        self.saved = SavedFilters(env, self.access)
        self.features += [Saving(self.saved), Status(env, self.acting)]
        self.verbs = Verbs(
            env,
            self.acting,
            self.access,
            self.lists,
            self.notes,
            self.routes,
            self.exporting,
            self.requests,
            Bulking(env, self.acting, self.access, self.bulk),
            self.features,
        )
        identity = Identity(env, self.access, None)
        self.commands = Commands(
            self.acting, self.lists, self.verbs, self.exporting, identity, self.requests, self.saved, self.features
        )
        self.adoption = Adoption(env, self.channel, self.renderer)
        self.desk = Desk(
            env,
            self.conversations,
            self.adoption,
            self.commands,
            self.verbs,
            self.exporting,
            self.signing_in,
            self.channel,
            Answers(self.channel, LateAnswers(env).later),
            self.searching,
        )
        self.rosters = Rosters(env, self.channel, self.access.left)
        self.events = Events(env, self.conversations, self.rosters, self.channel)

    def escalator(self) -> Escalations:
        """What takes the steps of escalations, in one replica."""
        approvers = Approvers(self.env, self.directory, self.channel, two_person=True)
        return Escalations(self.env, self.cards, self.plan, Calling(self.env, self.channel, approvers))

    def canceller(
        self,
        owner: str,
        *,
        two_person: bool = True,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]] | None = None,
    ) -> tuple[Asking, Deciding, CarryingOut]:
        """What people do about cancelling, and what carries it out, in one replica."""
        env, poll, spawn = self.env, timedelta(seconds=30), spawn or self.spawn
        telling = Telling(env, self.operators)
        sending = Sending(env, self.subscriptions, self.directory, self.check, self.progress, telling, poll=poll)
        watching = Watching(env, self.check, self.progress, telling, self.verdicts, poll=poll)
        approvers = Approvers(env, self.directory, self.channel, two_person=two_person)
        carrying_out = CarryingOut(env, self.progress, approvers, sending, watching, telling, owner=owner)
        life = timedelta(hours=4)
        asking = Asking(
            env,
            self.access,
            self.subscriptions,
            self.progress,
            carrying_out,
            life=life,
            portal_url=PORTAL,
            spawn=spawn,
        )
        deciding = Deciding(
            env,
            self.access,
            self.subscriptions,
            self.check,
            self.progress,
            carrying_out,
            sending,
            two_person=two_person,
            spawn=spawn,
        )
        return asking, deciding, carrying_out

    def _settle_the_people(self) -> None:
        for someone, tenant in TENANTS.items():
            if someone is not FAY:
                self.channel.join(conversation(), someone, tenant)
        self.directory.grant(NORTHWIND, ADA, admin_agent=True)
        self.directory.grant(NORTHWIND, MAX, admin_agent=True, global_admin=True)
        self.directory.grant(NORTHWIND, GIL, global_admin=True)
        self.directory.grant(FABRIKAM, FAY, admin_agent=True)
        # What a directory that asks the wrong tenant could say; it must not count.
        self.directory.grant(NORTHWIND, GUS, admin_agent=True, global_admin=True)
        assert (NORTHWIND, NORA.aad_id) not in self.directory.held

    def set_up(self, **changes: Any) -> None:
        """Northwind as another operator would have configured it."""
        self.northwind = replace(self.northwind, **changes)
        self.partners[NORTHWIND] = self.northwind

    def replica(self, owner: str) -> Verdicts:
        """The decisions as another process on the same database would carry them out."""
        return Verdicts(self.env, self.alerts, self.cards, owner=owner, spawn=self.spawn)

    def marker(self, owner: str) -> Bulk:
        """What marks many alerts at once, in one replica."""
        return Bulk(self.env, self.alerts, self.cards, owner=owner, spawn=self.spawn)

    async def _wake(self, partner_id: str) -> None:
        self.woken.append(partner_id)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        return task

    async def settle(self) -> None:
        """Wait for everything that was started and goes on by itself."""
        while waiting := [task for task in self.tasks if not task.done()]:
            await asyncio.wait_for(asyncio.gather(*waiting), 10)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    # What tests put in -----------------------------------------------------------------------------------------------

    async def take_in(self, *alerts: Alert, at_partner_center: bool = True) -> list[AlertRecord]:
        """Recorded already, and (unless told otherwise) the same at Partner Center."""
        if at_partner_center:
            self.source.put(*alerts)
        async with self.store.write() as tx:
            return [await tx.alerts.add(each, self.clock.now() - timedelta(seconds=1), None) for each in alerts]

    async def know(self, *conversations: Conversation) -> None:
        async with self.store.write() as tx:
            for each in conversations:
                await tx.conversations.put(each)

    async def route(
        self, partner_id: str = NORTHWIND, where: str = CHANNEL, words: str = "", *, begun: bool = True
    ) -> None:
        """The partner's alerts go there; with `begun` the summary is past."""
        await self.know(conversation(where))
        async with self.store.write() as tx:
            await tx.conversations.put_route(Route(where, partner_id, on=True, filter=words, summarised=begun))
        self.access.routes_changed()

    async def baseline(self, *partner_ids: str) -> None:
        """Their first sync is done."""
        now = self.clock.now()
        async with self.store.write() as tx:
            for partner_id in partner_ids or (NORTHWIND,):
                await tx.syncs.put(SyncState(partner_id, True, now, now))

    # What tests look at ----------------------------------------------------------------------------------------------

    async def record(self, of: Alert) -> AlertRecord:
        async with self.store.read() as tx:
            found = await tx.alerts.get(of.key)
        assert found is not None
        return found

    async def audited(self, partner_id: str = NORTHWIND) -> list[tuple[str, str, str]]:
        """(act, outcome, who) of each row."""
        return [(row.entry.act, row.entry.outcome, row.entry.actor_name) for row in await self.audit(partner_id)]

    async def audit(self, partner_id: str = NORTHWIND) -> list[AuditRow]:
        async with self.store.read() as tx:
            return [row async for row in tx.audit.rows(partner_id)]

    async def waiting(self) -> list[OutboxItem]:
        """What is due in the outbox now, taken out of it one item of each conversation after the other."""
        found: list[OutboxItem] = []
        while True:
            async with self.store.write() as tx:
                items = await tx.outbox.claim("onlooker", self.clock.now(), 60, 100)
                for item in items:
                    await tx.outbox.sent(item, "", self.clock.now())
            if not items:
                return found
            found += items

    async def deliver(self) -> None:
        """Send until nothing is due."""
        while await self.delivery.step():
            pass

    def as_known(self, someone: Person) -> Person:
        """With the tenant that the roster reports."""
        return self.channel.rosters[CHANNEL][someone.aad_id]
