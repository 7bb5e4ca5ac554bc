"""Islands: who migrates where, and that nothing but counts and seeds has a part in what is found."""

import os
import threading
from collections import Counter
from contextlib import contextmanager

import numpy as np
import pytest
from samples import LINEAR_OPS, linear_space, linear_tasks

from pyamlz import ArchiveError, FunctionSpace, InputError, Islands, Search, SearchError, SearchSpace, archive, tasks
from pyamlz.search._islands import _shared_out
from pyamlz.search.log import JsonLines, read

SMALL = {"population_size": 30, "tournament_size": 5, "cache_period": 170, "cache_size": 300, "fec_size": 300}


def searches(n=3, shapes=({},), **settings):
    """Searches with tasks of their own, whose shapes are dealt in turn."""
    made = []
    for i in range(n):
        task_set = linear_tasks(seed=i + 1, **shapes[i % len(shapes)])
        made.append(Search(task_set, linear_space(task_set), **{"seed": i + 1, **SMALL, **settings}))
    return made


def islands(n=3, shapes=({},), every_evaluations=100, threads=None, share=0.5, **settings):
    return Islands(
        searches(n, shapes, **settings), seed=5, every_evaluations=every_evaluations, share=share, threads=threads
    )


def counts(found):
    return [search.progress.evaluations for search in found.searches]


@contextmanager
def disturbance(n=3):
    """Threads that take the processors, and Python's lock, from others."""
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            sum(range(1000))

    spinning = [threading.Thread(target=spin) for _ in range(n)]
    for thread in spinning:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in spinning:
            thread.join()


@pytest.fixture(scope="module")
def whole():
    """Islands that were never stopped, and what they found."""
    found = islands()
    return found, found.run(max_evaluations=2000)


class TestMigration:
    @pytest.fixture
    def moved(self):
        """Two islands of four members before and after their first migration."""
        found = islands(2, every_evaluations=20, population_size=4)
        found.run(max_evaluations=40)
        before = [search.population for search in found.searches]
        found.run(max_evaluations=1)  # the next evaluation is one of the migration's four
        return found, before, [search.population for search in found.searches]

    def test_is_one_step(self, moved):
        found, _, _ = moved
        assert counts(found) == [22, 22]

    def test_gives_out_copies_and_replaces_the_oldest(self, moved):
        _, before, after = moved
        for old, new in zip(before, after, strict=True):
            assert new[:2] == old[2:]
            assert [(m.evaluation, m.parent, m.action) for m in new[2:]] == [(21, 0, "identity"), (22, 0, "identity")]

    def test_loses_and_doubles_nothing(self, moved):
        found, before, after = moved
        chosen = found._migrants(1)
        assert [len(taken) for taken in chosen] == [2, 2]
        pairs = [pair for taken in chosen for pair in taken]
        assert len(set(pairs)) == 4
        assert Counter(home for home, _ in pairs) == {0: 2, 1: 2}
        for taken, new in zip(chosen, after, strict=True):
            assert [before[home][index].program for home, index in taken] == [member.program for member in new[2:]]

    def test_draws_what_it_always_drew(self):
        """Else a seed would find another program in another version."""
        found = islands(2, every_evaluations=20, population_size=4)
        assert [found._migrants(number) for number in (1, 2)] == MIGRANTS

    def test_scores_on_the_tasks_of_the_island(self, moved):
        found, _, after = moved
        for search, new in zip(found.searches, after, strict=True):
            other = Search(search.tasks, search.space, seed=search.seed, population_size=4)
            other.take([member.program for member in new])
            assert [member.fitness for member in other.population] == [member.fitness for member in new]

    def test_of_other_shares_and_sizes(self):
        made = searches(1, population_size=4) + searches(1, population_size=10, seed=9)
        found = Islands(made, seed=1, every_evaluations=20, share=0.3)
        found.run(max_evaluations=41)
        assert counts(found) == [21, 23]  # 0.3 of 4 and of 10
        assert [len(taken) for taken in found._migrants(2)] == [1, 3]
        everyone = islands(2, every_evaluations=30, share=1.0)
        everyone.run(max_evaluations=61)
        assert counts(everyone) == [60, 60]
        everyone.run(max_evaluations=1)
        assert counts(everyone) == [90, 90]

    def test_is_another_with_another_seed(self, whole):
        other = Islands(searches(), seed=6, every_evaluations=100)
        other.run(max_evaluations=2000)
        assert other.digest != whole[0].digest


