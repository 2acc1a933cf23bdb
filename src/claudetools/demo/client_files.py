"""What `clients/*.toml` describe: one client each, with its places, people, equipment and peculiarities."""

from functools import cache

from pydantic import Field

from claudetools.demo.reading import Description, names_in, read


class ContactPart(Description):
    """A person at a client."""

    name: str
    role: str
    site: str
    primary: bool = False
    notes: str | None = None


class ProjectPart(Description):
    """A project, and the folder in which it is worked on. `kind` names its tasks in `projects.toml`.

    `components` are its parts with how each stands.
    """

    slug: str
    name: str
    kind: str
    description: str
    status: str
    folder: str | None = None
    components: dict[str, str] = {}


class EquipmentPart(Description):
    """A piece of equipment: its model or `vm`, its system where the model has none of its own, what it does."""

    host: str
    hw: str
    site: str
    role: str
    ip: str | None = None
    os: str | None = None
    on: str | None = None
    does: tuple[str, ...] = ()
    status: str = "active"
    notes: str | None = None
    environment: str | None = None


class RulePart(Description):
    """A firewall rule beside those that every firewall has. `expires_days` counts from the day of making."""

    on: str
    name: str
    order: int
    source: str
    destination: str
    port: str
    protocol: str
    action: str
    expires_days: int | None = None
    notes: str | None = None


class FactPart(Description):
    """Something that somebody has told memory to keep."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()
    by: str


class NetworkPart(Description):
    """An address range at a site."""

    name: str
    type: str
    cidr: str
    vlan: int | None = None
    notes: str | None = None


class WorkplacesPart(Description):
    """Workplaces of a site: numbered, in one of its networks, of these models in turn."""

    prefix: str
    count: int
    hw: tuple[str, ...]
    network: str | None = None


class OpenIncidentPart(Description):
    """A security incident that is still being dealt with, on a system of the client."""

    on: str
    type: str
    severity: str
    status: str
    title: str
    description: str
    findings: str
    days_ago: int


class SitePart(Description):
    """A place of a client. The first network holds its firewall."""

    key: str
    name: str
    address: str
    public: str
    line: str
    vpn: bool = False
    notes: str | None = None
    networks: tuple[NetworkPart, ...]
    workstations: WorkplacesPart | None = None


class TenantPart(Description):
    """The client's Microsoft 365 tenant. `gdap_days` counts from the day of making."""

    licences: tuple[str, ...]
    gdap_days: int
    notes: str | None = None


class AppPart(Description):
    """The program that the client's business depends on."""

    name: str
    port: int
    version: str


class ClientFile(Description):
    """A client. `needs` are dependencies of services beside those that follow from `services.toml`."""

    key: str
    name: str
    code: str
    kind: str
    type: str = "msp_client"
    domain: str
    ad: str
    rate: str | None = None
    weight: int
    technicians: tuple[str, ...]
    staff: int
    phone: str
    included: tuple[str, ...]
    notes: str
    contacts: tuple[ContactPart, ...]
    projects: tuple[ProjectPart, ...]
    equipment: tuple[EquipmentPart, ...]
    rules: tuple[RulePart, ...] = ()
    facts: tuple[FactPart, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    incidents: tuple[OpenIncidentPart, ...] = ()
    m365: TenantPart | None = None
    app: AppPart | None = None
    sites: tuple[SitePart, ...] = Field(alias="site")


@cache
def client_files() -> tuple[ClientFile, ...]:
    """Return all clients, by key."""
    found = (ClientFile.model_validate(read("clients", name)) for name in names_in("clients"))
    return tuple(sorted(found, key=lambda client: client.key))
