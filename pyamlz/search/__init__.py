"""The search: what scores programs, what evolves them, alone or on islands, and what watches it."""

from pyamlz.program import Algorithm, Combine, Settings, Start
from pyamlz.search import callbacks, log
from pyamlz.search._evaluate import Doubles, Evaluation, Evaluator, PackedTasks, Probe, Variant
from pyamlz.search._islands import Islands
from pyamlz.search._learner import Learner
from pyamlz.search._load import Loaded, load
from pyamlz.search._model import Model
from pyamlz.search._records import Asked, Improvement, Member, Progress, Result, StopReason
from pyamlz.search._running import Callback
from pyamlz.search._scores import Score, scores_of
from pyamlz.search._search import Search

__all__ = [
    "Algorithm",
    "Asked",
    "Callback",
    "Combine",
    "Doubles",
    "Evaluation",
    "Evaluator",
    "Improvement",
    "Islands",
    "Learner",
    "Loaded",
    "Member",
    "Model",
    "PackedTasks",
    "Probe",
    "Progress",
    "Result",
    "Score",
    "Search",
    "Settings",
    "Start",
    "StopReason",
    "Variant",
    "callbacks",
    "load",
    "log",
    "scores_of",
]
