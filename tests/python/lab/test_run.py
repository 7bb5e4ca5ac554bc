"""Runs of presets: experiments on fresh tasks, selection, final tasks, limits."""

import math

import pytest
from samples import regression_table

from pyamlz import Experiment, InputError, archive, lab
from pyamlz._lib.random import derived_seed
from pyamlz.lab import _run
from pyamlz.search.callbacks import EarlyStopping


def preset(**changes):
    """Linear regression with some keys changed; None leaves a key out."""
    return Experiment.of(regression_table(**changes))


def run(seed=1, *, max_evaluations=None, max_seconds=None, **changes):
    return lab.run(preset(**changes), seed=seed, max_evaluations=max_evaluations, max_seconds=max_seconds)


class Log:
    def __init__(self):
        self.seen, self.ended = [], []

    def begin(self, run):
        self.begun = run

    def __call__(self, progress):
        self.seen.append(progress)

    def end(self, result):
        self.ended.append(result)


@pytest.fixture(scope="module")
def outcome():
    return run()


class TestSuccess:
    def test_is_a_program_that_learns_unseen_tasks(self, outcome):
        assert outcome.stop_reason == "sufficient_fitness"
        assert outcome.select_fitness >= 0.99
        assert outcome.final.fitness > 0.95
        assert len(outcome.final.task_fitness) == 30

    def test_is_simplified(self, outcome):
        assert outcome.simplified == outcome.program.simplified(outcome.dims)
        assert len(outcome.simplified) <= len(outcome.program)

    def test_ends_at_a_check(self, outcome):
        assert outcome.evaluations % 1000 == 0
        assert outcome.evaluations <= 20_000 * outcome.experiments
        assert outcome.train_steps > 0
        assert outcome.seconds > 0
        assert outcome.seed == 1

    def test_is_compared_with_tuned_programs(self, outcome):
        assert [comparison.name for comparison in outcome.comparisons] == ["linear_regressor", "neural_network"]
        regressor = outcome.comparisons[0]
        assert regressor.fitness > 0.9
        assert regressor.learning_rate in (0.05, 0.1, 0.2, 0.5)

    def test_is_the_same_again(self, outcome):
        again = run()
        for name in ("program", "evaluations", "experiments", "fitness", "select_fitness", "train_steps"):
            assert getattr(again, name) == getattr(outcome, name)
        assert again.final.task_fitness.tobytes() == outcome.final.task_fitness.tobytes()
        assert run(seed=2).program != outcome.program

    def test_does_not_depend_on_the_time_limit(self, outcome):
        assert run(max_seconds=1000).program == outcome.program

    def test_needs_no_select_tasks(self):
        outcome = run(select=None, final=None)
        assert outcome.stop_reason == "sufficient_fitness"
        assert outcome.fitness >= 0.99
        assert (outcome.select_fitness, outcome.final, outcome.comparisons) == (None, None, ())


class TestLimits:
    def test_of_evaluations_hold_over_all_experiments(self):
        short = preset(sufficient_fitness=1.0, max_evaluations=1000)
        outcome = lab.run(short, seed=1, max_evaluations=2500)
        assert (outcome.stop_reason, outcome.evaluations, outcome.experiments) == ("max_evaluations", 2500, 3)

    def test_of_experiments(self):
        many = preset(sufficient_fitness=1.0, max_evaluations=500, max_experiments=3)
        outcome = lab.run(many, seed=1)
        assert (outcome.stop_reason, outcome.evaluations, outcome.experiments) == ("max_experiments", 1500, 3)

    def test_of_time(self):
        outcome = run(max_seconds=0.2, sufficient_fitness=1.0)
        assert outcome.stop_reason == "max_seconds"
        assert 0.2 <= outcome.seconds < 5

    def test_without_a_goal_leave_one_experiment(self):
        outcome = lab.run(preset(sufficient_fitness=None, max_evaluations=700), seed=1)
        assert (outcome.stop_reason, outcome.evaluations, outcome.experiments) == ("max_evaluations", 700, 1)

    def test_of_training_steps_hold_at_looks(self):
        limited = preset(sufficient_fitness=None, max_evaluations=None, max_train_steps=1_000_000)
        outcome = lab.run(limited, seed=1)
        assert (outcome.stop_reason, outcome.experiments) == ("max_train_steps", 1)
        assert outcome.train_steps >= 1_000_000
        assert outcome.evaluations % 1000 == 0
        before = lab.run(limited, seed=1, max_evaluations=outcome.evaluations - 1000)
        assert before.train_steps < 1_000_000

    def test_of_training_steps_hold_without_select_tasks(self):
        limited = preset(select=None, sufficient_fitness=None, max_evaluations=None, max_train_steps=1)
        assert lab.run(limited, seed=1).evaluations == 10_000

    def test_of_training_steps_let_other_experiments_follow(self):
        short = preset(sufficient_fitness=1.0, max_evaluations=None, max_train_steps=1, max_experiments=2)
        outcome = lab.run(short, seed=1)
        assert (outcome.stop_reason, outcome.evaluations, outcome.experiments) == ("max_experiments", 2000, 2)

    def test_must_be_there(self):
        endless = preset(sufficient_fitness=None, max_evaluations=None)
        with pytest.raises(InputError, match="max_evaluations, max_seconds: expected one of them"):
            lab.run(endless, seed=1)
        assert lab.run(endless, seed=1, max_evaluations=100).evaluations == 100

    @pytest.mark.parametrize(
        ("limits", "message"),
        [
            ({"max_evaluations": 0}, "max_evaluations: expected"),
            ({"max_seconds": 0}, "max_seconds: expected"),
            ({"max_seconds": math.nan}, "max_seconds: expected"),
            ({"seed": -1}, "seed: expected"),
            ({"seed": 2**64}, "seed: expected"),
        ],
    )
    def test_that_are_none_are_refused(self, limits, message):
        with pytest.raises(InputError, match=message):
            lab.run(preset(), **{"seed": 1, **limits})


