"""What evolved programs do: their data flow, names for what it shows, and what each line is worth.

>>> from pyamlz import baselines
>>> from pyamlz.interpret import recognise
>>> program = baselines.linear_regressor()
>>> [finding.name for finding in recognise(program, program.dims(4))]
['dot_product_model', 'prediction_error', 'gradient_step']
"""

from pyamlz.interpret.ablation import (
    Ablated,
    Effect,
    Insertion,
    Loss,
    ablate,
    compare,
    inserted,
    knock_in,
    simplify_by_ablation,
    without,
)
from pyamlz.interpret.dataflow import Dataflow, Line, dataflow
from pyamlz.interpret.recognise import FINDINGS, Finding, FindingName, recognise
from pyamlz.interpret.rename import renamed
from pyamlz.interpret.variants import EVOLVED_FEATURES, evolved_linear_form_without, simplified_linear_form

__all__ = [
    "EVOLVED_FEATURES",
    "FINDINGS",
    "Ablated",
    "Dataflow",
    "Effect",
    "Finding",
    "FindingName",
    "Insertion",
    "Line",
    "Loss",
    "ablate",
    "compare",
    "dataflow",
    "evolved_linear_form_without",
    "inserted",
    "knock_in",
    "recognise",
    "renamed",
    "simplified_linear_form",
    "simplify_by_ablation",
    "without",
]