MIGRANTS = [[[(1, 3), (0, 1)], [(0, 2), (1, 2)]], [[(1, 3), (0, 3)], [(1, 0), (0, 2)]]]


class TestResult:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_does_not_depend_on_threads_or_load(self, threads, whole):
        with disturbance():
            found = islands(threads=threads)
            result = found.run(max_evaluations=2000)
        assert found.digest == whole[0].digest
        assert (result.program, result.fitness, result.history) == (
            whole[1].program,
            whole[1].fitness,
            whole[1].history,
        )

    def test_stays_what_it_is(self, whole):
        assert f"{whole[0].digest:016x}" == DIGEST

    @pytest.mark.parametrize("parts", [(1, 1999), (300, 1700), (7, 893, 1100), (299, 1, 1700)])
    def test_is_the_same_in_parts(self, parts, whole):
        found = islands()
        for part in parts:
            found.run(max_evaluations=part)
        assert found.digest == whole[0].digest

    def test_never_ends_in_the_midst_of_a_migration(self):
        found, other = islands(), islands()
        found.run(max_evaluations=301)
        assert counts(found) == [115, 115, 115]
        other.run(max_evaluations=345)
        assert other.digest == found.digest

    def test_goes_on_from_uneven_counts(self, whole, tmp_path):
        """As an interrupted run leaves them: some islands at the migration, some far from it, some not begun."""
        for ahead in [(100, 0, 0), (3, 99, 50), (0, 100, 100)]:
            found = islands()
            for search, count in zip(found.searches, ahead, strict=True):
                if count:
                    search.run(max_evaluations=count)
            found.save(tmp_path / "run.amlz")
            for each in (found, Islands.load(tmp_path / "run.amlz")):
                each.run(max_evaluations=500 - sum(ahead))
                each.run(max_evaluations=1500)
                assert each.digest == whole[0].digest
                each.save(tmp_path / "end.amlz")
                whole[0].save(tmp_path / "whole.amlz")
                assert (tmp_path / "end.amlz").read_bytes() == (tmp_path / "whole.amlz").read_bytes()

    def test_goes_on_after_time_and_callbacks_stopped_it(self, whole):
        found, reasons = islands(threads=2), set()
        while (done := found.progress.evaluations) < 500:
            reasons.add(found.run(max_evaluations=500 - done, max_seconds=1e-9).stop_reason)
        while (done := found.progress.evaluations) < 1000:
            reasons.add(found.run(max_evaluations=1000 - done, callbacks=[lambda progress: True]).stop_reason)
        found.run(max_evaluations=1000)
        assert found.digest == whole[0].digest
        assert "max_seconds" in reasons

    def test_is_that_of_the_islands(self, whole):
        found, result = whole
        parts = [search.progress for search in found.searches]
        progress = found.progress
        assert progress.islands == tuple(parts)
        for name in ("evaluations", "cache_hits", "probes", "train_steps", "population"):
            assert getattr(progress, name) == sum(getattr(part, name) for part in parts)
        assert progress.mean_fitness == pytest.approx(np.mean([member.fitness for member in found.population]))
        assert result.fitness == max(search.best.fitness for search in found.searches)
        assert result.evaluations == 2000
        assert found.best in [search.best for search in found.searches]
        assert found.best.evaluation == progress.best_evaluation == result.history[-1].evaluation
        assert len(found.population) == 90

    def test_has_the_best_of_each_size_in_the_hall_of_fame(self, whole):
        found = whole[0]
        sizes = [len(member.program.simplified(found.space.dims)) for member in found.hall_of_fame]
        assert sizes == sorted(set(sizes))
        for search in found.searches:
            for member in search.hall_of_fame:
                size = len(member.program.simplified(found.space.dims))
                assert found.hall_of_fame[sizes.index(size)].fitness >= member.fitness

    def test_of_equals_is_the_first(self):
        task_set = linear_tasks()
        same = [Search(task_set, linear_space(task_set), seed=1, **SMALL) for _ in range(3)]
        found = Islands(same, seed=1, every_evaluations=1000)
        found.run(max_evaluations=300)
        assert found.best == found.searches[0].best
        assert len({search.digest for search in found.searches}) == 1

    def test_with_tasks_of_other_shapes(self):
        shapes = ({"n_features": 2, "n_tasks": 2}, {"n_features": 4, "n_train": 30, "epochs": 2})
        one = islands(4, shapes, threads=1)
        one.run(max_evaluations=1500)
        other = islands(4, shapes, threads=4)
        other.run(max_evaluations=1500)
        assert one.digest == other.digest
        assert [search.space.dims.n_features for search in one.searches] == [2, 4, 2, 4]
        steps = [search.progress.train_steps for search in one.searches]
        assert all(count > 0 for count in steps)


