"""Programs: made, written, read, compared, analysed."""

import copy
import html
import math
import pickle
import re
from pathlib import Path

import pytest
from samples import ALL_OPS, full_space, instruction_of, linear_space, linear_tasks, random_programs

from pyamlz import Dims, Evaluator, FunctionSpace, InputError, Instruction, Program, ProgramError, SearchSpace, load
from pyamlz.lab import tuned
from pyamlz.program import OPS, Type, baselines, find_op
from pyamlz.program.baselines import softmax_regressor

DIMS = Dims(n_features=4, n_scalars=5, n_vectors=5, n_matrices=3)
REGRESSOR = baselines.linear_regressor(0.1)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
class TestEveryOp:
    def test_is_found_by_name_and_id(self, op):
        assert find_op(op.name) is op
        assert find_op(op.id) is op
        assert OPS[op.id] is op

    def test_has_a_formula_and_a_form_with_its_operands(self, op):
        assert op.formula
        for mark, operand in (("$o", op.out), ("$1", op.in1), ("$2", op.in2)):
            assert (mark in op.text) == (operand is not Type.NONE)
        assert op.text.count("$c") == len(op.constants)

    def test_keeps_its_instruction_through_text(self, op):
        instruction = instruction_of(op)
        program = Program(setup=[instruction], predict=[instruction], learn=[instruction])
        assert program.predict == [instruction]
        assert Program.parse(str(program)) == program
        assert Instruction.parse(str(instruction)) == instruction
        assert len(str(program).splitlines()) == 6

    def test_is_drawn_for_a_space_of_its_own(self, op):
        function = FunctionSpace.fixed(8, [op.id])
        program = Program.random(SearchSpace(DIMS, predict=function), seed=3)
        assert {instruction.op for instruction in program.predict} == {op.name}
        program.check(DIMS)

    def test_runs(self, op):
        instruction = instruction_of(op)
        tasks = linear_tasks(n_train=3, n_valid=3)
        evaluation = Evaluator(tasks).evaluate(Program(predict=[instruction, instruction], learn=[instruction]))
        assert 0 <= evaluation.fitness <= 1

    def test_cost_depends_on_features_as_it_says(self, op):
        learn = Program(learn=[instruction_of(op)])
        for n_features in (1, 4, 16):
            wanted = op.cost_base + op.cost_work * n_features**op.cost_power
            assert learn.cost(n_features) == pytest.approx(wanted)


class TestText:
    def test_of_the_empty_program(self):
        assert str(Program()) == "def Setup():\ndef Predict():\ndef Learn():\n"
        assert Program.parse("") == Program()
        assert len(Program()) == 0
        assert Program()

    def test_goes_back_and_forth_without_losing_a_bit(self):
        for program in random_programs(200):
            assert Program.parse(str(program)) == program

    def test_takes_integer_indexes_if_it_knows_the_number_of_features(self):
        text = "def Setup():\n  v1[3] = -2.5\n"
        index, value = Program.parse(text, n_features=4).setup[0].constants
        assert (int(index * 4), value) == (3, -2.5)
        with pytest.raises(ProgramError):
            Program.parse(text)

    def test_takes_the_papers_spelling(self):
        text = "def Learn():\n  v2 = max(v1, v0)\n  v3 = gaussian(0.1, 0.2, n_features)\n  v4 = heaviside(v2)\n"
        names = [instruction.op for instruction in Program.parse(text).learn]
        assert names == ["vector_maximum", "vector_gaussian", "vector_heaviside"]

    @pytest.mark.parametrize(
        ("text", "line", "column"),
        [
            ("def Setup():\n  s1 = dot(v0, s1)\n", 2, 16),
            ("def Setup():\n\n  # nothing\n  s1 + s2\n", 4, 6),
            ("def Forget():\n", 1, 5),
            ("def Predict():\n  s1 = \ud800\n", 2, 8),
        ],
    )
    def test_that_is_no_program_is_an_error_with_its_place(self, text, line, column):
        with pytest.raises(ProgramError, match=f"^line {line}, column {column}: .*expected|unknown") as caught:
            Program.parse(text)
        assert (caught.value.line, caught.value.column) == (line, column)

    def test_must_be_a_str(self):
        with pytest.raises(InputError, match="text: expected a str"):
            Program.parse(b"def Setup():\n")


