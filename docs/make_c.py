"""Prints docs/reference/c.md, made from the headers of libamlz and of its archives:

python docs/make_c.py > docs/reference/c.md
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADERS = ("libamlz/include/amlz.h", "archive/amlz_archive.h")
INTRODUCTION = """\
<!-- Made by docs/make_c.py; do not edit. -->
# C reference

What [`amlz.h`](../../libamlz/include/amlz.h) and [`amlz_archive.h`](../../archive/amlz_archive.h) declare, in the order
and with the words of these headers. How to build and use the libraries is in [c-library.md](../c-library.md), how
archives are used in [archives.md](../archives.md).
"""

# A name with underscores or in capitals, one behind a star, one with indexes; and what stands in backticks already.
CODE = re.compile(r"`[^`]*`|\w*(?:\[\w+\])+|\*?\b\w*_\w*(?:\*(?=\s|$|[.,]))?|\*[a-z]\w*")
# Of a list in a comment: a word with its meaning two spaces or more behind it.
ITEM = re.compile(r"(?P<indent> *)(?P<name>\w+\.?) {2,}(?P<meaning>\S.*)")
DEEP = 8  # columns of indent, of a list in a list
NESTED, AFTER_NESTED = "    - ", "    "  # what its items begin with, and what belongs to the item around it
SECTION = re.compile(r"/\* -{8,} ([^\n]*?)(?: \*/|\n(.*?)\*/)", re.DOTALL)
HIDDEN = re.compile(r"^#(?:if|el|endif|include)|^#\s+define|^#define AMLZ_(?:ARCHIVE_)?H$|^extern \"C\"|^}$")


def prose(comment: str) -> str:
    """The text of a comment, without its stars, as Markdown."""
    body = comment.strip("\n").removeprefix("/* ").removesuffix("*/").rstrip()
    paragraphs: list[tuple[str, str]] = []  # what the first line begins with, and the text
    is_new = True
    for line in (re.sub(r"^ \*( |$)", "", line).rstrip() for line in body.splitlines()):
        indent = len(line) - len(line.lstrip())
        if item := ITEM.fullmatch(line):
            paragraphs.append(
                (NESTED if indent >= DEEP else "- ", f"**{marked(item['name'])}** {marked(item['meaning'])}")
            )
        elif not line:
            is_new = True
            continue
        elif is_new or (paragraphs[-1][0] and not indent):
            paragraphs.append(("", marked(line)))
        elif paragraphs[-1][0] == NESTED and indent <= DEEP + 2:
            paragraphs.append((AFTER_NESTED, marked(line.strip())))
        else:
            start, text = paragraphs.pop()
            paragraphs.append((start, f"{text} {marked(line.strip())}"))
        is_new = False
    lines: list[str] = []
    for i, (start, text) in enumerate(paragraphs):
        if i and not ("-" in start and "-" in paragraphs[i - 1][0]):
            lines.append("")
        lines.append(wrapped(text, start))
    return "\n".join(lines) + "\n"


def wrapped(text: str, start: str) -> str:
    indent = " " * len(start)
    return textwrap.fill(
        text, 120, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def marked(text: str) -> str:
    """With names as code."""
    text = CODE.sub(lambda found: found[0] if found[0].startswith("`") else f"`{found[0]}`", text)
    return text.replace("<", "&lt;")


def blocks(part: str) -> Iterator[tuple[str, str]]:
    """The comments and declarations of a part of a header in turn: a comment, or "", and what it is about."""
    comment = ""
    declarations: list[str] = []
    lines = iter(part.splitlines())
    for line in lines:
        is_comment = line.startswith("/*")
        if (is_comment or not line.strip()) and declarations:
            yield comment, "\n".join(declarations)
            comment, declarations = "", []
        if is_comment:
            comment = line
            while not comment.endswith("*/"):
                comment += "\n" + next(lines)
        elif line.strip() and not HIDDEN.match(line):
            declarations.append(line)
            while not is_whole(declarations):
                declarations.append(next(lines))
    if declarations:
        yield comment, "\n".join(declarations)


def is_whole(lines: list[str]) -> bool:
    """Whether the last declaration in these lines ends with them."""
    if lines[-1].startswith("#"):
        return True
    code = re.sub(r"/\*.*?\*/", "", "\n".join(lines), flags=re.DOTALL).rstrip()
    return code.endswith(";") and code.count("{") == code.count("}")


def names(declarations: str) -> list[str]:
    """What the declarations declare, each once."""
    code = re.sub(r"/\*.*?\*/", "", declarations, flags=re.DOTALL)
    found: list[str] = []
    while code != (code := re.sub(r"\{[^{}]*\}", "", code)):
        pass
    for statement in re.split(r";|\n(?=#)", code):
        statement = statement.strip()
        if define := re.match(r"#define (\w+)", statement):
            found.append(define[1])
        elif function := re.search(r"(\w+)\s*\(", statement):
            found.append(function[1])
        elif named := re.search(r"(\w+)$", statement):
            found.append(named[1])
    return list(dict.fromkeys(found))


def section(title: str, part: str) -> Iterator[str]:
    """The Markdown of a section of a header, piece by piece."""
    yield f"\n### {title[0].upper()}{title[1:]}\n"
    for comment, declarations in blocks(part):
        yield f"\n#### {', '.join(f'`{name}`' for name in names(declarations))}\n"
        if comment:
            yield f"\n{prose(comment)}"
        code = re.sub(r"^AMLZ_API ", "", declarations, flags=re.MULTILINE)
        yield f"\n```c\n{code}\n```\n"


def header(path: str) -> Iterator[str]:
    """The Markdown of a header, piece by piece."""
    text = (ROOT / path).read_text("utf-8")
    text = re.sub(r"/\* cdef: .*?\*/\n", "", text, flags=re.DOTALL)
    contract, _, rest = text.partition("*/")
    title, _, contract = contract.partition("\n")
    yield f"\n## {Path(path).name}\n\n{prose(title)}\n{prose(contract)}"
    first, *others = SECTION.split(rest)
    first = re.sub(r"#ifndef AMLZ_API.*?#endif\n", "", first, flags=re.DOTALL)
    yield from section("Constants", first.replace("#  define AMLZ_CAPACITY", "#define AMLZ_CAPACITY"))
    for name, contract, part in zip(*[iter(others)] * 3, strict=True):
        heading, *pieces = section(name, part)
        yield heading
        if contract:
            yield f"\n{prose(contract)}"
        yield from pieces


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(piece for path in HEADERS for piece in header(path))


if __name__ == "__main__":
    print(page(), end="")
