"""Tuning: constants as hyperparameters, searched at random on a logarithmic scale."""

import math
import sys

import numpy as np
import pytest
from samples import Counted, linear_tasks

from pyamlz import Evaluator, InputError, PackedTasks, Program, linear_regressor, neural_network, tasks
from pyamlz.lab import Hyperparameter, hyperparameters, scaled, tune
from pyamlz.program import Line, baselines

TASKS = linear_tasks(n_tasks=3, n_train=100)
SMALL = linear_tasks(seed=2, n_tasks=1, n_train=20)

KINDS_OF_CONSTANTS = Program.parse(
    """
def Setup():
  s2 = 0.5
  s3 = 0
  v1[0.25] = -2
  m0 = gaussian(0, 0.1)
  v2 = uniform(-1, 3)
  s4 = 7
def Predict():
  v3 = dot(m0, v2)
  v3 = v3 + v1
  s1 = dot(v0, v3)
  s1 = s1 * s2
  s1 = s1 + s3
def Learn():
  s2 = s0 * s2
"""
)  # s4 is dead


class TestHyperparameters:
    def test_are_live_constants_other_than_indexes_and_zeros(self):
        assert hyperparameters(KINDS_OF_CONSTANTS, KINDS_OF_CONSTANTS.dims(4)) == (
            Hyperparameter(Line("setup", 1), 0, 0.5),
            Hyperparameter(Line("setup", 3), 1, -2.0),
            Hyperparameter(Line("setup", 4), 1, 0.1),
            Hyperparameter(Line("setup", 5), 0, -1.0),
            Hyperparameter(Line("setup", 5), 1, 3.0),
        )

    def test_of_a_baseline_are_what_it_was_made_with(self):
        network = neural_network(0.03, 0.2)
        found = hyperparameters(network, network.dims(4))
        assert [parameter.value for parameter in found] == [0.03, 0.2, 0.2]

    def test_are_scaled_one_by_one(self):
        parameters = hyperparameters(KINDS_OF_CONSTANTS, KINDS_OF_CONSTANTS.dims(4))
        found = scaled(KINDS_OF_CONSTANTS, parameters, [10, 0.5, 2, 3, 1])
        expected = str(KINDS_OF_CONSTANTS).replace("s2 = 0.5", "s2 = 5.0").replace("v1[0.25] = -2", "v1[0.25] = -1")
        expected = expected.replace("gaussian(0.0, 0.1)", "gaussian(0.0, 0.2)").replace("(-1.0, 3.0)", "(-3.0, 3.0)")
        assert found == Program.parse(expected)

    def test_stay_finite(self):
        huge = Program.parse("def Predict():\n  s1 = -1e308")
        (instruction,) = scaled(huge, hyperparameters(huge, huge.dims(4)), [1000]).predict
        assert instruction.constants == (-sys.float_info.max,)


class TestFactors:
    def test_are_log_uniform_and_independent(self):
        tuned = tune(neural_network(), tasks.linear(n_features=1, n_tasks=1, n_train=1, n_valid=1), trials=1000, seed=1)
        factors = np.log10([trial.factors for trial in tuned.trials[1:]])
        assert factors.shape == (999, 3)
        assert np.abs(factors).max() < 3.00001
        counts = np.stack([np.histogram(column, bins=6, range=(-3.001, 3.001))[0] for column in factors.T])
        assert np.abs(counts - 999 / 6).max() < 60  # five standard deviations
        assert np.abs(np.corrcoef(factors.T) - np.eye(3)).max() < 0.15

    def test_of_the_first_trial_are_one(self):
        assert tune(neural_network(), TASKS, trials=1).trials[0].factors == (1.0, 1.0, 1.0)

    def test_have_limits_of_choice(self):
        tuned = tune(neural_network(), SMALL, trials=50, low=0.5, high=2)
        factors = np.array([trial.factors for trial in tuned.trials])
        assert 0.5 <= factors.min() < 0.6
        assert 1.8 < factors.max() <= 2

    def test_depend_on_seed_and_number_alone(self):
        few, many = (
            tune(linear_regressor(), SMALL, trials=5, seed=9),
            tune(linear_regressor(), TASKS, trials=20, seed=9),
        )
        assert [t.factors for t in few.trials] == [t.factors for t in many.trials[:5]]
        assert tune(linear_regressor(), SMALL, trials=5, seed=8).trials[1:] != few.trials[1:]

    def test_are_the_same_for_a_program_without_its_dead_code(self):
        program = KINDS_OF_CONSTANTS
        tuned, simple = (tune(p, TASKS, trials=10) for p in (program, program.simplified(program.dims(4))))
        assert tuned.trials == simple.trials


