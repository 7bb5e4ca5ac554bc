"""Renaming, knock-out, knock-in, and the variants of the evolved program."""

import itertools
import math
from typing import ClassVar

import numpy as np
import pytest
from samples import linear_tasks, random_programs

from pyamlz import Dims, Evaluator, InputError, Instruction, Program, ProgramError, TaskSet, tasks
from pyamlz.explain import (
    EVOLVED_FEATURES,
    Insertion,
    Line,
    ablate,
    compare,
    evolved_linear_form_without,
    inserted,
    knock_in,
    recognise,
    renamed,
    simplified_linear_form,
    simplify_by_ablation,
    without,
)
from pyamlz.program import Type, baselines, find_op

REGRESSOR = baselines.linear_regressor(0.1)


def before(function, number, instruction):
    return Insertion(Line(function, number), instruction)


def test_static_analysis_makes_the_paper_s_simplified_program():
    program = baselines.evolved_linear_form()
    assert str(program.simplified(program.dims(16, "binary"))) == (
        "def Setup():\n"
        "def Predict():\n"
        "  v1 = v0 - v9\n"
        "  v5 = v0 + v9\n"
        "  v6 = dot(m1, v5)\n"
        "  m1 = s2 * m2\n"
        "  s1 = dot(v6, v1)\n"
        "def Learn():\n"
        "  s4 = s0 - s1\n"
        "  m1 = outer(v1, v0)\n"
        "  s5 = sin(s4)\n"
        "  s2 = norm(m1)\n"
        "  s7 = s5 / s2\n"
        "  v11 = s7 * v1\n"
        "  m1 = outer(v11, v5)\n"
        "  m0 = m1 + m0\n"
        "  v9 = uniform(0.002, 0.7)\n"
        "  s4 = std(m0)\n"
        "  m2 = m2 + m0\n"
        "  m1 = s4 * m0\n"
    )
    assert simplified_linear_form() == program.simplified(program.dims(16, "binary"))


class TestRenamed:
    def test_counts_addresses_in_order_of_first_use(self):
        program = Program.parse(
            "def Setup():\n  s7 = 0.5\n"
            "def Predict():\n  v9 = s7 * v5\n  s1 = dot(v9, v0)\n"
            "def Learn():\n  m3 = outer(v5, v9)\n  m3 = transpose(m2)\n  v9[0.25] = 1.0\n"
        )
        assert renamed(program, program.dims(4)) == Program.parse(
            "def Setup():\n  s2 = 0.5\n"
            "def Predict():\n  v2 = s2 * v1\n  s1 = dot(v2, v0)\n"
            "def Learn():\n  m0 = outer(v1, v2)\n  m0 = transpose(m1)\n  v2[0.25] = 1.0\n"
        )

    @pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
    def test_computes_the_same_bits(self, kind):
        rng = np.random.default_rng(1)
        x = rng.standard_normal((30, 4)).astype(np.float32)
        y = {"regression": x @ np.float32([1, -1, 2, 0.5]), "binary": x[:, 0] > 0, "multiclass": x[:, :3].argmax(1)}
        task_set = tasks.from_arrays(x, y[kind], kind=kind, seed=1)
        evaluator = Evaluator(task_set)
        dims = Dims.of(task_set, n_scalars=5, n_vectors=6, n_matrices=3)
        n_changed = n_scored = 0
        for program in random_programs(60, dims):
            simple = program.simplified(dims)
            for one in (program, simple):
                other = renamed(one, dims)
                other.check(dims)
                before, after = evaluator.evaluate(one, seed=5), evaluator.evaluate(other, seed=5)
                assert before.task_fitness.tobytes() == after.task_fitness.tobytes()
                assert other.key(dims) == one.key(dims)
                assert renamed(other, dims) == other
                n_changed += other != one
                n_scored += before.fitness > 0
        assert n_changed > 50
        assert n_scored > 10

    def test_takes_no_more_memory_than_there_are_addresses(self):
        for program in random_programs(20):
            simple = renamed(program.simplified(program.dims(4)), program.dims(4))
            used = {
                (kind, address)
                for x in itertools.chain(simple.setup, simple.predict, simple.learn)
                for op in [find_op(x.op)]
                for kind, address in ((op.out, x.out), (op.in1, x.in1), (op.in2, x.in2))
                if kind is not Type.NONE
            }
            for kind, reserved in ((Type.SCALAR, 2), (Type.VECTOR, 1), (Type.MATRIX, 0)):
                highest = max((address for k, address in used if k is kind), default=-1)
                assert highest < reserved + sum(k is kind and address >= reserved for k, address in used)

    def test_refuses_what_does_not_fit(self):
        with pytest.raises(ProgramError, match="out of range"):
            renamed(REGRESSOR, Dims(n_features=4))


