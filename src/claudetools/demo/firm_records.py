"""The firm's own records: people, machines, tags, labour types and rates."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.firm_files import MachinePart, PersonPart, firm
from claudetools.demo.plan import Draft, Person, Ref

DOMAIN = "msp.example"


def people() -> Iterator[Person]:
    """Return the technicians."""
    for person in firm().people:
        yield Person(
            key=f"person/{person.key}", name=person.name, email=f"{person.name.replace(' ', '.').lower()}@{DOMAIN}"
        )


def firm_records() -> Iterator[Draft]:
    """Return what belongs to no client."""
    for category, tags in firm().tags.items():
        for name, colour in tags.items():
            values = {"name": name, "category": category, "colour": colour}
            yield Draft(resource="tags", key=f"tag/{name}", values=values)
    for person in firm().people:
        for machine in person.machines:
            yield _machine(person, machine)
    for labour in firm().labour:
        yield Draft(
            resource="labour-types",
            key=f"labour/{labour.key}",
            values={
                "name": labour.name,
                "minimum_minutes": labour.minimum,
                "increment_minutes": labour.increment,
                "rounding": labour.rounding,
                "notes": labour.notes,
            },
        )


def rate_records(at: datetime) -> Iterator[Draft]:
    """Return the rates. They name clients and projects, which come before them."""
    for rate in firm().rate:
        yield Draft(
            resource="rate-rules",
            key=f"rate/{rate.name}",
            values={
                "name": rate.name,
                "hourly_rate": rate.hourly,
                "currency": "GBP",
                "client_id": Ref(f"client/{rate.client}") if rate.client else None,
                "project_id": Ref(f"project/{rate.client}/{rate.project}") if rate.project else None,
                "labour_type_id": Ref(f"labour/{rate.labour}") if rate.labour else None,
                "technician_id": Ref(f"person/{rate.technician}") if rate.technician else None,
                "valid_from_on": _day(at, rate.from_days),
                "valid_to_on": _day(at, rate.until_days),
            },
        )


def _day(at: datetime, days: int | None) -> object:
    return None if days is None else (at + timedelta(days=days)).date()


def _machine(person: PersonPart, machine: MachinePart) -> Draft:
    home = {"linux": "/home", "darwin": "/Users", "win32": "C:\\Users"}[machine.platform]
    separator = "\\" if machine.platform == "win32" else "/"
    return Draft(
        resource="machines",
        key=f"machine/{machine.host}",
        by=person.key,
        values={
            "hostname": machine.host,
            "fingerprint": f"demo-{machine.host}",
            "friendly_name": f"{person.name.split()[0]}'s {machine.type}",
            "machine_type": machine.type,
            "platform": machine.platform,
            "os_version": machine.os,
            "username": person.key,
            "home_directory": f"{home}{separator}{person.key}",
            "has_vpn_access": bool(machine.vpn),
            "vpn_profiles": list(machine.vpn),
            "has_docker": machine.platform == "linux",
            "has_powershell": "pwsh" in machine.tools,
            "has_ssh": "ssh" in machine.tools,
            "has_git": "git" in machine.tools,
            "installed_tools": dict.fromkeys(machine.tools, "present"),
            "typical_network_location": machine.location,
        },
    )
