"""A client's runbook: what is in it, and that a page made of what others wrote does nothing but show it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from markdown_it import MarkdownIt

from claudetools.domains.reports import markdown, runbook_blocks, runbook_history, runbook_inventory
from claudetools.domains.reports.markdown import safe_html
from tests.contract.problems import problem, told
from tests.domains.office import Office, made, office
from tests.fixtures.application import Application

CHAPTERS = [
    *("overview", "contacts", "sites", "networks", "infrastructure", "firewall-rules", "dependencies"),
    *("peculiarities", "microsoft-365", "expiring", "documents", "changes", "problems", "incidents"),
]
PLAIN_ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "id", "class", "scope", "href", "title", "rel", "start"),
}
VOID = {"meta", "br", "hr"}


class Page(HTMLParser):
    """A page as a browser would take it apart: its elements, and the text of each chapter."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.chapters: dict[str, str] = {}
        self.open: list[str] = []
        self.style = ""
        self.chapter = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.chapter = dict(attrs)["id"] or ""
            self.chapters[self.chapter] = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.chapter:
            self.chapters[self.chapter] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def check_that_it_only_shows(reply: httpx2.Response) -> Page:
    """Check that a page loads nothing, runs nothing and is bound to that, and return it."""
    page = Page(reply.text)
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "form", "input", "svg", "base", "math"}
        assert set(attributes) <= PLAIN_ATTRIBUTES, (tag, attributes)
        address = attributes.get("href") or "#"
        assert address.startswith(("#", "https://", "http://", "mailto:")), address
        if tag == "a" and not address.startswith("#"):
            assert attributes["rel"] == "noopener noreferrer nofollow"
    assert not re.search(r"url\(|@import|expression", page.style)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": policy}) in page.elements
    assert reply.headers["content-security-policy"] == f"{policy}; frame-ancestors 'none'"
    return page


async def runbook_of(of: Office) -> Page:
    reply = await of.caller.get(f"/clients/{of.client['id']}/runbook")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    return check_that_it_only_shows(reply)


async def known(api: Application) -> Office:
    """Return a client with something in every chapter."""
    acme = await office(await api.people.add(), "Acme & Söhne", domain_name="acme.test", notes="Closed on Fridays.")
    site = await acme.add("/sites", name="HQ", address="Main Street 1", dns_servers=["10.0.0.9"], vpn_required=True)
    await acme.add("/contacts", name="Zoe", is_primary=True, phone="0170 1", site_id=site["id"])
    await acme.add("/networks", name="LAN", cidr="10.0.0.0/24", gateway="10.0.0.1", vlan_id=20, site_id=site["id"])
    firewall = await acme.machine("fw1", asset_type="firewall", site_id=site["id"], known_limits=["no ping command"])
    server = await acme.machine("srv1", serial="S-1", manufacturer="Dell", warranty_ends_on="2020-01-01")
    await acme.machine("vm1", asset_type="virtual_machine", parent_host_id=server["id"])
    await acme.machine("old1", status="decommissioned")
    erp = await acme.service(server, "ERP", "critical", port=8443, protocol="https")
    mail = await acme.service(firewall, "Relay")
    await acme.service(server, "Forgotten", status="retired")
    await acme.relate(erp, "depends_on", mail)
    await acme.rule(firewall, "Mail out", 7, source="10.0.0.0/24", port="25", is_enabled=False)
    tenant = {"tenant_id": str(uuid4()), "tenant_name": "Acme 365", "licences": ["Business Premium, 25 seats"]}
    await acme.add("/m365-tenants", **tenant)
    text = "# Power cut\n\n1. Start `srv1`\n2. Call [the maker](https://maker.test/help)\n\n| a | b |\n|---|---|\n"
    await acme.add("/documents", title="Restart", body=text, is_runbook=True)
    await acme.add("/documents", title="Meeting notes", body="not for the runbook")
    session = await acme.add("/sessions", title="VPN repair")
    change = {"session_id": session["id"], "category": "vpn", "change_type": "modified", "title": "New certificate"}
    await made(acme.caller, "/infrastructure-changes", rollback_procedure="Put the old one back.", **change)
    await acme.add("/problem-solutions", title="VPN slow", symptom="drops", solution="Lower the MTU.")
    incident = {"type": "phishing", "title": "Forged invoice", "detected_at": "2026-01-01T00:00:00Z"}
    await acme.add("/security-incidents", remediation_steps=["Reset the passwords."], **incident)
    insight = {"category": "network_constraints", "description": "IPv6 is blocked.", "infrastructure_id": server["id"]}
    await acme.add("/environmental-insights", title="No IPv6", **insight)
    await acme.add("/failure-patterns", sample_error="ping: command not found", works_instead="use tracert")
    return acme