class TestSelection:
    def test_keeps_the_program_that_is_best_on_the_select_tasks(self):
        """Not the last one, and not the one that is best on the search's tasks."""
        outcome = run(max_evaluations=20_000, sufficient_fitness=1.0, seed=5)
        evaluator = preset().evaluator(preset().tasks("select", derived_seed(5, "select")))
        draws = derived_seed(5, "select", "draws")
        assert evaluator.evaluate(outcome.program, draws).fitness == outcome.select_fitness

    def test_tells_mistakes_in_late_sections_at_once(self):
        log = Log()
        for section in ("select", "final"):
            broken = preset(**{section: {"n_train": 0}})
            with pytest.raises(InputError, match=f"{section}.n_train: expected an integer from 1"):
                lab.run(broken, seed=1, callbacks=[log])
        assert not log.seen


ISLANDS = {
    "population_size": 100,
    "islands": 2,
    "migration": {"every": 1000},
    "select": {"n_tasks": 20, "every": 1000},
}


class TestIslands:
    def test_solve_it_together(self):
        outcome = run(**ISLANDS)
        assert outcome.stop_reason == "sufficient_fitness"
        assert outcome.select_fitness >= 0.99
        assert outcome.evaluations % 1000 == 0
        again = run(**ISLANDS)
        assert (again.program, again.evaluations) == (outcome.program, outcome.evaluations)

    def test_have_tasks_and_seeds_of_their_own(self, tmp_path):
        short = preset(**{**ISLANDS, "sufficient_fitness": 1.0})
        lab.run(short, seed=1, max_evaluations=2000, checkpoint=tmp_path / "run.amlz")
        saved = archive.read(tmp_path / "run.amlz")
        assert [island.evaluations for island in saved.islands] == [1000, 1000]
        sources = [archive.from_json(island.tasks.source, "source") for island in saved.islands]
        found = {
            "search": [island.config.seed for island in saved.islands],
            "tasks": [source["arguments"]["seed"] for source in sources],
        }
        for part, seeds in found.items():
            assert seeds == [derived_seed(1, part, 1, island) for island in (0, 1)]
        migration = archive.from_json(saved.session, "session")["migration"]
        assert migration == {"seed": derived_seed(1, "migration", 1), "every": 1000, "share": 0.5}

    def test_have_their_programs_tried_each(self, tmp_path):
        """Not only the fittest of all, since fitness on other tasks is another thing."""
        table = regression_table()["tasks"]
        short = preset(**{**ISLANDS, "sufficient_fitness": 1.0, "tasks": [table, {**table, "n_train": 12}]})
        outcome = lab.run(short, seed=1, max_evaluations=2000, checkpoint=tmp_path / "run.amlz")
        saved = archive.read(tmp_path / "run.amlz")
        bests = [island.best for island in saved.islands]
        assert archive.from_json(saved.session, "session")["tried"] == [best.fitness for best in bests]
        evaluator = short.evaluator(short.tasks("select", derived_seed(1, "select")))
        draws = derived_seed(1, "select", "draws")
        tried = [evaluator.evaluate(best.program, draws).fitness for best in bests]
        assert outcome.select_fitness == max(tried)
        assert len(set(tried)) == 2

    @pytest.mark.parametrize(
        ("select", "migration", "counts"),
        [
            (100, 1000, [2000, 4000, 5000]),  # when they stop for migrations anyway, and at the end
            (1500, 1000, [3000, 5000]),
            (600, 2500, [1200, 2400, 3600, 4800, 5000]),  # it ends before they would migrate
        ],
    )
    def test_have_their_programs_tried_when_they_stop(self, monkeypatch, select, migration, counts):
        seen = []
        look = _run._Experiment._candidates

        def looked(experiment):
            seen.append(experiment.search.progress.evaluations)
            return look(experiment)

        monkeypatch.setattr(_run._Experiment, "_candidates", looked)
        monkeypatch.setattr(_run._Run, "_go_on", lambda self: self.experiment.run() and 1 / 0)
        small = {"migration": {"every": migration}, "select": {"n_tasks": 2, "every": select}, "max_evaluations": 5000}
        with pytest.raises(ZeroDivisionError):
            lab.run(preset(**{**ISLANDS, **small, "sufficient_fitness": 1.0}), seed=1)
        assert seen == counts

    def test_look_at_training_steps_where_they_do_not_migrate(self):
        limits = {"max_evaluations": None, "max_train_steps": 1, "sufficient_fitness": None}
        small = {"migration": {"every": 1000}, "select": {"n_tasks": 2, "every": 100}}
        assert run(**{**ISLANDS, **small, **limits}).evaluations == 200

    def test_end_a_run_after_the_migration_that_has_begun(self):
        outcome = lab.run(preset(**{**ISLANDS, "sufficient_fitness": 1.0}), seed=1, max_evaluations=2010)
        assert (outcome.evaluations, outcome.stop_reason) == (2100, "max_evaluations")

    def test_are_one_search_if_they_are_one(self, outcome):
        assert run(islands=1).program == outcome.program


