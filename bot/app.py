"""The composition root: `build_app` wires settings, adapters, use cases, chat, workers and web. Nothing else wires.

Nothing is opened while it builds; resources open when the application starts and close when it stops.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

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
from bot.clock import SystemClock, SystemIds
from bot.domain.escalation import Plan
from bot.errors import AlertDeskError
from bot.microsoft.alerts import GraphAlerts
from bot.microsoft.directory import GraphDirectory
from bot.microsoft.entra import (
    CertificateCredential,
    Entra,
    EntraConfig,
    ManagedIdentityCredential,
    SecretCredential,
)
from bot.microsoft.reader import DelegatedReader
from bot.microsoft.reading import Reading
from bot.microsoft.score import GraphScores
from bot.microsoft.service import graph, partner_center
from bot.microsoft.subscriptions import PartnerCenterSubscriptions
from bot.microsoft.user_tokens import EntraUserTokens
from bot.microsoft.webhook_certificates import SignatureCheck
from bot.microsoft.webhook_registration import WebhookRegistrations
from bot.microsoft.webhook_signature import load_trust
from bot.net.contacts import Contacts
from bot.net.heartbeat import UrlHeartbeat
from bot.net.http import Hosts, Http
from bot.net.sync_http import SyncHttp
from bot.ports import Clock, Environment, Ids
from bot.sealing import SealedVault, Sealer, check_keys
from bot.services.access import Access
from bot.services.adoption import Adoption
from bot.services.answers import Answers, LateAnswers
from bot.services.approvers import Approvers
from bot.services.asking import Asking
from bot.services.auditor import Auditor
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
from bot.services.hints import Hints
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
from bot.settings import Settings
from bot.store import SqlStore, connect, migrate
from bot.teams.adapter import TeamsAdapter
from bot.teams.connector import BotBearer, Connector
from bot.teams.endpoint import MOST_BYTES, TeamsEndpoint
from bot.teams.files import TeamsFiles
from bot.teams.handler import AlertDeskHandler
from bot.teams.inbound import TokenCheck
from bot.teams.limits import Pacer, SendLimits
from bot.teams.login import NO_LOGIN, Login
from bot.telemetry.log import get_logger
from bot.texts import catalogue
from bot.web import health, messages
from bot.web.acts import Acts
from bot.web.downloads import Downloads
from bot.web.middleware import measured
from bot.web.sign_in import SignInRoutes
from bot.web.webhooks import Webhooks
from bot.workers.auditor import AuditorLoop
from bot.workers.digests import DigestSender
from bot.workers.dispatcher import Dispatcher
from bot.workers.drills import DrillKeeper
from bot.workers.escalator import Escalator
from bot.workers.evidence import DailyHeads
from bot.workers.poller import NameReader, Poller
from bot.workers.readers import ReaderWatch
from bot.workers.rosters import RosterKeeper
from bot.workers.start import Start
from bot.workers.storms import StormKeeper
from bot.workers.supervisor import Supervisor
from bot.workers.tender import Tender
from bot.workers.upkeep import Renewer, Resumer, Upkeep
from bot.workers.webhooks import warn_of_stale

STOP_SECONDS = 5.0
"""How long work in flight may take to finish when we are told to stop; the rest is durable and goes on later."""

log = get_logger("app")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running application is made of; handlers of tests and of the CLI look at it through `app[PARTS]`."""

    env: Environment
    store: SqlStore
    intake: Intake
    routes: Routes
    delivery: Delivery
    exports: Exports
    entra: Entra
    connector: Connector
    carrying_out: CarryingOut
    calming: Calming
    drills: Drills
    escalations: Escalations
    digests: Digests


PARTS: web.AppKey[Parts] = web.AppKey("parts", Parts)


