"""Lists of a resource over HTTP: all of them, and those that belong to another record."""

from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.session import Database
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import NotFound, invalid
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.expand import chosen_expansions, expansions
from claudetools.kit.resource.parameters import described, read_parameters
from claudetools.kit.resource.query import list_rows, page_schema, query_schema
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.schema import kept_form
from claudetools.kit.resource.scope import Actor, find

ParentId = Annotated[UUID, Path(description="Identifier of the record that the others belong to.")]


def database(request: Request) -> Database:
    """Return the application's database."""
    found: Database = request.app.state.database
    return found


class Lists:
    """How the lists of a resource are asked for and answered."""

    def __init__(self, resource: Resource, registry: Registry) -> None:
        self.resource = resource
        self.expansions = expansions(resource, registry)
        self.parents = registry.parents(resource)
        self.query: type[BaseModel] = query_schema(resource, self.expansions)
        self.page: type[BaseModel] = page_schema(resource)
        self._kept: type[BaseModel] = page_schema(resource, kept_form(resource.read, resource.schema_name))

    async def reply(self, request: Request, actor: Actor, query: Any) -> Response:
        """Return the response with one page."""
        wanted = chosen_expansions(self.expansions, getattr(query, "expand", None))
        codec = request.app.state.cursors
        found = await database(request).read(
            lambda session: list_rows(session, actor, self.resource, query, codec, wanted)
        )
        # Only whole items are what the schema of the page says.
        body = to_json(found) if query.fields or wanted else self._kept.model_validate(found).model_dump_json()
        return Response(body, media_type="application/json")

    async def reply_by(self, request: Request, actor: Actor, parent: str, id: UUID, query: Any) -> Response:
        """Return the response with one page of what belongs to the record `id`, which is the `parent` of it.

        Raises:
            NotFound: there is no such parent, or that record is not the actor's to see.
            Forbidden: the actor lacks the scope to read it.
            Invalid: the query asks for another one.
        """
        field, target = self.parents.get(parent, ("", None))
        if target is None:
            raise NotFound
        actor.require(target.scope(Verb.READ))

        async def unit(session: AsyncSession) -> None:
            await find(session, actor, target.model, id)

        await database(request).read(unit)
        if getattr(query, field) not in (None, id):
            raise invalid(f"?{field}", "The path names another record.")
        return await self.reply(request, actor, query.model_copy(update={field: id}))


@cache
def lists_of(resource: Resource, registry: Registry) -> Lists:
    """Return the lists of a resource; always the same ones, because their schemas take long to make."""
    return Lists(resource, registry)


def add_lists_by_parent(router: APIRouter, lists: Lists, actor_of: Any) -> None:
    """Add `/by-client/{id}` and the like: the list of what belongs to one record of another resource."""
    if not lists.parents:
        return
    parents = Path(description="What they belong to.", json_schema_extra={"enum": list(lists.parents)})
    noun = lists.resource.name

    @router.get(
        "/by-{parent}/{parent_id}",
        response_model=lists.page,
        operation_id=f"list_{noun.replace('-', '_')}_by",
        summary=f"List {noun.replace('-', ' ')} by what they belong to",
        openapi_extra=described(lists.query),
        responses=problem_responses(401, 403, 404, 422, 503),
    )
    async def list_by(
        request: Request,
        parent: Annotated[str, parents],
        parent_id: ParentId,
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        return await lists.reply_by(
            request, actor, parent, parent_id, read_parameters(lists.query, request.query_params)
        )


class Belongings(BaseModel):
    """A page of a list; its items are those of the resource that the path names."""

    items: list[dict[str, Any]]
    next_cursor: str | None
    total: int | None


def add_lists_of_children(router: APIRouter, resource: Resource, registry: Registry, actor_of: Any) -> None:
    """Add `/{id}/sites` and the like: the lists of what belongs to a record of `resource`."""
    children = {name: lists_of(child, registry) for name, (_, child) in registry.children(resource).items()}
    if not children:
        return
    names = Path(alias="children", description="What belongs to it.", json_schema_extra={"enum": list(children)})
    noun = resource.singular

    @router.get(
        "/{id}/{children}",
        response_model=Belongings,
        operation_id=f"list_of_{noun.replace('-', '_')}",
        summary=f"List what belongs to one {noun.replace('-', ' ')}",
        description="Takes all parameters of the list of that resource.",
        responses=problem_responses(401, 403, 404, 422, 503),
    )
    async def list_children(
        request: Request,
        id: ParentId,
        name: Annotated[str, names],
        actor: Annotated[Actor, actor_of],
    ) -> Response:
        lists = children.get(name)
        if lists is None:
            raise NotFound
        actor.require(lists.resource.scope(Verb.LIST))
        query = read_parameters(lists.query, request.query_params)
        return await lists.reply_by(request, actor, noun, id, query)
