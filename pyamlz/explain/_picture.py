"""Programs as a picture of what flows where."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pyamlz.explain._dataflow import Dataflow, Source, dataflow
from pyamlz.program import Dims, FunctionName, Instruction, Line, Program, live_code

__all__ = ["arcs"]

_ROW: Final = 22  # pixels from line to line
_CHARACTER: Final = 7.9  # width of a letter
_NEAREST, _FARTHEST = 20, 80  # pixels from the text that arcs reach


def arcs(program: Program, dims: Dims) -> str:
    """Live lines one below the other, and an arc from each line to those that read what it makes, as SVG.

    Arcs on the left are within a step (and from Setup); dashed ones on the right go to a later step. Constants are
    shown with four digits.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    rows: list[Line | FunctionName] = []
    texts: list[str] = []
    for function, instructions in live_code(program, dims).lines.items():
        rows += [function, *(x.line for x in instructions)]
        texts += [function.capitalize(), *(f"  {_short(x.instruction)}" for x in instructions)]
    now, later = ({(rows.index(a), rows.index(b)) for a, b in edges} for edges in _edges(dataflow(program, dims)))
    left = 10 + max((_reach(a, b) for a, b in now), default=0)
    end = left + max(map(len, texts)) * _CHARACTER
    right = 10 + max((_reach(a, b) for a, b in later), default=0)
    width, height = f"{end + right:.0f}", f"{(len(rows) + 1) * _ROW}"
    svg = Element("svg", viewBox=f"0 0 {width} {height}", width=width, role="img")
    svg.attrib |= {"class": "arcs", "aria-label": "Data flow"}
    for a, b in sorted(now):
        _arc(svg, left - 6, a, b, -1)
    for a, b in sorted(later):
        _arc(svg, end + 6, a, b, 1).attrib |= {"class": "kept", "stroke-dasharray": "4 3"}
    for row, text in enumerate(texts):
        element = SubElement(svg, "text", {"x": f"{left:.0f}", "y": f"{_y(row) + 4}", "fill": "currentColor"})
        element.attrib |= {"font-family": "monospace", "font-size": "13"}
        if not isinstance(rows[row], Line):
            element.attrib["class"] = "head"
        element.text = text
    return tostring(svg, encoding="unicode")


def _short(instruction: Instruction) -> str:
    """The text with four digits of each constant."""
    return str(replace(instruction, constants=tuple(float(f"{value:.4g}") for value in instruction.constants)))


def _y(row: int) -> int:
    return (row + 1) * _ROW


def _reach(start: int, end: int) -> int:
    """How far from the text an arc goes: the further the longer it is."""
    return min(_NEAREST + 4 * abs(end - start), _FARTHEST)


def _arc(svg: Element, x: float, start: int, end: int, side: int) -> Element:
    bow = x + side * _reach(start, end) * 4 / 3  # a curve goes three quarters of the way to its control points
    loop = 6 if start == end else 0  # what a line reads of itself
    above, below = _y(start) - loop, _y(end) + loop
    d = f"M {x:.0f} {above} C {bow:.0f} {above}, {bow:.0f} {below}, {x:.0f} {below}"
    return SubElement(svg, "path", {"d": d, "fill": "none", "stroke": "currentColor", "stroke-width": "1.3"})


def _edges(flow: Dataflow) -> tuple[set[tuple[Line, Line]], set[tuple[Line, Line]]]:
    """Which line's result which line reads: of the same step or of Setup, and of the step before."""
    now: set[tuple[Line, Line]] = set()
    later: set[tuple[Line, Line]] = set()
    for value in flow.values:
        for number in () if value.line is None else value.inputs:
            read = flow.values[number]
            after_setup_and_learn = read.inputs[:2] if read.source is Source.MEMORY else (number,)
            for edges, i in zip((now, later), after_setup_and_learn, strict=False):
                if value.line is not None and (maker := _maker(flow, i)) is not None:
                    edges.add((maker, value.line))
    return now, later


def _maker(flow: Dataflow, number: int) -> Line | None:
    """The line that a value is of; None of what no line has made."""
    value = flow.values[number]
    return _maker(flow, value.inputs[0]) if value.source is Source.PROBABILITY else value.line
