"""Pictures of what flows where."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pyamlz import Program
from pyamlz.explain import arcs
from pyamlz.program import baselines
from pyamlz.tasks import Kind


def drawn(program: Program, kind: Kind = "regression") -> tuple[list[str], int, int]:
    """Texts from top to bottom, arcs within a step, and arcs to a later one."""
    svg = ElementTree.fromstring(arcs(program, program.dims(4, kind)))
    texts = sorted(svg.findall("text"), key=lambda text: float(text.attrib["y"]))
    kept = svg.findall("path[@class='kept']")
    return [(text.text or "").strip() for text in texts], len(svg.findall("path")) - len(kept), len(kept)


@pytest.mark.parametrize("kind", ["regression", "binary"])  # the probability is of the line that predicts
def test_arcs_of_the_linear_regressor(kind: Kind) -> None:
    """Setup 1 to Learn 2, Predict 1 to Learn 1, Learn 1 to 2 to 3 to 4; Learn 4 to Predict 1, and to itself."""
    texts, now, later = drawn(baselines.linear_regressor(), kind)
    assert texts == [
        *("Setup", "s2 = 0.01"),
        *("Predict", "s1 = dot(v0, v1)"),
        *("Learn", "s3 = s0 - s1", "s3 = s3 * s2", "v2 = s3 * v0", "v1 = v1 + v2"),
    ]
    assert (now, later) == (5, 2)


def test_what_sets_an_element_reads_what_was_there() -> None:
    text = "def Predict():\n  v1 = v0 + v0\n  v1[0.5] = 0.123456789\n  s1 = mean(v1)\ndef Learn():\n"
    texts, now, later = drawn(Program.parse(text))
    assert "v1[0.5] = 0.1235" in texts
    assert (now, later) == (2, 0)
