"""Searches: what they find, what ends them, and that nothing but their arguments decides it."""

import _thread
import itertools
import math
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from samples import LINEAR_OPS, VARIANTS_HERE, environment, full_space, linear_space, linear_tasks

from pyamlz import (
    Dims,
    Evaluator,
    FunctionSpace,
    InputError,
    PackedTasks,
    Program,
    ProgramError,
    Search,
    SearchError,
    SearchSpace,
    linear_regressor,
)
from pyamlz._ffi import lib
from pyamlz._lib.native import MUTATIONS

TASKS = linear_tasks()
SPACE = linear_space(TASKS)
DEMO = {"alter_argument": 1, "randomize_instruction": 1, "randomize_function": 1}


def demo_search(seed=1, tasks=TASKS, **arguments):
    return Search(tasks, SPACE, seed=seed, **{"population_size": 50, "mutations": DEMO, **arguments})


class TestDeterminism:
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    @pytest.mark.parametrize("algorithm", ["evolution", "random_search"])
    def test_slices_make_no_difference(self, algorithm, precision):
        whole, sliced = (demo_search(algorithm=algorithm, precision=precision) for _ in range(2))
        result = whole.run(max_evaluations=3000)
        for evaluations in (1, 48, 2, 949, 2000):
            last = sliced.run(max_evaluations=evaluations)
        assert sliced.digest == whole.digest
        assert sliced.population == whole.population
        assert last.program == result.program
        strip = [r.history for r in (last, result)]
        assert strip[0] == strip[1]

    def test_seed_decides(self):
        digests = {seed: [] for seed in (1, 2)}
        for seed in (1, 2, 1, 2):
            search = demo_search(seed)
            search.run(max_evaluations=500)
            digests[seed].append(search.digest)
        assert len({tuple(pair) for pair in digests.values()}) == 2
        assert all(a == b for a, b in digests.values())

    def test_kernels_do_not(self):
        space = full_space(Dims.of(TASKS, n_scalars=5, n_vectors=5, n_matrices=3))
        digests = set()
        for variant in VARIANTS_HERE:
            search = Search(TASKS, space, seed=5, variant=variant)
            search.run(max_evaluations=1000)
            digests.add(search.digest)
        assert len(digests) == 1

    def test_caches_change_no_fitness(self):
        """A structural key never lies, so the same programs are found with and without."""
        with_cache, without = (demo_search(cache_size=size, fec_size=0) for size in (1000, 0))
        results = [search.run(max_evaluations=2000) for search in (with_cache, without)]
        assert results[0].progress.cache_hits > 0
        assert results[1].progress.cache_hits == 0
        assert results[0].progress.full_evaluations < results[1].progress.full_evaluations
        assert with_cache.population == without.population

    def test_threads_run_searches_at_the_same_time(self):
        wanted = []
        for seed in range(4):
            search = demo_search(seed)
            search.run(max_evaluations=20_000)
            wanted.append(search.digest)
        packed = PackedTasks(TASKS)
        searches = [demo_search(seed, packed) for seed in range(4)]
        gate = threading.Barrier(5)

        def work(search: Search) -> None:
            gate.wait()
            search.run(max_evaluations=20_000)

        threads = [threading.Thread(target=work, args=(search,)) for search in searches]
        for thread in threads:
            thread.start()
        gate.wait()
        for thread in threads:
            thread.join()
        assert [search.digest for search in searches] == wanted