class TestSeeds:
    def test_depend_on_every_label(self):
        seeds = {
            derived_seed(*labels)
            for labels in [(1, "tasks", 1), (1, "tasks", 2), (1, "search", 1), (2, "tasks", 1), (1, "tasks", "1")]
        }
        assert len(seeds) == 5
        assert all(0 <= seed < 2**64 for seed in seeds)

    def test_stay_what_they_are(self):
        """Else a seed would find another program in another version."""
        assert derived_seed(1, "tasks", 1) == 3613282357548543575


class TestCallbacks:
    def test_see_the_run(self):
        log = Log()
        outcome = lab.run(preset(), seed=1, callbacks=[log])
        assert [p.experiment for p in log.seen] == sorted(p.experiment for p in log.seen)
        assert log.seen[-1].experiment == outcome.experiments
        assert log.seen[-1].select_fitness == outcome.select_fitness
        assert log.ended == [outcome]
        assert (log.begun.seed, log.begun.config["population_size"]) == (1, 200)

    def test_see_the_end_coming(self):
        log = Log()
        lab.run(preset(sufficient_fitness=1.0), seed=1, max_evaluations=30_000, callbacks=[log])
        shares = [p.share for p in log.seen if p.share is not None]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert log.seen[-1].seconds_left == 0.0
        log = Log()
        lab.run(preset(sufficient_fitness=1.0), seed=1, max_seconds=0.5, callbacks=[log])
        assert all(0 <= p.seconds_left <= 0.5 for p in log.seen)

    def test_end_the_run(self, tmp_path):
        log = Log()
        found = lab.run(
            preset(sufficient_fitness=1.0),
            seed=1,
            checkpoint=tmp_path / "run.amlz",
            callbacks=[log, lambda p: p.evaluations > 50],
        )
        assert found.stop_reason == "callback"
        assert log.ended == [found]
        assert lab.resume(tmp_path / "run.amlz", callbacks=[lambda p: True]).stop_reason == "callback"

    def test_at_counts_are_the_same_in_parts(self, tmp_path):
        class Counted:
            every_evaluations = 700

            def __init__(self):
                self.seen = []

            def __call__(self, progress):
                self.seen.append((progress.experiment, progress.evaluations, progress.best_fitness))

        whole, parts = Counted(), Counted()
        limits = {"seed": 1, "max_evaluations": 30_000}
        lab.run(preset(sufficient_fitness=1.0), callbacks=[whole], **limits)
        path, stop = tmp_path / "run.amlz", EarlyStopping(6000, every_evaluations=1000)
        result = lab.run(preset(sufficient_fitness=1.0), callbacks=[parts, stop], checkpoint=path, **limits)
        while result.stop_reason == "callback":
            result = lab.resume(path, callbacks=[parts, EarlyStopping(6000, every_evaluations=1000)])
        assert sorted(set(parts.seen)) == whole.seen
        assert {experiment for experiment, *_ in whole.seen} == {1, 2}

    def test_that_fail_end_it_with_a_checkpoint(self, tmp_path):
        def fail(progress):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            lab.run(preset(), seed=1, checkpoint=tmp_path / "run.amlz", callbacks=[fail])
        same = lab.run(preset(), seed=1)
        assert lab.resume(tmp_path / "run.amlz").program == same.program
