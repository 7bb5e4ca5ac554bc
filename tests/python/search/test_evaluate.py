"""Scoring single programs: figure 1 of the paper, done again in NumPy, and what must not change a bit."""

import threading

import numpy as np
import pytest
from samples import VARIANTS_HERE, instruction_of, linear_tasks, random_programs

from pyamlz import (
    DataError,
    Dims,
    Evaluator,
    InputError,
    PackedTasks,
    Program,
    ProgramError,
    linear_regressor,
    neural_network,
    tasks,
)
from pyamlz.program import OPS
from pyamlz.tasks import TaskSet

PROGRAM = linear_regressor(0.1)


def binary_tasks(n_tasks=3, n_train=40, n_valid=30, epochs=1, dtype="float32"):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((n_tasks, n_train + n_valid, 4)).astype(dtype)
    y = (x.sum(axis=2) > 0).astype(dtype)
    parts = (x[:, :n_train], y[:, :n_train], x[:, n_train:], y[:, n_train:])
    train_x, train_y, valid_x, valid_y = (np.ascontiguousarray(part) for part in parts)
    return TaskSet(
        kind="binary",
        train_x=train_x,
        train_y=train_y,
        valid_x=valid_x,
        valid_y=valid_y,
        n_classes=2,
        epochs=epochs,
    )


def sgd(task_set, task, rate, *, classify):
    """What linear_regressor does on one task in one epoch: its fitness."""
    weights = np.zeros(task_set.n_features)
    squash = (lambda s: 1 / (1 + np.exp(-s))) if classify else (lambda s: s)
    for x, y in zip(task_set.train_x[task], task_set.train_y[task], strict=True):
        weights += rate * (y - squash(x @ weights)) * x
    predictions = task_set.valid_x[task] @ weights
    if classify:
        return np.mean((predictions > 0) == (task_set.valid_y[task] > 0.5))
    return 1 - 2 / np.pi * np.arctan(np.sqrt(np.mean((task_set.valid_y[task] - predictions) ** 2)))


class TestFitness:
    def test_of_the_linear_regressor_is_that_of_gradient_descent(self):
        task_set = linear_tasks(precision="float64", n_train=30)
        evaluation = Evaluator(task_set, precision="float64").evaluate(linear_regressor(0.05))
        wanted = [sgd(task_set, task, 0.05, classify=False) for task in range(4)]
        np.testing.assert_allclose(evaluation.task_fitness, wanted, rtol=1e-12)
        assert evaluation.fitness == pytest.approx(np.mean(wanted), rel=1e-12)

    def test_of_logistic_regression_is_its_accuracy(self):
        task_set = binary_tasks(dtype="float64")
        evaluation = Evaluator(task_set, precision="float64").evaluate(linear_regressor(0.3))
        wanted = [sgd(task_set, task, 0.3, classify=True) for task in range(3)]
        np.testing.assert_allclose(evaluation.task_fitness, wanted, rtol=1e-12)

    def test_of_an_empty_program_is_that_of_predicting_zero(self):
        task_set = linear_tasks()
        wanted = [1 - 2 / np.pi * np.arctan(np.sqrt(np.mean(y.astype(float) ** 2))) for y in task_set.valid_y]
        np.testing.assert_allclose(Evaluator(task_set).evaluate(Program()).task_fitness, wanted, rtol=1e-6)

    def test_is_combined_by_mean_or_median(self):
        task_set = linear_tasks(n_tasks=5)
        mean, median = (Evaluator(task_set, combine=how).evaluate(PROGRAM) for how in ("mean", "median"))
        assert mean.fitness == pytest.approx(np.mean(mean.task_fitness))
        assert median.fitness == np.median(median.task_fitness)

    def test_counts_the_best_epoch(self):
        one, five = (Evaluator(linear_tasks(epochs=n)).evaluate(linear_regressor(0.01)) for n in (1, 5))
        assert (five.task_fitness > one.task_fitness).all()
        assert five.train_steps == 5 * one.train_steps

    def test_is_zero_where_a_task_was_stopped(self):
        stopped = Evaluator(linear_tasks()).evaluate(Program.parse("def Predict():\n  s1 = 101\n"))
        assert stopped.fitness == 0
        assert stopped.n_stopped == 4
        assert stopped.train_steps < 4 * 50
        going = Evaluator(linear_tasks()).evaluate(PROGRAM)
        assert (going.n_stopped, going.train_steps, going.valid_steps) == (0, 4 * 50, 4 * 20)


@pytest.mark.parametrize("precision", ["float32", "float64"])
class TestSameBits:
    def test_in_every_variant(self, precision):
        task_set = linear_tasks(n_tasks=11, n_train=20)
        evaluators = [Evaluator(task_set, precision=precision, variant=name) for name in VARIANTS_HERE]
        everything = [instruction_of(op) for op in OPS]
        programs = [
            Program(setup=everything[:60], predict=everything[5:], learn=everything[:60]),
            neural_network(),
            *random_programs(60),
        ]
        for program in programs:
            results = {evaluator.evaluate(program, 9).task_fitness.tobytes() for evaluator in evaluators}
            assert len(results) == 1

    def test_with_any_number_of_other_tasks(self, precision):
        many = Evaluator(linear_tasks(n_tasks=17, n_train=20), precision=precision)
        few = Evaluator(linear_tasks(n_tasks=3, n_train=20), precision=precision)
        for program in random_programs(60):
            a, b = many.evaluate(program, 9).task_fitness, few.evaluate(program, 9).task_fitness
            assert a[:3].tobytes() == b.tobytes()

    def test_after_other_programs(self, precision):
        evaluator = Evaluator(linear_tasks(), precision=precision)
        first = evaluator.evaluate(PROGRAM).fitness
        for program in random_programs(30):
            evaluator.evaluate(program)
        assert evaluator.evaluate(PROGRAM).fitness == first


