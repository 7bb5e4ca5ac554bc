"""Programs at work on single examples."""

import _thread
import copy
import math
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from samples import VARIANTS_HERE, linear_tasks, random_programs

from pyamlz import DataError, Dims, Evaluator, InputError, Instruction, Learner, Program, ProgramError, linear_regressor
from pyamlz.program import OPS, Type
from pyamlz.program.baselines import evolved_linear_form, neural_network

REGRESSOR = linear_regressor(0.1)
DIMS = Dims(n_features=4, n_scalars=4, n_vectors=3)
RNG = np.random.default_rng(3)
X = RNG.standard_normal((200, 4))
Y = X @ [1.0, -2.0, 3.0, 0.5]


class TestLearning:
    def test_one_by_one_is_learning_all_in_order(self):
        one, many = Learner(REGRESSOR, DIMS), Learner(REGRESSOR, DIMS)
        singles = [one.learn(x, y) for x, y in zip(X, Y, strict=True)]
        np.testing.assert_array_equal(many.learn(X, Y), np.array(singles, dtype=np.float32))
        assert isinstance(singles[0], float)
        np.testing.assert_array_equal(one.predict(X), [np.float32(one.predict(x)) for x in X])

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_fits_what_it_is_taught(self, precision):
        learner = Learner(REGRESSOR, DIMS, precision=precision)
        before = learner.predict(X)
        learner.learn(X, Y)
        assert before.dtype == precision
        assert (before == 0).all()
        np.testing.assert_allclose(learner.predict(X), Y, atol=1e-4)

    def test_does_what_evaluation_does(self):
        task_set = linear_tasks(n_tasks=2, n_train=30)
        dims = Dims(n_features=4, n_scalars=5, n_vectors=5, n_matrices=3)
        evaluator = Evaluator(task_set)
        compared = 0
        for program in random_programs(60, dims):
            errors, _ = evaluator.probe(program, 30, 1, seed=11)
            if np.isnan(errors).any():
                continue
            compared += 1
            learner = Learner(program, dims, seed=11, task=1)
            predictions = learner.learn(task_set.train_x[1], task_set.train_y[1])
            got = np.abs(task_set.train_y[1].astype(float) - predictions.astype(float))
            np.testing.assert_allclose(got, errors[1], rtol=1e-6)
        assert compared > 10

    def test_starts_anew_after_reset(self):
        noisy = Program.parse("def Setup():\n  v1 = gaussian(0, 1)\n" + str(REGRESSOR).partition("\n")[2])
        learner = Learner(noisy, DIMS, seed=5)
        first = learner.learn(X, Y)
        assert (learner.learn(X, Y) != first).any()
        learner.reset()
        np.testing.assert_array_equal(learner.learn(X, Y), first)
        assert (Learner(noisy, DIMS, seed=6).learn(X, Y) != first).any()

    def test_is_the_same_in_every_variant(self):
        dims = Dims(n_features=7, n_scalars=5, n_vectors=5, n_matrices=3)
        x, y = RNG.standard_normal((20, 7)), RNG.standard_normal(20)
        for program in random_programs(40, dims):
            results = {Learner(program, dims, variant=name).learn(x, y).tobytes() for name in VARIANTS_HERE}
            assert len(results) == 1


class TestLabels:
    def test_binary_gives_probabilities(self):
        learner = Learner(linear_regressor(0.5), Dims(n_features=4, n_scalars=4, n_vectors=3, kind="binary"))
        assert learner.predict(X[0]) == 0.5
        labels = (Y > 0).astype(int)
        learner.learn(X, labels)
        probabilities = learner.predict(X)
        assert ((probabilities > 0) & (probabilities < 1)).all()
        assert np.mean((probabilities > 0.5) == labels) > 0.95

    def test_multiclass_gives_one_probability_a_class(self):
        program = Program.parse("""
def Setup():
  s2 = 0.1
def Predict():
  v2 = dot(m0, v0)
def Learn():
  v3 = v1 - v2
  v3 = s2 * v3
  m1 = outer(v3, v0)
  m0 = m0 + m1
""")
        learner = Learner(program, program.dims(4, "multiclass", 3))
        first = learner.predict(X[0])
        np.testing.assert_allclose(first, [1 / 3] * 3, rtol=1e-6)
        labels = np.argmax(X[:, :3], axis=1)
        assert learner.learn(X, labels).shape == (200, 3)
        probabilities = learner.predict(X)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
        assert np.mean(np.argmax(probabilities, axis=1) == labels) > 0.85

    @pytest.mark.parametrize(("kind", "bad"), [("binary", 2), ("binary", 0.5), ("multiclass", 3), ("multiclass", -1)])
    def test_that_are_none_are_refused(self, kind, bad):
        dims = Dims(n_features=4, n_scalars=4, n_vectors=3, kind=kind, n_classes=3 if kind == "multiclass" else 0)
        with pytest.raises(DataError, match=r"^y: expected"):
            Learner(Program(), dims).learn(X[0], bad)


