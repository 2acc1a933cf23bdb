"""Security incidents: where they may go, the order of their instants, and what their timeline keeps."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.security import security_incidents
from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

DETECTED, LATER, LATEST = "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z"


async def incident(caller: Caller, client: str | None = None, **more: Any) -> dict[str, Any]:
    if client is None:
        client = (await caller.post("/clients", {"name": "Acme"})).json()["id"]
    body = {"client_id": client, "type": "phishing", "title": "Mail", "detected_at": DETECTED, **more}
    reply = await caller.post("/security-incidents", body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def test_every_move_of_the_status_is_in_the_timeline(api: Application) -> None:
    owner, other = await api.people.add(), await api.people.add()
    path = f"/security-incidents/{(await incident(owner))['id']}"
    moves = ["investigating", "contained", "resolved", "closed", "investigating", "false_alarm"]
    for status in moves:
        reply = await other.patch(path, {"status": status})
        assert reply.status_code == 200, reply.text
    found = (await owner.get(path)).json()
    assert [entry["status"] for entry in found["timeline"]] == ["open", *moves]
    assert [entry["user_id"] for entry in found["timeline"]] == [str(owner.id)] + [str(other.id)] * len(moves)
    assert "investigating" in found["timeline"][2]["text"]
    assert "contained" in found["timeline"][2]["text"]
    # What is no move leaves no trace.
    same = await owner.patch(path, {"status": "false_alarm", "lessons": "Train."})
    assert same.json()["timeline"] == found["timeline"]


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("open", "closed"),
        ("investigating", "open"),
        ("contained", "false_alarm"),
        ("resolved", "contained"),
        ("closed", "resolved"),
        ("false_alarm", "closed"),
    ],
)
async def test_a_move_that_skips_a_step_is_refused(api: Application, start: str, wanted: str) -> None:
    owner = await api.people.add()
    made = await incident(owner, status=start)
    path = f"/security-incidents/{made['id']}"
    body = {key: made[key] for key in ("type", "title", "detected_at")}
    problem(await owner.patch(path, {"status": wanted}), 409, "/status")
    problem(await owner.put(path, body | {"status": wanted}), 409, "/status")
    assert (await owner.get(path)).json() == made


async def test_the_instants_follow_the_status(api: Application) -> None:
    owner = await api.people.add()
    path = f"/security-incidents/{(await incident(owner))['id']}"
    contained = (await owner.patch(path, {"status": "contained"})).json()
    assert contained["contained_at"] > contained["created_at"]
    assert contained["resolved_at"] is None
    resolved = (await owner.patch(path, {"status": "resolved"})).json()
    assert resolved["contained_at"] == contained["contained_at"]
    assert resolved["resolved_at"] > resolved["contained_at"]
    closed = (await owner.patch(path, {"status": "closed"})).json()
    assert closed["resolved_at"] == resolved["resolved_at"]
    again = (await owner.patch(path, {"status": "investigating"})).json()
    assert (again["contained_at"], again["resolved_at"]) == (None, None)
    told_so = (await owner.patch(path, {"status": "contained", "contained_at": LATER})).json()
    assert told_so["contained_at"] == LATER


@pytest.mark.parametrize("status", ["resolved", "closed"])
async def test_an_incident_recorded_as_over_has_its_end(api: Application, status: str) -> None:
    owner = await api.people.add()
    assert (await incident(owner, status=status))["resolved_at"] > DETECTED
    late = (await owner.post("/clients", {"name": "Later"})).json()["id"]
    ahead = await incident(owner, late, status=status, detected_at="2999-01-01T00:00:00Z")
    assert ahead["resolved_at"] == ahead["detected_at"]


async def test_the_instants_are_in_order(api: Application) -> None:
    owner = await api.people.add()
    made = await incident(owner, contained_at=LATER)
    path = f"/security-incidents/{made['id']}"
    problem(await owner.patch(path, {"contained_at": "2026-03-01T07:59:59Z"}), 422, "/contained_at")
    problem(await owner.patch(path, {"detected_at": LATEST}), 422, "/contained_at")
    problem(await owner.patch(path, {"resolved_at": "2026-03-01T08:30:00Z"}), 422, "/resolved_at")
    assert (await owner.get(path)).json() == made
    assert (await owner.patch(path, {"resolved_at": LATER})).status_code == 200
    assert (await owner.patch(path, {"contained_at": None, "resolved_at": DETECTED})).status_code == 200
    body = {"client_id": made["client_id"], "type": "malware", "title": "X", "detected_at": LATER}
    problem(await owner.post("/security-incidents", body | {"resolved_at": DETECTED}), 422, "/resolved_at")


async def test_notes_are_added_and_never_taken_out(api: Application) -> None:
    owner, other = await api.people.add(), await api.people.add()
    made = await incident(owner)
    path = f"/security-incidents/{made['id']}"
    reply = await other.post(f"{path}/timeline", {"text": "First login of the attacker", "at": "2026-02-01T00:00:00Z"})
    assert reply.status_code == 200, reply.text
    noted = (await owner.get(path)).json()
    assert noted == reply.json()
    first, entry = noted["timeline"]
    assert first == made["timeline"][0]
    assert (entry["text"], entry["at"]) == ("First login of the attacker", "2026-02-01T00:00:00Z")
    assert (entry["user_id"], entry["status"]) == (str(other.id), "open")
    assert entry["recorded_at"] > made["created_at"]
    after = (await owner.post(f"{path}/timeline", {"text": "Now"})).json()["timeline"]
    assert after[:2] == noted["timeline"]
    assert after[2]["at"] == after[2]["recorded_at"]
    for change in ({"timeline": []}, {"timeline": after[:1]}):
        problem(await owner.patch(path, change), 422, "/timeline")
    assert (await owner.get(path)).json()["timeline"] == after


async def test_a_note_is_checked(api: Application) -> None:
    owner = await api.people.add()
    path = f"/security-incidents/{(await incident(owner))['id']}/timeline"
    problem(await owner.post(path, {}), 422, "/text")
    problem(await owner.post(path, {"text": ""}), 422, "/text")
    problem(await owner.post(path, {"text": "x" * 2001}), 422, "/text")
    problem(await owner.post(path, {"text": "x", "at": "2026-02-01T00:00:00"}), 422, "/at")
    problem(await owner.post(path, {"text": "x", "user_id": str(owner.id)}), 422, "/user_id")


async def test_no_secret_is_kept(api: Application) -> None:
    owner = await api.people.add()
    secret = "mysql --password=Tr0ub4dor-and-3-more"
    texts = dict.fromkeys(("title", "description", "findings", "lessons"), secret)
    made = await incident(owner, **texts, remediation_steps=["Rotate", secret])
    path = f"/security-incidents/{made['id']}"
    noted = await owner.post(f"{path}/timeline", {"text": secret})
    changed = await owner.patch(path, {"findings": secret + " again"})
    for text in (str(made), noted.text, changed.text, (await owner.get("/security-incidents")).text):
        assert "Tr0ub4dor" not in text
        assert "[REDACTED:" in text
    longest = ("password=aB3x9 " * 200)[:2000].strip()
    kept = (await owner.post(f"{path}/timeline", {"text": longest})).json()["timeline"][-1]["text"]
    assert "aB3x9" not in kept
    assert len(kept) <= 2000


async def test_notes_at_once_are_all_kept(api: Application) -> None:
    owner = await api.people.add()
    path = f"/security-incidents/{(await incident(owner))['id']}"
    texts = [f"Step {number}" for number in range(12)]
    replies = await asyncio.gather(*(owner.post(f"{path}/timeline", {"text": text}) for text in texts))
    assert [reply.status_code for reply in replies] == [200] * 12
    kept = [entry["text"] for entry in (await owner.get(path)).json()["timeline"][1:]]
    assert sorted(kept) == sorted(texts)


async def test_a_full_timeline_takes_no_more(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await api.people.add()
    path = f"/security-incidents/{(await incident(owner))['id']}"
    monkeypatch.setattr(security_incidents, "TIMELINE_ENTRIES", 2)
    assert (await owner.post(f"{path}/timeline", {"text": "second"})).status_code == 200
    problem(await owner.post(f"{path}/timeline", {"text": "third"}), 409)
    # What is done is more than what is noted: the status moves on.
    assert len((await owner.patch(path, {"status": "contained"})).json()["timeline"]) == 3


async def test_only_who_may_change_an_incident_notes_in_it(api: Application) -> None:
    owner = await api.people.add()
    made = await incident(owner)
    path = f"/security-incidents/{made['id']}"
    stranger = await api.people.add("technician", {})
    reader = await api.people.add("technician", {UUID(made["client_id"]): "read"})
    foreign = problem(await stranger.post(f"{path}/timeline", {"text": "x"}), 404)
    unknown = problem(await stranger.post(f"/security-incidents/{uuid4()}/timeline", {"text": "x"}), 404)
    assert told(foreign) == told(unknown)
    problem(await reader.post(f"{path}/timeline", {"text": "x"}), 403)
    problem(await (await api.people.add("readonly")).post(f"{path}/timeline", {"text": "x"}), 403)
    assert (await owner.get(path)).json() == made
