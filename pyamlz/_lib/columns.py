"""Text for people: tables, figures, and characters that a terminal must not get."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def printable(text: str) -> str:
    """A line in which characters that do something instead of being seen are shown as escapes, as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of columns two spaces apart; the first is flush left, the others right."""
    lines = [[printable(cell) for cell in line] for line in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    shown = []
    for line in lines:
        cells = [f"{line[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(line[1:], widths[1:], strict=True))]
        shown.append("  ".join(cells).rstrip())
    return "\n".join([*shown, ""])


def figure(fitness: float | None) -> str:
    """A fitness with digits enough to tell 0.99999 from 1; nothing for None."""
    return "" if fitness is None else f"{fitness:.5f}"