class TestRandomOps:
    NOISE = Program.parse("def Predict():\n  s1 = gaussian(0, 1)\n")

    def test_depend_on_the_seed(self):
        evaluator = Evaluator(linear_tasks())
        a, b, c = (evaluator.evaluate(self.NOISE, seed) for seed in (1, 1, 2))
        assert a.task_fitness.tobytes() == b.task_fitness.tobytes()
        assert (a.task_fitness != c.task_fitness).all()

    def test_differ_between_tasks(self):
        same = np.ones((3, 20, 1), dtype=np.float32)
        task_set = tasks.from_arrays(same, same[..., 0], same, same[..., 0], kind="regression")
        assert len(set(Evaluator(task_set).evaluate(self.NOISE).task_fitness)) == 3


class TestProbe:
    def test_tells_absolute_errors_in_order(self):
        task_set = linear_tasks()
        train, valid = Evaluator(task_set).probe(Program(), 7, 5)
        np.testing.assert_array_equal(train, np.abs(task_set.train_y[:, :7]))
        np.testing.assert_array_equal(valid, np.abs(task_set.valid_y[:, :5]))

    def test_tells_misses_in_classification(self):
        task_set = binary_tasks()
        train, valid = Evaluator(task_set).probe(Program.parse("def Predict():\n  s1 = 0\n"), 3, 30)
        np.testing.assert_array_equal(train, np.full((3, 3), 0.5))
        np.testing.assert_array_equal(valid, task_set.valid_y)

    def test_is_nan_from_where_a_task_was_stopped(self):
        counting = Program.parse("def Predict():\n  s2 = 40\n  s3 = s3 + s2\n  s1 = s3 + s2\n")
        train, valid = Evaluator(linear_tasks()).probe(counting, 4, 2)
        assert np.isfinite(train[:, 0]).all()
        assert np.isnan(train[:, 2:]).all()
        assert np.isnan(valid).all()

    def test_sees_at_most_what_there_is(self):
        evaluator = Evaluator(linear_tasks())
        with pytest.raises(InputError, match="n_train: expected an integer from 0 to 50, got 51"):
            evaluator.probe(PROGRAM, 51, 1)
        with pytest.raises(InputError, match="n_valid: expected an integer from 0 to 20, got 21"):
            evaluator.probe(PROGRAM, 1, 21)


class TestPackedTasks:
    def test_can_be_shared(self):
        task_set = linear_tasks()
        packed = PackedTasks(task_set)
        assert Evaluator(packed).evaluate(PROGRAM).fitness == Evaluator(task_set).evaluate(PROGRAM).fitness

    def test_of_doubles_are_rounded_once(self):
        doubles = linear_tasks(precision="float64")
        rounded = linear_tasks(precision="float32")
        assert Evaluator(doubles).evaluate(PROGRAM).fitness == Evaluator(rounded).evaluate(PROGRAM).fitness

    def test_refuse_numbers_that_become_infinite(self):
        x = np.full((2, 3, 1), 1e300)
        task_set = tasks.from_arrays(x, x[..., 0], x, x[..., 0], kind="regression")
        PackedTasks(task_set, "float64")
        with pytest.raises(DataError, match="task 0 has a number that is not finite in float32"):
            PackedTasks(task_set)

    def test_refuse_another_precision(self):
        with pytest.raises(InputError, match="precision: expected float32, as the tasks are packed, got float64"):
            Evaluator(PackedTasks(linear_tasks()), precision="float64")

    def test_refuse_what_is_no_task_set(self):
        with pytest.raises(InputError, match="tasks: expected a TaskSet, got list"):
            PackedTasks([])


class TestEvaluator:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"variant": "sse9"}, "variant: expected one of auto, baseline"),
            ({"combine": "mode"}, "combine: expected one of mean, median"),
            ({"precision": "float16"}, "precision: expected one of float32, float64"),
        ],
    )
    def test_refuses_wrong_arguments_by_name(self, arguments, message):
        with pytest.raises(InputError, match=message):
            Evaluator(linear_tasks(), **arguments)

    def test_refuses_programs_that_write_labels(self):
        with pytest.raises(ProgramError, match="Predict, instruction 1"):
            Evaluator(linear_tasks()).evaluate(Program.parse("def Predict():\n  s0 = 1\n"))

    def test_refuses_seeds_that_are_none(self):
        with pytest.raises(InputError, match="seed: expected"):
            Evaluator(linear_tasks()).evaluate(PROGRAM, -1)

    def test_says_which_kernels_it_uses(self):
        assert Evaluator(linear_tasks(), variant="baseline").variant == "baseline"
        assert Evaluator(linear_tasks()).variant in set(VARIANTS_HERE) - {"auto"}

    def test_takes_programs_of_any_memory_in_any_order(self):
        evaluator = Evaluator(linear_tasks())
        big = Program.parse("def Predict():\n  s255 = dot(v0, v200)\n  m99 = m1 + m3\n  s1 = s255 + s9\n")
        small = evaluator.evaluate(Program()).fitness
        assert evaluator.evaluate(big).fitness == small
        assert evaluator.evaluate(Program()).fitness == small

    def test_can_be_called_from_many_threads(self):
        evaluator = Evaluator(linear_tasks())
        programs = list(random_programs(40, Dims(n_features=4, n_scalars=9, n_vectors=9, n_matrices=5)))
        wanted = [evaluator.evaluate(program).fitness for program in programs]
        found: dict[int, list[float]] = {}

        def work(number: int) -> None:
            found[number] = [evaluator.evaluate(program).fitness for program in programs]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert list(found.values()) == [wanted] * 4