class TestHurdles:
    def test_counts(self):
        hurdles = [[2, 5], (6, 10)]
        search = demo_search(hurdles=iter(hurdles), hurdle_window=10, hurdle_percentile=0.5, fec_size=0)
        assert search.settings.hurdles == ((2, 5), (6, 10))
        assert (search.settings.hurdle_window, search.settings.hurdle_percentile) == (10, 0.5)
        stats = search.run(max_evaluations=5000).progress
        stops = stats.hurdle_stops
        assert len(stops) == 2
        assert min(stops) > 0
        known = stats.cache_hits + stats.fec_hits + stats.rejected
        assert known + sum(stops) + stats.full_evaluations == stats.evaluations == 5000
        assert stats.saved_steps == sum(stops) * TASKS.n_tasks * (TASKS.n_train + TASKS.n_valid)
        evaluator = Evaluator(TASKS, combine="median")
        for member in [search.best, *search.hall_of_fame]:
            assert evaluator.evaluate(member.program).fitness == member.fitness

    def test_none_by_default(self):
        search = demo_search()
        stats = search.run(max_evaluations=500).progress
        assert (stats.hurdle_stops, stats.saved_steps, stats.duplicates) == ((), 0, 0)
        assert (search.settings.hurdles, search.settings.redraws) == ((), 0)

    def test_slices_make_no_difference(self):
        whole, sliced = (demo_search(hurdles=[(2, 5)], hurdle_window=10, redraws=2) for _ in range(2))
        whole.run(max_evaluations=2000)
        for evaluations in (1, 48, 2, 949, 1000):
            sliced.run(max_evaluations=evaluations)
        assert sliced.digest == whole.digest

    def test_children_are_drawn_again(self):
        results = [demo_search(redraws=redraws).run(max_evaluations=3000).progress for redraws in (0, 1, 10)]
        assert results[0].duplicates == 0
        assert 0 < results[1].duplicates < results[2].duplicates
        assert results[0].cache_hits > results[1].cache_hits > results[2].cache_hits

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"hurdles": 3}, "hurdles: expected up to 4 pairs of n_train and n_valid, got 3"),
            ({"hurdles": [(1, 1)] * 5}, r"hurdles\[1\], n_train: expected an integer from 2"),
            ({"hurdles": [(n, 1) for n in range(1, 6)]}, "hurdles: expected up to 4 pairs .*, got more"),
            ({"hurdles": [3]}, r"hurdles\[0\]: expected a pair of n_train and n_valid, got 3"),
            ({"hurdles": [(1, 2, 3)]}, r"hurdles\[0\]: expected a pair"),
            ({"hurdles": [(1, 0)]}, r"hurdles\[0\], n_valid: expected an integer from 1"),
            ({"hurdles": [(1.5, 1)]}, r"hurdles\[0\], n_train: expected an integer from 1"),
            (
                {"hurdles": [(10, 1), (10_000, 1)]},
                r"hurdles\[1\]: expected at most \(.*\) examples, .*got \(10000, 1\)",
            ),
            ({"hurdle_percentile": 0}, "hurdle_percentile: expected a number over 0"),
            ({"hurdle_percentile": 1}, "hurdle_percentile: expected a number over 0 and under 1"),
            ({"hurdle_window": 0}, "hurdle_window: expected an integer from 1"),
            ({"redraws": -1}, "redraws: expected an integer from 0"),
        ],
    )
    def test_refuses(self, arguments, message):
        with pytest.raises(InputError, match=message):
            demo_search(**arguments)


class TestTaking:
    def test_seeds_a_search(self):
        donor = demo_search()
        donor.run(max_evaluations=300)
        programs = [member.program for member in donor.population]
        search = demo_search(seed=2)
        search.take(iter(programs[:30]))
        members = search.population
        assert [member.program for member in members] == programs[:30]
        assert [(m.evaluation, m.parent, m.action) for m in members] == [(n, 0, "identity") for n in range(1, 31)]
        evaluator = Evaluator(TASKS, combine="median")
        search.take([])
        assert search.progress.evaluations == 30
        assert search.best.fitness == max(evaluator.evaluate(program).fitness for program in programs[:30])
        search.run(max_evaluations=1)
        assert search.population[:30] == members  # the population goes on growing

    def test_takes_the_place_of_the_oldest(self):
        search, donor = demo_search(), demo_search(seed=2)
        for each in (search, donor):
            each.run(max_evaluations=300)
        before = search.population
        given = [member.program for member in donor.population[:20]]
        search.take(given)
        assert search.population[:30] == before[20:]
        assert [member.program for member in search.population[30:]] == given
        assert search.progress.evaluations == 320
        assert search.run(max_evaluations=5).evaluations == 325

    def test_goes_on_from_a_checkpoint(self, tmp_path):
        whole, search = demo_search(), demo_search()
        given = [linear_regressor()]
        for each in (whole, search):
            each.run(max_evaluations=170)
            each.take(given)
        search.save(tmp_path / "taken.amlz")
        search = Search.load(tmp_path / "taken.amlz", TASKS)
        for each in (whole, search):
            each.run(max_evaluations=400)
        assert search.digest == whole.digest
        assert search.population == whole.population

    def test_refuses(self):
        search = demo_search()
        search.run(max_evaluations=100)
        digest = search.digest
        good = search.best.program
        with pytest.raises(InputError, match="programs: expected programs, got 3"):
            search.take(3)
        with pytest.raises(InputError, match=r"programs\[1\]: expected a Program, got str"):
            search.take([good, str(good)])
        with pytest.raises(ProgramError, match=r"programs\[1\]: Learn, instruction 1, s9 = s1 \+ s2: address"):
            search.take([good, Program.parse("def Learn():\n s9 = s1 + s2\n")])
        long = Program.parse("def Predict():\n" + " s1 = dot(v0, v1)\n" * 30)
        with pytest.raises(ProgramError, match=r"programs\[0\]\.predict: expected at most \d+ instructions, got 30"):
            search.take([long])
        assert search.digest == digest
        errors = []

        def interfere(progress):
            try:
                search.take([good])
            except SearchError as error:
                errors.append(str(error))
            return True

        search.run(callbacks=[interfere])
        assert errors == ["take: this search is being run"]


