"""All resources of an application, found by name, by table, and by what refers to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from sqlalchemy import inspect

from claudetools.kit.resource.declare import Resource


@dataclass(frozen=True)
class Registry:
    """The resources that are offered together; no two share a name or a table."""

    resources: tuple[Resource, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Resource]:
        """The resources by their plural name, e.g. `work-items`."""
        return MappingProxyType({resource.name: resource for resource in self.resources})

    @cached_property
    def by_table(self) -> Mapping[str, Resource]:
        """The resources by the name of their table."""
        return MappingProxyType({resource.model.__tablename__: resource for resource in self.resources})

    def references(self, resource: Resource) -> dict[str, Resource]:
        """Return the fields in which a record of `resource` names another record by its id, and what that one is."""
        columns = inspect(resource.model).columns
        found: dict[str, Resource] = {}
        for name in resource.read.model_fields:
            for key in columns[name].foreign_keys if name in columns else ():
                target = self.by_table.get(key.column.table.name)
                if target is not None:
                    found[name] = target
        return found

    def parents(self, resource: Resource) -> dict[str, tuple[str, Resource]]:
        """Return by what a list of `resource` can be narrowed to the records of one other record.

        The key says what that one is to it, in kebab case, such as `client` or `from-service`; the value is the field
        that names it, and what it is.
        """
        return {
            field.removesuffix("_id").replace("_", "-"): (field, target)
            for field, target in self.references(resource).items()
            if field in resource.filters and field.endswith("_id")
        }

    def children(self, resource: Resource) -> dict[str, tuple[str, Resource]]:
        """Return what belongs to a record of `resource`, by plural name: the field that says so, and what it is."""
        found = {}
        for child in self.resources:
            field, parent = self.parents(child).get(resource.singular, ("", None))
            if parent is resource:
                found[child.name] = field, child
        return found