class TestInput:
    @pytest.mark.parametrize(
        ("x", "message"),
        [
            ([1.0, 2.0], r"X: expected shape \(4,\) or \(N, 4\), got \(2,\)"),
            (np.zeros((2, 3, 4)), "X: expected shape"),
            (np.array([1.0, np.nan, 0.0, 0.0]), "X: expected finite numbers"),
            ("abcd", "X: expected an array of numbers"),
            (1.0, "X: expected shape"),
        ],
    )
    def test_of_the_wrong_shape_or_contents_is_refused(self, x, message):
        with pytest.raises(DataError, match=message):
            Learner(REGRESSOR, DIMS).predict(x)

    def test_needs_a_label_for_each_example(self):
        with pytest.raises(DataError, match=r"y: expected shape \(200,\)"):
            Learner(REGRESSOR, DIMS).learn(X, Y[:3])
        with pytest.raises(DataError, match="y: expected finite numbers"):
            Learner(REGRESSOR, DIMS).learn(X[0], np.nan)

    def test_may_be_lists_or_transposed_or_integers_or_nothing(self):
        learner = Learner(REGRESSOR, DIMS)
        wanted = learner.learn(X[:3], Y[:3])
        for same in (X[:3].tolist(), np.asfortranarray(X[:3]), X[:3].astype(object)):
            learner.reset()
            np.testing.assert_array_equal(learner.learn(same, Y[:3]), wanted)
        assert learner.predict([1, 2, 3, 4]) != 0
        assert learner.predict(np.zeros((0, 4))).shape == (0,)

    def test_programs_must_fit(self):
        with pytest.raises(ProgramError, match=r"Setup, instruction 1, s2 = 0.1: address out of range"):
            Learner(REGRESSOR, Dims(n_features=4))


class TestMemory:
    DIMS = Dims(n_features=3, n_scalars=5, n_vectors=4, n_matrices=4)

    def test_is_written_and_read(self):
        learner = Learner(Program(), self.DIMS, precision="float64", keep_dead_code=True)
        matrix = np.arange(9.0).reshape(3, 3)
        learner.set("s3", 2.5)
        learner.set("v2", [1.0, -np.inf, 3.0])
        learner.set("m3", matrix)
        assert learner.get("s3") == 2.5
        np.testing.assert_array_equal(learner.get("v2"), [1.0, -np.inf, 3.0])
        np.testing.assert_array_equal(learner.get("m3"), matrix)
        assert learner.get("s2") == 0
        learner.reset()
        assert learner.get("s3") == 0

    def test_is_what_instructions_work_on(self):
        program = Program.parse("def Predict():\n  m1 = outer(v1, v2)\ndef Learn():\n  v3 = dot(m1, v1)\n")
        learner = Learner(program, self.DIMS, keep_dead_code=True)
        learner.set("v1", [1, 2, 3])
        learner.set("v2", [4, 5, 6])
        learner.run("predict")
        np.testing.assert_array_equal(learner.get("m1"), np.outer([1, 2, 3], [4, 5, 6]))
        assert (learner.get("v3") == 0).all()
        learner.run("learn")
        np.testing.assert_array_equal(learner.get("v3"), np.outer([1, 2, 3], [4, 5, 6]) @ [1, 2, 3])
        with pytest.raises(InputError, match="function: expected one of setup, predict, learn"):
            learner.run("forget")

    @pytest.mark.parametrize("address", ["s5", "v4", "m4", "x1", "s", "s1 ", "s-1", "", None, "v1000"])
    def test_has_no_other_addresses(self, address):
        learner = Learner(Program(), self.DIMS, keep_dead_code=True)
        with pytest.raises(InputError, match=r"^address: expected"):
            learner.get(address)
        with pytest.raises(InputError, match=r"^address: expected"):
            learner.set(address, 0.0)

    def test_is_kept_only_with_dead_code(self):
        with pytest.raises(InputError, match="keep_dead_code"):
            Learner(Program(), self.DIMS).get("s1")

    @pytest.mark.parametrize(("address", "shape"), [("s1", ()), ("v1", (3,)), ("m1", (3, 3))])
    def test_takes_values_of_its_shape(self, address, shape):
        learner = Learner(Program(), self.DIMS, keep_dead_code=True)
        learner.set(address, np.ones(shape))
        with pytest.raises(DataError, match=r"^values: expected shape"):
            learner.set(address, np.ones((*shape, 2)))
        with pytest.raises(DataError, match=r"^values: expected an array of numbers"):
            learner.set(address, "x")

    @pytest.mark.parametrize(
        "op", [op for op in OPS if not op.is_random and op.out is not Type.NONE], ids=lambda op: op.name
    )
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_changes_at_the_output_alone(self, op, precision):
        """Also where the output is one of the inputs: all inputs are read first."""
        letters = {Type.SCALAR: "s", Type.VECTOR: "v", Type.MATRIX: "m"}
        learner = Learner(_program(op), self.DIMS, precision=precision, keep_dead_code=True)
        apart = Learner(_program(op, out=3), self.DIMS, precision=precision, keep_dead_code=True)
        places = [f"{letter}{i}" for letter, n in (("s", 5), ("v", 4), ("m", 4)) for i in range(n)]
        before = {}
        for place in places:
            shape = {"s": (), "v": (3,), "m": (3, 3)}[place[0]]
            before[place] = RNG.uniform(0.1, 0.9, shape).astype(precision)
            for each in (learner, apart):
                each.set(place, before[place])
        learner.run("predict")
        apart.run("predict")
        out = f"{letters[op.out]}1"
        for place in places:
            if place != out:
                np.testing.assert_array_equal(learner.get(place), before[place])
        if not op.is_partial:
            np.testing.assert_array_equal(learner.get(out), apart.get(f"{letters[op.out]}3"))


