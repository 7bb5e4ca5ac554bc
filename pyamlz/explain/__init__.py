"""What evolved programs do: their data flow, names for what it shows, and what each line is worth.

>>> from pyamlz.explain import recognise
>>> from pyamlz.program import baselines
>>> program = baselines.linear_regressor()
>>> [finding.name for finding in recognise(program, program.dims(4))]
['dot_product_model', 'prediction_error', 'gradient_step']
"""

from pyamlz.explain._ablation import (
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
from pyamlz.explain._coupling import Coupled, coupled, decoupled
from pyamlz.explain._dataflow import Dataflow, dataflow
from pyamlz.explain._lineage import Ancestor, changes, improvements, lineage
from pyamlz.explain._picture import arcs
from pyamlz.explain._recognise import FINDINGS, Finding, FindingName, recognise
from pyamlz.explain._rename import renamed
from pyamlz.explain._variants import EVOLVED_FEATURES, evolved_linear_form_without, simplified_linear_form
from pyamlz.program import Line

__all__ = [
    "EVOLVED_FEATURES",
    "FINDINGS",
    "Ablated",
    "Ancestor",
    "Coupled",
    "Dataflow",
    "Effect",
    "Finding",
    "FindingName",
    "Insertion",
    "Line",
    "Loss",
    "ablate",
    "arcs",
    "changes",
    "compare",
    "coupled",
    "dataflow",
    "decoupled",
    "evolved_linear_form_without",
    "improvements",
    "inserted",
    "knock_in",
    "lineage",
    "recognise",
    "renamed",
    "simplified_linear_form",
    "simplify_by_ablation",
    "without",
]