class TestFinding:
    def test_evolution_finds_linear_regression(self):
        search = demo_search(seed=3, population_size=1000, combine="mean")
        result = search.run(max_evaluations=1_000_000, sufficient_fitness=0.95)
        assert result.stop_reason == "sufficient_fitness"
        assert result.fitness >= 0.95
        unseen = Evaluator(linear_tasks(seed=99)).evaluate(result.program)
        assert unseen.fitness > 0.9

    def test_best_is_what_it_says(self):
        search = demo_search()
        result = search.run(max_evaluations=2000)
        best = search.best
        assert (best.program, best.fitness) == (result.program, result.fitness)
        assert Evaluator(TASKS, combine="median").evaluate(result.program).fitness == result.fitness
        assert result.history[-1].fitness == result.fitness
        assert result.history[-1].evaluation == result.progress.best_evaluation
        assert max(member.fitness for member in search.population) <= result.fitness

    def test_hall_of_fame_has_the_best_of_each_size(self):
        search = demo_search()
        sizes: dict[int, float] = {}
        for _ in range(500):
            newest = search.run(max_evaluations=1) and search.population[-1]
            size = len(newest.program.simplified(search.space.dims))
            sizes[size] = max(sizes.get(size, -1.0), newest.fitness)
        hall = search.hall_of_fame
        found = [(len(member.program.simplified(search.space.dims)), member.fitness) for member in hall]
        assert found == sorted(sizes.items())
        assert max(hall, key=lambda member: member.fitness).fitness == search.best.fitness

    def test_members_tell_where_they_came_from(self):
        search = demo_search(population_size=10)
        search.run(max_evaluations=10)
        first = search.population
        assert [(m.evaluation, m.parent, m.action) for m in first] == [(n, 0, "identity") for n in range(1, 11)]
        search.run(max_evaluations=1)
        child = search.population[-1]
        assert child.evaluation == 11
        assert 1 <= child.parent <= 10
        assert child.action in search.settings.mutations or child.program == first[child.parent - 1].program

    def test_history_has_every_improvement(self):
        result = demo_search().run(max_evaluations=2000)
        assert result.history[0].evaluation == 1
        for before, after in zip(result.history, result.history[1:], strict=False):
            assert before.evaluation < after.evaluation
            assert before.fitness < after.fitness

    def test_starts_from_a_program_with_nothing_but_copies(self):
        start = linear_regressor(0.05)
        space = SearchSpace(
            SPACE.dims, **dict.fromkeys(("setup", "predict", "learn"), FunctionSpace(LINEAR_OPS, 0, 10))
        )
        search = Search(TASKS, space, seed=1, start=start, population_size=20)
        search.run(max_evaluations=20)
        assert {member.program for member in search.population} == {start}
        assert search.run(max_evaluations=3000).fitness > Evaluator(TASKS, combine="median").evaluate(start).fitness

    def test_starts_empty(self):
        space = SearchSpace(SPACE.dims, learn=FunctionSpace(LINEAR_OPS, 0, 10, 5))
        search = Search(TASKS, space, seed=1, start="empty", population_size=20)
        search.run(max_evaluations=20)
        assert {member.program for member in search.population} == {Program()}

    def test_leaves_functions_without_ops_alone(self):
        regressor = linear_regressor(0.05)
        space = SearchSpace(SPACE.dims, learn=FunctionSpace.fixed(4, LINEAR_OPS))
        search = Search(TASKS, space, seed=1, fixed_program=regressor, population_size=20)
        search.run(max_evaluations=500)
        for program in (member.program for member in search.population):
            assert program.setup == regressor.setup
            assert program.predict == regressor.predict
            assert len(program.learn) == 4

    def test_population_is_as_large_as_it_may_be(self):
        search = demo_search(population_size=7)
        for evaluations, size in ((3, 3), (3, 6), (10, 7)):
            search.run(max_evaluations=evaluations)
            assert len(search.population) == search.progress.population == size

    def test_counts_add_up(self):
        space = full_space(Dims.of(TASKS, n_scalars=5, n_vectors=5, n_matrices=3), size=5)
        search = Search(TASKS, space, seed=1, population_size=50, max_cost=12.0)
        stats = search.run(max_evaluations=3000).progress
        assert stats.evaluations == 3000
        assert stats.rejected > 0
        assert stats.fec_hits > 0
        known = stats.cache_hits + stats.fec_hits + stats.rejected
        assert known + stats.full_evaluations == stats.evaluations
        assert stats.probes == stats.fec_hits + stats.full_evaluations
        assert stats.evaluations_per_second == pytest.approx(3000 / stats.seconds)

    @pytest.mark.parametrize("mutation", MUTATIONS)
    def test_every_mutation_works_alone(self, mutation):
        space = full_space(Dims.of(TASKS, n_scalars=5, n_vectors=5, n_matrices=3), size=10)
        search = Search(TASKS, space, seed=2, mutations={mutation: 1}, population_size=20)
        search.run(max_evaluations=400)
        programs = [member.program for member in search.population]
        for program in programs:
            program.check(space.dims)
        sizes = {len(program) for program in programs}
        if MUTATIONS[mutation] >= lib.AMLZ_MUTATE_REWIRE:  # a live edit: no line of a child is dead
            children = [member.program for member in search.population if member.parent]
            assert children
            assert all(program == program.simplified(space.dims) for program in children)
        elif mutation not in ("insert", "remove"):
            assert sizes == {30}
        else:
            assert (max(sizes) > 30) == (mutation == "insert")
            assert (min(sizes) < 30) == (mutation == "remove")