class TestTune:
    def test_repairs_a_learning_rate_that_is_a_thousand_times_too_small(self):
        evaluator = Evaluator(TASKS)
        good, bad = (evaluator.evaluate(linear_regressor(rate)).fitness for rate in (0.1, 0.0001))
        assert good > 0.9
        assert bad < 0.5
        tuned = tune(linear_regressor(0.0001), TASKS, trials=60, seed=1)
        assert tuned.fitness > 0.9
        assert tuned.trials[0].fitness == (bad,)
        assert evaluator.evaluate(tuned.program).fitness == tuned.fitness
        (rate,) = tuned.program.setup[0].constants
        assert rate == pytest.approx(0.0001 * tuned.best.factors[0], rel=1e-5)
        assert tuned.program == linear_regressor(rate)
        assert tuned.original == linear_regressor(0.0001)

    def test_keeps_a_program_that_is_best_as_it_is(self):
        program = Program.parse("def Predict():\n  s1 = 0.5")
        x = np.zeros((1, 4, 2))
        flat = tasks.from_arrays(x, np.full((1, 4), 0.5), x, np.full((1, 4), 0.5), kind="regression")
        tuned = tune(program, flat, trials=30)
        assert (tuned.program, tuned.fitness, tuned.best.number) == (program, 1.0, 0)

    def test_needs_one_trial_where_nothing_can_be_tuned(self):
        program = Program.parse("def Predict():\n  s1 = 0\n  s2 = 3")
        tuned = tune(program, TASKS, trials=30)
        assert (tuned.program, len(tuned.trials), tuned.hyperparameters) == (program, 1, ())

    @pytest.mark.parametrize("threads", [2, 5])
    @pytest.mark.parametrize("stages", [[TASKS], [SMALL, TASKS]], ids=["one stage", "two stages"])
    def test_gives_the_same_in_any_number_of_threads(self, threads, stages):
        told = Counted(), Counted()
        one = tune(neural_network(), stages, trials=20, seed=3, callbacks=[told[0]])
        other = tune(neural_network(), stages, trials=20, seed=3, threads=threads, callbacks=[told[1]])
        assert one == other
        assert [p.counts()["best_fitness"] for p in told[0].seen] == [p.counts()["best_fitness"] for p in told[1].seen]

    def test_goes_on_from_fewer_trials_without_scoring_them_again(self):
        whole = tune(linear_regressor(), TASKS, trials=12, seed=4)
        part = tune(linear_regressor(), TASKS, trials=7, seed=4)

        class Counting(Evaluator):
            count = 0

            def evaluate(self, program, seed=0):
                self.count += 1
                return super().evaluate(program, seed)

        evaluator = Counting(TASKS)
        assert tune(linear_regressor(), evaluator, trials=12, seed=4, after=part) == whole
        assert evaluator.count == 5

    def test_is_ended_by_a_callback(self):
        tuned = tune(linear_regressor(), TASKS, trials=100, callbacks=[Counted(stop=7)], threads=2)
        assert tuned.stop_reason == "callback"
        assert [trial.number for trial in tuned.trials] == list(range(7))
        assert tuned.fitness == max(trial.fitness[0] for trial in tuned.trials)

    def test_takes_any_form_of_tasks(self):
        found = [tune(linear_regressor(), form, trials=5) for form in (TASKS, PackedTasks(TASKS), Evaluator(TASKS))]
        assert found[0] == found[1] == found[2]

    def test_uses_what_an_evaluator_is_set_to(self):
        tuned = tune(linear_regressor(), Evaluator(TASKS, combine="median"), trials=9, seed=2, threads=3)
        median = Evaluator(TASKS, combine="median")
        assert all(
            trial.fitness
            == (median.evaluate(scaled(linear_regressor(), tuned.hyperparameters, trial.factors)).fitness,)
            for trial in tuned.trials
        )

    def test_draws_by_the_seed_of_the_random_ops(self):
        one, same, other = (tune(neural_network(), TASKS, trials=3, draws=draws) for draws in (1, 1, 2))
        assert one == same != other

    def test_takes_a_program_to_another_number_of_features(self):
        wide = tasks.linear(n_features=64, n_tasks=1, n_train=500, n_valid=50)
        before = Evaluator(wide).evaluate(linear_regressor(0.1)).fitness
        assert before == 0  # it diverges there, while at F = 4 it does well
        assert Evaluator(TASKS).evaluate(linear_regressor(0.1)).fitness > 0.9
        assert tune(linear_regressor(0.1), wide, trials=40).fitness > 0.5

    def test_has_a_table(self):
        tuned = tune(linear_regressor(0.00003), TASKS, trials=60, seed=1)
        head, constant, fitness = tuned.table().splitlines()
        assert head.split() == ["constant", "before", "after", "factor"]
        (rate,) = tuned.program.setup[0].constants
        assert constant.split() == [
            "Setup",
            "1:",
            "s2",
            "=",
            "3e-05",
            "3e-05",
            f"{rate:g}",
            f"{tuned.best.factors[0]:g}",
        ]
        assert fitness.split()[:3] == ["fitness", f"{tuned.trials[0].fitness[0]:.5f}", f"{tuned.fitness:.5f}"]