class TestEdits:
    def test_lines_go(self):
        assert without(REGRESSOR, {Line("learn", 2), Line("setup", 1)}) == Program(
            predict=REGRESSOR.predict, learn=[REGRESSOR.learn[i] for i in (0, 2, 3)]
        )

    def test_lines_come(self):
        decay = before("learn", 1, "s2 = arctan(s2)")
        end = before("learn", 5, Instruction("no_op"))
        program = inserted(REGRESSOR, [decay, end])
        assert program.learn == [Instruction("scalar_arctan", 2, 2), *REGRESSOR.learn, Instruction("no_op")]
        assert program.predict == REGRESSOR.predict

    def test_lines_are_replaced(self):
        program = inserted(REGRESSOR, [before("setup", 1, "s2 = 0.5")], instead_of=[Line("setup", 1)])
        assert program == baselines.linear_regressor(0.5)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (
                lambda: without(REGRESSOR, {Line("learn", 5)}),
                "there is no Learn 5, as learn has 4",
            ),
            (lambda: without(REGRESSOR, {Line("train", 1)}), "unknown lines 'train'|lines.*train"),
            (lambda: without(REGRESSOR, {3}), "lines: expected a Line, got int"),
            (
                lambda: inserted(REGRESSOR, [before("learn", 6, "no_op")]),
                "lines: before: number: .*1 to 5, got 6",
            ),
            (lambda: inserted(REGRESSOR, [before("learn", 1, "no_op\nno_op")]), "expected one instruction"),
            (lambda: inserted(REGRESSOR, [before("learn", 1, "s1 = quux(s0)")]), "line 2, column"),
            (
                lambda: inserted(REGRESSOR, [before("learn", 1, 3)]),
                "lines: instruction: expected an Instruction",
            ),
            (lambda: inserted(REGRESSOR, [before("setup", 1, "no_op")] * 64), "setup: expected at most 64"),
            (lambda: evolved_linear_form_without("noise"), "feature"),
        ],
    )
    def test_bad_input_is_named(self, call, message):
        with pytest.raises(InputError, match=message):
            call()


