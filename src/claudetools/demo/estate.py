"""A client's equipment and staff as the rest of the plan needs them: what stands where, and who sits in front of it."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from claudetools.demo.client_files import ClientFile, EquipmentPart, NetworkPart, SitePart
from claudetools.demo.firm_files import HardwarePart, SystemPart, catalogue
from claudetools.demo.plan import Ref
from claudetools.demo.reading import read
from claudetools.demo.texts import chance, pick, serial

VIRTUAL = frozenset({"vm", "container"})
FIRST_WORKPLACE = 100
LAST_WORKPLACE = 250


@dataclass(frozen=True, slots=True)
class System:
    """A piece of equipment."""

    part: EquipmentPart
    hardware: HardwarePart | None
    software: SystemPart | None
    client: str
    version: str | None
    serial: str | None
    roles: frozenset[str]

    @property
    def key(self) -> str:
        """What the plan calls it."""
        return f"infrastructure/{self.client}/{self.part.host}"

    @property
    def os(self) -> str | None:
        """Its operating system."""
        made = self.software or self.hardware
        return made.os if made else None

    @property
    def model(self) -> str:
        """Maker and model."""
        return f"{self.hardware.maker} {self.hardware.model}" if self.hardware else "virtual machine"


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody who works at a client, and the PC in front of them."""

    name: str
    login: str


@dataclass(frozen=True, slots=True)
class Estate:
    """A client with its equipment and staff."""

    file: ClientFile
    systems: tuple[System, ...]
    staff: tuple[Employee, ...]

    @property
    def client(self) -> Ref:
        """The client's record."""
        return Ref(f"client/{self.file.key}")

    def site(self, key: str) -> SitePart:
        """Return a place of the client."""
        return next(site for site in self.file.sites if site.key == key)

    def with_role(self, role: str, site: str | None = None) -> list[System]:
        """Return the systems of a role, those at `site` first."""
        found = [system for system in self.systems if role in system.roles]
        return sorted(found, key=lambda system: system.part.site != site)


def gateway_of(network: NetworkPart) -> str | None:
    """Return the address of a network's gateway: the first one, but a VPN has none."""
    return None if network.type == "vpn" else str(next(ipaddress.ip_network(network.cidr).hosts()))


def site_firewall(estate: Estate, site: SitePart) -> System:
    """Return the firewall that is the gateway of a site's first network."""
    return next(system for system in estate.with_role("edge") if system.part.site == site.key)


def make_estate(file: ClientFile, seed: int, scale: float) -> Estate:
    """Return a client's estate. `scale` says how many of its workplaces there are; one of each site at least."""
    parts = (*file.equipment, *(part for site in file.sites for part in _workplaces(site, scale)))
    edges = {gateway_of(site.networks[0]) for site in file.sites}
    systems = tuple(_system(part, file.key, seed, is_edge=part.ip in edges) for part in parts)
    return Estate(file, systems, tuple(_staff(file, seed)))


def _workplaces(site: SitePart, scale: float) -> Iterator[EquipmentPart]:
    group = site.workstations
    if group is None:
        return
    wanted = next((network for network in site.networks if network.name == group.network), site.networks[0])
    addresses = ipaddress.ip_network(wanted.cidr)
    count = min(max(1, round(group.count * scale)), LAST_WORKPLACE - FIRST_WORKPLACE)
    for number in range(count):
        yield EquipmentPart(
            host=f"{group.prefix}-{number + 1:02}",
            hw=group.hw[number % len(group.hw)],
            site=site.key,
            ip=str(addresses[FIRST_WORKPLACE + number]),
            role="Workplace",
        )


def _system(part: EquipmentPart, client: str, seed: int, *, is_edge: bool) -> System:
    by = chance(seed, "system", client, part.host)
    hardware = None if part.hw in VIRTUAL else catalogue().hardware[part.hw]
    software = None if part.os is None else catalogue().system[part.os]
    versions = list(hardware.versions) if hardware else []
    version = software.version if software else (by.choice(versions) if versions else None)
    roles = {*part.does, *(hardware.roles if hardware else ()), *(software.roles if software else ())}
    if is_edge:
        roles.add("edge")
    if part.status == "migration_destination":
        roles.clear()  # Ordinary work happens to what it replaces.
    return System(
        part=part,
        hardware=hardware,
        software=software,
        client=client,
        version=version,
        serial=serial(hardware.serial, by) if hardware else None,
        roles=frozenset(roles),
    )


def _staff(file: ClientFile, seed: int) -> Iterator[Employee]:
    names, by = read("names.toml"), chance(seed, "staff", file.key)
    taken: set[str] = set()
    while len(taken) < file.staff:
        first, last = pick(names["first"], by), pick(names["last"], by)
        login = (first[0] + last.replace("-", "")).lower()
        if login not in taken:
            taken.add(login)
            yield Employee(f"{first} {last}", login)
