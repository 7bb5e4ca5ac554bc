"""Experiments: whole searches by name or file, in stages and sittings, and what is done with what they find."""

from pyamlz.lab._climb import NONLINEAR, Attempt, Climb, Stage, climb, nonlinear_stages, padded, without_idle_lines
from pyamlz.lab._experiment import Experiment, Migration, Section, differences, preset_source, presets
from pyamlz.lab._fit import Scored, fit, scored
from pyamlz.lab._ray import RaySearch
from pyamlz.lab._run import Comparison, RunResult, resume, run
from pyamlz.lab._select import (
    Candidate,
    Measured,
    Ranked,
    Selection,
    candidates,
    final_tasks,
    measure,
    rank,
    select,
    select_tasks,
)
from pyamlz.lab._session import Session
from pyamlz.lab._sitting import EVERY_SECONDS
from pyamlz.lab._transfer import PairResult, Sizes, Transferred, measure_on_pair, transfer, tune_on_pairs
from pyamlz.lab._tune import Hyperparameter, Trial, Tuned, hyperparameters, scaled, tune, tuned

__all__ = [
    "EVERY_SECONDS",
    "NONLINEAR",
    "Attempt",
    "Candidate",
    "Climb",
    "Comparison",
    "Experiment",
    "Hyperparameter",
    "Measured",
    "Migration",
    "PairResult",
    "Ranked",
    "RaySearch",
    "RunResult",
    "Scored",
    "Section",
    "Selection",
    "Session",
    "Sizes",
    "Stage",
    "Transferred",
    "Trial",
    "Tuned",
    "candidates",
    "climb",
    "differences",
    "final_tasks",
    "fit",
    "hyperparameters",
    "measure",
    "measure_on_pair",
    "nonlinear_stages",
    "padded",
    "preset_source",
    "presets",
    "rank",
    "resume",
    "run",
    "scaled",
    "scored",
    "select",
    "select_tasks",
    "transfer",
    "tune",
    "tune_on_pairs",
    "tuned",
    "without_idle_lines",
]
