"""Programs of a search that are evaluated elsewhere."""

import pickle
import random
import threading

import pytest
from samples import linear_space, linear_tasks

from pyamlz import Evaluator, InputError, Islands, Search, SearchError, linear_regressor
from pyamlz.search import Asked

TASKS = linear_tasks()


def search(seed=1, **settings):
    chosen = {"population_size": 30, "cache_period": 200, "combine": "mean", "fec_size": 0, **settings}
    return Search(TASKS, linear_space(TASKS), seed=seed, **chosen)


def step(one, evaluator):
    asked = one.ask()
    one.tell(asked, evaluator.evaluate(asked.program).fitness)


class TestAskAndTell:
    @pytest.mark.parametrize("settings", [{}, {"cache_size": 0}, {"redraws": 3}, {"algorithm": "random_search"}])
    def test_find_what_run_finds(self, settings):
        whole, asked, evaluator = search(**settings), search(**settings), Evaluator(TASKS, combine="mean")
        whole.run(max_evaluations=300)
        for _ in range(100):
            step(asked, evaluator)
        asked.run(max_evaluations=100)
        for _ in range(100):
            step(asked, evaluator)
        for part in ("population", "hall_of_fame", "history", "best"):
            assert getattr(asked, part) == getattr(whole, part)
        stats = asked.progress
        assert stats.evaluations == stats.cache_hits + stats.full_evaluations == 300
        assert stats.full_evaluations >= 200
        assert stats.duplicates == whole.progress.duplicates
        whole.run(max_evaluations=100)
        asked.run(max_evaluations=100)
        assert asked.population == whole.population

    def test_count_and_rank_what_is_told(self):
        one = search()
        one.run(max_evaluations=100)
        asked = one.ask()
        assert asked.evaluation == 101
        one.tell(asked, 1.0)
        assert (one.best.program, one.best.fitness, one.best.evaluation) == (asked.program, 1.0, 101)
        assert one.population[-1] == one.best
        assert one.history[-1].evaluation == 101
        assert one.run(sufficient_fitness=1.0).stop_reason == "sufficient_fitness"

    @pytest.mark.parametrize("settings", [{}, {"cache_size": 0}, {"fec_size": 100}])
    def test_archives(self, tmp_path, settings):
        """While a program is out the archive is of the search before it; after it was told it is exact."""
        path, one = tmp_path / "run.amlz", search(**settings)
        one.run(max_evaluations=150)
        digest = one.digest
        asked = one.ask()
        assert one.digest == digest
        one.save(path)
        loaded = Search.load(path)
        assert loaded.digest == digest
        assert loaded.ask() == asked
        for each in (one, loaded):
            each.tell(asked, 0.123)
        assert one.digest == loaded.digest
        one.save(path)
        again = Search.load(path)
        for each in (one, again):
            each.run(max_evaluations=150)
        assert one.digest == again.digest

    def test_a_copy_of_what_was_asked_will_do(self):
        one = search()
        one.tell(pickle.loads(pickle.dumps(one.ask())), 0.5)  # noqa: S301
        assert one.best.fitness == 0.5

    def test_over_budget_is_zero(self):
        one = search(max_cost=0.001)
        one.tell(one.ask(), 0.9)
        assert (one.progress.rejected, one.best.fitness) == (1, 0.0)


def go_by_many(one, evaluator, n, evaluations, order):
    """Asks for up to n at a time and tells them in an order of chance; how many were out at most."""
    out, asked, most = [], one.progress.evaluations, 0
    end = asked + evaluations
    while out or asked < end:
        if asked < end and len(out) < n:
            new = one.ask(min(n - len(out), end - asked))
            assert [each.evaluation for each in new] == list(range(asked + 1, asked + 1 + len(new)))
            out, asked = [*out, *new], asked + len(new)
        most = max(most, len(out))
        each = out.pop(order.randrange(len(out)))
        one.tell(each, evaluator.evaluate(each.program).fitness)
    return most


