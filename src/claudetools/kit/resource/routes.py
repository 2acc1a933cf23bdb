"""REST routes of a resource, made from its declaration."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Match
from starlette.types import Scope

from claudetools.kit.db.session import Database
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.bulk import bulk_reply_schema, bulk_schema, bulk_write
from claudetools.kit.resource.declare import PLURAL, Resource, Verb
from claudetools.kit.resource.etag import etag, expected_version, is_current
from claudetools.kit.resource.parameters import described, read_parameters
from claudetools.kit.resource.query import list_rows, page_schema, query_schema
from claudetools.kit.resource.schema import kept_form, values_of
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


def resource_router(resource: Resource, authorise: Authorise) -> APIRouter:
    """Return the routes of `resource`: one for each of its verbs."""
    router = PrefixedRouter(prefix=f"/{resource.name}", tags=[resource.name])
    for verb, add in ADDERS.items():
        if verb in resource.verbs:
            add(router, resource, Depends(authorise(resource.scope(verb))))
    return router


def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.app.state.database
    return found


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


def _add_list(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    page: Any = page_schema(resource)
    schema: Any = query_schema(resource)
    kept, partial = page_schema(resource, kept_form(resource.read, resource.schema_name)), TypeAdapter(dict[str, Any])

    @router.get("", response_model=page, openapi_extra=described(schema), **_options(resource, Verb.LIST))
    async def list_(request: Request, actor: Annotated[Actor, actor_of]) -> Response:
        query, codec = read_parameters(schema, request.query_params), request.app.state.cursors
        found = await database(request).read(lambda session: list_rows(session, actor, resource, query, codec))
        body = partial.dump_json(found) if query.fields else kept.model_validate(found).model_dump_json()
        return Response(body, media_type="application/json")


def _add_create(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    @router.post("", status_code=201, response_model=resource.read, **_options(resource, Verb.CREATE, 404, 409))
    async def create(
        request: Request,
        body: resource.create,  # type: ignore[name-defined]
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        async def unit(session: AsyncSession) -> Any:
            return await create_row(session, actor, resource, values_of(body))

        return represent(resource, await database(request).write(unit), status=201)


def _add_read(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    @router.get("/{id}", response_model=resource.read, **_options(resource, Verb.READ, 304, 404))
    async def read(
        request: Request,
        id: RecordId,
        actor: Annotated[Actor, actor_of],
        if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=100)] = None,
    ) -> Response:
        row = await database(request).read(lambda session: find(session, actor, resource.model, id))
        if is_current(if_none_match, row.version):
            return Response(status_code=304, headers={"ETag": etag(row.version)})
        return represent(resource, row)


def _add_change(router: APIRouter, resource: Resource, actor_of: Any, verb: Verb) -> None:
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


def _add_replace(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    _add_change(router, resource, actor_of, Verb.REPLACE)


def _add_patch(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    _add_change(router, resource, actor_of, Verb.CHANGE)


def _add_delete(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    @router.delete("/{id}", status_code=204, **_options(resource, Verb.DELETE, 404, 409, 412))
    async def delete(
        request: Request, id: RecordId, actor: Annotated[Actor, actor_of], if_match: IfMatch = None
    ) -> Response:
        version = expected_version(if_match)
        await database(request).write(lambda session: delete_row(session, actor, resource, id, version))
        return Response(status_code=204)


def _add_bulk(router: APIRouter, resource: Resource, actor_of: Any) -> None:
    schema, reply = bulk_schema(resource), bulk_reply_schema(resource)

    @router.post("/bulk", response_model=reply, **_options(resource, Verb.BULK, 404, 409))
    async def bulk(
        request: Request,
        body: schema,  # type: ignore[valid-type]
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        outcome = await bulk_write(database(request), actor, resource, body)
        return Response(reply.model_validate(outcome).model_dump_json(), media_type="application/json")


ADDERS: dict[Verb, Callable[[APIRouter, Resource, Any], None]] = {
    Verb.LIST: _add_list,
    Verb.CREATE: _add_create,
    Verb.READ: _add_read,
    Verb.REPLACE: _add_replace,
    Verb.CHANGE: _add_patch,
    Verb.DELETE: _add_delete,
    Verb.BULK: _add_bulk,
}
