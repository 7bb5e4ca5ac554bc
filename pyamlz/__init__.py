"""Evolves machine learning algorithms from scratch (Real et al., AutoML-Zero, ICML 2020), reproducibly to the last bit.

>>> from pyamlz import Dims, FunctionSpace, Search, SearchSpace, tasks
>>> data = tasks.linear(n_features=4, n_tasks=10, seed=1)
>>> ops = ["scalar_constant", "dot_product", "scalar_difference", "scalar_vector_product", "vector_sum"]
>>> space = SearchSpace(
...     Dims.of(data, n_scalars=4, n_vectors=3, n_matrices=0),
...     setup=FunctionSpace.fixed(5, ops), predict=FunctionSpace.fixed(1, ops), learn=FunctionSpace.fixed(4, ops))
>>> result = Search(data, space, seed=1, population_size=1000).run(max_evaluations=10_000)
>>> print(result.fitness, result.program)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

try:
    importlib.import_module("pyamlz._ffi")
except ModuleNotFoundError:  # Python looks into the folder that it is started in first
    raise ImportError(
        f"the C library is not compiled in {__path__[0]}, from where pyamlz is imported: pip install -e . does that; "
        "or start Python in another folder, if pyamlz is installed",
        name="pyamlz._ffi",
    ) from None

from pyamlz import archive, program, search, tasks
from pyamlz._lib import moved
from pyamlz._lib.errors import (
    AmlzError,
    ArchiveError,
    DataError,
    FileError,
    InputError,
    MissingExtraError,
    ProgramError,
    SearchError,
)
from pyamlz._lib.version import VERSION
from pyamlz.program import (
    OPS,
    Dims,
    FunctionSpace,
    Instruction,
    Op,
    Program,
    SearchSpace,
    find_op,
)
from pyamlz.program.baselines import linear_regressor, neural_network
from pyamlz.search import (
    Asked,
    Evaluation,
    Evaluator,
    Improvement,
    Islands,
    Learner,
    Member,
    Model,
    PackedTasks,
    Probe,
    Progress,
    Result,
    Search,
    Settings,
    load,
)
from pyamlz.tasks import Preparation, TaskSet

if TYPE_CHECKING:
    from pyamlz import bench, explain, export, lab, plot, report, sklearn, study
    from pyamlz.lab import Experiment

# What stands on the core is loaded when it is asked for.
_ROOMS = ("bench", "explain", "export", "lab", "plot", "report", "sklearn", "study")
_FROM_ROOMS = {"Experiment": "lab"}

__all__ = [
    "OPS",
    "AmlzError",
    "ArchiveError",
    "Asked",
    "DataError",
    "Dims",
    "Evaluation",
    "Evaluator",
    "Experiment",
    "FileError",
    "FunctionSpace",
    "Improvement",
    "InputError",
    "Instruction",
    "Islands",
    "Learner",
    "Member",
    "MissingExtraError",
    "Model",
    "Op",
    "PackedTasks",
    "Preparation",
    "Probe",
    "Program",
    "ProgramError",
    "Progress",
    "Result",
    "Search",
    "SearchError",
    "SearchSpace",
    "Settings",
    "TaskSet",
    "__version__",
    "archive",
    "bench",
    "explain",
    "export",
    "find_op",
    "lab",
    "linear_regressor",
    "load",
    "neural_network",
    "plot",
    "program",
    "report",
    "search",
    "sklearn",
    "study",
    "tasks",
]

__version__ = VERSION

moved.watch()


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"pyamlz.{name}")
    if name in _FROM_ROOMS:
        return getattr(importlib.import_module(f"pyamlz.{_FROM_ROOMS[name]}"), name)
    raise AttributeError(moved.where(f"pyamlz.{name}") or f"module 'pyamlz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