async def test_it_holds_every_chapter_in_order_and_finds_it_from_the_contents(api: Application) -> None:
    acme = await known(api)
    page = await runbook_of(acme)
    assert list(page.chapters) == CHAPTERS
    contents = [attributes["href"] for tag, attributes in page.elements if tag == "a"][: len(CHAPTERS)]
    assert contents == [f"#{name}" for name in CHAPTERS]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    expected = {
        "overview": ["Acme & Söhne", "acme.test", "Closed on Fridays."],
        "contacts": ["Zoe (primary)", "0170 1", "HQ"],
        "sites": ["HQ", "Main Street 1", "VPN only", "10.0.0.9"],
        "networks": ["LAN", "10.0.0.0/24", "20", "10.0.0.1"],
        "infrastructure": ["fw1", "no ping command", "srv1", "Dell", "serial S-1", "on srv1", "ERP", "https 8443"],
        "firewall-rules": ["fw1", "7", "Mail out", "10.0.0.0/24", "25", "off"],
        "dependencies": ["ERP on srv1", "depends on", "Relay on fw1"],
        "microsoft-365": ["Acme 365", "Business Premium, 25 seats"],
        "expiring": ["2020-01-01", "days overdue", "srv1"],
        "documents": ["Restart", "Power cut", "Start srv1", "the maker", "Meeting notes"],
        "changes": ["New certificate", "vpn modified", "Put the old one back."],
        "problems": ["VPN slow", "drops", "Lower the MTU."],
        "incidents": ["2026-01-01", "Forged invoice", "Reset the passwords."],
        "peculiarities": ["No IPv6", "srv1", "IPv6 is blocked.", "ping: command not found", "use tracert"],
    }
    for name, texts in expected.items():
        for text in texts:
            assert text in page.chapters[name], name
    whole = " ".join(page.chapters.values())
    for absent in ("old1", "Forgotten", "not for the runbook", "Nothing on record"):
        assert absent not in whole
    infrastructure = page.chapters["infrastructure"]
    assert infrastructure.index("HQ") < infrastructure.index("fw1") < infrastructure.index("At no site")


async def test_it_says_when_and_by_whom_it_was_made_and_has_a_name(api: Application) -> None:
    acme = await known(api)
    reply = await acme.caller.get(f"/clients/{acme.client['id']}/runbook")
    me = (await acme.caller.get("/auth/me")).json()
    assert re.search(rf"generated on \d{{4}}-\d\d-\d\d \d\d:\d\d UTC by {me['display_name']}\.", reply.text)
    assert reply.headers["content-disposition"] == 'inline; filename="runbook-acme-s-hne.html"'
    assert reply.headers["cache-control"] == "no-store"


async def test_an_empty_client_has_an_honest_runbook(api: Application) -> None:
    page = await runbook_of(await office(await api.people.add(), "日本"))
    assert [name for name, text in page.chapters.items() if "Nothing on record." not in text] == ["overview"]


HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }}{% raw %}",
    "--><iframe src=//evil.test>",
    "<base href=//evil.test><!--",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_people_wrote_is_shown_as_they_wrote_it(api: Application, text: str) -> None:
    acme = await office(await api.people.add(), f"A{text}", notes=text, domain_name=text, primary_contact=text)
    await acme.add("/contacts", name=text, role=text, notes=text, phone=text[:64])
    await acme.add("/sites", name=text, address=text, notes=text, phone=text[:64])
    await acme.add("/networks", name=text, cidr="10.0.0.0/24", notes=text)
    machine = await acme.machine("srv", os=text, role_description=text, environmental_notes=text, known_limits=[text])
    service = await acme.service(machine, text, type=text[:64], notes=text, software_version=text[:64])
    await acme.relate(service, "depends_on", service)
    await acme.rule(machine, text, 1, notes=text)
    await acme.add("/m365-tenants", tenant_id=str(uuid4()), tenant_name=text, admin_contact=text, licences=[text])
    await acme.add("/documents", title=text, body=text, is_runbook=True)
    await acme.add("/documents", title=f"{text}2", body="")
    session = await acme.add("/sessions", title="X")
    change = {"session_id": session["id"], "category": "vpn", "change_type": "modified", "title": text}
    await made(acme.caller, "/infrastructure-changes", rollback_procedure=text, **change)
    await acme.add("/problem-solutions", title=text, symptom=text, solution=text, root_cause=text)
    incident = {"type": "other", "title": text, "detected_at": "2026-01-01T00:00:00Z", "findings": text}
    await acme.add("/security-incidents", **incident)
    await acme.add("/environmental-insights", title=text, category="permissions", description=text)
    await acme.add("/failure-patterns", sample_error=text, works_instead=text, cause=text)
    page = await runbook_of(acme)
    for name, found in page.chapters.items():
        assert name == "expiring" or text in found, name


MARKDOWN = [
    "[x](javascript:alert(1)) [y](JaVaScRiPt:alert(1)) [z](data:text/html;base64,PHNjcmlwdD4=) [w](vbscript:x)",
    "<javascript:alert(1)> <https://ok.test>",
    "![x](https://evil.test/pixel.png) ![y][1]\n\n[1]: https://evil.test/a.png 'onerror=alert(1)'",
    '<div onclick="alert(1)" style="position:fixed" id="overview"><b>x</b></div>',
    "<style>body{display:none}</style>\n\n<link rel=stylesheet href=//evil.test>",
    '[x](https://ok.test "\\" onmouseover=alert(1) a=\\"")',
    "```html\n<script>alert(1)</script>\n```",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;script&#x3e;",
    "[x]: javascript:alert(1)\n\n[x]",
    "| <img src=x onerror=alert(1)> | `</td><script>` |\n|:-:|--:|\n| 1 | 2 |",
    "# <script>\n\nx\n===\n\n###### six",
    "[a](//evil.test/x) [b](/api/clients) [c](mailto:a@b.test) [d](ftp://x.test)",
    "</article></section></main><h1>Forged</h1>",
]


