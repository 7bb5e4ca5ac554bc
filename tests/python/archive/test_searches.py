"""Checkpoints of searches: what is saved, and that a search goes on from it to the last bit."""

import dataclasses
from typing import Any

import pytest
from archives import (
    CHECKPOINT,
    DIMS,
    SAMPLES,
    SPACE,
    TASKS,
    assemble,
    changed,
    checkpoint,
    class_tasks,
    parts_of,
    place_of,
    search_of,
)
from samples import full_space, linear_tasks

from pyamlz import ArchiveError, Dims, InputError, Program, ProgramError, Search, tasks
from pyamlz.archive import Checkpoint, Improvement, Member, decode, encode, to_json, unpack
from pyamlz.search._checkpoint import data_of, restore, task_set_of


def bring(search: Search, saved: Checkpoint, name: str = "run.amlz") -> None:
    """Brings the search to where the saved one was."""
    restore(search._engine, saved, name)


def wide() -> tuple[Any, Any, dict[str, Any]]:
    labels = class_tasks()
    space = full_space(Dims.of(labels, n_scalars=3, n_vectors=4, n_matrices=1), size=3)
    return labels, space, {"precision": "float64", "combine": "median"}


HURDLES = [(1, 2), (2, 1)]
CASES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "plain": (TASKS, SPACE, {}),
    "random search": (TASKS, SPACE, {"algorithm": "random_search"}),
    "no caches": (TASKS, SPACE, {"cache_size": 0, "fec_size": 0}),
    "a small cache": (TASKS, SPACE, {"cache_size": 3, "fec_size": 0}),
    "work": (TASKS, SPACE, {"cache_period": 1000, "cache_work": 300}),
    "a cost": (TASKS, SPACE, {"max_cost": 20.0}),
    "classes": wide(),
    "empty start": (TASKS, SPACE, {"start": "empty"}),
    "hurdles": (TASKS, SPACE, {"hurdles": HURDLES, "hurdle_window": 3}),
    "hurdles alone": (TASKS, SPACE, {"hurdles": HURDLES, "hurdle_window": 3, "cache_size": 0, "fec_size": 0}),
    "redraws": (TASKS, SPACE, {"redraws": 2}),
    "redraws and hurdles": (TASKS, SPACE, {"redraws": 1, "hurdles": HURDLES, "hurdle_percentile": 0.25}),
    "a program": (TASKS, SPACE, {"start": Program.random(SPACE, 9)}),
}