def _program(op, out=1):
    """One instruction of the op, whose inputs are the addresses numbered 1."""
    used = {name: 0 if operand is Type.NONE else 1 for name, operand in (("in1", op.in1), ("in2", op.in2))}
    return Program(predict=[Instruction(op.name, out=out, **used, constants=(0.5,) * len(op.constants))])


class TestNumbers:
    """What is no real number is refused, not cut or read as one."""

    LEARNER = Learner(REGRESSOR, DIMS, keep_dead_code=True)

    @pytest.mark.parametrize(
        "values",
        [np.ones(4, dtype=complex), ["1", "2", "3", "4"], np.zeros(4, dtype="datetime64[s]"), [None] * 4],
        ids=["complex", "text", "dates", "nothing"],
    )
    def test_are_asked_for(self, values):
        with pytest.raises(DataError, match=r"^X: expected an array of numbers"):
            self.LEARNER.predict(values)
        with pytest.raises(DataError, match=r"^values: expected an array of numbers"):
            self.LEARNER.set("v1", values)

    def test_of_any_type_are_learning_rates(self):
        assert linear_regressor(np.float64(0.1)) == linear_regressor(0.1)
        for rate in ("x", math.nan, True):
            with pytest.raises(InputError, match=r"^learning_rate: expected a number"):
                linear_regressor(rate)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda learner: pickle.loads(pickle.dumps(learner))])  # noqa: S301
def test_copies_go_on_to_the_same_bits(copied: Callable[[Learner], Learner]) -> None:
    program = evolved_linear_form()  # draws noise in each step
    learner = Learner(program, program.dims(4, "binary"), keep_dead_code=True, seed=7)
    X = np.random.default_rng(1).normal(size=(40, 4))
    y = (X[:, 0] > 0) * 1
    learner.learn(X, y)
    other = copied(learner)
    np.testing.assert_array_equal(learner.learn(X, y), other.learn(X, y))
    np.testing.assert_array_equal(learner.predict(X), other.predict(X))


def test_a_learner_without_dead_code_cannot_be_copied() -> None:
    program = linear_regressor()
    with pytest.raises(InputError, match="keep_dead_code"):
        pickle.dumps(Learner(program, program.dims(4)))


