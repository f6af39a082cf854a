"""Texts as an attacker would type them into every field, and what must not be left of them where they are shown.

Each has a marker, `zq7`, by which it is found in a page, a report, a table or a file's name.
"""

from dataclasses import dataclass

MARKER = "zq7"


@dataclass(frozen=True)
class HostileText:
    """`text` as it is typed; `core` is the part that acts where Markdown is read, "" where it does nothing there."""

    text: str
    core: str = ""


MARKDOWN = (
    HostileText("![](http://zq7.invalid/a)", "](http://zq7"),
    HostileText("![x](//zq7.invalid/b.png)", "](//zq7"),
    HostileText("[Sign in](http://zq7.invalid)", "](http://zq7"),
    HostileText("[a](javascript:zq7())", "](javascript:zq7"),
    HostileText("[a](data:text/html,zq7)", "](data:text/html,zq7"),
    HostileText("[zq7][1]\n\n[1]: http://x.invalid", "[zq7][1]"),
    HostileText("[^zq7] a\n\n[^zq7]: b", "[^zq7]"),
    HostileText("<http://zq7.invalid>", "<http://zq7"),
    HostileText(":red[zq7]", ":red[zq7"),
    HostileText(":red-background[zq7]", "background[zq7"),
    HostileText(":material/zq7:", ":material/zq7:"),
    HostileText("$\\href{http://zq7}{a}$", "$\\href{http://zq7"),
    HostileText("$$zq7$$", "$$zq7"),
    HostileText("**zq7** _a_", "**zq7"),
    HostileText("~~zq7~~", "~~zq7"),
    HostileText("# zq7", "# zq7"),
    HostileText("- zq7\n- b", "- zq7"),
    HostileText("1. zq7\n2. b", "1. zq7"),
    HostileText("+ zq7", "+ zq7"),
    HostileText("> zq7", "> zq7"),
    HostileText("```zq7\nx\n```", "```zq7"),
    HostileText("`zq7`", "`zq7`"),
    HostileText("a|zq7\n-|-\n1|2", "a|zq7"),
    HostileText("zq7\n===", "\n==="),
    HostileText("\\[zq7\\](http://x)", "\\[zq7\\]("),
)
"""Markdown, and what Streamlit adds to it."""

HTML = (
    HostileText("<script>zq7()</script>", "<script>zq7"),
    HostileText("<img src=x onerror=zq7()>", "<img src=x onerror=zq7"),
    HostileText("<img src=http://zq7.invalid>", "<img src=http://zq7"),
    HostileText("<svg onload=zq7()>", "<svg onload=zq7"),
    HostileText('"><script>zq7()</script>', "<script>zq7"),
    HostileText("'><img src=x onerror=zq7()>", "<img src=x onerror=zq7"),
    HostileText('" onmouseover="zq7()'),
    HostileText("' onfocus='zq7()' autofocus='"),
    HostileText("<iframe src=//zq7.invalid>", "<iframe src=//zq7"),
    HostileText("<style>*{zq7:1}</style>", "<style>*{zq7"),
    HostileText("<base href=//zq7.invalid>", "<base href=//zq7"),
    HostileText("<meta http-equiv=refresh content='0;//zq7'>", "<meta http-equiv=refresh content='0;//zq7"),
    HostileText("<a href=javascript:zq7()>a</a>", "<a href=javascript:zq7"),
    HostileText("<form action=//zq7.invalid>", "<form action=//zq7"),
    HostileText("</title><b id=zq7>", "<b id=zq7"),
    HostileText("</div><div id=zq7>", "<div id=zq7"),
    HostileText("</pre><i id=zq7>", "<i id=zq7"),
    HostileText("<!-- zq7 -->", "<!-- zq7"),
    HostileText("&lt;b&gt;zq7", "&lt;b&gt;zq7"),
    HostileText("&#x3c;b id=zq7&#x3e;", "&#x3c;b id=zq7"),
)
"""HTML in the text and in an attribute."""

CHARTS = (
    HostileText("%{x:zq7}"),
    HostileText("<extra>zq7</extra>", "<extra>zq7"),
    HostileText("<a href='http://zq7.invalid'>a</a>", "<a href='http://zq7"),
)
"""What plotly reads in a name: its templates and its HTML."""

FORMULAS = (
    HostileText("=zq7+cmd|' /C calc'!A0"),
    HostileText('=HYPERLINK("//zq7","a")'),
    HostileText('=IMPORTXML("//zq7","/")'),
    HostileText("+zq7+1"),
    HostileText("-zq7+1"),
    HostileText("@SUM(zq7)"),
    HostileText("\t=zq7"),
    HostileText("\r=zq7"),
    HostileText("\uff1dzq7"),
)
"""Formulas of spreadsheets."""

COMMANDS = (
    HostileText("$(touch zq7)", "$(touch zq7"),
    HostileText("`touch zq7`", "`touch zq7`"),
    HostileText("; touch zq7 #"),
    HostileText("a\n#SBATCH --wrap=zq7"),
    HostileText("a\r\nBcc: zq7@x.invalid"),
    HostileText("a\r\nSet-Cookie: zq7=1"),
    HostileText("{0.__class__} zq7"),
    HostileText("{{7*7}} zq7"),
    HostileText("%s%n zq7"),
    HostileText("' OR 1=1 -- zq7"),
    HostileText('"}],"zq7":[{"'),
    HostileText("\x1b]0;zq7\x07"),
    HostileText("\x1b[2Jzq7"),
    HostileText("\x9b2Jzq7"),
    HostileText("\u202ezq7"),
    HostileText("\u2028zq7"),
    HostileText("<!channel> zq7", "<!channel> zq7"),
)
"""For a shell, a batch script, a mail's head, a template, a terminal, a log."""

TRAVERSALS = (
    "../zq7",
    "../../../../zq7/passwd",
    "..\\..\\zq7",
    "/zq7/passwd",
    "C:\\zq7",
    "C:zq7",
    "\\\\zq7\\share",
    "....//zq7",
    "..%2f..%2fzq7",
    "%2e%2e/zq7",
    "..%c0%afzq7",
    "file:///zq7",
    "a/../../zq7",
    "zq7/..",
    ".",
    "..",
    "",
    " ",
    "zq7\0.png",
    "zq7\n",
    "\uff0e\uff0e\uff0fzq7",
    "\u2025/zq7",
    "..\u2215zq7",
    "~root/zq7",
    "-rf zq7",
    "CON",
    "zq7" + "a" * 300,
    "\ud800zq7",
    ".zq7",
)
"""Paths that lead out of a folder, or that a file system takes for something else."""

INJECTIONS = (*MARKDOWN, *HTML, *CHARTS, *FORMULAS, *COMMANDS)