class TestFiles:
    def test_are_read(self, tmp_path: Path):
        (tmp_path / "program.txt").write_text(str(REGRESSOR))
        assert load(tmp_path / "program.txt") == REGRESSOR

    def test_that_hold_no_program_are_errors_with_the_path_and_place(self, tmp_path: Path):
        (tmp_path / "broken.txt").write_text("def Setup():\n  s1 = ?\n")
        with pytest.raises(ProgramError, match=r"broken\.txt: line 2") as caught:
            load(tmp_path / "broken.txt")
        assert caught.value.line == 2

    def test_that_cannot_be_read_are_errors(self, tmp_path: Path):
        for path in (tmp_path, tmp_path / "none", "/dev/zero", "nul\0"):
            with pytest.raises(InputError, match=r"cannot be read|at most"):
                load(path)


class TestValues:
    def test_are_equal_if_they_have_the_same_bits(self):
        plus = Program(setup=[Instruction("scalar_constant", out=2, constants=(0.0,))])
        minus = Program(setup=[Instruction("scalar_constant", out=2, constants=(-0.0,))])
        assert plus != minus
        assert plus == Program.parse(str(plus))
        assert hash(plus) == hash(Program.parse(str(plus)))
        assert plus != str(plus)
        assert len({plus, minus, Program.parse(str(plus))}) == 2

    def test_survive_pickle_and_copy(self):
        for program in random_programs(10):
            assert pickle.loads(pickle.dumps(program)) == program  # noqa: S301
            assert copy.deepcopy(program) == program

    def test_can_be_evaluated_from_their_repr(self):
        assert eval(repr(REGRESSOR)) == REGRESSOR  # noqa: S307

    def test_tell_their_instructions(self):
        assert REGRESSOR.setup == [Instruction("scalar_constant", out=2, constants=(0.1,))]
        assert REGRESSOR.predict == [Instruction("dot_product", out=1, in1=0, in2=1)]
        assert [instruction.op for instruction in REGRESSOR.learn] == [
            "scalar_difference",
            "scalar_product",
            "scalar_vector_product",
            "vector_sum",
        ]
        assert REGRESSOR.sizes == {"setup": 1, "predict": 1, "learn": 4}
        assert Program(REGRESSOR.setup, REGRESSOR.predict, REGRESSOR.learn) == REGRESSOR

    def test_give_out_their_code_to_be_changed(self):
        code = REGRESSOR.code
        assert code == {"setup": REGRESSOR.setup, "predict": REGRESSOR.predict, "learn": REGRESSOR.learn}
        code["predict"][0] = Instruction("scalar_constant", out=1, constants=(0.5,))
        assert str(Program(**code).predict[0]) == "s1 = 0.5"
        assert REGRESSOR.predict[0].op == "dot_product"


class TestInstructions:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"op": "dot"}, "unknown op 'dot'"),
            ({"op": "dot_produkt"}, "did you mean 'dot_product'"),
            ({"op": len(OPS)}, "unknown op"),
            ({"op": "dot_product", "in1": 256}, "dot_product: in1"),
            ({"op": "scalar_abs", "in2": 1}, "scalar_abs: in2"),
            ({"op": "scalar_constant"}, "constants: expected 1, got 0"),
            ({"op": "scalar_constant", "constants": ("x",)}, "constants: expected numbers"),
            ({"op": "scalar_constant", "constants": (math.inf,)}, "a finite number"),
            ({"op": "vector_element", "constants": (1.0, 0.0)}, r"an index in \[0, 1\)"),
            ({"op": "scalar_gaussian", "constants": (0.0, -1.0)}, "0 or more"),
        ],
    )
    def test_that_do_not_fit_their_op_are_refused(self, arguments, message):
        with pytest.raises(InputError, match=message):
            Instruction(**arguments)

    def test_are_at_most_as_many_as_a_function_holds(self):
        assert len(Program(setup=[Instruction("no_op")] * 64)) == 64
        with pytest.raises(InputError, match="setup: expected at most 64 instructions, got 65"):
            Program(setup=[Instruction("no_op")] * 65)


