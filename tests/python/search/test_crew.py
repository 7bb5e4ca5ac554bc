"""Several threads at one search: it stays the search of one."""

import os
import threading

import pytest

from pyamlz import InputError, Search, SearchError, lab
from pyamlz._lib.random import derived_seed
from pyamlz.search import _crew

#: An experiment, what is other in it, and how many programs are scored.
SEARCHES = [
    ("demo", {}, 20_000),
    ("digits", {}, 3_000),
    ("binary", {"tasks": {"dataset": "digits", "n_train": 100, "n_valid": 50}}, 1_000),
    ("nonlinear", {"population_size": 20}, 600),
    ("linear", {"redraws": 2, "hurdles": [[100, 50]], "hurdle_window": 20}, 5_000),
]


@pytest.fixture
def always(monkeypatch):
    """Programs are handed out however quick they are."""
    monkeypatch.setattr(_crew, "_WORTH", -1)


def search_of(name, changes, threads=1):
    if name in ("digits", "binary"):
        pytest.importorskip("sklearn")
    experiment = lab.Experiment.load(name).replace(**changes)
    search = experiment.search(experiment.tasks("tasks", derived_seed(1, "tasks")), seed=1)
    search.threads = threads
    return search


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("name", "changes", "n"), SEARCHES)
@pytest.mark.parametrize("threads", [2, 4])
def test_the_bits_are_those_of_one_thread(name, changes, n, threads):
    alone, crew = search_of(name, changes), search_of(name, changes, threads)
    alone.run(max_evaluations=n)
    for part in (1, n // 3, n - n // 3 - 1):
        crew.run(max_evaluations=part)
    assert crew.digest == alone.digest
    assert crew.history == alone.history
    assert crew.population == alone.population
    counts = [{**vars_of(search.progress), "seconds": 0, "evaluations_per_second": 0} for search in (alone, crew)]
    assert counts[0] == counts[1]


def vars_of(progress):
    return {name: getattr(progress, name) for name in type(progress).__slots__}


@pytest.mark.usefixtures("always")
def test_beside_spinning_threads_and_over_checkpoints(tmp_path):
    name, changes, n = SEARCHES[4]
    alone = search_of(name, changes)
    alone.run(max_evaluations=n)
    is_over = threading.Event()
    spinning = [threading.Thread(target=lambda: [None for _ in iter(is_over.is_set, True)]) for _ in range(2)]
    for thread in spinning:
        thread.start()
    try:
        search = search_of(name, changes, 3)
        for i in range(5):
            search.run(max_evaluations=n // 5)
            search.save(tmp_path / "run.amlz")
            search = Search.load(tmp_path / "run.amlz")
            search.threads = 2 + i % 3
    finally:
        is_over.set()
        for thread in spinning:
            thread.join()
    assert search.digest == alone.digest


@pytest.mark.usefixtures("always")
def test_stops_at_a_fitness_and_goes_on(tmp_path):
    alone, crew = search_of("linear", {}), search_of("linear", {}, 3)
    goal = search_of("linear", {}).run(max_evaluations=2_000).fitness
    assert alone.run(sufficient_fitness=goal).evaluations == crew.run(sufficient_fitness=goal).evaluations
    alone.run(max_evaluations=500)
    crew.run(max_evaluations=500)
    assert crew.digest == alone.digest


def test_quick_programs_stay_in_one_thread(monkeypatch):
    search = search_of("demo", {}, 2)
    monkeypatch.setattr(_crew.Crew, "run", None)
    assert search.run(max_evaluations=5_000).evaluations == 5_000


def test_what_a_number_of_threads_may_be():
    search = search_of("linear", {})
    assert search.threads == 1
    search.threads = "auto"
    assert search.threads == len(os.sched_getaffinity(0))
    for wrong, message in ((0, "from 1 to 1024, got 0"), ("all", "a number or 'auto', got 'all'"), (1.5, "got 1.5")):
        with pytest.raises(InputError, match=f"^threads: expected .*{message}"):
            search.threads = wrong

    def change(_):
        search.threads = 2

    with pytest.raises(SearchError, match="threads: this search is being run"):
        search.run(max_evaluations=1_000, callbacks=[change])
