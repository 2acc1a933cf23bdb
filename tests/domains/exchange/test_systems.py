"""What another documentation system has exported is taken over whole, once, and without its secrets."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx2
import pytest

from claudetools.domains.exchange import pack
from tests.contract.problems import problem, told
from tests.domains.exchange.exports import HUDU, ITFLOW, ITGLUE, NETBOX_CSV, NETBOX_JSON, SECRET, rows
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

ZIP = {"Content-Type": "application/zip"}
EXPORTS = {"itflow": ITFLOW, "netbox": NETBOX_CSV, "netbox-json": NETBOX_JSON, "itglue": ITGLUE, "hudu": HUDU}


async def sent(caller: Caller, system: str, files: Mapping[str, bytes], **params: str) -> httpx2.Response:
    path = f"/imports/{system.removesuffix('-json')}"
    return await caller.post(path, content=pack(files), headers=ZIP, params=params)


async def taken_over(caller: Caller, system: str, files: Mapping[str, bytes], **params: str) -> dict[str, Any]:
    reply = await sent(caller, system, files, **params)
    assert reply.status_code == 200, reply.text
    done: dict[str, Any] = reply.json()
    return done


async def listed(caller: Caller, resource: str, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await caller.get(f"/{resource}", params={"limit": "500", **params})).json()["items"]
    return found


async def named(caller: Caller, resource: str, name: str) -> dict[str, Any]:
    """Return the record of this name, with names in place of ids."""
    label = {"infrastructure": "hostname", "documents": "title"}.get(resource, "name")
    [record] = await listed(caller, resource, **{label: name})
    kinds = {"client_id": "clients", "site_id": "sites", "parent_host_id": "infrastructure"}
    for field, kind in (kinds | {"infrastructure_id": "infrastructure"}).items():
        if record.get(field):
            other = (await caller.get(f"/{kind}/{record[field]}")).json()
            record[field] = other.get("name") or other["hostname"]
    return record


def subset(record: Mapping[str, Any], **expected: Any) -> bool:
    assert {name: record[name] for name in expected} == expected
    return True


def reasons(done: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {(each["file"], each["reason"]): each["count"] for each in done["left_out"]}


@pytest.mark.parametrize("system", EXPORTS)
async def test_a_second_import_changes_nothing(api: Application, system: str) -> None:
    owner = await api.people.add()
    files = EXPORTS[system]
    tried = await taken_over(owner, system, files, client="Northwind", dry_run="true")
    assert tried["dry_run"] is True
    assert await listed(owner, "clients") == []
    done = await taken_over(owner, system, files, client="Northwind")
    assert (done["created"], done["updated"], done["unchanged"]) == (tried["created"], 0, 0)
    assert done["created"] == sum(counts["created"] for counts in done["resources"].values()) > 5
    assert done["left_out"] == tried["left_out"]
    again = await taken_over(owner, system, files, client="Northwind")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, done["created"])
    assert [row["id"] for row in again["rows"]] == [row["id"] for row in done["rows"]]


@pytest.mark.parametrize("system", EXPORTS)
async def test_no_secret_comes_along(api: Application, system: str) -> None:
    owner = await api.people.add()
    done = await sent(owner, system, EXPORTS[system], client="Northwind")
    assert SECRET not in done.text
    for resource in ("clients", "sites", "contacts", "networks", "infrastructure", "services", "documents"):
        assert SECRET not in (await owner.get(f"/{resource}")).text
    assert not any("passwords.csv" in each["file"] for each in done.json()["left_out"])


async def test_itflow(api: Application) -> None:
    owner = await api.people.add()
    done = await taken_over(owner, "itflow", ITFLOW, client="Northwind")
    client = await named(owner, "clients", "Northwind")
    subset(client, short_code="NW", hourly_rate="95.00", currency="USD", primary_contact="Ann Lee")
    assert client["notes"] == "Industry: Retail\nWeb site: northwind.test\nPayment terms: 30"
    subset(await named(owner, "clients", "Contoso"), hourly_rate=None, short_code=None)
    office = await named(owner, "sites", "Head Office")
    subset(office, client_id="Northwind", address="1 Pier Rd, Boston, MA 02101", phone="555-0100")
    assert office["notes"] == "Main building\nHours: 9-17"
    # A place that only a contact names is one too.
    assert await named(owner, "sites", "Yard")
    ann = await named(owner, "contacts", "Ann Lee")
    subset(ann, role="Owner", phone="555-0101 ext. 7", is_primary=True, site_id="Head Office")
    subset(await named(owner, "contacts", "John Smith"), email="john@northwind.test")
    subset(await named(owner, "contacts", "John Smith (jsmith@northwind.test)"), role="Driver", site_id="Yard")
    lan = await named(owner, "networks", "LAN")
    subset(lan, cidr="192.168.10.0/24", gateway="192.168.10.1", vlan_id=10, dns_servers=["192.168.10.5"])
    guest = await named(owner, "networks", "Guest")
    subset(guest, gateway=None, vlan_id=None, notes="Gateway: 10.0.0.1")
    server = await named(owner, "infrastructure", "NW-DC-01")
    subset(server, asset_type="physical_server", manufacturer="Dell", serial="SN1", warranty_ends_on="2029-01-05")
    subset(server, ip_address="192.168.10.5", mac_address="00:1a:2b:3c:4d:5e", location="Rack 1")
    assert server["notes"].startswith("=see wiki\nType: Server\n")
    desktop = await named(owner, "infrastructure", "Buro-PC-3")
    subset(desktop, asset_type="workstation", ip_address=None, warranty_ends_on=None)
    assert {"Name: Büro PC 3", "Ip address: DHCP", "Warranty ends on: 2027"} <= set(desktop["notes"].splitlines())
    subset(await named(owner, "infrastructure", "edge"), asset_type="firewall")
    assert await named(owner, "infrastructure", "printer-SN5")
    assert reasons(done) == {
        ("Northwind-Networks-2026-08-01_10-00-00.csv", "networks without a valid cidr"): 1,
        ("Northwind-Software-2026-08-01_10-00-00.csv", "the whole file: there is no place for what it holds"): 1,
    }


@pytest.mark.parametrize("files", [NETBOX_CSV, NETBOX_JSON], ids=["csv", "json"])
async def test_netbox(api: Application, files: Mapping[str, bytes]) -> None:
    owner = await api.people.add()
    done = await taken_over(owner, "netbox", files)
    site = await named(owner, "sites", "Depot")
    subset(site, client_id="Northwind", address="2 Dock St Boston", timezone="Europe/Berlin")
    assert {"Stores", "Facility: DC1", "Region: Europe"} <= set(site["notes"].splitlines())
    host = await named(owner, "infrastructure", "hv01")
    subset(host, site_id="Depot", asset_type="physical_server", manufacturer="Dell", model="R650", serial="SN1")
    subset(host, ip_address="10.0.0.2", os="ESXi", status="active", role_description="Hypervisor, VMs")
    assert host["location"].startswith("Room 1, R1, unit 10")
    assert "Asset tag: A-1" in host["notes"]
    machine = await named(owner, "infrastructure", "dc01")
    subset(machine, parent_host_id="hv01", asset_type="virtual_machine", ip_address="10.0.0.5", client_id="Northwind")
    network = await named(owner, "networks", "Servers")
    subset(network, cidr="10.0.0.0/24", vlan_id=100, site_id="Depot")
    service = await named(owner, "services", "DNS")
    subset(service, infrastructure_id="dc01", port=53, protocol="udp", notes="Resolver\nPorts: 53, 853")
    contact = await named(owner, "contacts", "Ann Lee")
    subset(contact, site_id="Depot", role="Owner", email="ann@northwind.test", phone="555-1")
    assert contact["notes"] == "Role: Key holder"
    found = reasons(done)
    if files is NETBOX_JSON:
        assert found["sites.json", "column custom_field_alarm"] == 1
        return
    subset(await named(owner, "infrastructure", "core-sw"), asset_type="network_device", status="decommissioned")
    web = await named(owner, "infrastructure", "web01")
    assert "Runs on: elsewhere" in web["notes"]
    subset(await named(owner, "networks", "Guest"), site_id=None, notes="Status: Active\nScope: Europe")
    assert found["netbox_devices.csv", "infrastructure without a valid hostname"] == 1
    assert found["netbox_devices.csv", "column tags"] == 1
    assert found["netbox_prefixes.csv", "prefixes that only contain others"] == 1
    assert found["netbox_racks.csv", "racks: there is no place for them"] == 1
    assert found["netbox_contacts.csv", "contacts that are assigned to nothing"] == 1


async def test_itglue(api: Application) -> None:
    owner = await api.people.add()
    done = await taken_over(owner, "itglue", ITGLUE)
    client = await named(owner, "clients", "Northwind")
    subset(client, short_code="NW", is_active=True)
    assert client["notes"].splitlines() == [
        "Retail",
        "Type: Customer",
        "Status: Active",
        "Alert: Closed on Mondays",
        "Quick notes: Call **Ann** first",
    ]
    subset(await named(owner, "clients", "Old Client"), is_active=False)
    address = "2 Dock St, Boston, Massachusetts 02102, United States"
    subset(await named(owner, "sites", "Depot"), address=address, phone="555-0100", notes="Ring twice")
    contact = await named(owner, "contacts", "Ann Lee")
    subset(contact, role="Owner", email="ann@northwind.test", site_id="Depot")
    assert contact["notes"] == "Type: Approver\nHome Phone: 555-0199"
    server = await named(owner, "infrastructure", "nw-fs-01")
    subset(server, asset_type="physical_server", ip_address="10.0.0.5", warranty_ends_on="2029-01-05", site_id="Depot")
    assert {"Name: File server", "Asset tag: A-7", "Installed: 2024-01-09, Kim"} <= set(server["notes"].splitlines())
    laptop = await named(owner, "infrastructure", "Ann-s-Laptop")
    subset(laptop, asset_type="workstation", status="decommissioned")
    text = (await named(owner, "documents", "Restore the file server"))["body"]
    assert text.startswith("# Restore\n\n1. Boot\n2. Sign in")
    found = reasons(done)
    assert found["documents.csv", "archived documents"] == 1
    assert found["documents.csv", "documents whose text is not in the export"] == 1
    assert found["configurations.csv", "column configuration_interfaces"] == 1
    assert found["ssl-certificates.csv", "the whole file: there is no place for what it holds"] == 1


async def test_hudu(api: Application) -> None:
    owner = await api.people.add()
    done = await taken_over(owner, "hudu", HUDU)
    client = await named(owner, "clients", "Northwind")
    subset(client, short_code="NW", is_active=True)
    assert client["notes"].startswith("Closed on Mondays\nAddress: 1 Pier Rd, Boston\nPhone: 555-0100")
    subset(await named(owner, "sites", "Depot"), address="2 Dock St, Boston", client_id="Northwind")
    person = await named(owner, "contacts", "Ann Lee")
    subset(person, role="Owner", email="ann@northwind.test", site_id="Depot")
    server = await named(owner, "infrastructure", "nw-fs-01")
    subset(server, asset_type="physical_server", ip_address="10.0.0.5", serial="SN1", model="R450", site_id="Depot")
    assert {"Rack: R1", "Backed up: true", "Layout: Computer Assets"} <= set(server["notes"].splitlines())
    subset(await named(owner, "networks", "LAN"), cidr="10.0.0.0/24", site_id="Depot", notes="Office")
    assert (await named(owner, "documents", "Restore"))["body"].startswith("# Restore")
    assert reasons(done) == {
        ("articles.json", "articles that belong to no company"): 1,
        ("assets-1.json", "archived assets"): 1,
        ("assets-1.json", "assets of the layout 'Licensing': there is no place for them"): 1,
        ("assets-1.json", "field 'Alarm PIN': it holds secrets"): 1,
        ("assets-1.json", "field 'Local admin password': it holds secrets"): 1,
        ("page.json", "asset_passwords: they hold secrets"): 1,
    }


async def test_what_names_no_client_needs_one(api: Application) -> None:
    owner = await api.people.add()
    files = {name: data for name, data in ITFLOW.items() if "Clients" not in name and "Credentials" not in name}
    document = problem(await sent(owner, "itflow", files), 422)
    assert {error["code"] for error in document["errors"]} == {"client"}
    assert "/Northwind-Contacts-2026-08-01_10-00-00.csv" in [error["pointer"] for error in document["errors"]]
    assert await listed(owner, "clients") == []


async def test_one_record_that_cannot_be_written_takes_all_along(api: Application) -> None:
    owner = await api.people.add()
    first = (await owner.post("/clients", {"name": "Taken", "short_code": "NW"})).json()
    document = problem(await sent(owner, "itglue", ITGLUE), 409, "/organizations.csv/2/short_code")
    assert document["errors"][0]["code"] == "taken"
    assert await listed(owner, "clients") == [first]


async def test_what_somebody_wrote_here_stays_unless_the_export_says_otherwise(api: Application) -> None:
    owner = await api.people.add()
    await taken_over(owner, "itglue", ITGLUE)
    [server] = await listed(owner, "infrastructure", hostname="nw-fs-01")
    changed = {"environmental_notes": "Loud", "serial": "SN9"}
    assert (await owner.patch(f"/infrastructure/{server['id']}", changed)).status_code == 200
    done = await taken_over(owner, "itglue", ITGLUE)
    assert (done["created"], done["updated"]) == (0, 1)
    [after] = await listed(owner, "infrastructure", hostname="nw-fs-01")
    assert (after["environmental_notes"], after["serial"]) == ("Loud", "SN1")


async def test_an_import_reaches_only_the_clients_of_the_caller(api: Application) -> None:
    owner = await api.people.add()
    ours = (await owner.post("/clients", {"name": "Northwind"})).json()
    theirs = (await owner.post("/clients", {"name": "Contoso"})).json()
    local = await api.people.add("technician", {UUID(ours["id"]): "write"})
    files = {"x-Locations.csv": rows("Name", "Depot")}
    done = await taken_over(local, "itflow", files, client="northwind")
    assert done["resources"]["clients"] == {"created": 0, "updated": 0, "unchanged": 1}
    [site] = await listed(local, "sites")
    assert site["client_id"] == ours["id"]
    # A client that is not theirs is as good as none: they may make none.
    foreign = problem(await sent(local, "itflow", files, client="Contoso"), 409)
    unknown = problem(await sent(local, "itflow", files, client="Nobody"), 409)
    assert [error["code"] for error in foreign["errors"]] == ["forbidden", "not_found"]
    assert told(foreign) == told(unknown)
    reader = await api.people.add("readonly")
    problem(await sent(reader, "itflow", files, client="Northwind"), 403)
    problem(await sent(api.anonymous, "itflow", files, client="Northwind"), 401)
    assert len(await listed(owner, "sites")) == 1
    assert await listed(owner, "clients", name="Contoso") == [theirs]


async def test_bad_input_is_told(api: Application) -> None:
    owner = await api.people.add()
    problem(await sent(owner, "lansweeper", ITFLOW), 422, "path:system")
    problem(await owner.post("/imports/itflow", content=b"x", headers={"Content-Type": "text/csv"}), 415)
    problem(await owner.post("/imports/itflow", content=b"x", headers=ZIP), 422)
    problem(await sent(owner, "netbox", {"a/b~c.json": b"{"}), 422, "/a~1b~0c.json")
    problem(await sent(owner, "itglue", {"contacts.csv": b'id\n"x'}), 422, "/contacts.csv/rows/2")
    problem(await sent(owner, "itflow", ITFLOW, client="x" * 201), 422, "?client")
    empty = await taken_over(owner, "netbox", {"x.json": b"[1, null, {}, [[]]]", "y.csv": b""})
    assert empty["created"] == 0


HOSTILE = [
    "=1",
    "\0",
    "<script>alert(1)</script>",
    "x" * 300,
    "'; DROP TABLE clients; --",
    "\u202e",
    "99999999999",
    "-1",
    "[",
    "[{",
    "nan",
]


@pytest.mark.parametrize("system", EXPORTS)
async def test_no_text_in_an_export_breaks_the_service(api: Application, system: str) -> None:
    owner = await api.people.add()
    for text in HOSTILE:
        files = {}
        for name, data in EXPORTS[system].items():
            if name.endswith(".csv"):
                header, *lines = data.decode().split("\r\n")
                quoted = '"' + text.replace('"', '""') + '"'
                files[name] = "\r\n".join(
                    [header, *(",".join([quoted] * len(header.split(","))) for _ in lines)]
                ).encode()
            else:
                files[name] = (
                    data.replace(b"Northwind", text.encode()) if "\0" not in text and "[" not in text else data
                )
        reply = await sent(owner, system, files, client="Northwind", dry_run="true")
        assert reply.status_code in (200, 409, 422), (text, reply.text)
