"""What files hold, and pickles: programs, populations, searches, islands; each goes on to the same bits."""

import copy
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import environment, linear_space, linear_tasks

from pyamlz import (
    ArchiveError,
    Evaluator,
    InputError,
    Islands,
    Learner,
    Member,
    PackedTasks,
    Program,
    ProgramError,
    Search,
    archive,
    linear_regressor,
    load,
    tasks,
)
from pyamlz.search._checkpoint import Copied

TASKS = linear_tasks()
SPACE = linear_space(TASKS)


def a_search(seed: int = 1, task_set: Any = TASKS, evaluations: int = 130) -> Search:
    search = Search(task_set, SPACE, seed=seed, population_size=20, cache_period=100)
    search.run(max_evaluations=evaluations)
    return search


def some_islands() -> Islands:
    islands = Islands([a_search(seed, evaluations=10) for seed in (1, 2)], seed=3, every_evaluations=50)
    islands.run(max_evaluations=150)
    return islands


class TestLoad:
    def test_programs(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text(str(linear_regressor()))
        linear_regressor().save(tmp_path / "p.amlz")
        for name in ("text", "p.amlz"):
            assert load(tmp_path / name) == linear_regressor()
            assert load(str(tmp_path / name)) == linear_regressor()

    def test_indexes_of_features(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("def Predict():\n  v1[2] = 0.5\n")
        assert load(tmp_path / "text", 4) == Program.parse("def Predict():\n  v1[2] = 0.5\n", 4)
        with pytest.raises(ProgramError, match=f"^{tmp_path}/text: line 2"):
            load(tmp_path / "text")

    def test_populations(self, tmp_path: Path) -> None:
        search = a_search()
        archive.save_population(tmp_path / "columns.amlz", search.population, SPACE.dims)
        archive.save_population(tmp_path / "list.amlz", list(search.population), SPACE.dims)
        archive.save_population(tmp_path / "iterator.amlz", iter(search.population), SPACE.dims)
        data = {path.read_bytes() for path in tmp_path.glob("*.amlz")}
        assert len(data) == 1
        found = load(tmp_path / "list.amlz")
        assert found == search.population
        assert [member.program for member in found] == [member.program for member in search.population]
        assert {type(member) for member in found} == {Member}
        assert found[0].program == found[:1][0].program == search.population[0].program
        with pytest.raises(TypeError):
            tuple(found[0])  # its first element was the program once

    def test_searches(self, tmp_path: Path) -> None:
        search = a_search()
        search.save(tmp_path / "s.amlz")
        found = load(tmp_path / "s.amlz")
        assert isinstance(found, Search)
        assert found.digest == search.digest
        for one in (search, found):
            one.run(max_evaluations=40)
        assert (found.digest, found.history, found.population) == (search.digest, search.history, search.population)

    def test_islands(self, tmp_path: Path) -> None:
        islands = some_islands()
        islands.save(tmp_path / "i.amlz")
        found = load(tmp_path / "i.amlz")
        assert isinstance(found, Islands)
        assert found.digest == islands.digest

    def test_what_cannot_be_loaded(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=f"^{tmp_path}/none: cannot be read: No such file"):
            load(tmp_path / "none")
        with pytest.raises(ArchiveError, match=f"^{tmp_path}/none.amlz: cannot be read: No such file"):
            load(tmp_path / "none.amlz")
        (tmp_path / "text").write_text("x" * 2**20 + "x")
        with pytest.raises(InputError, match=f"^{tmp_path}/text: expected at most 1048576 bytes"):
            load(tmp_path / "text")
        (tmp_path / "text").write_text("def Nothing():\n")
        with pytest.raises(ProgramError, match=f"^{tmp_path}/text: line 1"):
            load(tmp_path / "text")
        a_search().save(tmp_path / "s.amlz")
        data = (tmp_path / "s.amlz").read_bytes()
        (tmp_path / "s.amlz").write_bytes(data[:-20])
        with pytest.raises(ArchiveError, match=f"^{tmp_path}/s.amlz: checksum"):
            load(tmp_path / "s.amlz")


class TestSaving:
    @pytest.mark.parametrize("make", [a_search, some_islands])
    def test_a_search_stands_still_only_while_it_is_copied(
        self, make: Callable[[], Search | Islands], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It goes on while another thread is in the midst of saving, and what is saved is as it was."""
        begun, go_on, make_checkpoint = threading.Event(), threading.Event(), Copied.checkpoint

        def checkpoint(copied: Copied, **arguments: Any) -> archive.Checkpoint:
            begun.set()
            assert go_on.wait(60)
            return make_checkpoint(copied, **arguments)

        monkeypatch.setattr(Copied, "checkpoint", checkpoint)
        search, digest = make(), make().digest
        with ThreadPoolExecutor(1) as pool:
            saving = pool.submit(search.save, tmp_path / "s.amlz")
            assert begun.wait(60)
            try:
                before = search.progress.evaluations
                search.run(max_evaluations=100)
                assert search.progress.evaluations >= before + 100
                assert search.digest != digest
            finally:
                go_on.set()
            saving.result()
        found = load(tmp_path / "s.amlz")
        assert isinstance(found, Search | Islands)
        assert found.digest == digest


class TestPickles:
    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_searches(self, protocol: int) -> None:
        search = a_search()
        copies = [pickle.loads(pickle.dumps(search, protocol)), copy.copy(search), copy.deepcopy(search)]  # noqa: S301
        search.run(max_evaluations=70)
        for found in copies:
            found.run(max_evaluations=70)
            assert (found.digest, found.config) == (search.digest, search.config)

    def test_searches_with_tasks_from_nowhere(self) -> None:
        rng = np.random.default_rng(1)
        own = tasks.from_arrays(rng.normal(size=(3, 400, 4)), rng.normal(size=(3, 400)), kind="regression")
        search = a_search(task_set=own)
        found = pickle.loads(pickle.dumps(search))  # noqa: S301
        assert found.digest == search.digest
        assert (found.tasks.tasks.train_x == own.train_x.astype(np.float32)).all()  # as the search sees them

    def test_islands(self) -> None:
        islands = some_islands()
        found = pickle.loads(pickle.dumps(islands))  # noqa: S301
        for one in (islands, found):
            one.run(max_evaluations=100)
        assert found.digest == islands.digest

    def test_in_another_process(self, tmp_path: Path) -> None:
        search = a_search()
        (tmp_path / "pickle").write_bytes(pickle.dumps(search))
        code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).digest)"
        result = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "pickle"], env=environment(), capture_output=True, check=True
        )
        assert int(result.stdout) == search.digest

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_evaluators_and_packed_tasks(self, precision: Any) -> None:
        packed = PackedTasks(TASKS, precision)
        evaluator = Evaluator(packed, combine="median", variant="baseline")
        found = pickle.loads(pickle.dumps(evaluator))  # noqa: S301
        assert (found.combine, found.variant, found.tasks.precision) == ("median", "baseline", precision)
        mine, its = (one.evaluate(linear_regressor()) for one in (evaluator, found))
        assert mine.fitness == its.fitness
        assert (mine.task_fitness == its.task_fitness).all()
        again = pickle.loads(pickle.dumps(packed))  # noqa: S301
        assert again.precision == precision
        assert (again.tasks.train_x == TASKS.train_x).all()


def test_what_they_are_called() -> None:
    search = a_search()
    assert repr(search).startswith("<Search(seed=1, population_size=20): 130 evaluations, best fitness 0.")
    fresh = Search(TASKS, SPACE, seed=1, population_size=20)
    assert repr(fresh) == "<Search(seed=1, population_size=20): 0 evaluations>"
    assert repr(some_islands()).startswith(
        "<Islands(2 searches, seed=3, every_evaluations=50, share=0.5): 170 evaluations, best"
    )
    sizes = f"F = 4, {TASKS.n_train} + {TASKS.n_valid} examples"
    assert repr(search.tasks) == f"<PackedTasks: {TASKS.n_tasks} regression tasks, {sizes}, float32>"
    assert repr(Evaluator(TASKS)) == f"<Evaluator(mean fitness) of {search.tasks!r}>"
    learner = Learner(linear_regressor(), linear_regressor().dims(4))
    assert repr(learner) == f"<Learner of {len(linear_regressor())} instructions, F = 4, float32>"
    best = search.best
    assert repr(search.population).startswith("<20 members, best fitness 0.")
    assert repr(fresh.population) == "<0 members>"
    assert repr(best) == (
        f"Member(fitness={best.fitness!r}, evaluation={best.evaluation}, parent={best.parent}, action={best.action!r})"
    )