class TestMany:
    @pytest.mark.parametrize("settings", [{}, {"redraws": 3}, {"algorithm": "random_search"}, {"max_cost": 0.02}])
    @pytest.mark.parametrize("n", [1, 2, 7, 100])
    def test_is_the_search_of_one_at_a_time(self, settings, n):
        single, many, evaluator = search(**settings), search(**settings), Evaluator(TASKS, combine="mean")
        for _ in range(150):
            step(single, evaluator)
        assert go_by_many(many, evaluator, n, 100, random.Random(n)) >= min(n, 30)
        go_by_many(many, evaluator, n, 50, random.Random(n))
        assert many.digest == single.digest
        assert many.population == single.population
        for each in (single, many):
            each.run(max_evaluations=50)
        assert many.digest == single.digest

    def test_a_checkpoint_holds_what_was_taken_in(self, tmp_path):
        path, one = tmp_path / "run.amlz", search()
        asked = one.ask(10)
        for each in (*asked[:3], *asked[5:]):
            one.tell(each, 0.25)
        assert one.progress.evaluations == 3
        one.save(path)
        loaded = Search.load(path)
        assert (loaded.digest, loaded.progress.evaluations) == (one.digest, 3)
        assert loaded.ask(7) == asked[3:]
        for each in asked[3:5]:
            one.tell(each, 0.5)
        for each in reversed(asked[3:]):
            loaded.tell(each, 0.5 if each in asked[3:5] else 0.25)
        assert loaded.digest == one.digest

    def test_none_is_to_be_had_that_depends_on_one_out(self):
        one = search(tournament_size=30)
        first = one.ask(1000)
        assert 30 <= len(first) < 60
        assert one.ask(1) == []
        with pytest.raises(SearchError, match="ask: the fitness of program 1, asked for, must be told first"):
            one.ask()
        for each in first:
            one.tell(each, 0.0)
        assert one.ask().evaluation == len(first) + 1

    def test_each_is_told_once(self):
        one = search()
        asked = one.ask(3)
        one.tell(asked[1], 0.5)
        for wrong in (asked[1], asked[1]._replace(evaluation=4), asked[0]._replace(program=linear_regressor())):
            with pytest.raises(SearchError, match=r"once \(number 1 and 1 more wait\), got"):
                one.tell(wrong, 0.5)
        assert one.progress.evaluations == 0
        one.tell(asked[0], 0.5)
        assert one.progress.evaluations == 2

    @pytest.mark.parametrize("n", [0, -1, 1.5, "x", 2**21])
    def test_how_many_there_may_be(self, n):
        with pytest.raises(InputError, match="n: expected"):
            search().ask(n)


class TestRefusals:
    def test_while_one_is_out(self):
        one = search()
        asked = one.ask()
        for call in (
            lambda: one.run(max_evaluations=1),
            lambda: one.take([linear_regressor()]),
            lambda: one.restore(search().checkpoint()),
            lambda: Islands([one, search(2)], seed=1, every_evaluations=30).run(max_evaluations=2),
        ):
            with pytest.raises(SearchError, match="program 1, asked for, must be told first"):
                call()
        assert one.progress.evaluations == 0
        one.tell(asked, 0.0)
        assert one.run(max_evaluations=1).evaluations == 2

    def test_wrong_programs(self):
        one = search()
        with pytest.raises(SearchError, match="none waits"):
            one.tell(Asked(linear_regressor(), 1), 0.5)
        asked = one.ask()
        with pytest.raises(SearchError, match="number 1 waits"):
            one.tell(Asked(asked.program, 2), 0.5)
        with pytest.raises(InputError, match="asked"):
            one.tell(asked.program, 0.5)
        one.tell(asked, 0.5)
        with pytest.raises(SearchError, match="none waits"):
            one.tell(asked, 0.5)

    @pytest.mark.parametrize("fitness", [-0.1, 1.1, float("nan"), "x", None])
    def test_what_is_no_fitness(self, fitness):
        one = search()
        asked = one.ask()
        with pytest.raises(InputError, match="fitness"):
            one.tell(asked, fitness)
        one.tell(asked, 1)
        assert one.best.fitness == 1.0

    def test_while_it_runs(self):
        one, begun = search(), threading.Event()
        running = threading.Thread(
            target=one.run, kwargs={"callbacks": [lambda progress: begun.set() or stop.is_set()]}
        )
        stop = threading.Event()
        running.start()
        try:
            assert begun.wait(20)
            with pytest.raises(SearchError, match="is being run"):
                one.ask()
        finally:
            stop.set()
            running.join()
