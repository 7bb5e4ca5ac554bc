"""Logs: what is in them, that they go on where they ended, and what is said about lines that are wrong."""

import json
import os
import signal

import pytest
from samples import full_space, linear_space, linear_tasks, regression_table

import pyamlz
from pyamlz import Dims, Experiment, FileError, InputError, Search, lab, linear_regressor
from pyamlz.search.log import JsonLines, read

TASKS = linear_tasks()
TIMES = ("seconds",)


def search(**settings):
    return Search(TASKS, linear_space(TASKS), **{"seed": 1, "population_size": 30, "cache_period": 200, **settings})


def untimed(rows):
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def progress(path):
    return untimed(row for row in read(path) if row["kind"] == "progress")


class TestSearches:
    def test_write_what_they_did(self, tmp_path):
        path, one = tmp_path / "run.jsonl", search(max_cost=12.0)
        result = one.run(max_evaluations=1050, callbacks=[JsonLines(path, every_evaluations=300)])
        header, *rows, end = read(path)
        assert (header["kind"], header["version"], header["seed"]) == ("header", pyamlz.__version__, 1)
        assert header["config"] == json.loads(json.dumps(one.config))
        assert [(row["experiment"], row["evaluations"]) for row in rows] == [(1, 300), (1, 600), (1, 900)]
        other = search(max_cost=12.0)
        other.run(max_evaluations=600)
        stats = other.progress
        for name in ("cache_hits", "fec_hits", "rejected", "probes", "full_evaluations", "train_steps", "saved_steps"):
            assert rows[1][name] == getattr(stats, name)
        assert rows[1]["hurdle_stops"] == list(stats.hurdle_stops)
        assert (rows[1]["mean_fitness"], rows[1]["best_fitness"]) == (stats.mean_fitness, stats.best_fitness)
        assert rows[1]["seconds"] > 0
        assert (end["kind"], end["stop_reason"], end["evaluations"]) == ("end", "max_evaluations", 1050)
        assert end["program"] == str(result.program)

    def test_write_the_same_in_parts_and_with_other_callbacks(self, tmp_path):
        whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
        search().run(max_evaluations=1000, callbacks=[JsonLines(whole, every_evaluations=100)])
        one, seen = search(), []
        for count in (99, 1, 101, 799):
            one.run(max_evaluations=count, callbacks=[seen.append, JsonLines(parts, every_evaluations=100)])
        assert progress(parts) == progress(whole)
        assert len(progress(whole)) == 10
        assert [row["kind"] for row in read(parts)].count("header") == 1
        assert [row["kind"] for row in read(parts)].count("end") == 4
        assert seen[-1].evaluations == 1000

    def test_do_not_find_other_programs(self, tmp_path):
        one, other = search(), search()
        one.run(max_evaluations=1000, callbacks=[JsonLines(tmp_path / "run.jsonl", every_evaluations=7)])
        other.run(max_evaluations=1000)
        assert one.digest == other.digest

    def test_that_were_loaded_write_no_line_twice(self, tmp_path):
        whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
        search().run(max_evaluations=1000, callbacks=[JsonLines(whole, every_evaluations=100)])
        one = search()
        one.run(max_evaluations=350, callbacks=[JsonLines(torn, every_evaluations=100)])
        one.save(tmp_path / "run.amlz")
        one.run(max_evaluations=300, callbacks=[JsonLines(torn, every_evaluations=100)])
        torn.write_bytes(torn.read_bytes()[:-20])  # killed in the midst of a line
        Search.load(tmp_path / "run.amlz").run(max_evaluations=650, callbacks=[JsonLines(torn, every_evaluations=100)])
        assert progress(torn) == progress(whole)

    def test_have_programs_in_their_configuration_as_text(self, tmp_path):
        program = linear_regressor()
        one = Search(TASKS, full_space(Dims.of(TASKS, n_scalars=4, n_vectors=3, n_matrices=1)), seed=1, start=program)
        one.run(max_evaluations=10, callbacks=[JsonLines(tmp_path / "run.jsonl")])
        assert read(tmp_path / "run.jsonl")[0]["config"]["start"] == str(program)

    def test_refuse_the_log_of_another(self, tmp_path):
        path = tmp_path / "run.jsonl"
        search().run(max_evaluations=10, callbacks=[JsonLines(path)])
        before = path.read_bytes()
        with pytest.raises(InputError, match=r"run.jsonl: line 1: seed: expected 2, got 1"):
            search(seed=2).run(max_evaluations=10, callbacks=[JsonLines(path)])
        with pytest.raises(InputError, match=r"run.jsonl: line 1: config: expected .*'population_size': 31"):
            search(population_size=31).run(max_evaluations=10, callbacks=[JsonLines(path)])
        assert path.read_bytes() == before

    def test_that_cannot_write_say_so(self, tmp_path):
        with pytest.raises(FileError, match=r"run.jsonl: cannot be written: No such file"):
            search().run(max_evaluations=10, callbacks=[JsonLines(tmp_path / "none" / "run.jsonl")])
        with pytest.raises(InputError, match=r"cannot be written: Is a directory"):
            search().run(max_evaluations=10, callbacks=[JsonLines(tmp_path)])

    def test_that_cannot_write_any_more_say_so_once(self, tmp_path, monkeypatch):
        """And what is there already stays."""
        path, append = tmp_path / "run.jsonl", JsonLines._append

        def full(log, line):
            if "progress" in line:
                raise OSError(28, "No space left on device")
            append(log, line)

        monkeypatch.setattr(JsonLines, "_append", full)
        with pytest.warns(RuntimeWarning) as caught:
            result = search().run(max_evaluations=10, callbacks=[JsonLines(path, every_evaluations=1)])
        assert [str(one.message) for one in caught] == [f"no log: {path}: cannot be written: No space left on device"]
        assert (result.evaluations, [row["kind"] for row in read(path)]) == (10, ["header"])

    @pytest.mark.parametrize(
        "content", [b'{"a": 1}', b'{\n  "a": 1\n}\n', b"[1, 2]\n", b"mine", b"mine\n", b'{"kind":"end"}\n']
    )
    def test_leave_what_is_somebody_elses(self, content, tmp_path):
        path = tmp_path / "data.json"
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"data.json: is there already, and no log"):
            search().run(max_evaluations=10, callbacks=[JsonLines(path)])
        assert path.read_bytes() == content
        with pytest.raises(InputError, match=r"data.json: is there already; resume it"):
            search().run(max_evaluations=10, callbacks=[JsonLines(path, new=True)])
        assert path.read_bytes() == content

    def test_are_one_writer_at_a_time(self, tmp_path):
        path = tmp_path / "run.jsonl"

        def again(progress):
            with pytest.raises(InputError, match=r"run.jsonl: another process is at work on it"):
                search().run(max_evaluations=10, callbacks=[JsonLines(path)])
            return True

        search().run(callbacks=[JsonLines(path), again])
        assert [row["kind"] for row in read(path)] == ["header", "end"]

    def test_need_a_period(self, tmp_path):
        with pytest.raises(InputError, match="every_evaluations: expected an integer from 1"):
            JsonLines(tmp_path / "run.jsonl", every_evaluations=0)


