"""Nothing is destroyed: what a command would write over is refused before it begins."""

from __future__ import annotations

import subprocess

import pytest
from samples import command, environment

from pyamlz import archive, lab, linear_regressor
from pyamlz.lab import Experiment


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run.amlz"
    lab.run(Experiment.load("demo"), seed=1, max_evaluations=500, checkpoint=path)
    return path


COMMANDS = [
    "report {run} -o {path}",
    "export {run} --lang c -o {path}",
    "explain {run} --dot {path}",
    "tune {run} --preset demo --seeds 0 --trials 1 -o {path}",
    "select {run} --preset demo --seeds 1 -o {path}",
]


@pytest.mark.parametrize("words", COMMANDS, ids=[words.split()[0] for words in COMMANDS])
class TestOutputs:
    def run(self, amlz, words, run, path):
        before = path.read_bytes()
        code, out, err = amlz(*words.format(run=run, path=path).split())
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert path.read_bytes() == before
        return err

    def test_are_not_what_is_read(self, words, run, amlz):
        assert "run.amlz: is read by this command" in self.run(amlz, words, run, run)
        link = run.with_name("link.amlz")
        link.symlink_to(run)
        assert "link.amlz: is read by this command" in self.run(amlz, words, run, link)

    def test_are_no_run_of_somebody(self, words, run, amlz, tmp_path):
        other = tmp_path / "other.amlz"
        lab.run(Experiment.load("demo"), seed=2, max_evaluations=500, checkpoint=other)
        assert "other.amlz: is the checkpoint of a run" in self.run(amlz, words, run, other)
        units = tmp_path / "units"
        lab.tune(linear_regressor(), Experiment.load("demo").tasks("tasks", 1), trials=1, checkpoint=units)
        assert "units: is the checkpoint of a run" in self.run(amlz, words, run, units)

    def test_may_be_what_the_same_command_wrote(self, words, run, amlz, tmp_path):
        if words.startswith("report"):
            pytest.importorskip("jinja2")
        path = tmp_path / "out.txt"
        path.write_text("former")
        arguments = words.format(run=run, path=path).split()
        assert amlz(*arguments)[0] == 0
        assert path.read_text() != "former"


def test_a_report_beside_an_archive_that_is_called_html(run, amlz):
    path = run.with_name("run.html")
    run.rename(path)
    before = path.read_bytes()
    code, _, err = amlz("report", str(path))
    assert (code, "run.html: is read by this command" in err) == (2, True)
    assert path.read_bytes() == before


def test_checkpoint_and_log_are_two_files(amlz, tmp_path):
    path = str(tmp_path / "x")
    for name in (
        "search demo",
        "climb",
        "tune linear_regressor --preset demo",
        "select linear_regressor --preset demo",
    ):
        code, _, err = amlz(*name.split(), "--checkpoint", path, "--log", path)
        assert (code, "expected another file for the log" in err) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b'{"a": 1}', b'{"a": 1}\n', b"[]", b'{\n "a": 1\n}\n'])
def test_a_log_is_not_somebodys_json(content, run, amlz, tmp_path):
    path = tmp_path / "data.json"
    path.write_bytes(content)
    for words in (["search", "demo", "--max-evaluations", "10"], ["resume", str(run)]):
        code, _, err = amlz(*words, "--log", str(path))
        assert (code, "data.json: is there already" in err) == (2, True)
        assert path.read_bytes() == content


def test_of_three_searches_with_one_new_checkpoint_one_runs(tmp_path):
    path = tmp_path / "run.amlz"
    arguments = ["search", "demo", "--max-evaluations", "20_000", "--checkpoint", str(path), "--json", "--quiet"]
    processes = [
        subprocess.Popen(
            command(*arguments, "--seed", str(seed)),
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for seed in (1, 2, 3)
    ]  # fmt: skip
    told = [process.communicate(timeout=120) for process in processes]
    codes = [process.returncode for process in processes]
    assert sorted(codes) == [0, 2, 2]
    for (_, err), code in zip(told, codes, strict=True):
        assert code == 0 or "run.amlz: is there already" in err
    winner = codes.index(0) + 1
    alone = tmp_path / "alone.amlz"
    lab.run(Experiment.load("demo"), seed=winner, max_evaluations=20_000, checkpoint=alone)
    assert archive.found(archive.read(path)) == archive.found(archive.read(alone))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["alone.amlz", "run.amlz"]
