"""Programs as a picture of what flows where."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pyamlz.program import FUNCTIONS, Address, Code, Dims, FunctionName, Program, live_code

__all__ = ["arcs"]

_ROW: Final = 22  # pixels from line to line
_CHARACTER: Final = 7.9  # width of a letter
_NEAREST, _FARTHEST = 26, 104  # pixels from the text that arcs reach


def arcs(program: Program, dims: Dims) -> str:
    """Live lines one below the other, and an arc from each line to those that read what it makes, as SVG.

    Arcs on the left are within a step (and from Setup); dashed ones on the right go to a later step.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    flow = live_code(program, dims)
    rows, places = _rows(flow)
    now, later = _edges(flow, places)
    left = 10 + max((_reach(a, b) for a, b in now), default=0)
    end = left + max(len(text) for text, _ in rows) * _CHARACTER
    right = 10 + max((_reach(a, b) for a, b in later), default=0)
    width, height = f"{end + right:.0f}", f"{(len(rows) + 1) * _ROW}"
    svg = Element("svg", viewBox=f"0 0 {width} {height}", width=width, role="img")
    svg.attrib |= {"class": "arcs", "aria-label": "Data flow"}
    for a, b in sorted(now):
        _arc(svg, left - 6, a, b, -1)
    for a, b in sorted(later):
        _arc(svg, end + 6, a, b, 1).attrib |= {"class": "kept", "stroke-dasharray": "4 3"}
    for row, (text, is_head) in enumerate(rows):
        element = SubElement(svg, "text", {"x": f"{left:.0f}", "y": f"{_y(row) + 4}", "font-family": "monospace"})
        element.attrib |= {"font-size": "13", "fill": "currentColor", **({"class": "head"} if is_head else {})}
        element.text = text
    return tostring(svg, encoding="unicode")


def _y(row: int) -> int:
    return (row + 1) * _ROW


def _reach(start: int, end: int) -> int:
    """How far from the text an arc goes: the further the longer it is."""
    return min(_NEAREST + 6 * abs(end - start), _FARTHEST)


def _arc(svg: Element, x: float, start: int, end: int, side: int) -> Element:
    bow = x + side * _reach(start, end) * 4 / 3  # a curve goes three quarters of the way to its control points
    d = f"M {x:.0f} {_y(start)} C {bow:.0f} {_y(start)}, {bow:.0f} {_y(end)}, {x:.0f} {_y(end)}"
    return SubElement(svg, "path", {"d": d, "fill": "none", "stroke": "currentColor", "stroke-width": "1.3"})


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