class TestRandom:
    def test_depends_on_the_seed_alone(self):
        space = full_space(DIMS)
        assert Program.random(space, 7) == Program.random(space, 7)
        assert len({Program.random(space, seed) for seed in range(50)}) == 50

    def test_has_the_sizes_of_the_space_and_fits_it(self):
        space = linear_space(linear_tasks())
        for seed in range(20):
            program = Program.random(space, seed)
            assert program.sizes == {"setup": 5, "predict": 2, "learn": 6}
            program.check(space.dims)

    def test_uses_every_op(self):
        found = {
            instruction.op
            for program in random_programs(100)
            for instruction in [*program.setup, *program.predict, *program.learn]
        }
        assert found == set(ALL_OPS)

    def test_keeps_functions_without_ops(self):
        space = SearchSpace(REGRESSOR.dims(4), learn=FunctionSpace.fixed(4, ["scalar_sum"]))
        program = Program.random(space, 1, start=REGRESSOR)
        assert program.predict == REGRESSOR.predict
        assert {instruction.op for instruction in program.learn} == {"scalar_sum"}
        assert not Program.random(space, 1).predict

    def test_takes_seeds_of_64_bits(self):
        Program.random(full_space(DIMS), 2**64 - 1)
        for seed in (-1, 2**64, 1.5, "1"):
            with pytest.raises(InputError, match="seed: expected"):
                Program.random(full_space(DIMS), seed)


class TestAnalysis:
    def test_finds_live_code(self):
        live = baselines.evolved_linear_form().live(Dims(n_features=4, n_scalars=8, n_vectors=14, n_matrices=3))
        assert live["setup"] == [False] * 4
        assert live["predict"] == [True] * 5 + [False]
        dead_learn = {1, 6, 8, 12}
        assert [i for i, is_live in enumerate(live["learn"]) if not is_live] == sorted(dead_learn)

    def test_simplifying_keeps_every_bit(self):
        tasks = linear_tasks(n_train=20, n_valid=10)
        evaluator = Evaluator(tasks)
        for program in random_programs(100):
            simplified = program.simplified(DIMS)
            assert len(simplified) == sum(map(sum, program.live(DIMS).values()))
            assert simplified.simplified(DIMS) == simplified
            assert simplified.key(DIMS) == program.key(DIMS)
            before, after = evaluator.evaluate(program, 3), evaluator.evaluate(simplified, 3)
            assert before.task_fitness.tobytes() == after.task_fitness.tobytes()

    def test_key_looks_through_numbering_and_commuting_operands(self):
        other = Program.parse(
            "def Setup():\n  s4 = 0.1\n  s2 = 7\ndef Predict():\n  s1 = dot(v4, v0)\n"
            "def Learn():\n  s3 = s0 - s1\n  s3 = s4 * s3\n  v2 = s3 * v0\n  v4 = v2 + v4\n"
        )
        assert other != REGRESSOR
        assert other.key(DIMS) == REGRESSOR.key(DIMS)
        assert other.key(DIMS) != baselines.linear_regressor(0.2).key(DIMS)

    def test_smallest_memory_is_enough_and_nothing_less(self):
        dims = REGRESSOR.dims(8)
        assert (dims.n_features, dims.n_scalars, dims.n_vectors, dims.n_matrices) == (8, 4, 3, 0)
        REGRESSOR.check(dims)
        with pytest.raises(ProgramError):
            REGRESSOR.check(Dims(n_features=8, n_scalars=4, n_vectors=2))
        assert Program().dims(4, "multiclass", 3).n_vectors == 3

    def test_check_names_function_and_instruction(self):
        program = Program.parse("def Learn():\n  s1 = s0 + s0\n  s9 = dot(v0, v1)\n")
        message = r"Learn, instruction 2, s9 = dot\(v0, v1\): address out of range"
        with pytest.raises(ProgramError, match=message) as caught:
            program.check(DIMS)
        assert caught.value.line == 2
        for use in (program.live, program.simplified, program.key):
            with pytest.raises(ProgramError, match=message):
                use(DIMS)

    @pytest.mark.parametrize("line", ["s0 = 1", "v0 = v1 + v1"])
    def test_check_refuses_writing_labels_and_features(self, line):
        program = Program.parse(f"def Predict():\n  {line}\n")
        with pytest.raises(ProgramError, match="Predict, instruction 1"):
            program.check(program.dims(4))


