"""`pyamlz explain`."""

import json
import re
import sys

import pytest
from samples import regression_table

from pyamlz import Experiment, Program, archive
from pyamlz._lib.random import derived_seed
from pyamlz.explain import ablate, recognise
from pyamlz.lab._toml import dump_toml, tables_of
from pyamlz.program import baselines

SMALL = ["--set", "tasks.n_train=30", "--set", "select.n_tasks=5", "--set", "select.n_train=40"]
DEAD = "def Predict():\n  s5 = abs(s1)\n  s1 = dot(v0, v3)\ndef Learn():\n  v3 = s0 * v0\n"


def test_prints_the_program_what_is_dead_and_what_it_does(amlz, tmp_path):
    (tmp_path / "dead.txt").write_text(DEAD, "utf-8")
    code, out, err = amlz("explain", str(tmp_path / "dead.txt"))
    assert (code, err) == (0, "")
    assert out == (
        "def Setup():\n"
        "def Predict():\n"
        "  s5 = abs(s1)                           # dead\n"
        "  s1 = dot(v0, v3)\n"
        "def Learn():\n"
        "  v3 = s0 * v0\n"
        "# 2 of 3 instructions are live; F = 4, regression\n"
        "\n"
        "# without its dead code, addresses in order of first use\n"
        "def Setup():\n"
        "def Predict():\n"
        "  s1 = dot(v0, v1)\n"
        "def Learn():\n"
        "  v1 = s0 * v0\n"
        "\n"
        "# what it does, in its own addresses\n"
        "dot_product_model: the prediction has the term dot(v3, features)\n"
        "    the prediction has a term dot(weights, features), of weights that are learned\n"
        "    Predict 2\n"
    )


def test_says_so_if_nothing_is_recognised(amlz):
    code, out, _ = amlz("explain", "def Predict():\n  s1 = dot(v0, v0)\n")
    assert code == 0
    assert out.endswith("# nothing is recognised\n")


def test_as_json(amlz):
    code, out, _ = amlz("explain", "evolved_linear_form", "--kind", "binary", "--features", "16", "--json")
    shown = json.loads(out)
    program = baselines.evolved_linear_form()
    dims = program.dims(16, "binary")
    assert code == 0
    assert Program.parse(shown["simplified"]) == program.simplified(dims)
    assert Program.parse(shown["renamed"]).key(dims) == program.key(dims)
    assert [finding["name"] for finding in shown["findings"]] == [f.name for f in recognise(program, dims)]
    assert shown["findings"][-1]["lines"] == [{"function": "learn", "line": 14}, {"function": "learn", "line": 16}]
    assert sum(shown["live"]["learn"]) == 12
    assert "ablation" not in shown


def test_measures_lines_on_the_tasks_of_a_preset(amlz):
    arguments = ("explain", "linear_regressor", "--preset", "demo", "--seed", "3", "--seeds", "2", *SMALL)
    _, out, _ = amlz(*arguments, "--json")
    ablation = json.loads(out)["ablation"]
    preset = Experiment.load("demo").replace(**tables_of(SMALL[1::2]))
    evaluator = preset.evaluator(preset.tasks("select", derived_seed(3, "select")))
    seeds = [derived_seed(3, "select", "draws", i) for i in range(2)]
    wanted = ablate(baselines.linear_regressor(), evaluator, seeds)
    assert (ablation["tasks"], ablation["seed"], ablation["seeds"]) == ("select", 3, 2)
    assert [loss["loss"] for loss in ablation["losses"]] == [loss.effect.mean for loss in wanted]
    assert [loss["standard_error"] for loss in ablation["losses"]] == [loss.effect.standard_error for loss in wanted]
    assert ablation["fitness"] == pytest.approx(evaluator.evaluate(baselines.linear_regressor()).task_fitness.mean())
    _, out, _ = amlz(*arguments)
    table = out[out.index("# loss without") :].splitlines()
    assert len(table) == 2 + 6
    assert table[2].split()[:2] == ["Setup", "1"]
    assert float(table[2].split()[2]) == pytest.approx(wanted[0].effect.mean, abs=1e-6)
    assert table[-1].endswith("v1 = v1 + v2")


