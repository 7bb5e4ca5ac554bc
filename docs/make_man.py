"""Makes the manual pages, of what docs/make_c.py and docs/make_cli.py make:

python docs/make_man.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import make_c
import make_cli

from pyamlz._lib.version import VERSION

FOLDER = Path(__file__).resolve().parent / "man"
LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
STARTS = {
    "# ": "#",
    "## ": "##",
    "### ": "###",
    "#### ": "####",
    "```": "code",
    "|": "table",
    "- ": "-",
    "    - ": "--",
}
MARK = re.compile(r"`([^`]*)`|\*\*(.+?)\*\*")
ABOUT_C = ("amlz", 3, "evolves machine learning algorithms from scratch, to the same bits everywhere")
ABOUT_CLI = ("pyamlz", 1, "evolves machine learning algorithms from scratch")
SYNOPSIS_C = ["#include <amlz.h>", "#include <amlz_archive.h>", "", "cc ... -lamlz_archive -lamlz -lm"]
SYNOPSIS_CLI = ["pyamlz COMMAND [OPTIONS]", "pyamlz COMMAND --help"]


def escaped(text: str) -> str:
    """So that no character of it is taken for a mark of the page."""
    text = text.replace("\\|", "|").replace("\\*", "*").replace("&lt;", "<").replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def marked(text: str) -> str:
    """A line of Markdown with names in bold."""
    text = LINK.sub(r"\1", text)
    pieces, end = [], 0
    for mark in MARK.finditer(text):
        pieces += [escaped(text[end : mark.start()]), f"\\fB{escaped(mark[1] or mark[2] or '')}\\fR"]
        end = mark.end()
    line = "".join([*pieces, escaped(text[end:])])
    return re.sub(r"^([.'])", r"\\&\1", line)


def blocks(page: str) -> Iterator[tuple[str, list[str]]]:
    """The parts of a page in turn: a heading ("##"), "code", "table", an item ("-", "--") or "text", and its lines."""
    lines = iter(page.splitlines())
    kind, held = "", list[str]()
    for line in lines:
        starts = next((kind for start, kind in STARTS.items() if line.startswith(start)), "")
        if held and (not line.strip() or starts != ("table" if kind == "table" else "")):
            yield kind, held
            kind, held = "", []
        if starts == "code":
            code = []
            while (line := next(lines)) != "```":
                code.append(line)
            yield "code", code
        elif line.strip():
            kind = kind or starts or "text"
            held.append(line if kind == "table" else re.sub(r"^(#+ | *- )", "", line).strip())
    if held:
        yield kind, held


def rows(table: list[str]) -> Iterator[str]:
    """Each row as a paragraph with its first cell as a tag."""
    for row in table[2:]:
        first, *others = [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])]
        yield f".TP\n{marked(first)}\n{marked('; '.join(cell for cell in others if cell))}\n"


def body(page: str) -> Iterator[str]:
    """The page in the language of man(7). Its title and first paragraph are left to the head."""
    before = "##"
    for kind, lines in list(blocks(re.sub(r"<!--.*?-->\n", "", page)))[2:]:
        begin = "" if before.startswith("##") else ".PP\n"  # headings begin a paragraph themselves
        before = kind
        text = marked(" ".join(lines)) if kind not in ("code", "table") else ""
        if kind == "##":
            yield f".SH {text.upper() if text.islower() else text}\n"
        elif kind in ("###", "####"):
            yield f".SS {text}\n"
        elif kind == "code":
            yield f"{begin}.in +4n\n.nf\n" + "".join(f"{escaped(line) or '.sp'}\n" for line in lines) + ".fi\n.in\n"
        elif kind == "table":
            yield from rows(lines)
        elif kind in ("-", "--"):
            yield f".IP \\(bu {2 * len(kind)}\n{text}\n"
        else:
            yield f"{begin}{text}\n"


def manual(about: tuple[str, int, str], synopsis: list[str], page: str) -> str:
    """A whole manual page."""
    name, part, what = about
    lines = "".join(f"{escaped(line) or '.sp'}\n" for line in synopsis)
    return (
        f'.\\" Made by docs/make_man.py; do not edit.\n.TH {name.upper()} {part} "" "libamlz {VERSION}"\n'
        f".SH NAME\n{name} \\- {what}\n.SH SYNOPSIS\n.nf\n{lines}.fi\n{''.join(body(page))}"
        f".SH SEE ALSO\n{'pyamlz(1)' if part == 3 else 'amlz(3)'}\n"
    )


def pages() -> dict[str, str]:
    """The manual pages by file name."""
    return {
        "amlz.3": manual(ABOUT_C, SYNOPSIS_C, make_c.page()),
        "pyamlz.1": manual(
            ABOUT_CLI, SYNOPSIS_CLI, make_cli.page().replace("\n| command", "\n## Commands\n\n| command", 1)
        ),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
