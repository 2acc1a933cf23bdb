"""What a rule looks at, and what it reports."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of a rule. `line` counts from 1."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class Source:
    """A Python file: its path from the project's folder, with forward slashes, and its text.

    Raises SyntaxError when the text is not Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text, path)

    def is_in(self, *folders: str) -> bool:
        """Whether the file lies in one of these folders of the package, such as `domains` or `kit/resource`."""
        return any(self.path.startswith(f"src/claudetools/{folder}/") for folder in folders)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the folders and, without its ending, of the file."""
        return PurePosixPath(self.path).with_suffix("").parts

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the syntax tree."""
        return list(ast.walk(self.tree))

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Each call with the last part of the name of what is called: `commit` for `session.commit()`."""
        for node in self.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
                    yield node, name

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Each import with the full name of the module that it is from."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node, alias.name
            elif isinstance(node, ast.ImportFrom):
                yield node, "." * node.level + (node.module or "")

    def comments(self) -> Iterator[tuple[int, str]]:
        """Each comment with its line."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
