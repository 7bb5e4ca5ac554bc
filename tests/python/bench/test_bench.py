"""The benchmark: that both sides do the same work, that nothing diverges, and what the command prints. No speeds."""

import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from samples import VARIANTS_HERE, instruction_of

from pyamlz import OPS, Evaluator, Experiment, InputError, Program, TaskSet, bench, tasks
from pyamlz._cli import main as cli
from pyamlz._lib.errors import AmlzError
from pyamlz.bench import Case, Workload, _scaling, _speed
from pyamlz.bench._plain import PlainInterpreter, plain_interpreter
from pyamlz.program import Op, Type

SHORT = "0.01"
FEW = (Case("linear", 4, 3), Case("nn", 3, 1))
RANDOM_OPS = {op.name for op in OPS if op.is_random}
NEEDS_COMPILER = pytest.mark.skipif(shutil.which("cc") is None, reason="needs cc")

NETWORK = """
def Setup():
  s2 = 0.1
  v1[0.1] = 0.5
  m0[0.1, 0.1] = 0.3
  m0[0.6, 0.1] = -0.2
  m0[0.9, 0.6] = 0.4
  v6[0.1] = 0.2
  v6[0.9] = -0.3
"""
PRELUDE = """
def Predict():
  s1 = mean(v0)
  s3 = norm(v0)
  v1 = v0 + v0
  v3 = s1 * v0
  v3 = v3 - v0
  m1 = outer(v0, v3)
  m3 = outer(v1, v0)
  m3 = m3 + m1
"""
# What makes a number of the output, which is in s2, v2 or m2; it depends on the order of elements.
NUMBER_OF = {
    Type.NONE: "  s1 = s1 + s3\n",
    Type.SCALAR: "  s1 = s2 + s5\n",
    Type.VECTOR: "  s1 = dot(v2, v3)\n",
    Type.MATRIX: "  v5 = dot(m2, v3)\n  s1 = dot(v5, v0)\n",
}


@pytest.fixture(scope="module")
def plain() -> Iterator[PlainInterpreter]:
    if shutil.which("cc") is None:
        pytest.skip("needs cc")
    with plain_interpreter() as interpreter:
        yield interpreter


def assert_same_errors(plain: PlainInterpreter, programs: Sequence[Program], task_set: TaskSet) -> None:
    """Both sides have the same errors in training, up to rounding, and stop at the same examples."""
    plain.load(Workload(tuple(programs), task_set))
    evaluator = Evaluator(task_set)
    expected = [evaluator.probe(program, task_set.n_train, 0).train_errors for program in programs]
    found = np.reshape(plain.errors(), (len(programs), task_set.n_tasks, task_set.n_train))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def few_tasks(n_features: int, n_tasks: int = 3, n_train: int = 20) -> TaskSet:
    return tasks.linear(n_features, n_tasks, n_train, 1, seed=3)


# ---------------------------------------------------------------- the same work


