"""One meaning of what was found: each command takes the program that the run reported, and others by name."""

from __future__ import annotations

import json
import re

import pytest
from samples import regression_table

from pyamlz import Program, archive, lab
from pyamlz.lab import Experiment
from pyamlz.sklearn import ProgramRegressor


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose choice on the select tasks is not what is best on the search's own: its path, and what it told."""
    path = tmp_path_factory.mktemp("found") / "run.amlz"
    result = lab.run(Experiment.load("demo"), seed=2, max_evaluations=300_000, checkpoint=path)
    return str(path), result


def programs_in(text):
    return [Program.parse(found) for found in re.findall(r"def Setup\(\):\n(?:(?:  .*|def .*)\n)*", text)]


def test_the_example_is_one(run):
    path, result = run
    saved = archive.read(path)
    assert saved.best.program != result.program
    assert saved.best.fitness > result.fitness


def test_the_archive_holds_it_with_its_fitnesses(run):
    path, result = run
    found = archive.found(archive.read(path))
    assert (found.program, found.fitness, found.select_fitness) == (
        result.program,
        result.fitness,
        result.select_fitness,
    )
    assert found.final_fitness == result.final.fitness
    assert archive.find_program("program", path) == result.program


@pytest.mark.parametrize("which", [None, "selected", "best", "hall:1"])
def test_each_command_takes_the_same(which, run, amlz, tmp_path):
    path, result = run
    saved = archive.read(path)
    wanted = {"best": saved.best.program, "hall:1": saved.mark.hall[0].program}.get(which, result.program)
    options = [] if which is None else ["--which", which]
    shown = json.loads(amlz("show", path, "--json", *options)[1])
    assert Program.parse(shown["program"] if which in ("best", "hall:1") else shown["run"]["program"]) == wanted
    assert programs_in(amlz("show", path, *options)[1])[0] == wanted
    assert Program.parse(json.loads(amlz("explain", path, "--json", *options)[1])["program"]) == wanted
    evaluated = json.loads(amlz("evaluate", path, "--preset", "demo", "--seed", "2", "--json", *options)[1])
    assert Program.parse(evaluated["program"]) == wanted
    if which is None:
        assert evaluated["fitness"] == result.final.fitness
    (tmp_path / "wanted.txt").write_text(str(wanted))
    arguments = ["--lang", "c", "--features", str(saved.dims.n_features)]
    exported = amlz("export", path, *arguments, *options)[1]
    assert exported == amlz("export", str(tmp_path / "wanted.txt"), *arguments)[1]
    tuning = ["--preset", "demo", "--seed", "1", "--trials", "1", "--seeds", "0", "--json"]
    assert Program.parse(json.loads(amlz("tune", path, *tuning, *options)[1])["program"]) == wanted


def test_select_names_them(run):
    path, result = run
    found = {candidate.name: candidate.program for candidate in lab.candidates(path)}
    saved = archive.read(path)
    assert found[f"{path}: selected"] == result.program
    assert found[f"{path}: best"] == saved.best.program
    assert found[f"{path}: hall:1"] == saved.mark.hall[0].program


def test_estimators_and_reports_take_it(run):
    from pyamlz.report._run import Run

    path, result = run
    fitted = ProgramRegressor(path)
    fitted.fit([[0.0] * 4, [1.0] * 4] * 20, [0.0, 1.0] * 20)
    assert fitted.program_ == result.program
    assert Run.read(path, []).found.program == result.program


def test_a_run_that_was_ended_holds_what_it_told(tmp_path):
    """What was tried on the select tasks when it ended is told, and does not change how it goes on."""
    path = tmp_path / "run.amlz"
    calls = []

    def stop(progress):
        calls.append(progress.evaluations)
        return len(calls) > 6

    told = lab.run(Experiment.load("demo"), seed=2, max_evaluations=300_000, checkpoint=path, callbacks=[stop])
    assert told.stop_reason == "callback"
    found = archive.found(archive.read(path))
    assert (found.program, found.final_fitness) == (told.program, told.final.fitness)
    again = lab.resume(path)
    whole = lab.run(Experiment.load("demo"), seed=2, max_evaluations=300_000, checkpoint=tmp_path / "whole.amlz")
    assert again.program == whole.program
    assert path.read_bytes() == (tmp_path / "whole.amlz").read_bytes()


class TestRefusals:
    @pytest.mark.parametrize(
        ("which", "message"),
        [
            ("worst", "which: expected selected, best or hall:N, got 'worst'"),
            ("hall:0", "hall:0: expected a number from 1 to"),
            ("hall:999", "hall:999: expected a number from 1 to"),
            ("hall:x", "which: expected"),
        ],
    )
    def test_of_names(self, which, message, run, amlz):
        code, _, err = amlz("explain", run[0], "--which", which)
        assert code == 2
        assert message in err

    def test_of_a_name_for_a_program_alone(self, amlz, tmp_path):
        from pyamlz import linear_regressor

        linear_regressor().save(tmp_path / "p.amlz")
        code, _, err = amlz("explain", str(tmp_path / "p.amlz"), "--which", "best")
        assert (code, "has but one program" in err) == (2, True)


def test_without_select_tasks_it_is_the_best(tmp_path):
    preset = Experiment.of(regression_table(select=None))
    result = lab.run(preset, seed=1, max_evaluations=3000, checkpoint=tmp_path / "run.amlz")
    saved = archive.read(tmp_path / "run.amlz")
    assert archive.found(saved).program == saved.best.program == result.program