def build_app(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, background: bool = True
) -> web.Application:
    """The whole bot. Without `background` no worker runs: the caller drives `app[PARTS]` itself."""
    clock, ids = clock or SystemClock(), ids or SystemIds()
    catalogue.speak(settings.locale)  # raises where the program did not, before it imported the texts
    owner = f"{socket.gethostname()}-{ids.guid()[:8]}"
    partners = settings.partner_values()
    loopback = settings.dangerously_allow_loopback
    place = Place(settings.azure_portal_url, {tenant: partner.name for tenant, partner in partners.items()})

    store = connect(settings.database_url.get_secret_value(), audit_key=settings.audit_key_bytes, ids=ids)
    env = Environment(store, clock, ids, partners)
    supervisor = Supervisor(clock, ids)

    contacts = Contacts(clock)
    http = Http(clock, ids, loopback=loopback, contacts=contacts)
    login_http = SyncHttp(clock, loopback=loopback, contacts=contacts)
    entra = Entra(entra_config(settings), login_http, clock)
    graph_url, partner_center_url = settings.graph_url.rstrip("/"), settings.partner_center_url.rstrip("/")
    sealer = Sealer(settings.encryption_keys) if settings.encryption_keys else None
    vault = SealedVault(store, sealer, clock) if sealer is not None else None
    user_tokens: EntraUserTokens | None = None
    if vault is not None and settings.acts_as_people:
        user_tokens = EntraUserTokens(entra.apps, vault, clock, graph_url=graph_url, sso_resource=settings.sso_resource)
    graph_service = graph(http, entra, clock, ids, graph_url, users=user_tokens, loopback=loopback)
    partner_center_service = partner_center(
        http, entra, clock, ids, partner_center_url, users=user_tokens, loopback=loopback
    )
    delegated: DelegatedReader | None = None
    if vault is not None:
        delegated = DelegatedReader(entra.apps, store, vault, clock, graph_url=graph_url, owner=owner)
    reading = Reading(graph_service, delegated)
    source = DrillSource(env, GraphAlerts(graph_service, reading))
    directory = GraphDirectory(graph_service, partner_center_service)
    service_hosts = Hosts(settings.hosts(settings.service_hosts), loopback, name="connector")
    bearer = BotBearer(entra, settings.app_tenant_id, settings.bot_token_scope)
    limits = SendLimits.from_mapping(
        {name: [list(window) for window in windows] for name, windows in settings.send_limits.items()}
    )
    connector = Connector(http, clock, bearer, limits, service_hosts)
    files = TeamsFiles(http, clock, Hosts(settings.hosts(settings.upload_hosts), loopback))

    cards = CardWork(env)
    access = Access(env, directory, connector, lambda partner: supervisor.spawn(cards.views_changed(partner)))
    lookup = Lookup(env)
    calming = Calming(env, cards)
    routes = Routes(env, access, cards)
    names = Names(env, directory, cards)
    figures = Figures(env)
    scores = Scores(
        env, GraphScores(graph_service, reading), names, spawn=supervisor.spawn, offered=settings.cloud != "usgov"
    )
    notes = Notes(env, cards)
    exports = Exports(env)
    reach = Reach(env, settings.operators_channel)
    conversations = Conversations(env, routes, reach)
    verdicts = Verdicts(env, source, cards, owner=owner, spawn=supervisor.spawn)
    operators = Operators(env, settings.operators_channel)
    intake = Intake(env, source, cards, names, routes, operators, full_sync=timedelta(hours=settings.full_sync_hours))
    board = Board(env, access, lookup, place)
    request_board = RequestBoard(env, place, two_person=settings.two_person_cancel)
    bulk = Bulk(env, source, cards, owner=owner, spawn=supervisor.spawn)
    bulk_buttons = BulkButtons(env, bulk, cards.rollups, place)
    rollup_board = RollUpBoard(env, place, bulk_buttons.of_rollup)
    renderer = CardRenderer(env, board, request_board, rollup_board, BulkBoard(env))
    progress = PlanProgress(env, cards)
    delivery = Delivery(
        env, connector, renderer, cards, reach, owner=owner, pace=Pacer(limits, clock), progress=progress
    )

    hints = Hints(env)
    drills = Drills(env, cards, hints.wake)
    signatures = SignatureCheck(
        http, clock, load_trust(settings.webhook_ca_file), settings.webhook_cert_hosts, loopback=loopback
    )
    webhooks = Webhooks(env, signatures.verify, hints.take)
    registrations = WebhookRegistrations(partner_center_service)

    subscriptions = PartnerCenterSubscriptions(partner_center_service)
    check = PlanCheck(env, subscriptions, source, directory)
    telling = Telling(env, operators)
    poll = timedelta(seconds=settings.entitlement_poll_seconds)
    sending = Sending(env, subscriptions, directory, check, progress, telling, poll=poll)
    watching = Watching(env, check, progress, telling, verdicts, poll=poll)
    approvers = Approvers(env, directory, connector, two_person=settings.two_person_cancel)
    carrying_out = CarryingOut(env, progress, approvers, sending, watching, telling, owner=owner)
    life, spawn = timedelta(hours=settings.cancellation_hours), supervisor.spawn
    asking = Asking(
        env,
        access,
        subscriptions,
        progress,
        carrying_out,
        life=life,
        portal_url=settings.azure_portal_url,
        spawn=spawn,
    )
    deciding = Deciding(
        env,
        access,
        subscriptions,
        check,
        progress,
        carrying_out,
        sending,
        two_person=settings.two_person_cancel,
        spawn=spawn,
    )

    acting = Acting(env, access, lookup, verdicts, board)
    lists = Lists(env, place, bulk_buttons)
    exporting = Exporting(
        env, acting, access, exports, connector, files, public_url=settings.public_base, spawn=supervisor.spawn
    )
    requests = Requests(acting, asking, deciding, request_board)
    bulking = Bulking(env, acting, access, bulk)
    signing_in = SigningIn(env, access, user_tokens, public_url=settings.public_base)
    searching = Searching(env, access, lookup, signing_in, place)
    working = AlertWork(env, acting, access, Working(env, cards))
    plan = Plan(settings.escalation)
    escalations = Escalations(env, cards, plan, Calling(env, connector, approvers))
    duty_rosters = DutyRosters(env, access)
    saved = SavedFilters(env, access)
    features: list[Feature] = [
        working,
        searching,
        Scoring(env, acting, scores),
        Dashboard(env, acting, figures, scores),
        Drilling(env, acting, access, drills),
    ]
    digests = Digests(env, access)
    features += [Digesting(acting, digests), Refunding(env, acting, access, Refunds(env, cards))]
    features += [EvidencePacks(env, acting, access, exports, exporting)]
    features += [OnDuty(env, acting, duty_rosters, plan), Routing(env, acting, access, plan)]
    features += [Saving(saved), Status(env, acting)]
    verbs = Verbs(env, acting, access, lists, notes, routes, exporting, requests, bulking, features)
    commands = Commands(acting, lists, verbs, exporting, Identity(env, access, user_tokens), requests, saved, features)
    adoption = Adoption(env, connector, renderer)
    dispatcher = Dispatcher(env, delivery, owner=owner)
    counting = (lambda: dispatcher.keeps_limits) if background else (lambda: True)
    answers = Answers(connector, LateAnswers(env).later, counting)
    desk = Desk(env, conversations, adoption, commands, verbs, exporting, signing_in, connector, answers, searching)
    rosters = Rosters(env, connector, access.left)
    events = Events(env, conversations, rosters, connector)

    token_check = TokenCheck(
        http,
        clock,
        app_id=settings.app_id,
        issuer=settings.bot_issuer,
        openid_url=settings.bot_openid_url,
        service_hosts=service_hosts,
        loopback=loopback,
    )
    login = (
        Login(settings.sso_resource, f"{settings.public_base}/auth/start?act=") if user_tokens is not None else NO_LOGIN
    )
    handler = AlertDeskHandler(desk.turn, events.event, ids, login, events.unheard)
    endpoint = TeamsEndpoint(token_check, TeamsAdapter(connector, handler, answers.say))
    sign_in = SignInRoutes(env, entra, public_url=settings.public_base, home_tenant=settings.app_tenant_id)
    downloads = Downloads(env, exports, sign_in)
    if user_tokens is not None:
        Acts(signing_in, user_tokens, sign_in, desk.go_on)

    heartbeat = UrlHeartbeat(http, settings.heartbeat_url, loopback=loopback) if settings.heartbeat_url else None
    auditor = Auditor(env, cards, operators, heartbeat)

    async def begin() -> None:
        await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
        if sealer is not None:
            await check_keys(store, sealer)
        await routes.configured()
        if background:
            supervisor.run("dispatcher", dispatcher.run)
            supervisor.run("resumer", Resumer(env, verdicts, bulk).run)
            supervisor.run("tender", Tender(env, carrying_out).run)
            supervisor.run("storms", StormKeeper(env, calming, owner=owner).run)
            supervisor.run("drills", DrillKeeper(env, drills, owner=owner).run)
            supervisor.run("escalations", Escalator(env, escalations, owner=owner).run)
            supervisor.run("digests", DigestSender(env, digests, owner=owner).run)
            supervisor.run("renewer", Renewer(env, desk.redelivery).run)
            supervisor.run("upkeep", Upkeep(env, vault).run)
            supervisor.run("auditor", AuditorLoop(env, auditor, owner=owner).run)
            keeper = RosterKeeper(env, rosters, owner=owner)
            supervisor.run("rosters", keeper.run)
            supervisor.run("roster changes", keeper.changes)
            if settings.operators_channel:
                supervisor.run("evidence", DailyHeads(env, operators).run)
            if delegated is not None:
                supervisor.run("readers", ReaderWatch(env, directory, delegated, operators).run)
            for partner in partners.values():
                poller = Poller(env, intake, hints, partner, owner=owner, seconds=settings.poll_seconds)
                supervisor.run(f"poll {partner.tenant_id}", poller.run)
                supervisor.run(f"names {partner.tenant_id}", NameReader(env, names, partner, owner=owner).run)
            supervisor.spawn(_warm(entra, settings))
            if settings.public_base:
                supervisor.spawn(warn_of_stale(env, registrations.url, operators, settings.public_base))

    start = Start(clock, ids, begin)

    async def running(_app: web.Application) -> AsyncIterator[None]:
        await start.first()
        if start.problem:
            supervisor.run("start", start.rest)
        log.info("started", owner=owner, partners=sorted(partners), act_as=settings.act_as)
        yield
        await supervisor.stop(STOP_SECONDS)
        await endpoint.close()
        await signatures.close()
        await http.close()
        login_http.close()
        await store.close()
        log.info("stopped", owner=owner)

    app = web.Application(middlewares=[measured], client_max_size=MOST_BYTES + 1)
    app[PARTS] = Parts(
        env,
        store,
        intake,
        routes,
        delivery,
        exports,
        entra,
        connector,
        carrying_out,
        calming,
        drills,
        escalations,
        digests,
    )
    app.add_routes(messages.routes(endpoint.handle, MOST_BYTES))
    app.add_routes(
        health.routes(
            env,
            lambda: bearer.token(fresh=False),
            delegated,
            services=contacts.told,
            starting=lambda: start.problem,
        )
    )
    app.add_routes([*sign_in.routes(), *downloads.routes(), *webhooks.routes()])
    app.cleanup_ctx.append(running)
    return app