class TestPlainInterpreter:
    @pytest.mark.parametrize("n_features", [1, 4, 13])
    def test_trains_the_linear_regressor_as_the_library(self, plain, n_features):
        assert_same_errors(plain, Workload.of("linear", 4, 1).programs, few_tasks(n_features))

    def test_trains_a_network_as_the_library(self, plain):
        (network,) = Workload.of("nn", 4, 1).programs
        text = NETWORK + str(network)[str(network).index("def Predict") :]
        assert_same_errors(plain, [Program.parse(text)], few_tasks(4))

    @pytest.mark.parametrize("n_features", [4, 7])
    def test_trains_random_programs_as_the_library(self, plain, n_features):
        comparable = []
        for program in Workload.of("random", n_features, 1).programs:
            live = program.simplified(program.dims(n_features))
            if live.predict and not {x.op for x in (*live.setup, *live.predict, *live.learn)} & RANDOM_OPS:
                comparable.append(program)
        assert len(comparable) > 50
        assert_same_errors(plain, comparable, few_tasks(n_features))

    @pytest.mark.parametrize("op", [op for op in OPS if not op.is_random], ids=lambda op: op.name)
    def test_knows_each_op(self, plain, op: Op):
        instruction = str(Program(predict=[instruction_of(op)])).splitlines()[2]
        program = Program.parse(f"{PRELUDE}{instruction}\n{NUMBER_OF[op.out]}")
        assert_same_errors(plain, [program], few_tasks(3, n_tasks=8, n_train=5))

    @pytest.mark.parametrize("name", sorted(RANDOM_OPS))
    def test_draws(self, plain, name):
        task_set = few_tasks(2, n_train=2000)
        task_set = replace(task_set, train_y=np.zeros_like(task_set.train_y))
        kind = name.partition("_")[0]
        letter, distribution = kind[0], "uniform(1, 3)" if name.endswith("uniform") else "gaussian(5, 0.5)"
        number = {"scalar": "s2 + s5", "vector": "mean(v2)", "matrix": "mean(m2)"}[kind]
        program = Program.parse(f"def Predict():\n  {letter}2 = {distribution}\n  s1 = {number}\n")
        plain.load(Workload((program,), task_set))
        drawn = np.array(plain.errors())
        middle, deviation = (2.0, 3**-0.5) if name.endswith("uniform") else (5.0, 0.5)
        deviation /= {"scalar": 1, "vector": 2, "matrix": 4}[kind] ** 0.5
        assert abs(drawn.mean() - middle) < 5 * deviation / drawn.size**0.5
        assert drawn.std() == pytest.approx(deviation, rel=0.05)
        if name.endswith("uniform"):
            assert 1 < drawn.min() < drawn.max() < 3

    def test_counts_steps_up_to_the_one_that_stops(self, plain):
        workload = Workload((Program.parse("def Learn():\n  s1 = s1 + s2\n  s2 = 30\n"),), few_tasks(2))
        plain.load(workload)
        burst = plain.burst(1e-9)
        assert burst.steps == Evaluator(workload.tasks).evaluate(workload.programs[0]).train_steps
        assert 0 < burst.steps < workload.steps
        assert burst.rate == burst.steps / burst.seconds

    def test_says_what_failed(self, plain):
        plain._input.write_bytes(b"\0" * 20)
        with pytest.raises(AmlzError, match="plain_steps: ended with 2: plain_steps: the input ends too early"):
            plain.burst(1.0)

    @pytest.mark.parametrize(
        ("compiler", "reason"), [("/nowhere/cc -m64", "No such file or directory"), ("cc '", "No closing quotation")]
    )
    def test_needs_a_compiler(self, monkeypatch, amlz, compiler, reason):
        monkeypatch.setenv("CC", compiler)
        code, _, err = amlz("bench", "--seconds", SHORT)
        assert code == 1
        assert f"pyamlz: CC: expected a C compiler, got {compiler!r}, which cannot be run: {reason}" in err

    def test_needs_a_folder_where_it_may_run(self, tmp_path):
        binary = tmp_path / "plain_steps"
        binary.write_bytes(b"")
        interpreter = PlainInterpreter(binary)
        interpreter.load(Workload.of("linear", 1, 1))
        with pytest.raises(AmlzError, match="plain_steps: cannot be run: Permission denied"):
            interpreter.burst(1.0)

    def test_needs_a_compiler_that_works(self, monkeypatch, tmp_path, amlz):
        (tmp_path / "cc").write_text("echo no >&2; exit 1\n")
        monkeypatch.setenv("CC", f"sh {tmp_path / 'cc'}")
        code, _, err = amlz("bench", "--seconds", SHORT)
        assert code == 1
        assert "failed on plain_steps.c:\n  no" in err