class TestReading:
    HEADER = b'{"kind":"header","version":"1","seed":1,"config":{}}\n'

    def test_leaves_out_a_line_that_has_no_end(self, tmp_path):
        path = tmp_path / "run.jsonl"
        path.write_bytes(self.HEADER + b'{"kind":"end"}\n{"kind":"prog')
        assert [row["kind"] for row in read(path)] == ["header", "end"]
        path.write_bytes(self.HEADER[:-1])
        assert read(path) == []

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (HEADER + b'{"kind":\n{"kind":"end"}\n', r"run.jsonl: line 2: expected a JSON object, got "),
            (HEADER + b"\n", r"run.jsonl: line 2: expected a JSON object"),
            (HEADER + b"[1]\n", r"run.jsonl: line 2: expected a JSON object with the key 'kind', got b'\[1\]'"),
            (HEADER + b'{"end":1}\n', r"run.jsonl: line 2: .* the key 'kind'"),
            (HEADER + b"\xff\xfe\n", r"run.jsonl: line 2: expected a JSON object"),
            (HEADER + b"[" * 100_000 + b"\n", r"run.jsonl: line 2: expected a JSON object"),
            (b'{"kind":"end"}\n', r"run.jsonl: line 1: expected the header of a log, got the kind 'end'"),
        ],
    )
    def test_names_the_line_that_is_wrong(self, data, message, tmp_path):
        (tmp_path / "run.jsonl").write_bytes(data)
        with pytest.raises(InputError, match=message):
            read(tmp_path / "run.jsonl")

    def test_says_what_file_is_not_there(self, tmp_path):
        with pytest.raises(InputError, match=r"none.jsonl: cannot be read: No such file"):
            read(tmp_path / "none.jsonl")


