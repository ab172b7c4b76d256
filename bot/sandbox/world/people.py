"""Partners, people, groups, teams and the bot's application of the seeded world."""

from __future__ import annotations

from bot.sandbox.world.model import (
    GLOBAL_ADMINISTRATOR,
    BotApp,
    Channel,
    Group,
    GroupChat,
    Partner,
    Person,
    Team,
    guid,
    mri,
)

GRAPH_ROLES = frozenset({"PartnerSecurity.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All"})
PARTNER_CENTER_ROLES: frozenset[str] = frozenset()


def partners(seed: int) -> tuple[Partner, ...]:
    """Northwind Cloud, the bot's home tenant, and Fabrikam Distribution, which has nobody to approve a cancellation."""
    named = (
        ("northwind", "Northwind Cloud", "northwindcloud.example", "4390201", _approvers(seed)),
        ("fabrikam", "Fabrikam Distribution", "fabrikamdistribution.example", "5173364", ""),
    )
    return tuple(
        Partner(key, name, guid(seed, "tenant", key), domain, mpn, guid(seed, "group", key, "AdminAgents"), approvers)
        for key, name, domain, mpn, approvers in named
    )


def _approvers(seed: int) -> str:
    return guid(seed, "group", "northwind", "Cancellation approvers")


def bot_app(seed: int, home: Partner) -> BotApp:
    return BotApp(
        app_id=guid(seed, "app", "alert-desk"),
        tenant_id=home.tenant_id,
        name="Alert Desk",
        secret=f"insecure-app-secret-{seed}",
        graph_roles=GRAPH_ROLES,
        partner_center_roles=PARTNER_CENTER_ROLES,
    )


def people(seed: int, northwind: Partner, fabrikam: Partner) -> dict[str, Person]:
    """Everybody who is in Teams, by key. `gus` and `eve` are of other tenants: a guest has an object in the directory
    of the team's tenant, somebody external in a shared channel has none."""
    homes = {
        "gus": ("lucernepublishing.example", guid(seed, "tenant", "guest")),
        "eve": ("proseware.example", guid(seed, "tenant", "external")),
    }
    rows = (
        ("ada", "Ada Lindqvist", northwind, "Admin Agent of Northwind Cloud: decides alerts, asks for cancellations"),
        ("max", "Max Okafor", northwind, "Manager: Admin Agent and Global Administrator of Northwind Cloud"),
        ("gil", "Gil Tanaka", northwind, "Global Administrator of Northwind Cloud, but no Admin Agent"),
        ("nora", "Nora Meyer", northwind, "Member of Northwind Cloud without any role"),
        ("gus", "Gus Delgado", northwind, "Guest from another tenant, in the channel but without roles"),
        ("fay", "Fay Moreau", fabrikam, "Admin Agent of Fabrikam Distribution"),
        ("finn", "Finn Castillo", fabrikam, "Member of Fabrikam Distribution without any role"),
        ("eve", "Eve Novak", northwind, "From Proseware, in the shared channel Joint response alone"),
    )
    found: dict[str, Person] = {}
    for key, name, partner, describe in rows:
        guest = key == "gus"
        domain, home = homes.get(key, (partner.domain, partner.tenant_id))
        found[key] = Person(
            key=key,
            name=name,
            upn=f"{name.lower().replace(' ', '.')}@{domain}",
            aad_object_id=guid(seed, "person", key),
            mri=mri(seed, key),
            tenant_id=home,
            directory=partner.tenant_id if guest else home,
            describe=describe,
            guest=guest,
            directory_domain=partner.domain,
        )
    return found


def groups(seed: int, northwind: Partner, fabrikam: Partner, who: dict[str, Person]) -> dict[str, Group]:
    """Security groups by id. `max` is an Admin Agent, and is asked to approve, through a nested group; a second group
    that calls itself AdminAgents holds `nora`, because anyone who may create groups can create one of that name."""
    managers = guid(seed, "group", "northwind", "Azure Managers")
    impostor = guid(seed, "group", "northwind", "AdminAgents", "impostor")
    helpdesk = guid(seed, "group", "northwind", "HelpdeskAgents")
    ids = {key: person.aad_object_id for key, person in who.items()}
    made = (
        Group(northwind.admin_agents_group_id, northwind.tenant_id, "AdminAgents", [ids["ada"], managers]),
        Group(managers, northwind.tenant_id, "Azure Managers", [ids["max"]]),
        Group(northwind.approvers_group_id, northwind.tenant_id, "Cancellation approvers", [managers]),
        Group(impostor, northwind.tenant_id, "AdminAgents", [ids["nora"]]),
        Group(helpdesk, northwind.tenant_id, "HelpdeskAgents", [ids["nora"], ids["gil"]]),
        Group(fabrikam.admin_agents_group_id, fabrikam.tenant_id, "AdminAgents", [ids["fay"]]),
    )
    return {group.id: group for group in made}


def directory_roles(who: dict[str, Person]) -> dict[str, set[str]]:
    """Role template ids that are active, by object id of the person."""
    return {who[key].aad_object_id: {GLOBAL_ADMINISTRATOR} for key in ("max", "gil")}


def teams(seed: int, northwind: Partner, fabrikam: Partner) -> tuple[Team, ...]:
    """The teams with their channels; only Northwind's Alerts channel gets alerts from the start."""
    key = "northwind-soc"
    joint = _channel(seed, key, "Joint response", "shared", ("ada", "max", "nora", "eve"))
    leads = _channel(seed, key, "Leads only", "private", ("max", "gil"))
    everyone = ("ada", "max", "gil", "nora", "gus")
    return (
        _team(seed, key, "Security Operations", northwind, everyone, True, joint, leads),
        _team(seed, "fabrikam-soc", "Fabrikam SOC", fabrikam, ("fay", "finn"), False),
    )


def group_chats(seed: int, northwind: Partner) -> tuple[GroupChat, ...]:
    chat = f"19:{guid(seed, 'chat', 'on-call').replace('-', '')}@thread.v2"
    return (GroupChat(chat, "On-call handover", northwind.tenant_id, ("ada", "max", "nora")),)


def _channel(seed: int, team: str, name: str, membership: str, members: tuple[str, ...]) -> Channel:
    return Channel(_thread(seed, team, name), name, membership=membership, members=members)


def _team(
    seed: int, key: str, name: str, partner: Partner, members: tuple[str, ...], routed: bool, *more: Channel
) -> Team:
    general = _thread(seed, key, "General")
    channels = (Channel(_thread(seed, key, "Alerts"), "Alerts", routed), Channel(general, "General"), *more)
    return Team(key, general, guid(seed, "team", key), name, partner.tenant_id, channels, members)


def _thread(seed: int, *names: str) -> str:
    return f"19:{guid(seed, 'thread', *names).replace('-', '')}@thread.tacv2"