class TestWorkload:
    @pytest.mark.parametrize("program", ["linear", "nn"])
    @pytest.mark.parametrize(("n_features", "n_tasks"), [(1, 1), (4, 16), (16, 10), (256, 8), (784, 1)])
    def test_does_not_diverge(self, program, n_features, n_tasks):
        workload = Workload.of(program, n_features, n_tasks)
        result = Evaluator(workload.tasks).evaluate(workload.programs[0])
        assert (result.n_stopped, result.train_steps) == (0, workload.steps)
        assert workload.steps >= 100 * n_tasks * workload.tasks.n_valid

    def test_of_random_programs_is_the_papers(self):
        workload = Workload.of("random", 4, 2)
        assert len(workload.programs) == len(set(workload.programs)) == 200
        assert {tuple(program.sizes.values()) for program in workload.programs} == {(21, 21, 45)}
        used = {x.op for p in workload.programs for x in (*p.setup, *p.predict, *p.learn)}
        assert used == {op.name for op in OPS}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("network", 4, 1), "program: expected one of linear, nn, random, got 'network'"),
            (("nn", 0, 1), "n_features: expected an integer from 1 to"),
            (("nn", 4, 1.5), "n_tasks: expected an integer from 1 to"),
            (("nn", 4, 1, "float16"), "precision: expected one of float32, float64"),
        ],
    )
    def test_refuses(self, arguments, message):
        with pytest.raises(InputError, match=re.escape(message)):
            Workload.of(*arguments)


# ---------------------------------------------------------------- the command


class TestSteps:
    COMMAND = ("bench", "steps", "--features", "4", "--tasks", "3", "--seconds", SHORT)

    @pytest.mark.parametrize("program", ["linear", "nn"])
    def test_tells_the_rate_and_that_nothing_stopped(self, amlz, program):
        code, out, err = amlz(*self.COMMAND, "--program", program, "--json")
        assert (code, err, out.count("\n")) == (0, "", 1)
        result = json.loads(out)
        assert result["program"] == program
        assert (result["n_features"], result["n_tasks"], result["precision"]) == (4, 3, "float32")
        assert 0 < result["lowest"] <= result["train_steps_per_second"] <= result["highest"]
        assert result["stopped_tasks"] == 0
        assert result["train_steps"] == result["full_train_steps"] > 0
        assert result["train_steps"] % (result["n_tasks"] * result["n_train"]) == 0
        assert result["seconds"] >= float(SHORT)
        assert result["rounds"] == bench.ROUNDS

    def test_counts_what_random_programs_did(self, amlz):
        arguments = ("bench", "steps", "--program", "random", "--features", "2", "--tasks", "1", "--seconds", SHORT)
        result = json.loads(amlz(*arguments, "--json")[1])
        assert result["stopped_tasks"] > 0
        assert 0 < result["train_steps"] < result["full_train_steps"]

    @pytest.mark.parametrize("variant", VARIANTS_HERE)
    @pytest.mark.parametrize(("precision", "name"), [("f32", "float32"), ("f64", "float64")])
    def test_takes_precision_and_variant(self, amlz, variant, precision, name):
        arguments = ("--program", "linear", "--precision", precision, "--variant", variant, "--json")
        result = json.loads(amlz(*self.COMMAND, *arguments)[1])
        assert result["precision"] == name
        assert result["variant"] in ([v for v in VARIANTS_HERE if v != "auto"] if variant == "auto" else [variant])

    def test_prints_text(self, amlz):
        code, out, _ = amlz(*self.COMMAND, "--program", "nn")
        assert code == 0
        assert re.fullmatch(
            r"# network, 3 tasks of \d+ \+ 1 examples, F = 4, float32, kernels: \w+\n"
            r"# ([\d,]+) of \1 training steps were done, in [\d.]+ s; stopped early: 0 tasks\n"
            r"[\d,]+ steps/s \(of 5 rounds the lowest [\d,]+, the highest [\d,]+\)\n",
            out,
        )
        assert amlz(*self.COMMAND, "--program", "nn", "--quiet")[1].count("\n") == 1


