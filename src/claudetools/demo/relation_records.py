"""Links between records of a client that no column holds."""

from collections.abc import Iterator

from claudetools.demo.document_records import network_description_ref
from claudetools.demo.estate import Estate, site_firewall
from claudetools.demo.plan import Draft, Ref

ABOUT = {"Runbook: restore a file": "file", "Machine network: rules of conduct": "plc", "Label printing": "labels"}
"""Documents that are about one system, and that system's role."""


def relation_records(estate: Estate) -> Iterator[Draft]:
    """Return the links between a client's records."""
    file = estate.file
    for site in file.sites:
        firewall = Ref(site_firewall(estate, site).key)
        yield _link(estate, "document", network_description_ref(estate), "infrastructure", firewall, "documents")
    for title, role in ABOUT.items():
        for system in estate.with_role(role)[:1]:
            document = Ref(f"document/{file.key}/{title}")
            yield _link(estate, "document", document, "infrastructure", Ref(system.key), "documents")
    statuses = {system.part.status: Ref(system.key) for system in estate.systems}
    if "migration_destination" in statuses:
        new, old = statuses["migration_destination"], statuses["migration_source"]
        yield _link(estate, "infrastructure", new, "infrastructure", old, "replaces")
        project = Ref(f"project/{file.key}/{file.projects[0].slug}")
        yield _link(estate, "project", project, "infrastructure", old, "is about")
    for contact, person in enumerate(file.contacts):
        if person.primary and file.m365:
            administrator, tenant = Ref(f"contact/{file.key}/{contact}"), Ref(f"m365/{file.key}")
            yield _link(estate, "contact", administrator, "m365-tenant", tenant, "decides about")


def _link(estate: Estate, from_type: str, one: Ref, to_type: str, other: Ref, kind: str) -> Draft:
    return Draft(
        resource="relations",
        key=f"relation/{one.key}/{kind}/{other.key}",
        values={
            "client_id": estate.client,
            "from_type": from_type,
            "from_id": one,
            "to_type": to_type,
            "to_id": other,
            "kind": kind,
        },
    )