@pytest.mark.parametrize("text", MARKDOWN)
async def test_a_document_can_load_and_run_nothing(api: Application, text: str) -> None:
    acme = await office(await api.people.add())
    await acme.add("/documents", title="Doc", body=text, is_runbook=True)
    page = await runbook_of(acme)
    assert list(page.chapters) == CHAPTERS
    tags = [tag for tag, _ in page.elements]
    assert (tags.count("h1"), tags.count("main"), tags.count("style")) == (1, 1, 1)
    assert tags.count("h2") == len(CHAPTERS) + 1
    assert tags.count("h3") == 1


def test_markdown_keeps_what_is_harmless() -> None:
    html = safe_html("# One\n\n**b** *i* `c`\n\n3. x\n\n- y\n\n> q\n\n[l](https://ok.test)", headings_below=3)
    for piece in (
        "<h4>One</h4>",
        "<strong>b</strong>",
        "<em>i</em>",
        "<code>c</code>",
        '<ol start="3">',
        "<blockquote>",
    ):
        assert piece in html
    assert '<a href="https://ok.test" rel="noopener noreferrer nofollow">l</a>' in html
    assert safe_html("###### low", headings_below=3).startswith("<h6>")
    assert "![" not in safe_html("![plan](https://ok.test/a.png)", headings_below=3)
    assert '<a href="https://ok.test/a.png"' in safe_html("![plan](https://ok.test/a.png)", headings_below=3)


def test_what_a_parser_lets_through_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "_parser", MarkdownIt("commonmark", {"html": True}))
    text = "![x](https://evil.test/a.png) <b onclick=x style=x id=x>y</b> <script>z</script>\n\n<style>*{}</style>"
    assert safe_html(text, headings_below=3) == "<p> y </p>\n"


async def test_no_secret_that_is_recognised_is_in_it(api: Application) -> None:
    acme = await office(await api.people.add(), notes="Portal login: password=Tr0ub4dor&3xkcd!")
    await acme.machine("srv", environmental_notes="ssh with password: hunter2-Zebra-991", notes="pw: hunter2-Zebra-991")
    key = "sk-ant-api03-" + "a1B2" * 22
    await acme.add("/documents", title="Keys", body=f"# Keys\n\nThe key is `{key}`.", is_runbook=True)
    await acme.add("/problem-solutions", title="x", symptom="y", solution=f"export ANTHROPIC_API_KEY={key}")
    reply = await acme.caller.get(f"/clients/{acme.client['id']}/runbook")
    for secret in ("Tr0ub4dor", "hunter2-Zebra", "a1B2a1B2"):
        assert secret not in reply.text
    assert reply.text.count("[REDACTED:") >= 4


async def test_what_finds_no_room_is_counted(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = await office(await api.people.add())
    for number in range(5):
        machine = await acme.machine(f"m{number}")
        await acme.service(machine, f"s{number}")
        await acme.add("/contacts", name=f"c{number}")
        await acme.add("/documents", title=f"d{number}", body=str(number) * 40, is_runbook=True)
    monkeypatch.setattr(runbook_inventory, "MAX_ROWS", 3)
    monkeypatch.setattr(runbook_history, "MAX_ARTICLE_CHARS", 100)
    page = await runbook_of(acme)
    assert "And 2 more that are not listed here." in page.chapters["contacts"]
    assert page.chapters["infrastructure"].count("And 2 more that are not listed here.") == 2
    assert "And 3 more that are not listed here." in page.chapters["documents"]
    assert "1" * 40 in page.chapters["documents"]
    assert "2" * 40 not in page.chapters["documents"]
    assert runbook_blocks.MAX_ROWS > 3


async def test_only_who_may_see_the_client_gets_it(api: Application) -> None:
    acme = await known(api)
    path = f"/clients/{acme.client['id']}/runbook"
    reader = await api.people.add("readonly", {UUID(acme.client["id"]): "read"})
    assert (await reader.get(path)).status_code == 200
    outsider = await api.people.add("technician", {})
    foreign = problem(await outsider.get(path), 404)
    assert told(foreign) == told(problem(await outsider.get(f"/clients/{uuid4()}/runbook"), 404))
    problem(await (await api.people.token(acme.caller, "memory:read")).get(path), 403)


async def test_nothing_of_another_client_is_in_it(api: Application) -> None:
    acme = await known(api)
    page = await runbook_of(await office(acme.caller, "Other"))
    whole: Any = " ".join(page.chapters.values())
    for text in ("Acme", "srv1", "Zoe", "Restart", "VPN slow"):
        assert text not in whole