def test_one_task_and_one_seed_have_no_standard_error(amlz):
    small = ["--set", "select.n_tasks=1", "--set", "select.n_train=20"]
    _, out, _ = amlz("explain", "linear_regressor", "--preset", "demo", "--seed", "3", "--seeds", "1", *small, "--json")
    assert {loss["standard_error"] for loss in json.loads(out)["ablation"]["losses"]} == {None}


def test_takes_memory_and_labels_from_an_archive(amlz, tmp_path):
    path = str(tmp_path / "one.amlz")
    program = baselines.linear_regressor()
    program.save(path, program.dims(7, "binary"))
    _, out, _ = amlz("explain", path, "--json")
    assert (json.loads(out)["n_features"], json.loads(out)["kind"]) == (7, "binary")
    _, out, _ = amlz("explain", path, "--features", "5", "--json")
    assert (json.loads(out)["n_features"], json.loads(out)["kind"]) == (5, "regression")


def test_takes_the_best_of_a_checkpoint(amlz, tmp_path):
    path = str(tmp_path / "run.amlz")
    run = ("search", "linear", "--seed", "1", "--max-evaluations", "3000", "--set", "population_size=50")
    amlz(*run, "--checkpoint", path, "--quiet")
    found = archive.read(path)
    assert isinstance(found, archive.Checkpoint)
    assert found.best is not None
    _, out, _ = amlz("explain", path, "--json")
    assert Program.parse(json.loads(out)["program"]) == found.best.program
    assert json.loads(out)["n_features"] == 8


def test_writes_the_data_flow(amlz, tmp_path):
    path = tmp_path / "flow.dot"
    code, _, _ = amlz("explain", "linear_regressor", "--dot", str(path))
    assert code == 0
    assert path.read_text("ascii").startswith("digraph program {")


def test_dead_lines_are_dim_on_a_terminal(amlz, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, _ = amlz("explain", DEAD)
    assert code == 0
    assert "# dead" not in out
    assert "\x1b[2m  s5 = abs(s1)\x1b[0m" in out


def test_marks_are_plain_without_rich(amlz, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    code, out, _ = amlz("explain", DEAD)
    assert code == 0
    assert "s5 = abs(s1)                           # dead" in out


def test_a_table_that_a_preset_lacks_is_named(amlz, tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(dump_toml(regression_table(final=None)), "utf-8")
    code, _, err = amlz("explain", "linear_regressor", "--preset", str(path), "--tasks", "final")
    assert code == 2
    assert f"--tasks: {path} has no table 'final', only select, tasks" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear_regresor"], "program: .*did you mean 'linear_regressor'"),
        (["linear_regressor", "--seed", "3"], "--seed: expected with --preset only"),
        (["linear_regressor", "--tasks", "final"], "--tasks: expected with --preset only"),
        (["linear_regressor", "--set", "a=1"], "--set: expected with --preset only"),
        (["linear_regressor", "--preset", "demo", "--kind", "binary"], "--kind: expected without --preset"),
        (["linear_regressor", "--preset", "demo", "--features", "3"], "--features: expected without --preset"),
        (["linear_regressor", "--preset", "demo", "--seeds", "0"], "--seeds: expected an integer from 1"),
        (["linear_regressor", "--features", "0"], "--features: expected an integer from 1"),
        (["def Learn():\n  s0 = abs(s1)\n"], "Learn, instruction 1, s0 = abs"),
        (["def Learn():\n  s2 = quux(s1)\n"], "line 2, column 8"),
        (["linear_regressor", "--dot", "/nowhere/at/all.dot"], "/nowhere/at/all.dot"),
    ],
)  # fmt: skip
def test_bad_input_is_named(amlz, arguments, message):
    code, out, err = amlz("explain", *arguments)
    assert code in (1, 2)
    assert out == ""
    assert re.search(message, err), err
