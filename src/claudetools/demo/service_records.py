"""What runs on the equipment, and what needs, carries or protects what."""

from collections.abc import Iterator
from dataclasses import dataclass

from claudetools.demo.estate import Estate, System
from claudetools.demo.firm_files import ServicePart, service_parts
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.texts import fill


@dataclass(frozen=True, slots=True)
class _Running:
    """A service on a system."""

    name: str
    part: ServicePart
    system: System

    @property
    def ref(self) -> Ref:
        return Ref(f"service/{self.system.client}/{self.system.part.host}/{self.name}")


def service_records(estate: Estate) -> Iterator[Draft]:
    """Return a client's services and their relationships."""
    running = list(_services(estate))
    for service in running:
        yield _record(estate, service)
    seen: set[tuple[Ref, Ref, str]] = set()
    for link in _links(estate, running):
        if link not in seen:
            seen.add(link)
            yield _relationship(*link)


def _services(estate: Estate) -> Iterator[_Running]:
    app = estate.file.app
    for system in estate.systems:
        named: set[str] = set()
        for part in service_parts():
            if part.role not in system.roles or ("«app»" in part.name and app is None):
                continue
            name = fill(part.name, {"app": app.name if app else ""})
            if name not in named:
                named.add(name)
                yield _Running(name, part, system)


def _record(estate: Estate, service: _Running) -> Draft:
    part, system, app = service.part, service.system, estate.file.app
    is_app = "«app»" in part.name
    return Draft(
        resource="services",
        key=service.ref.key,
        values={
            "infrastructure_id": Ref(system.key),
            "name": service.name,
            "type": part.type,
            "url": f"https://{system.part.ip}:{part.port}" if part.protocol == "https" and system.part.ip else None,
            "port": app.port if is_app and app else part.port,
            "protocol": "tcp" if is_app else part.protocol,
            "software_version": app.version if is_app and app else part.version,
            "criticality": part.criticality,
        },
    )


def _links(estate: Estate, running: list[_Running]) -> Iterator[tuple[Ref, Ref, str]]:
    names = {"app": estate.file.app.name if estate.file.app else "«app»"}
    for service in running:
        for wanted in service.part.needs:
            needed = _nearest(running, fill(wanted, names), service)
            if needed is not None:
                yield service.ref, needed.ref, "depends_on"
        for wanted in service.part.guards:
            guarded = (other for other in running if other.name == fill(wanted, names))
            yield from ((service.ref, other.ref, "backs_up") for other in guarded if other.system is not service.system)
        if service.part.type == "hypervisor":
            guests = (other for other in running if other.system.part.on == service.system.part.host)
            yield from ((service.ref, other.ref, "hosts") for other in guests)
    directories = [service for service in running if service.name == "Active Directory"]
    if len(directories) > 1:
        yield directories[1].ref, directories[0].ref, "replicates"
    by_place = {f"{service.name}@{service.system.part.host}": service.ref for service in running}
    yield from ((by_place[one], by_place[other], "depends_on") for one, other in estate.file.needs)


def _nearest(running: list[_Running], name: str, to: _Running) -> _Running | None:
    """Return the service of that name on the same system, else at the same site, else anywhere."""
    found = [service for service in running if service.name == name and service is not to]
    place = to.system.part
    return min(found, key=lambda s: (s.system is not to.system, s.system.part.site != place.site), default=None)


def _relationship(one: Ref, other: Ref, kind: str) -> Draft:
    return Draft(
        resource="service-relationships",
        key=f"relationship/{one.key}/{kind}/{other.key}",
        values={"from_service_id": one, "to_service_id": other, "type": kind},
    )
