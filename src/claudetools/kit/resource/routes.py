"""REST routes of a resource, made from its declaration."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Match
from starlette.types import Scope

from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import UnsupportedMediaType
from claudetools.kit.resource.bulk import bulk_reply_schema, bulk_schema, bulk_write
from claudetools.kit.resource.csv_format import CSV, is_csv
from claudetools.kit.resource.declare import PLURAL, Resource, Verb
from claudetools.kit.resource.etag import etag, expected_version, is_current
from claudetools.kit.resource.exchange import ImportReply, export_csv, import_csv
from claudetools.kit.resource.expand import chosen_expansions, expansions, read_expanded
from claudetools.kit.resource.history import HistoryPage, HistoryQuery, read_history
from claudetools.kit.resource.lists import add_lists_by_parent, add_lists_of_children, database, lists_of
from claudetools.kit.resource.parameters import described, read_parameters
from claudetools.kit.resource.query import selection_schema
from claudetools.kit.resource.redaction import redactor_of
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.schema import values_of
from claudetools.kit.resource.scope import Actor, find
from claudetools.kit.resource.write import change_row, create_row, delete_row

Authorise = Callable[[str], Callable[..., Any]]
"""Returns the dependency that yields the actor holding the given scope."""

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100)]
RecordId = Annotated[UUID, Path(description="Identifier of the record.")]


class PrefixedRouter(APIRouter):
    """Routes below one prefix. With hundreds of routes it matters that not each of them looks at every path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether one of the routes matches the request."""
        return super().matches(scope) if self.prefix in scope["path"] else (Match.NONE, {})


def resource_router(resource: Resource, registry: Registry, authorise: Authorise) -> APIRouter:
    """Return the routes of `resource`, one of those in `registry`: for each of its verbs, and lists by what belongs."""
    router = PrefixedRouter(prefix=f"/{resource.name}", tags=[resource.name])
    add_lists_by_parent(router, lists_of(resource, registry), Depends(authorise(resource.scope(Verb.LIST))))
    for verb, add in ADDERS.items():
        if verb in resource.verbs:
            add(router, resource, registry, Depends(authorise(resource.scope(verb))))
    add_lists_of_children(router, resource, registry, Depends(authorise(resource.scope(Verb.READ))))
    return router


def represent(resource: Resource, row: Any, *, status: int = 200) -> Response:
    """Return the response that shows one record."""
    body = resource.read.model_validate(row).model_dump_json()
    headers = {"ETag": etag(row.version)}
    if status == 201:
        headers["Location"] = f"/api/{resource.name}/{row.id}"
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _options(resource: Resource, verb: Verb, *statuses: int) -> dict[str, Any]:
    noun = resource.name if verb in PLURAL else resource.singular
    return {
        "operation_id": resource.operation_id(verb),
        "summary": f"{verb.value.capitalize()} {noun.replace('-', ' ')}",
        "responses": problem_responses(401, 403, 422, 503, *statuses),
    }


def _add_list(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    lists = lists_of(resource, registry)

    @router.get("", response_model=lists.page, openapi_extra=described(lists.query), **_options(resource, Verb.LIST))
    async def list_(request: Request, actor: Annotated[Actor, actor_of]) -> Response:
        return await lists.reply(request, actor, read_parameters(lists.query, request.query_params))


def _add_export(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    schema = selection_schema(resource)
    options = _options(resource, Verb.EXPORT)
    options["responses"][200] = {"description": "A CSV file.", "content": {CSV: {"schema": {"type": "string"}}}}

    @router.get("/export.csv", response_class=StreamingResponse, openapi_extra=described(schema), **options)
    async def export(request: Request, actor: Annotated[Actor, actor_of]) -> Response:
        """Return all records that the filters choose as CSV in UTF-8, read in batches.

        An empty cell is null. Lists and objects are JSON. An apostrophe stands before texts that are empty or that a
        spreadsheet would take for a formula; an import takes it away again.
        """
        query = read_parameters(schema, request.query_params)
        parts = export_csv(database(request), actor, resource, query)
        header, first = await anext(parts), await anext(parts)  # What goes wrong now can still be told as a problem.
        await database(request).write(partial(_note_export, resource, query))
        headers = {"Content-Disposition": f'attachment; filename="{resource.name}.csv"'}
        return StreamingResponse(_chained(header + first, parts), media_type=f"{CSV}; charset=utf-8", headers=headers)


async def _note_export(resource: Resource, query: Any, session: AsyncSession) -> None:
    """Keep, before anything leaves, that the records were taken out and by which choice of them."""
    chosen = redactor_of(session).redact_value(query.model_dump(mode="json", exclude_defaults=True))
    note(session, Action.EXPORT, resource.name, None, details={"selection": chosen})


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _add_import(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    body = {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}

    @router.post(
        "/import", openapi_extra={"requestBody": body}, **_options(resource, Verb.IMPORT, 404, 409, 412, 413, 415)
    )
    async def import_(
        request: Request,
        actor: Annotated[Actor, actor_of],
        dry_run: Annotated[bool, Query(description="Only say what would happen.")] = False,
    ) -> ImportReply:
        """Create and change records as the rows of a CSV file say: all of them or none. At most 5,000 rows.

        The first row names the columns: fields of the record; those that callers do not set are passed over. A row with
        an `id` changes that record, if its `version` is given only at that version. A row without an `id` changes
        the only record with the same natural key, or creates one. Where the id of another record belongs, its name
        will do. An empty cell is null, or the default where there can be no null.
        """
        if not is_csv(request.headers.get("content-type", "")):
            raise UnsupportedMediaType(f"Send the file as it is, with the content type {CSV}; it must be UTF-8.")
        data = await request.body()
        return await import_csv(database(request), actor, registry, resource, data, is_dry_run=dry_run)


def _add_create(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    @router.post("", status_code=201, response_model=resource.read, **_options(resource, Verb.CREATE, 404, 409))
    async def create(
        request: Request,
        body: resource.create,  # type: ignore[name-defined]
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        async def unit(session: AsyncSession) -> Any:
            return await create_row(session, actor, resource, values_of(body))

        return represent(resource, await database(request).write(unit), status=201)


def _add_read(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    known = expansions(resource, registry)
    names = Field(max_length=2000, description=f"Comma-separated, of {', '.join(known)}: related records to put in.")

    @router.get("/{id}", response_model=resource.read, **_options(resource, Verb.READ, 304, 404))
    async def read(
        request: Request,
        id: RecordId,
        actor: Annotated[Actor, actor_of],
        expand: Annotated[Annotated[str, names] | None, Query()] = None,
        if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=100)] = None,
    ) -> Response:
        wanted = chosen_expansions(known, expand)
        if wanted:
            # The tag is that of the record alone, so what is put in goes without one.
            found = await database(request).read(lambda session: read_expanded(session, actor, resource, id, wanted))
            return Response(to_json(found), media_type="application/json")
        row = await database(request).read(lambda session: find(session, actor, resource.model, id))
        if is_current(if_none_match, row.version):
            return Response(status_code=304, headers={"ETag": etag(row.version)})
        return represent(resource, row)


def _add_change(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any, verb: Verb) -> None:
    schema = resource.replace if verb is Verb.REPLACE else resource.change
    method = router.put if verb is Verb.REPLACE else router.patch

    @method("/{id}", response_model=resource.read, **_options(resource, verb, 404, 409, 412))
    async def change(
        request: Request,
        id: RecordId,
        body: schema,  # type: ignore[valid-type]
        actor: Annotated[Actor, actor_of],
        if_match: IfMatch = None,
    ) -> Response:
        values = values_of(body) if verb is Verb.REPLACE else values_of(body, only_given=True)
        version = expected_version(if_match)
        row = await database(request).write(lambda session: change_row(session, actor, resource, id, values, version))
        return represent(resource, row)


def _add_replace(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    _add_change(router, resource, registry, actor_of, Verb.REPLACE)


def _add_patch(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    _add_change(router, resource, registry, actor_of, Verb.CHANGE)


def _add_delete(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    @router.delete("/{id}", status_code=204, **_options(resource, Verb.DELETE, 404, 409, 412))
    async def delete(
        request: Request, id: RecordId, actor: Annotated[Actor, actor_of], if_match: IfMatch = None
    ) -> Response:
        version = expected_version(if_match)
        await database(request).write(lambda session: delete_row(session, actor, resource, id, version))
        return Response(status_code=204)


def _add_bulk(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    schema, reply = bulk_schema(resource), bulk_reply_schema(resource)

    @router.post("/bulk", response_model=reply, **_options(resource, Verb.BULK, 404, 409))
    async def bulk(
        request: Request,
        body: schema,  # type: ignore[valid-type]
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        outcome = await bulk_write(database(request), actor, resource, body)
        return Response(reply.model_validate(outcome).model_dump_json(), media_type="application/json")


def _add_history(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    @router.get("/{id}/history", response_model=HistoryPage, **_options(resource, Verb.HISTORY, 404))
    async def history(
        request: Request, id: RecordId, query: Annotated[HistoryQuery, Query()], actor: Annotated[Actor, actor_of]
    ) -> Response:
        codec = request.app.state.cursors
        page = await database(request).read(lambda session: read_history(session, actor, resource, id, query, codec))
        return Response(page.model_dump_json(), media_type="application/json")


ADDERS: dict[Verb, Callable[[APIRouter, Resource, Registry, Any], None]] = {
    Verb.LIST: _add_list,
    Verb.EXPORT: _add_export,
    Verb.CREATE: _add_create,
    Verb.READ: _add_read,
    Verb.REPLACE: _add_replace,
    Verb.CHANGE: _add_patch,
    Verb.DELETE: _add_delete,
    Verb.BULK: _add_bulk,
    Verb.HISTORY: _add_history,
    Verb.IMPORT: _add_import,
}