class TestSearches:
    @pytest.mark.parametrize("evaluations", [0, 1, 3, 10, 25, 200])
    @pytest.mark.parametrize("case", CASES)
    def test_restored(self, case: str, evaluations: int) -> None:
        task_set, space, arguments = CASES[case]
        whole = search_of(evaluations, task_set, space, **arguments)
        saved = decode(encode(checkpoint(whole)))
        restored = search_of(0, task_set, space, **arguments)
        bring(restored, saved)
        assert restored.digest == whole.digest
        assert encode(checkpoint(restored)) == encode(saved)
        for search in (whole, restored):
            search._engine.run(137)
        assert restored.digest == whole.digest
        assert checkpoint(restored) == checkpoint(whole)

    def test_contents(self) -> None:
        search = search_of(25)
        saved = checkpoint(search, source="{}", session="[]")
        assert (saved.evaluations, saved.digest, saved.mark.counts.evaluations) == (25, search.digest, 16)
        assert saved.best is not None
        assert (saved.best.program, saved.best.fitness) == (search.best.program, search.best.fitness)
        assert (saved.tasks.count, saved.tasks.train, saved.tasks.valid, saved.tasks.epochs) == (2, 3, 2, 1)
        assert (saved.tasks.source, saved.tasks.data, saved.session) == ("{}", None, "[]")
        assert (saved.config.seed, saved.config.settings.population_size) == (3, 4)
        assert isinstance(saved.mark.history[0], Improvement)

    @pytest.mark.parametrize("precision", ["float32", "float64"])
    @pytest.mark.parametrize("kind", ["regression", "multiclass", "binary"])
    def test_tasks_in_the_archive(self, kind: str, precision: Any) -> None:
        task_set = {"regression": TASKS, "multiclass": class_tasks()}.get(kind) or tasks.from_arrays(
            class_tasks().train_x, (class_tasks().train_y > 0) * 1.0, kind="binary"
        )
        space = full_space(Dims.of(task_set, n_scalars=3, n_vectors=4, n_matrices=1), size=3)
        search = search_of(25, task_set, space, precision=precision)
        source = to_json({"generator": "x", "arguments": {}})
        saved = decode(encode(checkpoint(search, data=data_of(task_set, precision), source=source)))
        again = task_set_of(saved)
        assert again.source == {"generator": "x", "arguments": {}}
        restored = search_of(0, again, space, precision=precision)
        bring(restored, saved)
        assert restored.digest == search.digest
        assert data_of(again, precision) == saved.tasks.data

    def test_tasks_that_are_not_there_or_none(self) -> None:
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.data: expected the tasks' numbers, got nil"):
            task_set_of(decode(CHECKPOINT), "run.amlz")
        data = changed(SAMPLES["data"], "tasks.data[1][0]", b"\xff" * 24)
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.data: train_x: expected finite numbers, got nan"):
            task_set_of(decode(data), "run.amlz")
        data = changed(SAMPLES["data"], "tasks.source", "{")
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.source: expected JSON"):
            task_set_of(decode(data), "run.amlz")

    def test_other_tasks(self) -> None:
        data = changed(SAMPLES["data"], "tasks.data[1][1]", bytes(12))
        saved = decode(data)
        restored = search_of(0, task_set_of(saved))
        with pytest.raises(ArchiveError, match=r"run.amlz: tasks.digest: expected tasks with \d+, got \d+"):
            bring(restored, saved)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"seed": 4}, "config.seed: expected a search with 3, got 4"),
            ({"population_size": 5}, "config.population_size: expected a search with 4, got 5"),
            ({"cache_period": 11}, "config.cache_period: expected a search with 10, got 11"),
            ({"mutations": {"insert": 1}}, "config.mutations: expected a search with "),
            ({"start": "empty"}, "config.start: expected a search with 'random', got 'empty'"),
            ({"must_learn": True}, "config.must_learn: expected a search with False, got True"),
            ({"redraws": 1}, "config.redraws: expected a search with 0, got 1"),
            ({"hurdles": HURDLES}, r"config.hurdles: expected a search with \(\), got "),
            ({"hurdles": HURDLES[:1], "hurdle_window": 9}, r"config.hurdles: expected a search with \(\), got "),
            ({"space": full_space(DIMS, size=3)}, "config.functions: expected a search with "),
            ({"space": full_space(Dims.of(TASKS, n_scalars=5, n_vectors=3, n_matrices=2), 2)}, "dims.n_scalars: "),
            ({"task_set": linear_tasks(n_features=2, n_tasks=3, n_train=3, n_valid=2)}, "tasks.count: expected tasks"),
        ],
    )
    def test_another_search(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ArchiveError, match=f"^run.amlz: {message}"):
            bring(search_of(**arguments), decode(CHECKPOINT))

    def test_a_search_that_has_run(self) -> None:
        with pytest.raises(ArchiveError, match=r"run.amlz: mark.population\[0\]: items must be put before"):
            bring(search_of(1), decode(CHECKPOINT))

    @pytest.mark.parametrize(
        ("path", "value", "message"),
        [
            ("digest", 5, r"digest: expected 5, got \d+: this library does not find the same results"),
            ("best.fitness", 0.9, "best: expected the search's best program, got another member: this library"),
            ("mark.population[2].fitness", 1.0, "digest: expected "),
            ("mark.rng[2]", 7, "digest: expected "),
            ("mark.counts[1]", 19, "mark: each evaluation must have been a cache hit"),
            ("mark.history", [], "mark: the last improvement must be the best program"),
        ],
    )
    def test_contents_that_contradict_each_other(self, path: str, value: object, message: str) -> None:
        saved = decode(changed(CHECKPOINT, path, value))
        with pytest.raises(ArchiveError, match=f"^run.amlz: {message}"):
            bring(search_of(), saved)

    def test_the_order_of_the_hall(self) -> None:
        parts = parts_of(CHECKPOINT)
        node, index = place_of(parts, "mark.hall")
        node[index][1].reverse()
        with pytest.raises(ArchiveError, match=r"mark.hall\[1\]: programs of the hall must have more and more"):
            bring(search_of(), decode(assemble(parts)))

    def test_members_that_are_none(self) -> None:
        """Checkpoints that were put together by hand."""
        saved = decode(CHECKPOINT)
        mark = dataclasses.replace(saved.mark, hall=(Member(b"\xff", 0.5, 1),))
        with pytest.raises(ArchiveError, match=r"mark.hall\[0\].program: "):
            bring(search_of(), dataclasses.replace(saved, mark=mark))
        with pytest.raises(ProgramError, match="byte 2 of the program: the program ends too early"):
            unpack(b"\x01")

    def test_errors_are_input_errors(self) -> None:
        assert issubclass(ArchiveError, InputError)
