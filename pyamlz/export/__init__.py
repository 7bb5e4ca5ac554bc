"""Programs as source code and models for use elsewhere.

C and Python go on learning where they are deployed; ONNX predicts with what was learned; LaTeX is for papers. Programs
know features and predictions; models that were fitted to a table know its columns and answer in its names and units.
"""

from __future__ import annotations

from pyamlz.export._c import to_c
from pyamlz.export._latex import to_latex
from pyamlz.export._model_c import model_to_c
from pyamlz.export._model_onnx import model_to_onnx
from pyamlz.export._model_python import model_to_python
from pyamlz.export._onnx import to_onnx
from pyamlz.export._python import to_python

__all__ = ["model_to_c", "model_to_onnx", "model_to_python", "to_c", "to_latex", "to_onnx", "to_python"]
