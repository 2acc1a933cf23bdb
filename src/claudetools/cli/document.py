"""What the server offers, as documents: OpenAPI, and the resources."""

import importlib
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli.output import print_json, table
from claudetools.cli.up import APPLICATION

app = typer.Typer()


@app.command(epilog="Example: claudetools openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI document of this version. Needs no running server and touches no data."""
    from claudetools.kit.crypto.keyring import create_keyring
    from claudetools.kit.settings import Settings

    module, _, factory = APPLICATION.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            home=Path(folder),
            database_url="",
            embedder="none",
            docs_enabled=True,
            log_level="error",
            owner_password=None,
        )
        create_keyring(settings.keys_folder)
        document = getattr(importlib.import_module(module), factory)(settings).openapi()
    print_json(document)


@app.command(epilog="Example: claudetools resources --json")
def resources(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show what each resource of the API offers: operations, fields, filters, sort orders, scopes."""
    from claudetools.domains import RESOURCES

    found = [_described(resource) for resource in RESOURCES]
    if as_json:
        print_json(found)
        return
    table(
        ("resource", "operations", "filters", "sorted by", "searched in", "scopes"),
        [
            (
                each["path"], " ".join(each["operations"]), " ".join(each["filters"]), " ".join(each["sorts"]),
                " ".join(each["searches"]), " ".join(each["scopes"]),
            )
            for each in found
        ],
    )  # fmt: skip


def _described(resource: Any) -> dict[str, Any]:
    from claudetools.kit.resource.declare import Verb

    verbs = [verb for verb in Verb if verb in resource.verbs]
    writable = bool(resource.verbs & {Verb.CREATE, Verb.REPLACE, Verb.CHANGE})
    return {
        "name": resource.name,
        "path": f"/api/{resource.name}",
        "operations": [verb.value for verb in verbs],
        "fields": list(resource.read.model_fields),
        "writable": list(resource.create.model_fields) if writable else [],
        "fixed": list(resource.fixed),
        "filters": list(resource.filters),
        "sorts": list(resource.sorts),
        "default_sort": resource.default_sort,
        "searches": list(resource.searches),
        "scopes": sorted({resource.scope(verb) for verb in verbs}),
    }
