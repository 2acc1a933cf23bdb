"""HTML of other systems' documents as Markdown: headings, lists, tables, code, links and emphasis; the rest as text."""

import re
from html.parser import HTMLParser

MAX_HTML = 500_000
"""Longest document that is turned into Markdown, in bytes."""
BREAK = "\n\n"
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = ("p", "div", "section", "article", "blockquote", "table", "figure", "header", "footer")
MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}
OPENING = (
    dict.fromkeys(BLOCKS, BREAK)
    | {name: f"{BREAK}{'#' * level} " for name, level in HEADINGS.items()}
    | {"br": "\n", "tr": "\n", "td": " | ", "th": " | "}
)
CLOSING = dict.fromkeys((*BLOCKS, *HEADINGS), BREAK)
SILENT = frozenset({"script", "style", "head", "template", "noscript"})
LINKED = re.compile(r"(?:https?://|mailto:)[^\s<>()]+", re.IGNORECASE)


def markdown(html: str) -> str:
    """Return HTML as Markdown. Scripts, styles and images are left out; links keep http, https and mailto targets."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts)
    text = re.sub(r"\n \| ", "\n", text)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", BREAK, text).strip()


class _Reader(HTMLParser):
    """Collects the Markdown of what it is fed in `parts`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._preformatted = 0
        self._lists: list[int | None] = []
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Write what a tag begins with."""
        if tag in SILENT:
            self._silent += 1
        elif tag == "pre":
            self._preformatted += 1
            self.parts.append(f"{BREAK}```\n")
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
            self.parts.append("\n" if len(self._lists) > 1 else BREAK)
        elif tag == "li":
            self._begin_item()
        elif tag == "a":
            target = dict(attrs).get("href") or ""
            self._links.append(target if LINKED.fullmatch(target) else "")
            self.parts.append("[" if self._links[-1] else "")
        else:
            self.parts.append(OPENING.get(tag) or self._mark(tag))

    def handle_endtag(self, tag: str) -> None:
        """Write what a tag ends with."""
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
            self.parts.append(f"\n```{BREAK}")
        elif tag in ("ul", "ol"):
            self._lists = self._lists[:-1]
            self.parts.append("\n" if self._lists else BREAK)
        elif tag == "a" and self._links:
            target = self._links.pop()
            self.parts.append(f"]({target})" if target else "")
        else:
            self.parts.append(CLOSING.get(tag) or self._mark(tag))

    def handle_data(self, data: str) -> None:
        """Write text. What was text does not become markup."""
        if self._silent:
            return
        if self._preformatted:
            self.parts.append(data)
            return
        text = re.sub(r"\s+", " ", data).replace("<", "\\<")
        begins_line = "".join(self.parts[-3:]).endswith(("\n", " ")) or not self.parts
        self.parts.append(text.lstrip() if begins_line else text)

    def _mark(self, tag: str) -> str:
        return "" if self._preformatted else MARKS.get(tag, "")

    def _begin_item(self) -> None:
        number = self._lists[-1] if self._lists else None
        indent = "  " * (len(self._lists) - 1)
        self.parts.append(f"\n{indent}- " if number is None else f"\n{indent}{number}. ")
        if number is not None:
            self._lists[-1] = number + 1