SHORT = {
    "population_size": 100,
    "max_evaluations": 25_000,
    "sufficient_fitness": 1.0,
    "select": {"n_tasks": 8, "every": 5000},
    "final": {"n_tasks": 10},
}


class TestRuns:
    def run(self, path, **more):
        return lab.run(Experiment.of(regression_table(**SHORT)), seed=1, max_evaluations=40_000, log=path, **more)

    def test_write_all_experiments_and_the_outcome(self, tmp_path):
        outcome = self.run(tmp_path / "run.jsonl")
        header, *rows, end = read(tmp_path / "run.jsonl")
        assert header["config"]["population_size"] == 100
        assert [(row["experiment"], row["evaluations"]) for row in rows] == [
            *((1, 10_000), (1, 20_000), (1, 25_000)),
            *((2, 10_000), (2, 15_000)),
        ]
        assert (end["stop_reason"], end["evaluations"], end["experiments"]) == ("max_evaluations", 40_000, 2)
        assert (end["program"], end["final_fitness"]) == (str(outcome.program), outcome.final.fitness)

    def test_that_are_resumed_write_the_same(self, tmp_path):
        class Interrupting:
            heard = 0

            def __call__(self, progress):
                self.heard += 1
                if self.heard % 5 == 0:  # after 1 + 8 + 64 + 512 + 4096 evaluations
                    os.kill(os.getpid(), signal.SIGINT)

        whole, torn = tmp_path / "whole.jsonl", tmp_path / "torn.jsonl"
        self.run(whole)
        run = {"every_seconds": 0, "callbacks": [Interrupting()], "log": torn}
        outcome = self.run(torn, checkpoint=tmp_path / "run.amlz", callbacks=[Interrupting()], every_seconds=0)
        interrupted = 0
        while outcome.stop_reason == "interrupted":
            interrupted += 1
            outcome = lab.resume(tmp_path / "run.amlz", **run)
        assert interrupted > 1
        assert progress(torn) == progress(whole)
        assert untimed(read(torn))[-1] == untimed(read(whole))[-1]

    def test_refuse_a_file_that_is_there(self, tmp_path):
        (tmp_path / "run.jsonl").write_text("mine")
        with pytest.raises(InputError, match=r"run.jsonl: is there already"):
            self.run(tmp_path / "run.jsonl")
        assert (tmp_path / "run.jsonl").read_text() == "mine"

    def test_go_on_without_a_log_that_cannot_be_written(self, tmp_path, monkeypatch):
        append = JsonLines._append

        def full(log, line):
            if "progress" in line:
                raise OSError(28, "No space left on device")
            append(log, line)

        monkeypatch.setattr(JsonLines, "_append", full)
        with pytest.warns(RuntimeWarning, match=r"no log: .*run.jsonl: cannot be written: No space left"):
            outcome = self.run(tmp_path / "run.jsonl")
        assert outcome.evaluations == 40_000
        assert [row["kind"] for row in read(tmp_path / "run.jsonl")] == ["header"]


def test_the_command_keeps_a_log(amlz, tmp_path):
    path, run = str(tmp_path / "run.jsonl"), str(tmp_path / "run.amlz")
    arguments = ["linear", "--seed", "1", "--max-evaluations", "12_000", "--set", "tasks.n_train=50", "--quiet"]
    assert amlz("search", *arguments, "--checkpoint", run, "--log", path)[0] == 0
    assert [row["kind"] for row in read(path)] == ["header", *["progress"] * 2, "end"]
    assert amlz("resume", run, "--log", path, "--quiet")[0] == 0
    assert [row["kind"] for row in read(path)] == ["header", *["progress"] * 2, "end", "end"]

    code, _, complaint = amlz("search", *arguments, "--log", path)
    assert (code, "is there already" in complaint) == (2, True)
