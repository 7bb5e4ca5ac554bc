"""Searches in stages."""

from __future__ import annotations

import json

import ladder
import pytest
from samples import Counted

from pyamlz import Evaluator, Experiment, Program, tasks
from pyamlz._cli.main import main
from pyamlz._lib.errors import InputError
from pyamlz.lab import Stage, climb, nonlinear_stages, padded, without_idle_lines
from pyamlz.program.baselines import linear_regressor

SMALL = Experiment.load("linear").replace(
    tasks={"n_train": 20, "n_valid": 5, "n_tasks": 2}, population_size=20, fec={"valid": 5}
)


def stage(name: str, fitness: float, attempts: int = 1, evaluations: int = 50) -> Stage:
    return Stage(name, SMALL.replace(max_evaluations=evaluations, sufficient_fitness=fitness), attempts)


def test_stages_follow_each_other_and_begin_anew_after_failures_of_all() -> None:
    stages = [stage("easy", 0.0), stage("hard", 1.0, attempts=2)]
    told = Counted(10_000)
    result = climb(stages, 1, max_evaluations=202, callbacks=[told])
    assert result.program is None
    seen = result.attempts
    assert [(p.experiment, p.stage) for p in told.seen] == [(i, a.stage) for i, a in enumerate(seen, 1)]
    assert [a.stage for a in seen] == ["easy", "hard", "hard", "easy", "hard", "hard"]
    assert [a.passed for a in seen] == [True, False, False] * 2
    assert result.evaluations == sum(a.evaluations for a in seen)
    assert result.evaluations == 202  # the easy stage is passed by its first program


def test_what_fails_goes_back_to_the_stage_before_as_long_as_that_has_attempts_left() -> None:
    stages = [stage("a", 0.0), stage("b", 0.0, attempts=2), stage("c", 1.0, attempts=2)]
    result = climb(stages, 1, max_evaluations=2 * 203 + 2)
    assert "".join(a.stage for a in result.attempts) == 2 * "abccbcc" + "ab"


def test_the_last_stage_ends_it_and_the_seed_gives_everything() -> None:
    stages = [stage("first", 0.01), stage("second", 0.1, attempts=3)]
    one, same, other = (climb(stages, seed, max_evaluations=10_000) for seed in (1, 1, 2))
    assert one == same
    assert one.attempts != other.attempts
    assert one.attempts[-1].passed
    assert one.program == one.attempts[-1].program


def test_a_stage_starts_from_what_the_one_before_found() -> None:
    # A single evaluation of the second stage is one of its start program.
    stages = [stage("first", 0.2, evaluations=5000), stage("second", 0.05, evaluations=1)]
    result = climb(stages, 3, max_evaluations=100_000)
    first, second = result.attempts[-2:]
    assert (first.passed, second.evaluations) == (True, 1)
    space = stages[1].experiment.space(tasks.linear(8, 2, 20, 5))
    assert second.program.key(space.dims) == first.program.key(space.dims)


def test_dead_code_fills_the_sizes_and_changes_nothing() -> None:
    last = nonlinear_stages()[-1]
    data = tasks.nonlinear(8, 4, 30, 10)
    space = last.experiment.space(data)
    program = linear_regressor()
    longer = padded(program, space, 7)
    assert longer.sizes == {"setup": 21, "predict": 3, "learn": 9}
    assert longer.simplified(space.dims) == program
    assert longer == padded(program, space, 7) != padded(program, space, 8)
    assert padded(longer, space, 1) == longer


def test_lines_that_do_nothing_are_removed() -> None:
    idle = """
def Setup():
  s2 = 0.1
  s4 = 1.0
def Predict():
  s1 = dot(v0, v1)
def Learn():
  s3 = s0 - s1
  s3 = s3 * s2
  s3 = s3 * s4
  v2 = s3 * v0
  v2 = v2 + v3
  v1 = v1 + v2
"""
    evaluator = Evaluator(tasks.linear(4, 4))
    assert without_idle_lines(Program.parse(idle), evaluator) == linear_regressor(0.1)
    regressor = linear_regressor(0.1)
    assert without_idle_lines(regressor, evaluator) == regressor
    assert len(without_idle_lines(regressor, evaluator, tolerance=1.0)) == 0


ERROR, WEIGHTED, FIGURE_5 = list(ladder.CODE)[-3:]


@pytest.mark.parametrize(
    ("name", "constants", "rung", "following"),
    [
        ("linear model", (0.5,), "linear", "relu"),
        ("ReLU, features in its gradient", (1.0,), None, "relu"),
        ("ReLU of each feature", (1.4,), "relu", "hidden"),
        ("random hidden weights", (1.0, 0.3, 0.01), "hidden", "learned"),
        (ERROR, (0.25, 0.3, 0.01), "learned", "weighted"),
        (WEIGHTED, (0.16, 0.3, 0.01), "weighted", "step"),
        (WEIGHTED, (0.16, 0.3, 0.8), "signed", "step"),
        (WEIGHTED, (0.006, 0.3, 0.8), None, "figure 5"),
        (FIGURE_5, (0.16, 0.1, 0.01), "step", None),
        (FIGURE_5, (0.06, 0.1, 0.3), "larger", None),
        (FIGURE_5, (0.06, 0.1, 0.3), "unit", None),
        (FIGURE_5, (0.01, 0.1, 0.3), "figure 5", None),
    ],
)
def test_thresholds_tell_the_rungs_apart(
    name: str, constants: tuple[float, ...], rung: str | None, following: str | None
) -> None:
    """Each program, with constants that suit it, gets as far as its rung, and not to the one that follows."""
    program = ladder.program(name, *constants)
    stages = {stage.name: stage.experiment for stage in nonlinear_stages()}
    for stage, is_passed in ((rung, True), (following, False)):
        if stage is None:
            continue
        data = stages[stage].tasks("tasks", 1)
        assert data is not None
        fitness = stages[stage].evaluator(data).evaluate(program).fitness
        assert (fitness >= stages[stage].sufficient_fitness) is is_passed, (stage, fitness)


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match=r"^stages: expected one or more"):
        climb([], 1, 100)
    with pytest.raises(InputError, match=r"^attempts: expected an integer from 1"):
        stage("x", 0.5, attempts=0)
    with pytest.raises(InputError, match=r"^open: sufficient_fitness: expected one"):
        Stage("open", Experiment.load("digits").replace(max_evaluations=10))
    with pytest.raises(InputError, match=r"^max_evaluations: "):
        climb([stage("x", 0.5)], 1, 0)


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["climb", "--seed", "9", "--max-evaluations", "60_000", "--json"]) == 0
    told, said = capsys.readouterr()
    result = json.loads(told)
    assert (result["seed"], result["program"], result["final"]) == (9, None, {})
    assert result["attempts"] == len(climb(nonlinear_stages(), 9, 60_000).attempts)
    assert said.startswith("# seed 9\n# linear: fitness ")


def test_the_command_measures_what_it_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [stage("only", 0.0)]
    monkeypatch.setattr("pyamlz._cli.climb.nonlinear_stages", lambda: stages)
    small = Experiment.load("linear").replace(**{key: {"n_train": 20, "n_tasks": 2} for key in ("select", "final")})
    monkeypatch.setattr(Experiment, "load", lambda *_: small)
    assert main(["climb", "--seed", "1", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2] for line in lines[:3]] == ["found", "linear_regressor", "neural_network"]
    Program.parse("\n".join(lines[3:]))
