"""Which record a row of a CSV file means, where more than one could be meant."""

from typing import Any

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

CSV = {"Content-Type": "text/csv"}


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def imported(caller: Caller, resource: str, text: str) -> list[tuple[str, str]]:
    reply = await caller.post(f"/{resource}/import", content=text.encode(), headers=CSV)
    assert reply.status_code == 200, reply.text
    return [(row["outcome"], row["id"]) for row in reply.json()["rows"]]


async def faults(caller: Caller, resource: str, text: str, status: int = 422) -> list[tuple[str, str]]:
    reply = await caller.post(f"/{resource}/import", content=text.encode(), headers=CSV)
    return [(error["pointer"], error["code"]) for error in problem(reply, status)["errors"]]


async def test_a_key_that_several_records_have_means_none_of_them(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    people = [await made(owner, "/contacts", client_id=client["id"], name="Ann") for _ in range(2)]
    text = "client_id,name,role\na,ann,office\n"
    assert await faults(owner, "contacts", text) == [("/rows/2", "ambiguous")]
    by_id = f"id,role\n{people[1]['id']},office\n"
    assert await imported(owner, "contacts", by_id) == [("updated", people[1]["id"])]


async def test_a_name_is_looked_up_within_the_client_of_the_row(api: Application) -> None:
    owner = await api.people.add()
    hosts = {}
    for name in ("A", "B"):
        client = await made(owner, "/clients", name=name)
        body = {"client_id": client["id"], "hostname": "dc01", "asset_type": "physical_server"}
        hosts[name] = await made(owner, "/infrastructure", **body)
    unsaid = "infrastructure_id,name\ndc01,DNS\n"
    assert await faults(owner, "services", unsaid) == [("/rows/2/infrastructure_id", "ambiguous")]
    said = "client_id,infrastructure_id,name\nB,DC01,DNS\n"
    [(outcome, id)] = await imported(owner, "services", said)
    service = (await owner.get(f"/services/{id}")).json()
    assert (outcome, service["infrastructure_id"]) == ("created", hosts["B"]["id"])
    # With the record known, its client is too.
    assert await imported(owner, "services", f"id,infrastructure_id\n{id},dc01\n") == [("unchanged", id)]
    # A twin within the client makes the name useless.
    twin = {"hostname": "dc01", "asset_type": "virtual_machine"}
    await made(owner, "/infrastructure", client_id=hosts["B"]["client_id"], **twin)
    assert await faults(owner, "services", said) == [("/rows/2/infrastructure_id", "ambiguous")]


async def test_rows_may_name_records_of_rows_before_them(api: Application) -> None:
    owner = await api.people.add()
    await made(owner, "/clients", name="A")
    host, machine = "A,hv01,physical_server,", "A,vm01,virtual_machine,hv01"
    header = "client_id,hostname,asset_type,parent_host_id"
    assert await faults(owner, "infrastructure", f"{header}\n{machine}\n{host}\n") == [
        ("/rows/2/parent_host_id", "not_found")
    ]
    [(_, first), (_, second)] = await imported(owner, "infrastructure", f"{header}\n{host}\n{machine}\n")
    assert (await owner.get(f"/infrastructure/{second}")).json()["parent_host_id"] == first


async def test_a_key_with_an_empty_part_is_a_key(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    site = await made(owner, "/sites", client_id=client["id"], name="Depot")
    here = await made(owner, "/networks", client_id=client["id"], site_id=site["id"], name="LAN", cidr="10.0.0.0/24")
    anywhere = await made(owner, "/networks", client_id=client["id"], name="LAN", cidr="10.1.0.0/24")
    text = "client_id;site_id;name;vlan_id\r\nA;depot;lan;5\r\nA;;LAN;6\r\n"
    assert await imported(owner, "networks", text) == [("updated", here["id"]), ("updated", anywhere["id"])]
    assert await faults(owner, "networks", "client_id,name,vlan_id\nA,LAN,7\n") == [("/rows/2", "ambiguous")]


async def test_two_rows_about_the_same_record_are_written_in_turn(api: Application) -> None:
    owner = await api.people.add()
    text = "name,short_code\nNorthwind,nw\nnorthwind,nwt\n"
    [(first, id), (second, same)] = await imported(owner, "clients", text)
    assert (first, second, id) == ("created", "updated", same)
    client = (await owner.get(f"/clients/{id}")).json()
    # Another spelling of the name is no other name, unless the record is meant by its id.
    assert (client["name"], client["short_code"]) == ("Northwind", "nwt")
    assert await imported(owner, "clients", f"id,name\n{id},NORTHWIND\n") == [("updated", id)]


async def test_who_only_reads_a_client_imports_nothing_into_it(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    reader = await api.people.add("technician", {client["id"]: "read"})
    site = await made(owner, "/sites", client_id=client["id"], name="Depot")
    assert await faults(reader, "sites", "client_id,name\nA,Office\n", 403) == [("/rows/2", "forbidden")]
    assert await faults(reader, "sites", "client_id,name,notes\nA,Depot,x\n", 403) == [("/rows/2", "forbidden")]
    assert await faults(reader, "clients", "name\nB\n", 403) == [("/rows/2", "forbidden")]
    assert (await owner.get(f"/sites/{site['id']}")).json() == site


async def test_rules_of_the_record_hold(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    text = "client_id,name,cidr,gateway\nA,LAN,10.0.0.0/24,10.9.9.9\n"
    assert await faults(owner, "networks", text) == [("/rows/2/gateway", "invalid")]
    work = await made(owner, "/sessions", client_id=client["id"], title="Work")
    command = 'session_id,command\n{},"mysql -u root -pHunter2secret99 -e ""select 1"""\n'
    [(_, id)] = await imported(owner, "commands-run", command.format(work["id"]))
    assert "Hunter2secret99" not in (await owner.get(f"/commands-run/{id}")).text