DIGEST = "d5f8f9f9fb3ca477"


class TestGoal:
    def reached(self, threads, **limits):
        found = islands(threads=threads, every_evaluations=400)
        return found, found.run(sufficient_fitness=0.35, **limits)

    def test_ends_a_run_at_counts_that_are_always_the_same(self):
        found, result = self.reached(1)
        assert result.stop_reason == "sufficient_fitness"
        assert result.fitness >= 0.35
        reached = [search.progress.best_fitness >= 0.35 for search in found.searches]
        for search, is_there in zip(found.searches, reached, strict=True):
            if is_there:
                assert search.progress.evaluations in (search.best.evaluation, search.progress.evaluations // 400 * 400)
            else:
                assert search.progress.evaluations % 400 == 0
        for threads in (2, 3):
            with disturbance(2):
                again, other = self.reached(threads)
            assert again.digest == found.digest
            assert other.program == result.program

    def test_that_is_reached_already_scores_nothing(self):
        found, result = self.reached(2)
        again = found.run(sufficient_fitness=0.35, max_evaluations=100)
        assert (again.stop_reason, again.evaluations) == ("sufficient_fitness", result.evaluations)

    def test_in_reach_of_one_makes_the_others_end_at_the_limit(self):
        found, result = self.reached(2, max_evaluations=600)
        assert result.evaluations <= 600
        assert all(count <= 200 for count in counts(found))


class TestInterrupts:
    def test_end_a_run_from_which_it_goes_on(self, whole):
        found = islands(threads=2, every_evaluations=10_000, population_size=100, cache_period=50_000)
        other = islands(threads=1, every_evaluations=10_000, population_size=100, cache_period=50_000)
        press = threading.Timer(0.2, os.kill, (os.getpid(), 2))
        press.start()
        result = found.run(max_seconds=60)
        press.join()
        assert result.stop_reason == "interrupted"
        assert result.seconds < 30
        total = 3 * (max(counts(found)) + 10)
        for each in (found, other):
            each.run(max_evaluations=total - each.progress.evaluations)
        assert found.digest == other.digest

    def test_that_come_twice_leave_islands_whole(self, whole):
        found = islands(threads=2)

        def press(progress):
            os.kill(os.getpid(), 2)
            os.kill(os.getpid(), 2)

        with pytest.raises(KeyboardInterrupt):
            found.run(max_evaluations=100, callbacks=[press])
        found.run(max_evaluations=2000 - found.progress.evaluations)
        assert found.digest == whole[0].digest

    def test_do_not_let_islands_run_twice_at_once(self):
        found = islands()

        def again(progress):
            with pytest.raises(SearchError, match="being run already"):
                found.run(max_evaluations=1)
            with pytest.raises(SearchError, match="being run already"):
                found.searches[0].run(max_evaluations=1)

        found.run(max_evaluations=10, callbacks=[again])

    def test_errors_in_callbacks_leave_islands_whole(self, whole):
        found = islands()

        def fail(progress):
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            found.run(max_evaluations=150, callbacks=[fail])
        found.run(max_evaluations=2000 - found.progress.evaluations)
        assert found.digest == whole[0].digest

    def test_are_not_needed_to_save(self, tmp_path):
        """Checkpoints that another thread takes while islands run and migrate."""
        found = islands(2, every_evaluations=2000, population_size=500, cache_period=20_000)
        runner = threading.Thread(target=found.run, kwargs={"max_evaluations": 100_000})
        runner.start()
        saved = []
        while runner.is_alive():
            saved.append(found.checkpoint())
        runner.join()
        assert len(saved) > 1
        for checkpoint in (saved[0], saved[len(saved) // 2], saved[-1]):
            archive.write(tmp_path / "live.amlz", checkpoint)
            loaded = Islands.load(tmp_path / "live.amlz")
            if (left := 100_000 - loaded.progress.evaluations) > 0:
                loaded.run(max_evaluations=left)
            assert loaded.digest == found.digest


class TestArchives:
    @pytest.fixture
    def saved(self, tmp_path):
        found = islands()
        found.run(max_evaluations=777)
        found.save(tmp_path / "run.amlz", session='{"mine":1}')
        return tmp_path / "run.amlz"

    def test_come_back(self, saved):
        found = Islands.load(saved)
        assert found.progress.evaluations == 777
        assert found.every_evaluations == 100
        given = [linear_tasks(seed=i + 1) for i in range(3)]
        assert Islands.load(saved, given, threads=1).digest == found.digest
        assert archive.from_json(archive.read(saved).session, "session")["mine"] == 1

    def test_of_other_things_are_refused(self, saved, tmp_path):
        found = archive.read(saved)
        with pytest.raises(ArchiveError, match=r"run.amlz: islands\[1\]: tasks.order_seed: expected tasks with 2"):
            Islands.load(saved, [linear_tasks(seed=1)] * 3)
        with pytest.raises(InputError, match=r"tasks: expected those of 3 islands, got 1"):
            Islands.load(saved, [linear_tasks()])
        with pytest.raises(ArchiveError, match=r"run.amlz: expected a checkpoint, got a Islands"):
            Search.load(saved)
        searches(1)[0].save(tmp_path / "one.amlz")
        with pytest.raises(ArchiveError, match=r"one.amlz: expected islands, got a Checkpoint"):
            Islands.load(tmp_path / "one.amlz")
        for session in (None, "{}", '{"migration":{"seed":1}}'):
            with pytest.raises(ArchiveError, match=r"session.migration: expected a table of seed, every and share"):
                islands().restore(archive.Islands(islands=found.islands, session=session))
        with pytest.raises(ArchiveError, match=r"expected 2 islands, got 3"):
            islands(2).restore(found)
        with pytest.raises(ArchiveError, match=r"session.migration.every: expected 200, got 100"):
            islands(every_evaluations=200).restore(found)

    def test_of_islands_that_were_not_together_are_refused(self, saved):
        """One has a migration behind it that another has not."""
        found = archive.read(saved)
        mixed = archive.Islands(islands=(found.islands[0], islands().checkpoint().islands[1]), session=found.session)
        with pytest.raises(ArchiveError, match=r"islands\[1\]: expected islands with as many migrations"):
            islands(2).restore(mixed)

    def test_need_sessions_that_are_objects(self, saved):
        for session in ("[1]", '{"migration":1}'):
            with pytest.raises(InputError, match="session: expected a JSON object without 'migration'"):
                islands().save(saved, session=session)


class TestArguments:
    def test_that_are_wrong_are_named(self):
        for changes, message in [
            ({"seed": -1}, "seed: expected"),
            ({"every_evaluations": 29}, "every_evaluations: expected an integer from 30"),
            ({"share": 0}, "share: expected a number over 0 to 1"),
            ({"share": 1.5}, "share: expected"),
            ({"threads": 0}, "threads: expected"),
        ]:
            with pytest.raises(InputError, match=message):
                Islands(searches(2), **{"seed": 1, **changes})

    def test_are_two_searches_or_more(self):
        one = searches(1)
        for given in (one, one * 2, []):
            with pytest.raises(InputError, match="searches: expected two or more"):
                Islands(given, seed=1)
        with pytest.raises(InputError, match=r"searches\[1\]: expected a Search"):
            Islands([*one, None], seed=1)

    def test_are_searches_whose_programs_fit_each_other(self):
        task_set = linear_tasks()
        space = linear_space(task_set)
        function = FunctionSpace.fixed(5, LINEAR_OPS)
        longer = SearchSpace(space.dims, setup=function, predict=space.predict, learn=function)
        one = Search(task_set, space, seed=1)
        with pytest.raises(InputError, match=r"searches\[1\].space.learn: expected"):
            Islands([one, Search(task_set, longer, seed=1)], seed=1)
        x = np.random.default_rng(1).standard_normal((60, 4)).astype(np.float32)
        binary = tasks.from_arrays(x, (x.sum(axis=1) > 0).astype(np.float32), kind="binary", n_tasks=3)
        with pytest.raises(InputError, match=r"searches\[1\].space.dims.kind: expected 'regression'"):
            Islands([one, Search(binary, linear_space(binary), seed=1)], seed=1)

    def test_are_searches_that_came_as_far(self):
        made = searches(2)
        made[0].run(max_evaluations=120)
        with pytest.raises(InputError, match=r"searches\[1\]: expected islands with as many migrations .* \[120, 0\]"):
            Islands(made, seed=1, every_evaluations=100)
        Islands(made, seed=1, every_evaluations=120)
        made[1].run(max_evaluations=101)
        with pytest.raises(InputError, match=r"searches\[1\]: expected islands"):  # in the midst of a migration
            Islands(made, seed=1, every_evaluations=100)

    def test_of_runs_are_those_of_searches(self):
        with pytest.raises(InputError, match="run: expected max_evaluations"):
            islands().run()
        with pytest.raises(InputError, match="callbacks: expected functions"):
            islands().run(callbacks=[1])


@pytest.mark.parametrize(
    ("counts", "total", "ends"),
    [
        ([0, 0, 0], 7, [3, 2, 2]),
        ([5, 0, 0], 7, [5, 1, 1]),
        ([5, 0, 0], 8, [5, 2, 1]),
        ([5, 0, 0], 16, [6, 5, 5]),
        ([0, 4, 2], 6, [0, 4, 2]),
        ([3, 3], 2**64 - 1, [2**63, 2**63 - 1]),
    ],
)
def test_evaluations_are_shared_out_evenly(counts, total, ends):
    assert _shared_out(counts, total) == ends


def test_logs_are_of_migrations(tmp_path):
    """At the first migration after each multiple of `every`; and the same in parts."""
    for name, parts in (("whole", [2000]), ("parts", [1, 700, 1299])):
        found = islands()
        for part in parts:
            found.run(max_evaluations=part, callbacks=[JsonLines(tmp_path / name, every_evaluations=500)])
    lines = [read(tmp_path / name) for name in ("whole", "parts")]
    rows = [[untimed(row) for row in log if row["kind"] == "progress"] for log in lines]
    assert [row["evaluations"] for row in rows[0]] == [600, 1200, 1500]
    assert rows[0] == rows[1]
    assert [row["evaluations"] for row in rows[0][0]["islands"]] == [200, 200, 200]


def untimed(row):
    """A line of a log without its times."""
    if isinstance(row, list):
        return [untimed(part) for part in row]
    if isinstance(row, dict):
        return {key: untimed(value) for key, value in row.items() if key != "seconds"}
    return row
