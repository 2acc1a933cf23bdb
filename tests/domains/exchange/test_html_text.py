"""Documents of other systems as Markdown."""

import pytest

from claudetools.domains.exchange.html_text import markdown


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("plain text", "plain text"),
        ("<h2>Backup</h2><p>Runs at <b>two</b>.</p>", "## Backup\n\nRuns at **two**."),
        ("<p>a</p>\n\n<p>b<br>c</p>", "a\n\nb\nc"),
        ("<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>", "- a\n- b\n\n  1. c\n  2. d"),
        ('<a href="https://x.test/a">here</a>', "[here](https://x.test/a)"),
        ('<a href="javascript:alert(1)">here</a> <a>there</a>', "here there"),
        ('<a href="https://x.test/)[x](javascript:1">here</a>', "here"),
        ("<pre>ip route\n  add &lt;net&gt;</pre>", "```\nip route\n  add <net>\n```"),
        ("<p>set &lt;script&gt;alert(1)&lt;/script&gt;</p>", "set \\<script>alert(1)\\</script>"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>", "a | b\nc | d"),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("<script>never closed", ""),
        ("</ul></a></pre></script>x", "```\n\nx"),
        ("a &amp; b&nbsp;c &copy;", "a & b c ©"),
        ("<p>unclosed <b>bold", "unclosed **bold"),
        ("", ""),
    ],
)  # fmt: skip
def test_html_becomes_markdown(html: str, expected: str) -> None:
    assert markdown(html) == expected
