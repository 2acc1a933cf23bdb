"""A client's runbook: all that a technician needs without the system, in one HTML file that loads and runs nothing."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.reports.client_view import ClientView
from claudetools.domains.reports.markdown import safe_html
from claudetools.domains.reports.runbook_blocks import Article, Block, Chapter, FreeText
from claudetools.domains.reports.runbook_history import (
    changes,
    documents,
    expiring_records,
    incidents,
    peculiarities,
    problems,
)
from claudetools.domains.reports.runbook_inventory import (
    contacts,
    dependencies,
    firewall_rules,
    infrastructure,
    microsoft_365,
    networks,
    overview,
    sites,
)
from claudetools.kit.clock import now
from claudetools.kit.redact import Redactor
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.redaction import redactor_of
from claudetools.kit.resource.scope import Actor, find

TEMPLATES = Path(__file__).parent / "templates"
HEADINGS_OF_ARTICLES = 3


@dataclass(frozen=True, slots=True)
class ChapterMaker:
    """A chapter: its anchor and heading, what reads it, and the scope that this needs."""

    anchor: str
    heading: str
    read: Callable[[ClientView], Awaitable[list[Block]]]
    scope: str = "msp:read"


CHAPTERS: tuple[ChapterMaker, ...] = (
    ChapterMaker("overview", "Overview", overview),
    ChapterMaker("contacts", "Contacts", contacts),
    ChapterMaker("sites", "Sites", sites),
    ChapterMaker("networks", "Networks", networks),
    ChapterMaker("infrastructure", "Infrastructure and services", infrastructure),
    ChapterMaker("firewall-rules", "Firewall rules", firewall_rules),
    ChapterMaker("dependencies", "Service dependencies", dependencies),
    ChapterMaker("peculiarities", "What to mind", peculiarities),
    ChapterMaker("microsoft-365", "Microsoft 365", microsoft_365),
    ChapterMaker("expiring", "Expiring", expiring_records),
    ChapterMaker("documents", "Documents", documents),
    ChapterMaker("changes", "Last changes", changes),
    ChapterMaker("problems", "Problems solved", problems),
    ChapterMaker("incidents", "Security incidents", incidents),
)


@dataclass(frozen=True, slots=True)
class Runbook:
    """All that a runbook says, when, and for whom it was put together."""

    client_name: str
    generated_at: datetime
    generated_by: str
    chapters: list[Chapter]
    redactor: Redactor = field(repr=False)

    @property
    def file_name(self) -> str:
        """A name for the file: ASCII letters, digits and hyphens."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.client_name.lower()).strip("-")[:60]
        return f"runbook-{slug}.html" if slug else "runbook.html"


async def runbook_of(session: AsyncSession, actor: Actor, resources: Sequence[Resource], client_id: UUID) -> Runbook:
    """Read what a client's runbook says. `resources` are those that may expire.

    Raises:
        NotFound: the client is not the actor's to see.
    """
    client = await find(session, actor, Client, client_id)
    view = ClientView(session, actor, client, resources)
    chapters = [
        Chapter(maker.anchor, maker.heading, await maker.read(view))
        for maker in CHAPTERS
        if maker.scope in actor.scopes
    ]
    return Runbook(client.name, now(), actor.display_name, chapters, redactor_of(session))


def runbook_html(runbook: Runbook) -> str:
    """Return a runbook as a page of its own. It takes seconds for a large client: call it in a thread."""

    def without_secrets(text: str) -> str:
        return runbook.redactor.redact(text).text if isinstance(text, FreeText) else text

    def article(text: FreeText) -> Markup:
        return safe_html(without_secrets(text), headings_below=HEADINGS_OF_ARTICLES)

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"shown": without_secrets, "article": article}
    environment.tests |= {"article": _is_article, "empty": _is_empty}
    return environment.get_template("runbook.html").render(runbook=runbook, style=STYLE, policy=RUNBOOK_POLICY)


def _is_article(block: Block) -> bool:
    return isinstance(block, Article)


def _is_empty(chapter: Chapter) -> bool:
    return not any(isinstance(block, Article) or block.rows or block.left_out for block in chapter.blocks)


def _source(text: str) -> str:
    """Return the source expression that allows an inline text by its digest (CSP Level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


STYLE = Markup((TEMPLATES / "runbook.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
RUNBOOK_POLICY = f"default-src 'none'; style-src {_source(STYLE)}; base-uri 'none'; form-action 'none'"
"""What the page may do, also where it is opened from a disk: nothing but its own style sheet."""
