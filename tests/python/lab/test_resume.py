"""Searches and runs that are stopped anywhere, and go on as if they never had been."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from samples import LINEAR_OPS, environment, full_space, linear_space, linear_tasks, regression_table

from pyamlz import (
    ArchiveError,
    Dims,
    Experiment,
    FileError,
    InputError,
    ProgramError,
    Search,
    SearchError,
    archive,
    lab,
    linear_regressor,
    load,
    neural_network,
    tasks,
)

ROOT = Path(__file__).resolve().parents[3]
TASKS = linear_tasks()


def small_search(task_set=TASKS, space=None, **settings):
    given = {"seed": 1, "population_size": 30, "cache_period": 170, "cache_size": 300, "fec_size": 300, **settings}
    return Search(task_set, space or linear_space(task_set), **given)


def own_tasks():
    draw = np.random.default_rng(1)
    x = draw.standard_normal((60, 4)).astype(np.float32)
    return tasks.from_arrays(x, (x.sum(axis=1) > 0).astype(np.float32), kind="binary", n_tasks=3, seed=5, epochs=2)


def with_a_function_that_is_fixed():
    space = linear_space(TASKS)
    return {"space": type(space)(space.dims, learn=space.learn), "fixed_program": linear_regressor()}


SEARCHES = {
    "plain": small_search,
    "float64": lambda: small_search(precision="float64", combine="mean"),
    "random search": lambda: small_search(algorithm="random_search"),
    "without caches": lambda: small_search(cache_size=0, fec_size=0),
    "from a program": lambda: small_search(
        start=linear_regressor(), space=full_space(Dims.of(TASKS, n_scalars=4, n_vectors=3, n_matrices=1))
    ),
    "from empty programs": lambda: small_search(start="empty", max_cost=30.0),
    "with a fixed function": lambda: small_search(**with_a_function_that_is_fixed()),
    "own data": lambda: small_search(own_tasks()),
    "random ops": lambda: small_search(space=full_space(Dims.of(TASKS, n_scalars=4, n_vectors=3, n_matrices=2))),
}


@pytest.mark.parametrize("make", SEARCHES.values(), ids=SEARCHES)
class TestSearches:
    def test_go_on_to_the_same_bytes(self, make, tmp_path):
        whole = make()
        whole.run(max_evaluations=700)
        whole.save(tmp_path / "whole.amlz")
        for cut in (1, 29, 30, 169, 170, 171, 500):
            search = make()
            search.run(max_evaluations=cut)
            search.save(tmp_path / "cut.amlz")
            resumed = Search.load(tmp_path / "cut.amlz")
            assert resumed.digest == search.digest
            assert resumed.population == search.population
            assert resumed.config == search.config or search.config["start"] != "random"
            resumed.save(tmp_path / "again.amlz")
            assert (tmp_path / "again.amlz").read_bytes() == (tmp_path / "cut.amlz").read_bytes()
            result = resumed.run(max_evaluations=700 - cut)
            resumed.save(tmp_path / "cut.amlz")
            assert (tmp_path / "cut.amlz").read_bytes() == (tmp_path / "whole.amlz").read_bytes()
            assert (result.program, result.history) == (whole.best.program, whole.history)
            assert resumed.hall_of_fame == whole.hall_of_fame

    def test_can_be_saved_before_they_begin(self, make, tmp_path):
        search = make()
        search.save(tmp_path / "new.amlz")
        resumed = Search.load(tmp_path / "new.amlz")
        for each in (search, resumed):
            each.run(max_evaluations=100)
        assert resumed.digest == search.digest


class TestLoading:
    @pytest.fixture
    def saved(self, tmp_path):
        search = small_search()
        search.run(max_evaluations=300)
        search.save(tmp_path / "run.amlz")
        return tmp_path / "run.amlz"

    def test_takes_tasks_that_are_given(self, saved):
        assert Search.load(saved, linear_tasks()).progress.evaluations == 300

    def test_refuses_other_tasks(self, saved):
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.order_seed: expected tasks with 1, got 2"):
            Search.load(saved, linear_tasks(seed=2))

    def test_names_both_values_of_a_setting_that_differs(self, saved):
        assert Search.load(saved, population_size=30, seed=1, space=linear_space(TASKS)).seed == 1
        with pytest.raises(ArchiveError, match=r"population_size: expected 31, got 30 in .*run.amlz"):
            Search.load(saved, population_size=31)
        with pytest.raises(ArchiveError, match=r"space: expected"):
            Search.load(saved, space=full_space(Dims.of(TASKS, n_scalars=4, n_vectors=3, n_matrices=1)))
        with pytest.raises(InputError, match=r"popsize: unknown setting"):
            Search.load(saved, popsize=30)

    def test_refuses_what_is_no_checkpoint(self, saved, tmp_path):
        linear_regressor().save(tmp_path / "program.amlz")
        with pytest.raises(ArchiveError, match=r"program.amlz: expected a checkpoint"):
            Search.load(tmp_path / "program.amlz")
        with pytest.raises(ArchiveError, match=r"nothing.amlz: cannot be read: No such file"):
            Search.load(tmp_path / "nothing.amlz")
        saved.write_bytes(saved.read_bytes()[:-1])
        with pytest.raises(ArchiveError, match=r"checksum"):
            Search.load(saved)

    def test_refuses_tasks_that_cannot_be_made(self, saved):
        found = archive.read(saved)
        for source, message in [
            (None, "tasks: expected them or how to make them again"),
            ('{"generator":"system","arguments":{}}', "source: expected one of linear"),
            ('{"generator":"linear","arguments":{"n_feet":1}}', "n_feet"),
            ('{"generator":"linear","arguments":{"n_features":-1}}', "n_features: expected"),
            ("[", "tasks.source: expected JSON"),
            ('{"generator":"linear","arguments":{"n_features":4,"n_tasks":4,"seed":9}}', "tasks.digest|tasks.train"),
        ]:
            record = type(found.tasks)(**{**_fields(found.tasks), "source": source})
            archive.write(saved, type(found)(**{**_fields(found), "tasks": record}))
            with pytest.raises(ArchiveError, match=message):
                Search.load(saved)

    def test_refuses_results_that_this_library_does_not_find(self, saved):
        found = archive.read(saved)
        archive.write(saved, type(found)(**{**_fields(found), "digest": found.digest ^ 1}))
        with pytest.raises(ArchiveError, match=r"digest: expected .* does not find the same results"):
            Search.load(saved)
        best = dataclasses.replace(found.best, fitness=found.best.fitness / 2)
        archive.write(saved, type(found)(**{**_fields(found), "best": best}))
        with pytest.raises(ArchiveError, match=r"best: expected"):
            Search.load(saved)

    def test_is_not_for_searches_that_have_run(self, saved):
        search = small_search()
        search.run(max_evaluations=1)
        with pytest.raises(SearchError, match=r"has not run"):
            search.restore(archive.read(saved))
        with pytest.raises(ArchiveError, match=r"population_size: expected a search with 30, got 31"):
            small_search(population_size=31).restore(archive.read(saved))

    def test_counts_time_from_when_it_was_loaded(self, saved):
        search = Search.load(saved)
        assert search.progress.seconds == 0
        assert search.progress.evaluations_per_second == 0
        result = search.run(max_evaluations=50)
        assert result.progress.evaluations_per_second == pytest.approx(50 / result.seconds)

    def test_works_while_another_thread_writes(self, saved):
        search = small_search()
        search.run(max_evaluations=300)
        stop = threading.Event()

        def write():
            while not stop.is_set():
                search.save(saved)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(100):
                assert archive.read(saved).evaluations == 300
        finally:
            stop.set()
            writer.join()

    def test_saves_while_another_thread_searches(self, tmp_path):
        search = small_search(cache_period=50_000, population_size=100)
        runner = threading.Thread(target=search.run, kwargs={"max_evaluations": 200_000})
        runner.start()
        seen = []
        while runner.is_alive():
            search.save(tmp_path / "live.amlz")
            seen.append(archive.read(tmp_path / "live.amlz").evaluations)
        runner.join()
        assert seen == sorted(seen)
        loaded = Search.load(tmp_path / "live.amlz")
        loaded.run(max_evaluations=200_000 - seen[-1]) if seen[-1] < 200_000 else None
        assert loaded.digest == search.digest


def _fields(contents):
    return {name: getattr(contents, name) for name in type(contents).__slots__}


class TestPrograms:
    def test_come_back(self, tmp_path):
        program, dims = linear_regressor(), Dims(n_features=4, n_scalars=4, n_vectors=3)
        program.save(tmp_path / "open.amlz")
        program.save(tmp_path / "bound.amlz", dims)
        for name in ("open.amlz", "bound.amlz"):
            assert load(tmp_path / name) == program
        assert archive.read(tmp_path / "bound.amlz").dims == dims
        with pytest.raises(ProgramError):
            program.save(tmp_path / "bound.amlz", Dims(n_features=4))
        assert load(tmp_path / "bound.amlz") == program

    def test_of_a_checkpoint_are_its_best(self, tmp_path):
        search = small_search()
        search.save(tmp_path / "run.amlz")
        with pytest.raises(InputError, match=r"program: .*: expected an archive of a search that has run"):
            archive.find_program("program", str(tmp_path / "run.amlz"))
        search.run(max_evaluations=100)
        search.save(tmp_path / "run.amlz")
        assert archive.find_program("program", str(tmp_path / "run.amlz")) == search.best.program

    def test_are_known_by_their_first_bytes(self, tmp_path):
        linear_regressor().save(tmp_path / "program.amlz")
        os.rename(tmp_path / "program.amlz", tmp_path / "program")
        assert load(tmp_path / "program") == linear_regressor()


# ---------------------------------------------------------------- runs of experiments

SHORT = {
    "population_size": 100,
    "cache_period": 700,
    "max_evaluations": 5000,
    "sufficient_fitness": 1.0,
    "select": {"n_tasks": 8, "every": 1000},
    "final": {"n_tasks": 10, "compare": ["linear_regressor"]},
}


def preset(**changes):
    return Experiment.of(regression_table(**{**SHORT, **changes}))


class Interrupting:
    """Presses Ctrl-C, or ends the process, every third time that it hears of progress."""

    def __init__(self):
        self.heard = 0

    def __call__(self, progress):
        self.heard += 1
        if self.heard % 3 == 0:
            os.kill(os.getpid(), signal.SIGTERM if self.heard % 2 else signal.SIGINT)


def same(one, other):
    names = ("program", "fitness", "select_fitness", "evaluations", "experiments", "train_steps", "stop_reason")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert one.final is other.final or one.final.fitness == other.final.fitness
    assert one.comparisons == other.comparisons


RUNS = {
    "with select tasks": {},
    "without": {"select": None, "final": None},
    "with a goal": {"sufficient_fitness": 0.99},
    "with a goal and no select tasks": {"sufficient_fitness": 0.99, "select": None},
    "one experiment": {"sufficient_fitness": None},
    "islands": {"islands": 3, "migration": {"every": 200}, "select": {"n_tasks": 8, "every": 100}},
    "islands of other tasks": {
        "tasks": [regression_table()["tasks"], {**regression_table()["tasks"], "n_features": 4, "n_train": 20}],
        "migration": {"every": 300, "share": 0.2},
        "select": {"n_tasks": 8, "every": 200},
    },
}


class TestRuns:
    @pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS)
    def test_go_on_to_the_same_end(self, changes, tmp_path):
        whole, torn = tmp_path / "whole.amlz", tmp_path / "torn.amlz"
        limits = {"seed": 2, "max_evaluations": 12_500}
        wanted = lab.run(preset(**changes), checkpoint=whole, every_seconds=1000, **limits)
        outcome = lab.run(preset(**changes), checkpoint=torn, every_seconds=0, callbacks=[Interrupting()], **limits)
        interrupted = 0
        while outcome.stop_reason == "interrupted":
            interrupted += 1
            outcome = lab.resume(torn, every_seconds=0, callbacks=[Interrupting()])
        assert interrupted > 3
        same(outcome, wanted)
        assert torn.read_bytes() == whole.read_bytes()
        same(lab.resume(torn), wanted)
        assert torn.read_bytes() == whole.read_bytes()
        same(lab.run(preset(**changes), **limits), wanted)

    def test_that_time_ended_go_on_with_what_is_left_or_given(self, tmp_path):
        path = tmp_path / "run.amlz"
        slow = preset(max_evaluations=10_000_000)
        outcome = lab.run(slow, seed=1, max_seconds=0.3, checkpoint=path)
        assert outcome.stop_reason == "max_seconds"
        again = lab.resume(path)
        assert (again.stop_reason, again.evaluations) == ("max_seconds", outcome.evaluations)  # none was left
        assert again.program == outcome.program
        more = lab.resume(path, max_seconds=0.4)
        assert more.seconds >= 0.4
        assert more.evaluations > again.evaluations >= outcome.evaluations

    def test_keep_programs_that_were_in_files(self, tmp_path):
        (tmp_path / "start.txt").write_text(str(linear_regressor()))
        functions = {name: {"ops": LINEAR_OPS, "max_size": 8} for name in ("setup", "predict", "learn")}
        space = {**regression_table()["space"], **functions}
        table = preset(start=str(tmp_path / "start.txt"), space=space)
        lab.run(table, seed=1, max_evaluations=200, checkpoint=tmp_path / "run.amlz")
        (tmp_path / "start.txt").unlink()
        assert lab.resume(tmp_path / "run.amlz").evaluations == 200

    def test_are_never_begun_anew_in_place_of_a_resume(self, tmp_path):
        path = tmp_path / "run.amlz"
        path.write_bytes(b"something")
        with pytest.raises(InputError, match=r"run.amlz: is there already"):
            lab.run(preset(), seed=1, checkpoint=path)
        assert path.read_bytes() == b"something"
        with pytest.raises(ArchiveError, match=r"run.amlz"):
            lab.resume(path)
        with pytest.raises(ArchiveError, match=r"nothing.amlz: cannot be read"):
            lab.resume(tmp_path / "nothing.amlz")

    def test_refuse_other_settings(self, tmp_path):
        path = tmp_path / "run.amlz"
        lab.run(preset(), seed=1, max_evaluations=100, checkpoint=path)
        before = path.read_bytes()
        assert lab.resume(path, seed=1, expected={"population_size": 100}).evaluations == 100
        for given, message in [
            ({"seed": 2}, "seed: .*run.amlz has 1, got 2"),
            ({"expected": {"population_size": 7}}, "population_size: .*run.amlz has 100, got 7"),
            ({"expected": {"tasks": {"n_train": 7}}}, "tasks.n_train: .*run.amlz has 100, got 7"),
        ]:
            with pytest.raises(ArchiveError, match=message):
                lab.resume(path, **given)
        assert path.read_bytes() == before

    def test_refuse_checkpoints_of_searches_alone(self, tmp_path):
        small_search().save(tmp_path / "alone.amlz")
        with pytest.raises(ArchiveError, match=r"expected a checkpoint of a run.*got one of a search alone"):
            lab.resume(tmp_path / "alone.amlz")

    def test_refuse_sessions_that_are_none(self, tmp_path):
        path = tmp_path / "run.amlz"
        lab.run(preset(), seed=1, max_evaluations=2000, checkpoint=path)
        found = archive.read(path)
        session = json.loads(found.session)
        wrong = [
            ({"seed": -1}, "session.seed: expected"),
            ({"seed": True}, "session.seed: expected"),
            ({"experiment": 0}, "session.experiment: expected"),
            ({"experiment": 2}, "config.seed: expected a search with|tasks"),
            ({"considered": 3000}, "session.considered: expected at most 2000, got 3000"),
            ({"champion": {**session["best"], "program": str(neural_network())}}, "session.champion.program: .*"),
            ({"considered": 1.5}, "session.considered: expected"),
            ({"tried": 7}, "session.tried: expected"),
            ({"best": {}}, "session.best: expected a table of"),
            ({"best": {**session["best"], "program": "def Foo"}}, "session.best.program: line 1"),
            ({"best": {**session["best"], "program": 3}}, "session.best.program: expected"),
            ({"preset": {"name": "x", "config": {}}}, "session.preset.config: tasks: this table is missing"),
            ({"preset": 3}, "session.preset: expected"),
            ({"session": 2}, "session.session: expected"),
            ({"more": 2}, "session: expected a table of"),
        ]
        for changes, message in wrong:
            string = json.dumps({**session, **changes})
            archive.write(path, type(found)(**{**_fields(found), "session": string}))
            with pytest.raises(ArchiveError, match=f"run.amlz: .*({message})"):
                lab.resume(path)


class TestSavingThatFails:
    def test_at_the_beginning_stops_the_run(self, tmp_path):
        with pytest.raises(FileError, match=r"nowhere"):
            lab.run(preset(), seed=1, checkpoint=tmp_path / "nowhere" / "run.amlz")

    def test_later_on_is_said_and_the_run_goes_on(self, tmp_path, monkeypatch):
        path = tmp_path / "run.amlz"
        write, calls = archive.write, []

        def failing(*arguments):
            calls.append(1)
            if 2 <= len(calls) <= 5:
                raise FileError("run.amlz: write: No space left on device")
            write(*arguments)

        monkeypatch.setattr(archive, "write", failing)
        with pytest.warns(RuntimeWarning) as caught:
            outcome = lab.run(preset(), seed=1, max_evaluations=20_000, checkpoint=path, every_seconds=0)
        assert outcome.evaluations == 20_000
        messages = {str(one.message) for one in caught}
        assert messages == {"no checkpoint: run.amlz: write: No space left on device"}
        assert outcome.unsaved is None
        assert archive.read(path).session is not None

    def test_at_the_end_is_told(self, tmp_path, monkeypatch):
        path = tmp_path / "run.amlz"
        write, calls = archive.write, []

        def failing(*arguments):
            calls.append(1)
            if len(calls) > 1:
                raise FileError("full")
            write(*arguments)

        monkeypatch.setattr(archive, "write", failing)
        with pytest.warns(RuntimeWarning, match="no checkpoint: full"):
            outcome = lab.run(preset(), seed=1, max_evaluations=500, checkpoint=path)
        assert outcome.unsaved == "full"
        monkeypatch.undo()
        assert lab.resume(path).evaluations == 500  # from the first checkpoint

    def test_on_a_full_disk_leaves_the_former_checkpoint(self, tmp_path):
        """The limit on the size of files stands for the full disk."""
        path = tmp_path / "run.amlz"
        search = small_search(population_size=200)
        search.run(max_evaluations=10)
        search.save(path)
        before = path.read_bytes()
        search.run(max_evaluations=500)
        script = (
            "import resource, signal, sys; from pyamlz import Search, FileError\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "search = Search.load(sys.argv[1]); search.run(max_evaluations=500)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
            "try:\n    search.save(sys.argv[1])\nexcept FileError as error:\n    print(error)\n"
            "search.run(max_evaluations=1)\nprint(search.progress.evaluations)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], env=environment(), capture_output=True, text=True, check=True
        )
        assert "run.amlz" in done.stdout
        assert "File too large" in done.stdout
        assert done.stdout.endswith("511\n")
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_lost_by_kills(tmp_path):
    """The quick part of `make kill`."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "tools" / "kill.py", "6"], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "the same bytes as undisturbed" in done.stdout
