"""Programs as HTML: their text, and a picture of what flows where."""

from __future__ import annotations

import html
from typing import Final

from pyamlz.program import FUNCTIONS, Address, Code, Dims, FunctionName, Program, live_code

__all__ = ["arcs"]

_ROW: Final = 22  # pixels from line to line
_CHARACTER: Final = 7.9  # width of a letter
_SIDE: Final = 130  # room for arcs on each side


def arcs(program: Program, dims: Dims) -> str:
    """Live lines one below the other, and an arc from each line to those that read what it makes.

    Arcs on the left are within a step (and from Setup); dashed ones on the right go to a later step.
    """
    flow = live_code(program, dims)
    rows, places = _rows(flow)
    now, later = _edges(flow, places)
    width = max(len(text) for text, _ in rows) * _CHARACTER
    height = (len(rows) + 1) * _ROW
    texts = [
        f'<text x="{_SIDE}" y="{_y(row) + 4}"{" class=&quot;head&quot;" if is_head else ""}>{html.escape(text)}</text>'
        for row, (text, is_head) in enumerate(rows)
    ]
    left = [_arc(_SIDE - 6, a, b, -1, "") for a, b in sorted(now)]
    right = [_arc(_SIDE + width + 6, a, b, 1, ' class="kept"') for a, b in sorted(later)]
    body = "\n".join([*left, *right, *texts]).replace("&quot;", '"')
    whole = f"{2 * _SIDE + width:.0f}"
    head = f'<svg class="arcs" role="img" aria-label="Data flow" viewBox="0 0 {whole} {height}" width="{whole}">'
    return f"{head}\n{body}\n</svg>"


def _y(row: int) -> int:
    return (row + 1) * _ROW


def _arc(x: float, start: int, end: int, side: int, kind: str) -> str:
    """Bows away from the text, the further the longer it is."""
    bow = x + side * min(20 + 9 * abs(end - start), _SIDE - 12) * 1.3
    return f'<path{kind} d="M {x:.0f} {_y(start)} C {bow:.0f} {_y(start)}, {bow:.0f} {_y(end)}, {x:.0f} {_y(end)}"/>'


def _rows(flow: Code) -> tuple[list[tuple[str, bool]], dict[tuple[FunctionName, int], int]]:
    """Texts and whether they are heads, and the row of each line."""
    rows: list[tuple[str, bool]] = []
    places: dict[tuple[FunctionName, int], int] = {}
    for function in FUNCTIONS:
        rows.append((function.capitalize(), True))
        for index, line in enumerate(flow.lines[function]):
            places[function, index] = len(rows)
            rows.append((f"  {line.text}", False))
    return rows, places


def _edges(
    flow: Code, places: dict[tuple[FunctionName, int], int]
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Which row's result which row reads: in the same step, and in a later one.

    Two steps of Predict and Learn behind Setup show all there are: what a line finds was written by the last before it.
    """
    now: set[tuple[int, int]] = set()
    later: set[tuple[int, int]] = set()
    writers: dict[Address, set[tuple[int, int]]] = {}  # row and step of who wrote what is there
    for step, function in enumerate(("setup", "predict", "learn", "predict", "learn")):
        name: FunctionName = function  # type: ignore[assignment]
        for index, line in enumerate(flow.lines[name]):
            row = places[name, index]
            for operand in line.inputs:
                for writer, when in writers.get(operand, set()):
                    is_same_step = when == 0 or (step - 1) // 2 == (when - 1) // 2
                    (now if is_same_step else later).add((writer, row))
            before = writers.get(line.out, set()) if line.op.is_partial else set()
            writers[line.out] = before | {(row, step)}
    return now, later
