"""What `firm.toml`, `catalogue.toml`, `services.toml` and `names.toml` describe."""

from functools import cache

from claudetools.demo.reading import Description, read


class MachinePart(Description):
    """A computer of a technician."""

    host: str
    platform: str
    os: str
    type: str
    tools: tuple[str, ...]
    vpn: tuple[str, ...] = ()
    location: str


class PersonPart(Description):
    """A technician and what they are best at."""

    key: str
    name: str
    areas: tuple[str, ...]
    machines: tuple[MachinePart, ...]


class LabourPart(Description):
    """A kind of work that is billed alike."""

    key: str
    name: str
    minimum: int = 0
    increment: int
    rounding: str
    notes: str


class RatePart(Description):
    """An hourly rate. Its days count from the day of making."""

    name: str
    hourly: str
    labour: str | None = None
    technician: str | None = None
    client: str | None = None
    project: str | None = None
    from_days: int | None = None
    until_days: int | None = None


class FirmFile(Description):
    """The firm that the sample data belongs to. Tags are by category, each with its colour."""

    people: tuple[PersonPart, ...]
    tags: dict[str, dict[str, str]]
    labour: tuple[LabourPart, ...]
    rate: tuple[RatePart, ...]


class HardwarePart(Description):
    """A model of equipment."""

    type: str
    maker: str
    model: str
    os: str | None = None
    versions: tuple[str, ...] = ()
    serial: str
    roles: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    powershell: str | None = None
    url: str | None = None
    warranty_years: int


class SystemPart(Description):
    """An operating system that servers and virtual machines run."""

    os: str
    version: str
    roles: tuple[str, ...]
    shells: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    powershell: str | None = None
    gui: bool = True


class CatalogueFile(Description):
    """All models and systems, by key."""

    hardware: dict[str, HardwarePart]
    system: dict[str, SystemPart]


class ServicePart(Description):
    """A service that runs on equipment of a role."""

    role: str
    name: str
    type: str
    port: int | None = None
    protocol: str | None = None
    version: str | None = None
    criticality: str
    needs: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()


class ServicesFile(Description):
    """All services, in the order in which they are made."""

    service: tuple[ServicePart, ...]


@cache
def firm() -> FirmFile:
    """Return the firm."""
    return FirmFile.model_validate(read("firm.toml"))


@cache
def catalogue() -> CatalogueFile:
    """Return the catalogue of equipment."""
    return CatalogueFile.model_validate(read("catalogue.toml"))


@cache
def service_parts() -> tuple[ServicePart, ...]:
    """Return what runs where."""
    return ServicesFile.model_validate(read("services.toml")).service
