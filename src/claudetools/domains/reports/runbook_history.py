"""The chapters of a runbook on what was learned, written down, done and solved, and on what comes."""

from claudetools.domains.accounts import User
from claudetools.domains.clients import Document
from claudetools.domains.infra import Infrastructure
from claudetools.domains.learning import EnvironmentalInsight, FailurePattern, PatternOrigin
from claudetools.domains.reports.client_view import ClientView
from claudetools.domains.reports.expiring import ExpiringQuery, expiring
from claudetools.domains.reports.runbook_blocks import MAX_ROWS, Article, Block, FreeText, Table, lines, words
from claudetools.domains.security import SecurityIncident
from claudetools.domains.work import InfrastructureChange, ProblemSolution, WorkSession

EXPIRING_DAYS = 365
MAX_EXPIRING = 500
NEWEST = 50
MAX_ARTICLES = 100
MAX_ARTICLE_CHARS = 500_000
"""Of all documents together: more would take seconds to render."""


async def expiring_records(view: ClientView) -> list[Block]:
    """Return what has expired, and what will within a year."""
    query = ExpiringQuery(days=EXPIRING_DAYS, client_id=view.client.id, limit=MAX_EXPIRING)
    found = await expiring(view.session, view.actor, view.resources, query)
    rows = [
        (
            str(one.expires_on),
            f"{one.days_left} days left" if one.days_left >= 0 else f"{-one.days_left} days overdue",
            one.title,
            one.resource.replace("-", " "),
        )
        for one in found.items
    ]
    return [Table("", ("Day", "", "What", "Kind"), rows, found.total - len(rows))]


async def documents(view: ClientView) -> list[Block]:
    """Return the documents that are marked for the runbook in full, and the titles of the others."""
    written = await view.first(
        view.every(Document).where(Document.is_runbook).order_by(Document.title, Document.id), MAX_ARTICLES
    )
    blocks: list[Block] = []
    room = MAX_ARTICLE_CHARS
    for (row,) in written.rows:
        if len(row.body) <= room:
            room -= len(row.body)
            blocks.append(Article(FreeText(row.title), FreeText(row.body), row.updated_at))
    columns = Document.title, Document.updated_at
    named = await view.first(
        view.every(Document).where(~Document.is_runbook).with_only_columns(*columns).order_by(Document.title), MAX_ROWS
    )
    rows = [(FreeText(title), str(at.date())) for title, at in named.rows]
    left_out = written.total - len(blocks)
    if left_out:
        blocks.append(Table("Documents for the runbook that found no room", ("Title",), [], left_out))
    if rows:
        blocks.append(Table("Other documents", ("Title", "Changed on"), rows, named.total - len(rows)))
    return blocks


async def changes(view: ClientView) -> list[Block]:
    """Return the newest changes to the client's systems: what, by whom, and the way back."""
    statement = (
        view.every(InfrastructureChange)
        .join(WorkSession, WorkSession.id == InfrastructureChange.session_id)
        .outerjoin(User, User.id == WorkSession.user_id)
        .outerjoin(Infrastructure, Infrastructure.id == InfrastructureChange.infrastructure_id)
        .add_columns(User.display_name, Infrastructure.hostname)
        .order_by(InfrastructureChange.created_at.desc(), InfrastructureChange.id)
    )
    some = await view.first(statement, NEWEST)
    rows = [
        (
            str(row.created_at.date()),
            person or "",
            FreeText(row.title),
            lines(words(row.category, row.change_type), hostname),
            lines("" if row.is_permanent else "temporary", "" if row.is_verified else "not verified"),
            FreeText(row.rollback_procedure or ""),
        )
        for row, person, hostname in some.rows
    ]
    return [Table("", ("Day", "By", "What", "Where", "State", "Way back"), rows, some.total - len(rows))]


async def problems(view: ClientView) -> list[Block]:
    """Return solved problems, those that come back most often first."""
    order = ProblemSolution.recurrence_count.desc(), ProblemSolution.created_at.desc(), ProblemSolution.id
    some = await view.first(view.every(ProblemSolution).order_by(*order), NEWEST)
    rows = [
        (
            FreeText(row.title),
            FreeText(lines(row.symptom, row.error_code)),
            FreeText(row.root_cause or ""),
            FreeText(row.solution),
            f"{row.recurrence_count} times" if row.recurrence_count else "",
        )
        for (row,) in some.rows
    ]
    return [Table("", ("Problem", "Symptom", "Cause", "Solution", "Came back"), rows, some.total - len(rows))]


async def incidents(view: ClientView) -> list[Block]:
    """Return the newest security incidents, and what was done about them."""
    order = SecurityIncident.detected_at.desc(), SecurityIncident.id
    some = await view.first(view.every(SecurityIncident).order_by(*order), NEWEST)
    rows = [
        (
            str(row.detected_at.date()),
            FreeText(row.title),
            lines(row.type.replace("_", " "), row.severity),
            row.status.replace("_", " "),
            FreeText(lines(row.description, row.findings)),
            FreeText(lines(*row.remediation_steps)),
            FreeText(row.lessons or ""),
        )
        for (row,) in some.rows
    ]
    columns = ("Day", "Incident", "Kind", "State", "What happened", "What was done", "Lessons")
    return [Table("", columns, rows, some.total - len(rows))]


async def peculiarities(view: ClientView) -> list[Block]:
    """Return what is special about the client's environment, and what fails in it and what works instead."""
    noted = view.current(EnvironmentalInsight).outerjoin(
        Infrastructure, Infrastructure.id == EnvironmentalInsight.infrastructure_id
    )
    order = EnvironmentalInsight.priority.desc(), EnvironmentalInsight.title, EnvironmentalInsight.id
    insights = await view.first(noted.add_columns(Infrastructure.hostname).order_by(*order), MAX_ROWS)
    told = [
        (
            FreeText(row.title),
            hostname or "",
            row.category.replace("_", " "),
            FreeText(lines(row.description, *row.examples)),
            row.confidence,
        )
        for row, hostname in insights.rows
    ]
    confirmed = view.current(FailurePattern).where(FailurePattern.origin == PatternOrigin.CONFIRMED)
    most_often = FailurePattern.occurrence_count.desc(), FailurePattern.id
    patterns = await view.first(confirmed.order_by(*most_often), MAX_ROWS)
    failing = [
        (FreeText(row.sample_error), FreeText(row.cause or ""), FreeText(row.works_instead or ""))
        for (row,) in patterns.rows
    ]
    return [
        Table("", ("What to mind", "Where", "Kind", "More", "How sure"), told, insights.total - len(told)),
        Table("What fails", ("Error", "Cause", "What works instead"), failing, patterns.total - len(failing)),
    ]