class TestEnding:
    def test_after_so_many_evaluations(self):
        search = demo_search()
        assert search.run(max_evaluations=1).evaluations == 1
        result = search.run(max_evaluations=999)
        assert (result.evaluations, result.stop_reason) == (1000, "max_evaluations")

    def test_after_so_many_seconds(self):
        began = time.monotonic()
        result = demo_search().run(max_seconds=0.3)
        assert result.stop_reason == "max_seconds"
        assert 0.3 <= time.monotonic() - began < 3
        assert result.seconds >= 0.3

    def test_at_the_first_sufficient_program(self):
        search = demo_search()
        full = search.run(max_evaluations=3000)
        goal = full.history[-2].fitness
        result = demo_search().run(sufficient_fitness=goal)
        assert result.stop_reason == "sufficient_fitness"
        assert result.evaluations == full.history[-2].evaluation
        assert search.run(sufficient_fitness=goal).evaluations == 3000

    def test_when_a_callback_says_so(self):
        seen = []

        def stop(progress):
            seen.append(progress)
            return progress.evaluations > 100

        result = demo_search().run(callbacks=[lambda progress: None, stop])
        assert result.stop_reason == "callback"
        assert seen[-1].evaluations == result.evaluations > 100
        assert all(a.evaluations < b.evaluations for a, b in itertools.pairwise(seen))

    def test_by_an_error_in_a_callback_which_harms_nothing(self):
        def fail(progress):
            raise ZeroDivisionError

        search, whole = demo_search(), demo_search()
        with pytest.raises(ZeroDivisionError):
            search.run(max_evaluations=500, callbacks=[fail])
        search.run(max_evaluations=500 - search.progress.evaluations)
        whole.run(max_evaluations=500)
        assert search.digest == whole.digest

    def test_callbacks_may_look_at_the_search(self):
        search = demo_search()
        bests = []
        search.run(max_evaluations=200, callbacks=[lambda progress: bests.append(search.best.fitness)])
        assert bests[-1] == search.best.fitness

    def test_by_ctrl_c_with_what_was_found(self):
        search = demo_search()
        result = search.run(max_seconds=30, callbacks=[lambda progress: _thread.interrupt_main()])
        assert result.stop_reason == "interrupted"
        assert result.evaluations > 0
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        search.run(max_evaluations=1000 - result.evaluations)
        whole = demo_search()
        whole.run(max_evaluations=1000)
        assert search.digest == whole.digest

    def test_by_a_second_ctrl_c_at_once(self):
        def twice(progress):
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            demo_search().run(max_seconds=30, callbacks=[twice])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_by_a_signal_during_a_long_call(self):
        code = """
import pyamlz
from test_search import demo_search
print("ready", flush=True)
result = demo_search().run(max_seconds=60)
print(result.stop_reason, result.evaluations > 0)
"""
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=os.path.dirname(__file__),
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
        assert (out, process.returncode) == ("interrupted True\n", 0)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "run: expected max_evaluations, max_seconds, sufficient_fitness or a callback"),
            ({"max_evaluations": 0}, "max_evaluations: expected an integer from 1"),
            ({"max_evaluations": 1.5}, "max_evaluations: expected an integer"),
            ({"max_seconds": 0}, "max_seconds: expected a number over 0"),
            ({"max_seconds": math.nan}, "max_seconds: expected a number over 0"),
            ({"sufficient_fitness": 1.5}, "sufficient_fitness: expected a number from 0 to 1"),
            ({"sufficient_fitness": "high"}, "sufficient_fitness: expected a number from 0 to 1"),
        ],
    )
    def test_by_limits_that_are_none_is_refused(self, arguments, message):
        with pytest.raises(InputError, match=message):
            demo_search().run(**arguments)


