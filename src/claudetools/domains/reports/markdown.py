"""Markdown that people wrote, as HTML that can do no harm and loads nothing."""

from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
LOWEST_HEADING = 6

# An image would be loaded from elsewhere; without the rule for it, its address stays as a link.
_parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def safe_html(text: str, *, headings_below: int) -> Markup:
    """Return CommonMark with tables as HTML, its headings lowered to below the level `headings_below`.

    HTML in the text is shown as text. Links go to http, https and mailto only.
    """
    environment: dict[str, Any] = {}
    tokens = _parser.parse(text, environment)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(LOWEST_HEADING, int(token.tag[1:]) + headings_below)}"
    html = _parser.renderer.render(tokens, _parser.options, environment)
    return Markup(  # noqa: S704 - cleaned by an allow-list
        nh3.clean(
            html,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            url_relative="deny",
            link_rel="noopener noreferrer nofollow",
        )
    )