class TestSearch:
    COMMAND = ("bench", "search", "--preset", "demo", "--seconds", "0.2")

    def test_tells_the_rate_and_what_was_done(self, amlz):
        code, out, err = amlz(*self.COMMAND, "--seed", "7", "--json")
        assert (code, err, out.count("\n")) == (0, "", 1)
        result = json.loads(out)
        assert (result["preset"], result["seed"]) == ("demo", 7)
        assert result["evaluations_per_second"] == pytest.approx(result["evaluations"] / result["seconds"])
        assert list(result["phases"]) == [
            "selection", "mutation", "analysis", "caches", "probes", "evaluation", "records",
        ]  # fmt: skip
        assert sum(result["phases"].values()) == pytest.approx(1)
        assert min(result["phases"].values()) > 0
        known = result["cache_hits"] + result["fec_hits"]
        assert result["evaluations"] == known + result["full_evaluations"]
        assert result["train_steps"] > 0

    def test_begins_new_experiments(self, amlz):
        result = json.loads(amlz(*self.COMMAND, "--set", "max_evaluations=1000", "--json")[1])
        assert result["experiments"] == -(-result["evaluations"] // 1000) > 1
        assert isinstance(result["seed"], int)

    def test_ends_a_search_that_succeeds(self, amlz):
        result = json.loads(amlz(*self.COMMAND, "--set", "sufficient_fitness=0", "--seconds", "0.3", "--json")[1])
        assert result["experiments"] == result["evaluations"] > 1

    def test_searches_on_the_tasks_of_a_run(self):
        preset = Experiment.load("demo").replace(max_evaluations=3000, max_experiments=1)
        speed = bench.search(preset, seed=5, seconds=1e-9)
        assert speed.experiments == 1
        assert 1 <= speed.evaluations <= 3000

    def test_prints_text(self, amlz):
        code, out, _ = amlz(*self.COMMAND, "--seed", "1")
        assert code == 0
        assert re.match(r"# demo, seed 1: [\d,]+ programs in 0\.\d s and \d+ experiments?\n# cache hits: ", out)
        assert re.search(r"\n[\d,]+ programs/s\n$", out)
        assert re.fullmatch(r"[\d,]+ programs/s\n", amlz(*self.COMMAND, "--quiet")[1])

    def test_is_interrupted_by_ctrl_c(self, monkeypatch, amlz):
        def interrupted(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(_speed, "_search", interrupted)
        assert amlz(*self.COMMAND)[0] == 130


@NEEDS_COMPILER
class TestTable:
    COMMAND = ("bench", "--seconds", SHORT)

    @pytest.fixture(autouse=True)
    def few_rows(self, monkeypatch):
        monkeypatch.setattr(bench, "COMPARED", FEW)

    def test_is_text(self, amlz):
        code, out, err = amlz(*self.COMMAND)
        assert (code, err) == (0, "")
        head, *rows = out.splitlines()
        assert head.split("  ")[0] == "program"
        assert [row.split()[:3] for row in rows] == [["linear", "4", "3"], ["network", "3", "1"]]
        assert len({len(line) for line in (head, *rows)}) == 1

    def test_is_markdown(self, amlz):
        code, out, err = amlz(*self.COMMAND, "--markdown")
        assert (code, err) == (0, "")
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.splitlines()]
        assert [row[0] for row in rows] == ["program", "---", "linear", "network"]
        assert {len(row) for row in rows} == {8}

    def test_is_json(self, amlz):
        code, out, err = amlz(*self.COMMAND, "--json")
        assert (code, out.count("\n")) == (0, 1)
        assert err.count("\n") == 1 + len(FEW)
        result = json.loads(out)
        assert (result["precision"], result["rounds"]) == ("float32", bench.ROUNDS)
        assert result["plain"].endswith("cc -std=c99 -O3")
        for row, expected in zip(result["rows"], FEW, strict=True):
            assert (row["program"], row["n_features"], row["n_tasks"]) == (
                expected.program,
                expected.n_features,
                expected.n_tasks,
            )
            assert 0 < row["lowest"] <= row["ratio"] <= row["highest"]
            assert row["train_steps_per_second"] > 0
            assert row["plain_steps_per_second"] > 0
            assert row["stopped_tasks"] == 0
        assert amlz(*self.COMMAND, "--json", "--quiet")[2] == ""


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["steps"], "--program: expected with `bench steps`, got none"),
            (["steps", "--program", "nn", "--tasks", "3"], "--features: expected with `bench steps`, got none"),
            (["steps", "--program", "nn", "--features", "3"], "--tasks: expected with `bench steps`, got none"),
            (["steps", "--program", "nn", "--features", "0", "--tasks", "1"], "n_features: expected an integer from 1"),
            (["steps", "--program", "nn", "--features", "3", "--tasks", "0"], "n_tasks: expected an integer from 1"),
            (["steps", "--preset", "demo"], "--preset: expected with `bench search` only"),
            (["steps", "--markdown"], "--markdown: expected with `bench` only"),
            (["search"], "--preset: expected with `bench search`, got none"),
            (["search", "--preset", "dmo"], "unknown preset 'dmo'; did you mean 'demo'"),
            (["search", "--preset", "demo", "--seconds", "0"], "seconds: expected a number over 0"),
            (["search", "--preset", "demo", "--set", "x"], "--set: expected key=value"),
            (["search", "--preset", "demo", "--tasks", "3"], "--tasks: expected with `bench steps` only"),
            (["--seconds", "nan"], "seconds: expected a number over 0"),
            (["--seed", "1"], "--seed: expected with `bench search` only"),
            (["--precision", "f64"], "--precision: expected with `bench steps` or `bench search` only"),
            (["--json", "--markdown"], "--markdown: expected without --json"),
        ],
    )
    def test_input_that_is_wrong_gives_2_and_a_line(self, amlz, arguments, message):
        code, _, err = amlz("bench", *arguments)
        assert code == 2
        assert err.splitlines()[-1].startswith(f"pyamlz: {message}")

    @pytest.mark.parametrize(
        "arguments",
        [["step"], ["steps", "--program", "network"], ["--variant", "mmx"], ["--seconds", "soon"], ["steps", "steps"]],
    )
    def test_that_is_wrong_gives_2(self, amlz, arguments):
        code, out, err = amlz("bench", *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("usage: pyamlz")

    def test_help_tells_the_exit_codes(self, amlz):
        code, out, _ = amlz("bench", "--help")
        assert code == 0
        for line in ("0    done", "1    failed", "2    wrong usage", "130  interrupted"):
            assert line in out


class TestScaling:
    def test_measures_each_curve_at_each_of_its_values(self, monkeypatch, tmp_path, capsys):
        """The curves' own costs take half a minute; here they are a formula."""
        curves = tuple(
            replace(curve, cost=lambda n, _, __, curve=curve: curve.expected(n) * (8 if n == curve.values[0] else 7))
            for curve in bench.CURVES
        )
        monkeypatch.setattr(_scaling, "CURVES", curves)
        assert cli.main(["bench", "scaling", "--json", "--quiet"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert list(found) == [*(curve.name for curve in curves), "version"]
        for curve in curves:
            assert [point["value"] for point in found[curve.name]] == list(curve.values)
            relative = [point["relative"] for point in found[curve.name]]
            assert relative == [1, *(pytest.approx(7 / 8) for _ in relative[1:])]
        assert cli.main(["bench", "scaling"]) == 0
        assert capsys.readouterr().out.count("\n") == sum(len(curve.values) + 1 for curve in curves)
        pytest.importorskip("matplotlib")
        for name in ("curves.png", "curves.svg"):
            assert cli.main(["bench", "scaling", "--quiet", "--plot", str(tmp_path / name)]) == 0
            assert (tmp_path / name).stat().st_size > 10_000
        assert cli.main(["bench", "scaling", "--quiet", "--plot", str(tmp_path / "none" / "curves.png")]) == 1
        assert "cannot be written" in capsys.readouterr().err

    def test_threads_are_as_many_as_there_are_cores_at_most(self, monkeypatch):
        monkeypatch.setattr(_scaling, "checked_threads", lambda _: 6)
        assert _scaling._threads("demo").values == (1, 2, 4, 6)
        monkeypatch.setattr(_scaling, "checked_threads", lambda _: 1)
        assert _scaling._threads("demo").values == (1,)

    @pytest.mark.parametrize("name", ["features", "tasks", "examples", "instructions"])
    def test_costs_are_times(self, name):
        (curve,) = (curve for curve in bench.CURVES if curve.name == name)
        assert 1 < curve.cost(curve.values[0], 0.01, "auto") < 1e8

    def test_needs_matplotlib_for_pictures_and_says_so(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(AmlzError, match="matplotlib is missing or too old: pip install"):
            bench.draw_scaling([], tmp_path / "curves.png")
