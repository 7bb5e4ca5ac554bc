"""Programs as source code and models for use elsewhere.

C and Python go on learning where they are deployed; ONNX predicts with what was learned; LaTeX is for papers.
"""

from __future__ import annotations

from pyamlz.export._c import to_c
from pyamlz.export._latex import to_latex
from pyamlz.export._onnx import to_onnx
from pyamlz.export._python import to_python

__all__ = ["to_c", "to_latex", "to_onnx", "to_python"]
