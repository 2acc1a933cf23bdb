"""Every query on rows that belong to somebody goes through the scope door.

It starts from `scoped(actor, Model)`, or its own chain of calls holds `visible(actor, Model)` or a variable of the same
function made of it. A condition that comes in as an argument does not count: nobody sees from here what it is.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lint.config import UNSCOPED_MODULES
from lint.source import Finding, Source

_RULE: Final = "select-through-the-scope-door"
_FOLDERS: Final = ("domains", "api", "mcp", "web", "cli")
_QUERIES: Final = frozenset({"select", "update", "delete", "exists", "select_from"})
_LOOK_UPS: Final = frozenset({"get", "get_one", "query"})


def owned_models(sources: Iterable[Source]) -> frozenset[str]:
    """Names of the models whose rows belong to somebody: those with a `__tenant__` other than `Shared()`."""
    return frozenset(
        node.name
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and any(_is_owner_declaration(line) for line in node.body)
    )


def select_through_the_scope_door(source: Source, owned: frozenset[str]) -> Iterator[Finding]:
    """Report each query that names an owned model, or a module's constant made of one, without its condition."""
    if not source.is_in(*_FOLDERS):
        return
    named = owned | _constants_made_of(source, owned)
    parents = {child: node for node in source.nodes for child in ast.iter_child_nodes(node)}
    for call, name in source.calls():
        if name in _QUERIES:
            models = (_names(call.args) & named) - _covered(call, parents)
        elif name in _LOOK_UPS and call.args and isinstance(call.args[0], ast.Name):
            models = {call.args[0].id} & owned
        else:
            continue
        for model in sorted(models):
            yield Finding(source.path, call.lineno, _RULE, f"{name}({model}) without scoped or visible(actor, {model})")


def check(sources: list[Source], exceptions: Mapping[str, str] = UNSCOPED_MODULES) -> Iterator[Finding]:
    """Report the queries past the scope door in all files but the exceptions, and exceptions that nothing needs."""
    owned = owned_models(sources)
    for source in sources:
        findings = list(select_through_the_scope_door(source, owned))
        if source.path not in exceptions:
            yield from findings
        elif not findings:
            yield Finding(source.path, 1, _RULE, "needs no exception any more: remove it from lint/config.py")


def _is_owner_declaration(line: ast.stmt) -> bool:
    match line:
        case ast.Assign(targets=[ast.Name(id="__tenant__")], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id="__tenant__"), value=ast.expr() as value):
            pass
        case _:
            return False
    return not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "Shared")


def _covered(call: ast.Call, parents: Mapping[ast.AST, ast.AST]) -> set[str]:
    """Models whose condition the chain of calls around a query holds, itself or in a variable of its function."""
    chain: ast.AST = call
    while isinstance(parents.get(chain), ast.Call | ast.Attribute):
        chain = parents[chain]
    function = chain
    while not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
        function = parents[function]
    used = {node.id for node in ast.walk(chain) if isinstance(node, ast.Name)}
    conditions = [
        node.value for node in ast.walk(function) if isinstance(node, ast.Assign) and used & _names(node.targets)
    ]
    return {
        node.args[1].id
        for expression in (chain, *conditions)
        for node in ast.walk(expression)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "visible"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Name)
    }


def _constants_made_of(source: Source, owned: frozenset[str]) -> frozenset[str]:
    return frozenset(
        target.id
        for line in source.tree.body
        if isinstance(line, ast.Assign) and _names([line.value]) & owned
        for target in line.targets
        if isinstance(target, ast.Name)
    )


def _names(expressions: Iterable[ast.expr]) -> set[str]:
    return {node.id for expression in expressions for node in ast.walk(expression) if isinstance(node, ast.Name)}