class TestBaselines:
    def test_have_the_memory_that_they_say(self):
        network = baselines.neural_network().dims(16)
        assert (network.n_scalars, network.n_vectors, network.n_matrices) == (5, 9, 2)
        assert baselines.neural_network().sizes == {"setup": 3, "predict": 5, "learn": 11}

    @pytest.mark.parametrize("name", baselines.BASELINES)
    def test_run(self, name):
        program = baselines.built_in(name)
        program.check(program.dims(4))
        assert Program.parse(str(program)) == program

    def test_unknown_name_suggests_the_nearest(self):
        with pytest.raises(InputError, match="did you mean 'linear_regressor'"):
            baselines.built_in("linear_regresor")

    def test_tuning_finds_the_best_learning_rate(self):
        evaluator = Evaluator(linear_tasks())
        program, rate = tuned("linear_regressor", evaluator)
        assert program == baselines.linear_regressor(rate)
        best = evaluator.evaluate(program).fitness
        assert best > 0.9
        assert best >= evaluator.evaluate(baselines.linear_regressor(0.01)).fitness


class TestEditing:
    def test_makes_copies(self):
        text = str(REGRESSOR)
        more = REGRESSOR.inserted("learn", 4, "s5 = s0 - s1").inserted("setup", 0, Instruction("no_op"))
        assert [x.op for x in more.setup] == ["no_op", "scalar_constant"]
        assert more.learn[4] == Instruction("scalar_difference", out=5, in1=0, in2=1)
        assert more.predict == REGRESSOR.predict
        assert more.removed("learn", 4).removed("setup", 0) == REGRESSOR
        other = REGRESSOR.replaced("predict", 0, "s1 = norm(v0)")
        assert [x.op for x in other.predict] == ["vector_norm"]
        assert other.replaced("predict", 0, REGRESSOR.predict[0]) == REGRESSOR
        assert str(REGRESSOR) == text

    @pytest.mark.parametrize(
        ("edit", "message"),
        [
            (lambda: REGRESSOR.removed("learn", 4), "index"),
            (lambda: REGRESSOR.removed("learn", -1), "index"),
            (lambda: REGRESSOR.replaced("setup", 1, "no_op"), "index"),
            (lambda: Program().removed("setup", 0), "no instruction in setup"),
            (lambda: REGRESSOR.inserted("learn", 5, "no_op"), "index"),
            (lambda: REGRESSOR.inserted("Learn", 0, "no_op"), "function"),
            (lambda: REGRESSOR.inserted("learn", 0, "no_op\nno_op"), "expected one instruction"),
            (lambda: REGRESSOR.inserted("learn", 0, "no_op\ndef Setup():\n  no_op"), "expected one instruction"),
            (lambda: REGRESSOR.inserted("learn", 0, "s1 = s2 §"), "line 2"),
            (lambda: REGRESSOR.inserted("learn", 0, 7), "instruction"),
            (lambda: Program(setup=[Instruction("no_op")] * 64).inserted("setup", 3, "no_op"), "at most 64"),
        ],
    )
    def test_refuses(self, edit, message):
        with pytest.raises(InputError, match=message):
            edit()


class TestNotebooks:
    def test_show_text_with_dead_lines_grey(self):
        page = REGRESSOR.inserted("learn", 0, "s3 = abs(s3)")._repr_html_()
        assert re.findall('<span class="dead" style="opacity: 0.55">(.*)</span>', page) == ["  s3 = abs(s3)"]
        assert page.count("<b>") == 3
        assert "<script" not in page

    def test_show_multiclass_programs(self):
        page = softmax_regressor()._repr_html_()
        assert 'class="dead"' not in page

    def test_show_any_program(self):
        for program in [Program(), *random_programs(20)]:
            (shown,) = re.findall("<pre>(.*)</pre>", program._repr_html_(), re.DOTALL)
            assert html.unescape(re.sub("<[^>]*>", "", shown)) == str(program).rstrip("\n")
