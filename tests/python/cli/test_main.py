"""The command: what it prints where, its exit codes, and that no mistake of the user's ends in a traceback."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from samples import VARIANTS_HERE, VECTORS, command, environment, images, start, write_image_folder

import pyamlz
from pyamlz import Program, lab, linear_regressor
from pyamlz.program import baselines

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")


class TestSearch:
    def test_prints_settings_seed_and_program(self, amlz, quick):
        code, out, _ = amlz("search", quick, "--seed", "7", "--verbose")
        assert code == 0
        assert out.endswith("for pyamlz resume, explain, report and export\n")
        out, _, _ = out.rpartition("# next: ")
        head, _, rest = out.partition("\ndone (")
        assert head.startswith(f"# pyamlz {pyamlz.__version__}: {quick}, seed 7\n")
        assert tomllib.loads(head)["population_size"] == 100
        assert "fitness on the final tasks:" in rest
        assert re.search(r"linear_regressor \(learning rate .*\) there: .* (beaten by|not beaten)", rest)
        found, _, simplified = rest.partition("# without its dead code")
        Program.parse(found.partition("# the program as found")[2].partition("\n")[2])
        Program.parse(simplified.partition("\n")[2])

    def test_prints_one_json_object(self, amlz, quick):
        code, out, err = amlz("search", quick, "--seed", "7", "--json")
        assert code == 0
        assert out.count("\n") == 1
        result = json.loads(out)
        assert result["seed"] == 7
        assert result["stop_reason"] == "max_evaluations"
        assert result["evaluations"] == 3000
        assert result["evaluations_per_second"] == pytest.approx(3000 / result["seconds"])
        for name in ("train_steps", "experiments"):
            assert isinstance(result[name], int)
        for name in ("best_fitness", "select_fitness", "final_fitness", "seconds"):
            assert isinstance(result[name], float)
        program = Program.parse(result["program"])
        assert len(Program.parse(result["simplified"])) <= len(program)
        assert result["config"]["max_evaluations"] == 3000
        assert result["comparisons"][0]["name"] == "linear_regressor"
        assert f"{quick}, seed 7" in err

    def test_gives_the_same_program_for_the_same_seed(self, amlz, quick):
        results = [json.loads(amlz("search", quick, "--seed", seed, "--json")[1]) for seed in ("3", "3", "4")]
        assert results[0]["program"] == results[1]["program"]
        assert results[0]["program"] != results[2]["program"]

    def test_says_what_is_wrong_before_all_else(self, amlz, quick, tmp_path):
        taken = tmp_path / "taken"
        taken.write_text("mine")
        for options in (
            ["--set", "final.n_tasks=-1"],
            ["--max-seconds", "-1"],
            ["--checkpoint", str(taken)],
            ["--log", str(taken)],
            ["--checkpoint", str(tmp_path / "a"), "--log", str(tmp_path / "a")],
            ["--checkpoint", str(tmp_path / "none" / "a")],
            ["--data", "nofile.csv"],
        ):
            code, out, err = amlz("search", quick, "--seed", "1", *options)
            assert (code > 0, out, err.count("\n")) == (True, "", 1), options
            assert err.startswith("pyamlz: ")
        assert taken.read_text() == "mine"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["quick.toml", "taken"]

    def test_says_what_to_do_next(self, amlz, quick, tmp_path):
        path = str(tmp_path / "my run.amlz")
        _, out, _ = amlz("search", quick, "--seed", "7", "--max-evaluations", "500", "--checkpoint", path)
        assert out.endswith(f"\n# next: pyamlz explain '{path}'\n")
        path = str(tmp_path / "run.amlz")
        limits = ["--max-seconds", "0.01", "--set", "max_evaluations=1_000_000_000"]
        _, out, _ = amlz("search", quick, "--seed", "7", *limits, "--checkpoint", path)
        assert out.endswith(f"\n# next: pyamlz resume {path}\n")

    def test_draws_a_seed_and_says_which(self, amlz, quick):
        first = json.loads(amlz("search", quick, "--json")[1])
        second = json.loads(amlz("search", quick, "--json")[1])
        assert first["seed"] != second["seed"]
        again = json.loads(amlz("search", quick, "--json", "--seed", str(first["seed"]))[1])
        assert again["program"] == first["program"]

    def test_runs_its_own_output(self, amlz, quick, tmp_path):
        _, out, _ = amlz("search", quick, "--seed", "7", "--verbose")
        (tmp_path / "again.toml").write_text(out.partition("\ndone (")[0])
        programs = [
            json.loads(amlz("search", path, "--seed", "7", "--json")[1])["program"]
            for path in (quick, str(tmp_path / "again.toml"))
        ]
        assert programs[0] == programs[1]

    def test_takes_limits_and_settings(self, amlz, quick):
        arguments = ["--max-evaluations", "1e3", "--set", "population_size=10", "--set", "tasks.n_tasks=2", "--verbose"]
        _, out, err = amlz("search", quick, "--json", "--seed", "1", *arguments)
        result = json.loads(out)
        assert result["evaluations"] == 1000
        assert (result["config"]["population_size"], result["config"]["tasks"]["n_tasks"]) == (10, 2)
        assert "population_size = 10\n" in err
        _, out, _ = amlz("search", quick, "--json", "--set", "max_evaluations=1000000000", "--max-seconds", "0.3")
        result = json.loads(out)
        assert result["stop_reason"] == "max_seconds"
        assert 0.3 <= result["seconds"] < 10

    def test_says_less_if_quiet(self, amlz, quick):
        _, out, err = amlz("search", quick, "--seed", "7", "--quiet")
        assert out.startswith("done (max_evaluations): experiment 1, 3,000 programs")
        assert err == ""
        assert amlz("search", quick, "--seed", "7", "--quiet", "--json")[2] == ""

    @pytest.mark.parametrize("variant", VARIANTS_HERE)
    @pytest.mark.parametrize("precision", ["f32", "f64", "float64"])
    def test_takes_precision_and_variant(self, amlz, quick, precision, variant):
        arguments = ["--precision", precision, "--variant", variant, "--max-evaluations", "200"]
        code, out, _ = amlz("search", quick, "--json", "--seed", "1", *arguments)
        assert code == 0
        assert json.loads(out)["config"]["precision"] == ("float32" if precision == "f32" else "float64")

    def test_demo_solves(self, amlz):
        code, out, _ = amlz("search", "demo", "--seed", "1", "--json", "--quiet")
        result = json.loads(out)
        assert code == 0
        assert result["stop_reason"] == "sufficient_fitness"
        assert result["select_fitness"] >= 0.9999
        assert result["final_fitness"] > 0.999


class TestInterruption:
    @pytest.mark.parametrize("json_flag", [["--json"], []])
    def test_prints_what_was_found(self, json_flag):
        process = start("search", "demo", "--seed", "1", "--set", "sufficient_fitness=1.0", *json_flag)
        stream = process.stderr if json_flag else process.stdout
        assert stream is not None
        assert ": demo, seed 1" in stream.readline()
        threading.Event().wait(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in err
        if json_flag:
            result = json.loads(out)
            assert result["stop_reason"] == "interrupted"
            assert result["evaluations"] > 0
            Program.parse(result["program"])
        else:
            assert "not solved (interrupted)" in out
            assert "# without its dead code" in out

    def test_by_a_reader_that_has_enough(self):
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as pipe:
            process = start("search", "demo", "--seed", "1", "--max-evaluations", "1000", stdout=pipe)
        os.close(reading)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (1, "")

    def test_by_a_full_disk_is_said(self):
        if not os.path.exists("/dev/full"):
            pytest.skip("no /dev/full here")
        with open("/dev/full", "w") as full:
            process = start("presets", stdout=full)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert err.startswith("pyamlz: output cannot be written: ")
        assert err.count("\n") == 1


class TestShow:
    def test_marks_live_lines(self, amlz):
        code, out, _ = amlz("show", "evolved_linear_form")
        assert code == 0
        assert Program.parse(out) == baselines.evolved_linear_form()
        assert out.count("# live") == 17
        assert re.search(r"  v1 = v0 - v9 +# live\n", out)
        assert "  s6 = cos(s4)\n" in out
        assert "# 4 + 6 + 16 = 26 instructions; live: 0 + 5 + 12 = 17 instructions" in out
        assert "# smallest memory: 8 scalars, 13 vectors, 3 matrices" in out

    def test_reads_files_and_standard_input(self, amlz, tmp_path):
        (tmp_path / "mine.txt").write_text(str(linear_regressor(0.5)))
        assert Program.parse(amlz("show", str(tmp_path / "mine.txt"))[1]) == linear_regressor(0.5)
        process = start("show", "-", "--json")
        out, _ = process.communicate(str(linear_regressor(0.5)), timeout=60)
        result = json.loads(out)
        assert Program.parse(result["program"]) == linear_regressor(0.5)
        assert result["sizes"] == {"setup": 1, "predict": 1, "learn": 4}
        assert result["live"] == {"setup": [True], "predict": [True], "learn": [True] * 4}
        assert (result["n_scalars"], result["n_vectors"], result["n_matrices"]) == (4, 3, 0)

    def test_counts_costs_for_so_many_features(self, amlz):
        costs = [json.loads(amlz("show", "neural_network", "--json", "--features", n)[1])["cost"] for n in ("4", "16")]
        assert costs == [baselines.neural_network().cost(4), baselines.neural_network().cost(16)]

    def test_knows_what_a_prediction_is(self, amlz, tmp_path):
        (tmp_path / "vector.txt").write_text("def Predict():\n  v2 = v0 + v0\n")
        for kind, live in (("regression", [False]), ("multiclass", [True])):
            _, out, _ = amlz("show", str(tmp_path / "vector.txt"), "--kind", kind, "--json")
            assert json.loads(out)["live"]["predict"] == live


class TestEvaluate:
    def test_prints_the_fitness_and_its_spread(self, amlz, quick):
        code, out, _ = amlz("evaluate", "linear_regressor", "--preset", quick, "--seed", "1")
        assert code == 0
        assert "10 tasks of 50 + 20 examples" in out
        assert re.search(r"fitness \(mean\): 0\.\d+  \(10 tasks: lowest 0\.\d+, median 0\.\d+, highest 0\.\d+", out)

    def test_knows_tasks_of_several_classes(self, amlz, tmp_path):
        plain = images(d=12)
        train, test = (200 * np.eye(12, dtype=np.uint8)[y] for y in (plain.y_train, plain.y_test))  # a pixel a class
        folder = write_image_folder(tmp_path / "images", replace(plain, x_train=train, x_test=test))
        options = [f"tasks.dataset={folder}", "tasks.n_train=all", "tasks.epochs=20", "final.n_tasks=4"]
        words = ["--preset", "multiclass", "--seed", "1", *(word for option in options for word in ("--set", option))]
        code, out, _ = amlz("evaluate", "softmax_regressor", "--json", *words)
        assert code == 0
        assert json.loads(out)["fitness"] > 0.9
        code, _, errors = amlz("evaluate", "linear_regressor", *words)
        assert code == 2
        assert "must not write labels" in errors

    def test_prints_json(self, amlz, quick):
        _, out, _ = amlz(
            "evaluate", "linear_regressor", "--preset", quick, "--seed", "1", "--json", "--tasks", "select"
        )
        result = json.loads(out)
        assert result["tasks"] == "select"
        assert len(result["task_fitness"]) == 8
        assert result["fitness"] == pytest.approx(sum(result["task_fitness"]) / 8)
        assert result["train_steps"] == 8 * 50
        assert result["stopped_tasks"] == 0

    def test_scores_what_search_found_as_search_did(self, amlz, quick, tmp_path):
        found = json.loads(amlz("search", quick, "--seed", "9", "--json")[1])
        (tmp_path / "found.txt").write_text(found["program"])
        arguments = ["evaluate", str(tmp_path / "found.txt"), "--preset", quick, "--seed", "9", "--json"]
        assert json.loads(amlz(*arguments)[1])["fitness"] == found["final_fitness"]
        assert json.loads(amlz(*arguments, "--tasks", "select")[1])["fitness"] == found["select_fitness"]


class TestConform:
    def test_passes(self, amlz):
        for flags in ([], ["--precision", "f64", "--variant", "baseline"], ["--quiet"]):
            code, out, _ = amlz("conform", str(VECTORS), *flags)
            assert (code, out) == (0, "1145 passed, 0 failed\n")

    def test_fails(self, amlz, tmp_path):
        value = [0.0, 1.0] + [0.0] * 6
        memory = {"s": value, "v": [[0.0]] * 8, "m": [[0.0]] * 4}
        right = {"kind": "op", "F": 1, "ins": [0, 0, 0, 0, []], "before": memory, "after": memory}
        wrong = {**right, "after": {**memory, "s": [0.0, 2.0] + [0.0] * 6}}
        path = tmp_path / "vectors.jsonl"
        path.write_text(json.dumps(right) + "\n" + json.dumps(wrong) + "\n")
        code, out, _ = amlz("conform", str(path))
        assert code == 1
        assert out == "line 2: no_op, s1: expected 2.0, got 1.0\n1 passed, 1 failed\n"
        code, out, err = amlz("conform", str(path), "--json")
        assert code == 1
        assert json.loads(out) == {
            "passed": 1,
            "failed": 1,
            "failures": ["line 2: no_op, s1: expected 2.0, got 1.0"],
        }
        assert "line 2" in err
        assert amlz("conform", str(path), "--quiet")[1] == "1 passed, 1 failed\n"


class TestPresets:
    def test_are_listed_a_line_each(self, amlz):
        code, out, _ = amlz("presets")
        assert code == 0
        assert [line.split()[0] for line in out.splitlines()] == lab.presets()
        assert set(json.loads(amlz("presets", "--json")[1])) == set(lab.presets())

    def test_are_printed_as_they_are(self, amlz):
        assert amlz("presets", "demo")[1] == lab.preset_source("demo")
        assert json.loads(amlz("presets", "demo", "--json")[1])["population_size"] == 1000


class TestUsage:
    def test_version_tells_what_a_report_needs(self, amlz):
        code, out, _ = amlz("--version")
        assert code == 0
        told = r"pyamlz \d+\.\d+\.\d+ \(.+; kernels: \w+; precision: float32, float64; self-test: passed\)\n"
        assert re.fullmatch(told, out)

    def test_version_tells_of_a_build_that_computes_something_else(self, amlz, monkeypatch):
        monkeypatch.setattr("pyamlz._cli.main.self_test", lambda: "other bits")
        code, out, _ = amlz("--version")
        assert code == 1
        assert out.endswith("self-test: other bits)\n")

    @pytest.mark.parametrize("name", ["search", "show", "evaluate", "conform", "presets"])
    def test_help_tells_the_exit_codes(self, amlz, name):
        code, out, _ = amlz(name, "--help")
        assert code == 0
        for line in ("0    done", "1    failed", "2    wrong usage", "130  interrupted"):
            assert line in out

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["serch"],
            ["search", "demo", "--seed", "x"],
            ["search", "demo", "--seed", "-1"],
            ["search", "demo", "--seed", str(2**64)],
            ["search", "demo", "--max-evaluations", "1.5"],
            ["search", "demo", "--max-seconds", "soon"],
            ["search", "demo", "--precision", "f16"],
            ["search", "demo", "--variant", "mmx"],
            ["conform"],
        ],
    )
    def test_that_is_wrong_gives_2(self, amlz, arguments):
        code, out, err = amlz(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("usage: pyamlz")
        assert "_integer" not in err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["search"], "expected a preset, or --data"),
            (["evaluate", "linear_regressor"], "expected a preset, or --data"),
            (["search", "dmo"], "unknown preset 'dmo'; did you mean 'demo'"),
            (["search", "/nowhere/x.toml"], "/nowhere/x.toml: cannot be read: No such file or directory"),
            (["search", "/tmp/"], "/tmp/: cannot be read: Is a directory"),
            (["search", "demo", "--set", "populaton_size=5"], "unknown key 'populaton_size'; did you mean 'popul"),
            (["search", "demo", "--set", "population_size=none"], "population_size: expected an integer from 1"),
            (["search", "demo", "--set", "tasks.n_features=0"], "tasks.n_features: expected an integer from 1"),
            (["search", "demo", "--max-evaluations", "0"], "max_evaluations: expected an integer from 1"),
            (["search", "demo", "--max-seconds", "nan"], "max_seconds: expected a number over 0"),
            (["search", "demo", "--set", "start=linear_regressor"], "start_program must have sizes"),
            (["show", "linear_regresor"], "did you mean 'linear_regressor'"),
            (["show", "/nowhere"], "program: expected a built-in program"),
            (["show", "linear_regressor", "--features", "0"], "features: expected an integer from 1"),
            (["evaluate", "linear_regressor", "--preset", "dmo"], "unknown preset 'dmo'"),
            (["evaluate", "linear_regressor", "--preset", "demo", "--set", "x"], "--set: expected key=value"),
            (["conform", "/nowhere.jsonl"], "/nowhere.jsonl: cannot be read"),
            (["presets", "dmo"], "unknown preset 'dmo'"),
        ],
    )
    def test_input_that_is_wrong_gives_2_and_a_line(self, amlz, arguments, message):
        code, _, err = amlz(*arguments)
        assert code == 2
        *_, last = err.splitlines()
        assert last.startswith("pyamlz: ")
        assert message in last
        assert "Traceback" not in err

    def test_programs_that_are_none_give_their_place(self, amlz, tmp_path):
        (tmp_path / "broken.txt").write_bytes(b"def Setup():\n  s1 = \xff\n")
        code, _, err = amlz("show", str(tmp_path / "broken.txt"))
        assert code == 2
        assert "broken.txt: line 2, column 8" in err

    def test_standard_input_that_is_no_program_gives_2(self):
        options = {"input": b"\xff" * 100, "capture_output": True, "timeout": 60, "env": environment()}
        result = subprocess.run(command("show", "-"), **options)
        assert result.returncode == 2
        assert result.stderr.startswith(b"pyamlz: line 1, column 1")
        result = subprocess.run(command("show", "-"), **{**options, "input": b"#" * (2**20 + 1)})
        assert result.returncode == 2
        assert b"at most 1048576 bytes" in result.stderr

    def test_is_a_module_too(self):
        result = subprocess.run(
            [sys.executable, "-m", "pyamlz", "presets"], capture_output=True, env=environment(), timeout=60
        )
        assert result.returncode == 0