class TestAblation:
    def evaluator(self, n_tasks: int = 6) -> Evaluator:
        return Evaluator(linear_tasks(n_tasks=n_tasks))

    @pytest.mark.parametrize("threads", [3, "auto"])
    def test_the_number_of_threads_changes_nothing(self, threads):
        both = [self.evaluator(), self.evaluator(3)]
        assert ablate(REGRESSOR, both, threads=threads) == ablate(REGRESSOR, both)
        assert simplify_by_ablation(REGRESSOR, both, threads=threads) == simplify_by_ablation(REGRESSOR, both)

    def test_measures_each_live_line(self):
        evaluator = self.evaluator()
        whole = evaluator.evaluate(REGRESSOR)
        losses = ablate(REGRESSOR, evaluator, seeds=[0])
        assert [str(loss.line) for loss in losses] == [
            *("Setup 1", "Predict 1", "Learn 1", "Learn 2", "Learn 3", "Learn 4"),
        ]
        for loss in losses:
            changed = evaluator.evaluate(without(REGRESSOR, {loss.line}))
            differences = whole.task_fitness - changed.task_fitness
            assert loss.effect.mean == pytest.approx(differences.mean())
            assert loss.effect.standard_error == pytest.approx(differences.std(ddof=1) / math.sqrt(6))
            assert loss.effect.fitness == pytest.approx(changed.task_fitness.mean())
            assert loss.effect.n == 6
            assert loss.effect.mean > 0.3  # no line of it can be spared

    def test_dead_lines_are_left_out(self):
        program = inserted(REGRESSOR, [before("learn", 1, "s3 = abs(s0)")])
        assert Line("learn", 1) not in [loss.line for loss in ablate(program, self.evaluator())]

    def test_seeds_are_averaged_over_before_tasks_are_compared(self):
        noisy = inserted(
            REGRESSOR,
            [before("learn", 3, "s4 = uniform(0.5, 1.5)"), before("learn", 3, "s3 = s3 * s4")],
        )
        evaluator = self.evaluator()
        seeds = [3, 4, 5]
        loss = next(x for x in ablate(noisy, evaluator, seeds) if x.line == Line("learn", 4))
        other = without(noisy, {Line("learn", 4)})
        cases = np.mean(
            [evaluator.evaluate(noisy, s).task_fitness - evaluator.evaluate(other, s).task_fitness for s in seeds],
            axis=0,
        )
        assert loss.effect.mean == pytest.approx(cases.mean())
        assert loss.effect.standard_error == pytest.approx(cases.std(ddof=1) / math.sqrt(6))

    def test_evaluators_are_pooled(self):
        first, second = self.evaluator(), Evaluator(linear_tasks(seed=2, n_tasks=4))
        both = ablate(REGRESSOR, [first, second], seeds=[0])
        alone = [ablate(REGRESSOR, one, seeds=[0]) for one in (first, second)]
        for loss, one, other in zip(both, *alone, strict=True):
            assert loss.effect.n == 10
            assert loss.effect.mean == pytest.approx(0.6 * one.effect.mean + 0.4 * other.effect.mean)

    def test_of_one_task_seeds_are_the_cases(self):
        evaluator = self.evaluator(n_tasks=1)
        assert ablate(REGRESSOR, evaluator, seeds=[1, 2, 3])[0].effect.n == 3
        assert math.isnan(ablate(REGRESSOR, evaluator, seeds=[1])[0].effect.standard_error)

    def test_removes_what_does_not_matter_and_nothing_else(self):
        useless = [
            before("setup", 2, "v3 = gaussian(0, 1)"),
            before("predict", 2, "s4 = mean(v3)"),
            before("predict", 2, "s5 = 1e-9"),
            before("predict", 2, "s4 = s4 * s5"),
            before("predict", 2, "s1 = s1 + s4"),
        ]
        program = inserted(REGRESSOR, useless)
        assert len(program.simplified(program.dims(4))) == 11
        found = simplify_by_ablation(program, self.evaluator())
        assert found.program == REGRESSOR
        assert found.removed
        assert all(loss.effect.mean < 1e-6 for loss in found.removed)
        assert [loss.line for loss in found.kept] == [
            Line("setup", 1), Line("predict", 1), *(Line("learn", i) for i in range(1, 5)),
        ]  # fmt: skip
        assert all(loss.effect.mean > 0.3 for loss in found.kept)

    def test_a_loss_over_the_margin_is_never_noise(self):
        """However far the tasks differ: that is what the margin is for."""
        program = inserted(REGRESSOR, [before("predict", 2, "s4 = 0.02"), before("predict", 2, "s1 = s1 + s4")])
        tight = simplify_by_ablation(REGRESSOR, self.evaluator(), standard_errors=1e9)
        assert tight.program == REGRESSOR
        assert not tight.removed
        loose = simplify_by_ablation(REGRESSOR, self.evaluator(), standard_errors=1e9, margin=1)
        assert len(loose.program) == 0
        assert simplify_by_ablation(program, self.evaluator()).program == REGRESSOR

    def test_small_losses_do_not_add_up(self):
        """The rate is the product of many factors, each of which costs little alone."""
        factors = "".join("  s2 = s2 * s5\n" for _ in range(12))
        text = str(REGRESSOR).replace("  s2 = 0.1\n", f"  s2 = {0.1 * 0.8**12}\n  s5 = 1.25\n{factors}")
        program = Program.parse(text)
        evaluator = Evaluator(linear_tasks(n_tasks=6, n_train=100))
        assert all(x.effect.mean < 0.01 for x in ablate(program, evaluator) if str(x.line) > "Setup 2")
        whole = evaluator.evaluate(program).task_fitness.mean()
        found = simplify_by_ablation(program, evaluator, standard_errors=1e9, margin=0.01)
        assert found.removed
        assert evaluator.evaluate(found.program).task_fitness.mean() >= whole - 0.01

    def test_compare(self):
        evaluator = self.evaluator()
        slow = baselines.linear_regressor(0.001)
        loss = compare(REGRESSOR, slow, evaluator, seeds=[0])
        differences = evaluator.evaluate(REGRESSOR).task_fitness - evaluator.evaluate(slow).task_fitness
        assert loss.mean == pytest.approx(differences.mean())
        assert compare(slow, REGRESSOR, evaluator, seeds=[0]).mean == pytest.approx(-loss.mean)

    def test_knock_in(self):
        slow = baselines.linear_regressor(0.001)
        faster = [before("learn", 3, "s4 = 100.0"), before("learn", 3, "s3 = s3 * s4")]
        evaluator = self.evaluator()
        gain = knock_in(slow, faster, evaluator, seeds=[0])
        expected = evaluator.evaluate(REGRESSOR).task_fitness - evaluator.evaluate(slow).task_fitness
        assert gain.mean == pytest.approx(expected.mean(), abs=1e-6)
        assert gain.mean > 0.3
        assert gain.n == 6
        assert knock_in(REGRESSOR, [before("learn", 1, "no_op")], evaluator).mean == 0
        replaced = knock_in(slow, [before("setup", 1, "s2 = 0.1")], evaluator, instead_of=[Line("setup", 1)])
        assert replaced.mean == pytest.approx(gain.mean, abs=1e-6)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([], [0]), "evaluator: expected at least one"),
            ((3, [0]), "evaluator: expected an Evaluator, got int"),
            (("good", []), "seeds: expected one or more"),
            (("good", [1, 1]), "seeds: expected one or more, each once"),
            (("good", [-1]), "seeds: expected"),
            (("mixed", [0]), "evaluator: expected tasks of one F and kind"),
        ],
    )
    def test_bad_input_is_named(self, arguments, message):
        evaluator, seeds = arguments
        good = self.evaluator()
        chosen = {"good": good, "mixed": [good, Evaluator(linear_tasks(n_features=3))]}.get(str(evaluator), evaluator)
        with pytest.raises(InputError, match=message):
            ablate(REGRESSOR, chosen, seeds)

    @pytest.mark.parametrize("argument", ["standard_errors", "margin"])
    def test_bad_rules_are_named(self, argument):
        with pytest.raises(InputError, match=argument):
            simplify_by_ablation(REGRESSOR, self.evaluator(), **{argument: -1})


