"""Evolves machine learning algorithms from scratch (Real et al., AutoML-Zero, ICML 2020), reproducibly to the last bit.

>>> from pyamlz import Dims, FunctionSpace, Search, SearchSpace, tasks
>>> data = tasks.linear(n_features=4, n_tasks=10, seed=1)
>>> ops = ["scalar_constant", "dot_product", "scalar_difference", "scalar_vector_product", "vector_sum"]
>>> space = SearchSpace(
...     Dims.of(data, n_scalars=4, n_vectors=3, n_matrices=0),
...     setup=FunctionSpace.fixed(5, ops), predict=FunctionSpace.fixed(1, ops), learn=FunctionSpace.fixed(4, ops))
>>> result = Search(data, space, seed=1, population_size=1000).run(max_evaluations=10_000)
>>> print(result.best_fitness, result.best)  # doctest: +SKIP
"""

from pyamlz import archive, baselines, experiment, log, presets, staged, tasks
from pyamlz._ffi import ffi, lib
from pyamlz.baselines import linear_regressor, neural_network
from pyamlz.errors import AmlzError, ArchiveError, DataError, FileError, InputError, ProgramError, SearchError
from pyamlz.evaluate import Evaluation, Evaluator, PackedTasks, Probe
from pyamlz.islands import Islands
from pyamlz.learner import Learner
from pyamlz.ops import OPS, Op, find_op
from pyamlz.presets import Preset
from pyamlz.program import Instruction, Program
from pyamlz.search import Improvement, Member, Progress, Result, Search
from pyamlz.space import Dims, FunctionSpace, SearchSpace
from pyamlz.tasks import TaskSet

__version__: str = ffi.string(lib.amlz_version()).decode("ascii")

__all__ = [
    "OPS",
    "AmlzError",
    "ArchiveError",
    "DataError",
    "Dims",
    "Evaluation",
    "Evaluator",
    "FileError",
    "FunctionSpace",
    "Improvement",
    "InputError",
    "Instruction",
    "Islands",
    "Learner",
    "Member",
    "Op",
    "PackedTasks",
    "Preset",
    "Probe",
    "Program",
    "ProgramError",
    "Progress",
    "Result",
    "Search",
    "SearchError",
    "SearchSpace",
    "TaskSet",
    "__version__",
    "archive",
    "baselines",
    "experiment",
    "find_op",
    "linear_regressor",
    "log",
    "neural_network",
    "presets",
    "staged",
    "tasks",
]