class TestFunnel:
    def test_lets_the_best_go_on_and_always_the_program_as_it_is(self):
        tuned = tune(linear_regressor(1e-6), [SMALL, TASKS], trials=20, seed=5, keep=0.2)
        first = {trial.number: trial.fitness[0] for trial in tuned.trials}
        best = sorted(first, key=lambda number: -first[number])[:4]
        assert 0 not in best
        assert {trial.number for trial in tuned.trials if len(trial.fitness) == 2} == {0, *best}
        assert tuned.fitness == max(trial.fitness[1] for trial in tuned.trials if len(trial.fitness) == 2)
        assert tuned.fitness == Evaluator(TASKS).evaluate(tuned.program).fitness

    def test_keeps_at_least_one(self):
        tuned = tune(linear_regressor(1e-6), [SMALL, SMALL, TASKS], trials=3, keep=0.01)
        assert sorted(len(trial.fitness) for trial in tuned.trials)[-1] == 3


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"trials": 0}, "trials: expected an integer from 1"),
            ({"seed": -1}, "seed: expected an integer from 0"),
            ({"low": 0}, "low: expected a number over 0"),
            ({"low": 2, "high": 1}, "high: expected a number from 2"),
            ({"high": math.inf}, "high: expected a number from"),
            ({"keep": 0}, "keep: expected a number over 0"),
            ({"keep": 1.5}, "keep: expected a number over 0 to 1"),
            ({"threads": 0}, "threads: expected an integer from 1"),
            ({"draws": 2**64}, "seed: expected an integer from 0"),
        ],
    )
    def test_name_the_argument(self, arguments, message):
        with pytest.raises(InputError, match=message):
            tune(linear_regressor(), TASKS, **arguments)

    def test_of_what_is_no_program(self):
        with pytest.raises(InputError, match="program: expected a Program, got str"):
            tune("linear_regressor", TASKS)

    @pytest.mark.parametrize("given", [None, [TASKS, 3], []], ids=["none", "a number", "empty"])
    def test_of_what_are_no_tasks(self, given):
        with pytest.raises(InputError, match="tasks: expected"):
            tune(linear_regressor(), given)

    def test_of_a_program_that_cannot_run_there(self):
        with pytest.raises(InputError, match="s0"):
            tune(Program.parse("def Learn():\n  s0 = 1"), TASKS)

    @pytest.mark.parametrize("other", [(linear_regressor(0.5), 4), (linear_regressor(), 5)], ids=["program", "seed"])
    def test_of_another_tuning_to_go_on_from(self, other):
        before = tune(linear_regressor(), TASKS, trials=2, seed=4)
        with pytest.raises(InputError, match="after: expected"):
            tune(other[0], TASKS, trials=4, seed=other[1], after=before)


def test_baselines_are_tuned_like_any_program():
    for make in baselines.BASELINES.values():
        tuned = tune(make(), SMALL, trials=3)
        assert len(tuned.trials) == (3 if tuned.hyperparameters else 1)