@pytest.fixture(scope="module")
def digits() -> TaskSet:
    return tasks.projected_binary("digits", n_features=16, n_tasks=8, n_train="all", epochs=2, seed=1)


class TestVariants:
    NAMES: ClassVar = {
        "input_noise": "input_noise",
        "bilinear_form": "bilinear_form",
        "normalised_gradient": "normalised_gradient",
        "weight_averaging": "averaged_weights",
    }

    @pytest.mark.parametrize("feature", EVOLVED_FEATURES)
    def test_lack_one_feature_and_keep_the_rest(self, feature):
        whole, program = simplified_linear_form(), evolved_linear_form_without(feature)
        before = {f.name for f in recognise(whole, whole.dims(16, "binary"))}
        after = {f.name for f in recognise(program, program.dims(16, "binary"))}
        assert before - after == {self.NAMES[feature]}
        assert after < before

    @pytest.mark.parametrize("feature", EVOLVED_FEATURES)
    def test_still_learn(self, feature, digits):
        assert Evaluator(digits).evaluate(evolved_linear_form_without(feature)).fitness > 0.95

    def test_the_noise_that_is_replaced_has_the_mean_of_what_takes_its_place(self):
        (draw,) = [x for x in simplified_linear_form().learn if x.op == "vector_uniform"]
        (constant,) = evolved_linear_form_without("input_noise").setup
        assert constant.constants[0] == pytest.approx(sum(draw.constants) / 2)

    def test_the_step_without_a_norm_has_the_rate_that_is_given(self):
        (constant,) = evolved_linear_form_without("normalised_gradient", 0.25).setup
        assert constant.constants == (0.25,)