async def _warm(entra: Entra, settings: Settings) -> None:
    """Get the tokens that the first click will need, so that it is answered as quickly as all others."""
    wanted = {(settings.app_tenant_id, settings.bot_token_scope)}
    for partner in settings.partner_values().values():
        wanted |= {
            (tenant, f"{settings.graph_url.rstrip('/')}/.default") for tenant in (partner.tenant_id, partner.roles_in)
        }
    for tenant, scope in sorted(wanted):
        try:
            await entra.app(tenant, scope)
        except AlertDeskError as problem:
            log.warning("token_not_had", tenant=tenant, scope=scope, code=problem.code, problem=problem.message)


def entra_config(settings: Settings) -> EntraConfig:
    credential: SecretCredential | CertificateCredential | ManagedIdentityCredential
    if settings.app_managed_identity_client_id:
        credential = ManagedIdentityCredential(settings.app_managed_identity_client_id)
    elif settings.app_certificate_path:
        password = settings.app_certificate_password
        credential = CertificateCredential(
            settings.app_certificate_path, password.get_secret_value() if password else ""
        )
    else:
        credential = SecretCredential(settings.app_secret.get_secret_value() if settings.app_secret else "")
    return EntraConfig(
        app_id=settings.app_id,
        home_tenant=settings.app_tenant_id,
        login_url=settings.login_url.rstrip("/"),
        credential=credential,
        loopback=settings.dangerously_allow_loopback,
    )