class TestRowsThatDoNotDependOnEachOther:
    @pytest.mark.parametrize("program", [evolved_linear_form(), REGRESSOR], ids=["writes memory", "does not"])
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_each_finds_what_learning_left(self, program, precision):
        dims = program.dims(4, "binary")
        learner = Learner(program, dims, precision=precision, keep_dead_code=True, seed=2)
        learner.learn(X[:50], Y[:50] > 0)
        alone = [copy.deepcopy(learner).predict(x) for x in X]
        before = learner.__getstate__()
        np.testing.assert_array_equal(learner.predict(X), alone)
        np.testing.assert_array_equal(learner.predict(X[::-1])[::-1], alone)
        assert learner.predict(X[3]) == alone[3]
        after = learner.__getstate__()
        assert before["runs"] == after["runs"]
        assert all(np.array_equal(before["memory"][a], after["memory"][a]) for a in before["memory"])

    def test_threads_may_ask_at_the_same_time(self):
        program = neural_network()
        learner = Learner(program, program.dims(4))
        learner.learn(X, Y)
        wanted = learner.predict(X)
        with ThreadPoolExecutor(8) as pool:
            for found in pool.map(learner.predict, [X] * 200):
                np.testing.assert_array_equal(found, wanted)

    def test_in_turn_each_finds_what_the_one_before_left(self):
        """As in validation: s2 counts how often Predict has run since learning set it to 0."""
        program = Program.parse(
            "def Predict():\n s3 = 1.0\n s2 = s2 + s3\n s1 = s2 * s3\ndef Learn():\n s2 = s0 - s0\n"
        )
        learner = Learner(program, program.dims(4))
        learner.learn(X[0], 1.0)
        for _ in range(2):
            np.testing.assert_array_equal(learner.predict(X[:5], rows="in_turn"), [1, 2, 3, 4, 5])
            np.testing.assert_array_equal(learner.predict(X[:5]), [1, 1, 1, 1, 1])
        with pytest.raises(InputError, match="rows: expected one of alone, in_turn, got 'both'"):
            learner.predict(X, rows="both")

    def test_threads_predict_while_another_learns(self):
        """Each sees the learner before or after a call of learn, never in between."""
        learner = Learner(neural_network(), neural_network().dims(4))
        states = [learner.predict(X)]
        apart = Learner(neural_network(), neural_network().dims(4))
        for _ in range(20):
            apart.learn(X, Y)
            states.append(apart.predict(X))
        with ThreadPoolExecutor(5) as pool:
            asked = [pool.submit(learner.predict, X) for _ in range(100)]
            for _ in range(20):
                learner.learn(X, Y)
            asked += [pool.submit(learner.predict, X) for _ in range(100)]
            for found in asked:
                assert any(np.array_equal(found.result(), state) for state in states)
        np.testing.assert_array_equal(learner.predict(X), states[-1])


class TestCallsThatAreCutShort:
    """Ctrl-C at a hundred instants."""

    @pytest.mark.parametrize("program", [evolved_linear_form(), neural_network()], ids=["evolved", "network"])
    def test_predicting_leaves_the_learner_as_it_was(self, program):
        learner = self.trained(program)
        before = learner.predict(X)
        n_cut = sum(self.is_cut(i, lambda: learner.predict(np.tile(X, (300, 1)))) for i in range(100))
        np.testing.assert_array_equal(learner.predict(X), before)
        assert n_cut > 5

    @pytest.mark.parametrize("program", [evolved_linear_form(), neural_network()], ids=["evolved", "network"])
    def test_learning_is_done_in_full_or_not_at_all(self, program):
        many, labels = np.tile(X, (300, 1)), np.tile(Y, 300)
        before, after = self.trained(program).predict(X), self.trained(program)
        after.learn(many, labels)
        n_cut = 0
        for i in range(100):
            learner = self.trained(program)
            n_cut += self.is_cut(i, lambda learner=learner: learner.learn(many, labels))
            found = learner.predict(X)
            assert np.array_equal(found, before) or np.array_equal(found, after.predict(X))
        assert n_cut > 5

    def trained(self, program):
        learner = Learner(program, program.dims(4), keep_dead_code=True)
        learner.learn(X, Y)
        return learner

    def is_cut(self, number, call):
        """Whether Ctrl-C ended the call."""
        timer = threading.Timer(0.0001 * (number % 50 + 1), _thread.interrupt_main)
        try:
            timer.start()
            call()
            timer.join()
            time.sleep(0.01)
        except KeyboardInterrupt:
            timer.join()
            return True
        return False