class TestThreads:
    def test_only_one_runs_a_search_at_a_time(self):
        search = demo_search()
        running, done = threading.Event(), threading.Event()

        def hold(progress):
            running.set()
            return done.wait(30)

        thread = threading.Thread(target=search.run, kwargs={"callbacks": [hold]})
        thread.start()
        assert running.wait(30)
        with pytest.raises(SearchError, match="run: this search is being run already"):
            search.run(max_evaluations=1)
        assert search.best.fitness >= 0
        assert search.progress.evaluations > 0
        done.set()
        thread.join()
        assert search.run(max_evaluations=1).stop_reason == "max_evaluations"

    def test_have_no_best_before_the_first_evaluation(self):
        with pytest.raises(SearchError, match="nothing was evaluated yet"):
            _ = demo_search().best


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"seed": -1}, "seed: expected"),
            ({"population_size": 0}, "population_size: expected an integer from 1"),
            ({"population_size": 2**32}, "population_size: expected an integer from 1"),
            ({"tournament_size": 0}, "tournament_size: expected"),
            ({"mutate_prob": 1.5}, "mutate_prob: expected a number from 0 to 1, got 1.5"),
            ({"mutate_prob": math.nan}, "mutate_prob: expected"),
            ({"mutations": {"alter": 1}}, "mutations: expected one of insert, remove"),
            ({"mutations": {"insert": -1}}, "mutations.insert: expected a number from 0"),
            ({"mutations": {}}, "mutations must have"),
            ({"mutations": ["insert"]}, "mutations: expected weights by name"),
            ({"algorithm": "annealing"}, "algorithm: expected one of evolution, random_search"),
            ({"start": "full"}, "start: expected one of random, empty"),
            ({"combine": "best"}, "combine: expected one of mean, median"),
            ({"precision": "float16"}, "precision: expected"),
            ({"variant": "mmx"}, "variant: expected one of auto, baseline"),
            ({"cache_size": -1}, "cache_size: expected"),
            ({"fec_train": 51}, "fec_train and fec_valid must be at most what the tasks have"),
            ({"fec_valid": 0}, "fec_valid: expected an integer from 1"),
            ({"max_cost": -1}, "max_cost: expected"),
            ({"populaton_size": 1}, "unknown setting 'populaton_size'; did you mean 'population_size'"),
            ({"settings": {}}, "settings: expected a Settings, got dict"),
            ({"fixed_program": "linear_regressor"}, "fixed_program: expected a Program, got str"),
            ({"start": Program(), "fixed_program": Program()}, "fixed_program: expected none"),
            ({"population_size": 2**32 - 1, "cache_size": 2**32 - 1}, "search: .* bytes of memory|needs more memory"),
        ],
    )
    def test_that_are_wrong_are_refused_by_name(self, arguments, message):
        with pytest.raises(InputError, match=message):
            demo_search(**arguments)

    def test_space_and_tasks_must_belong_together(self):
        with pytest.raises(InputError, match="tasks must have the features, labels and precision of the search"):
            demo_search(tasks=linear_tasks(n_features=5))
        with pytest.raises(InputError, match="space: expected a SearchSpace"):
            Search(TASKS, SPACE.dims, seed=1)

    def test_programs_must_fit_the_space(self):
        with pytest.raises(ProgramError, match="Predict, instruction 1"):
            demo_search(start=Program.parse("def Predict():\n  s9 = dot(v0, v1)\n"))
        with pytest.raises(InputError, match="min_size to max_size"):
            demo_search(start=Program())

    def test_that_are_left_out_are_the_papers(self):
        search = Search(TASKS, SPACE, seed=7)
        found = search.settings
        assert search.seed == 7
        assert (found.population_size, found.tournament_size, found.mutate_prob) == (100, 10, 0.9)
        assert (found.combine, found.algorithm, found.start) == ("median", "evolution", "random")
        weights = found.mutations
        assert weights["remove"] == 2 * weights["insert"]
        assert weights["insert"] + weights["remove"] == pytest.approx(weights["alter_argument"])
        assert weights["alter_argument"] == weights["randomize_function"]
        assert (found.fec_size, found.fec_train, found.fec_valid) == (100_000, 10, 10)

    def test_are_told_back(self):
        given = {
            "algorithm": "random_search",
            "population_size": 3,
            "tournament_size": 2,
            "mutate_prob": 0.25,
            "mutations": {"trade": 2.0},
            "combine": "mean",
            "cache_size": 5,
            "fec_size": 6,
            "fec_train": 7,
            "fec_valid": 8,
            "cache_period": 9,
            "cache_work": 2**64 - 1,
            "history_size": 10,
            "max_cost": 99.0,
            "must_learn": True,
            "redraws": 11,
            "hurdles": [[12, 13], [14, 15]],
            "hurdle_percentile": 0.5,
            "hurdle_window": 16,
            "max_mutations": 2,
            "simplify": True,
            "redraw_rejected": True,
            "structures": 17,
            "tunings": 3,
            "replace_worst_of": 2,
            "fresh_prob": 0.125,
            "restart_period": 18,
            "constant_low": 0.5,
            "constant_high": 0.75,
            "start": "empty",
            "precision": "float64",
            "variant": "baseline",
        }
        config = demo_search(seed=4, **given).config
        assert config == {"seed": 4, **given}


def test_slices_are_as_short_as_the_slowest_programs_want() -> None:
    """Most programs are answered by a cache at once; those that are not must not make a slice take many seconds."""
    search = Search(TASKS, SPACE, seed=1)
    search._plan_slice(1, 1.0, 60.0)
    for _ in range(10):
        search._plan_slice(search._slice, 1e-6, 60.0)
        assert search._slice == 1
    for _ in range(200):  # but a slow program long ago is forgotten
        search._plan_slice(search._slice, 1e-6 * search._slice, 60.0)
    assert search._slice > 1000
