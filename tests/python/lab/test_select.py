"""Selection: candidates of many sources, ranked on tasks of their own, the winner measured on others."""

import numpy as np
import pytest
from archives import checkpoint, search_of
from samples import Counted, linear_tasks, regression_table

from pyamlz import (
    ArchiveError,
    Evaluator,
    Experiment,
    InputError,
    Program,
    ProgramError,
    TaskSet,
    archive,
    lab,
    linear_regressor,
    tasks,
)
from pyamlz._lib.random import derived_seed
from pyamlz.archive import Member, PopulationArchive, pack
from pyamlz.lab import Candidate, candidates, final_tasks, measure, rank, select, select_tasks

MANY = linear_tasks(n_tasks=8)
FEW = linear_tasks(seed=2, n_tasks=2)


def constant(value: float) -> Program:
    return Program.parse(f"def Predict():\n  s1 = {value!r}")


def zeros(n_tasks: int = 1) -> TaskSet:
    """Labels are 0: the smaller a constant, the better."""
    x, y = np.zeros((n_tasks, 4, 2)), np.zeros((n_tasks, 4))
    return tasks.from_arrays(x, y, x, y, kind="regression")


def ones() -> TaskSet:
    x = np.zeros((1, 4, 2))
    return tasks.from_arrays(x, np.ones((1, 4)), x, np.ones((1, 4)), kind="regression")


CONSTANTS = [Candidate(f"c{value}", constant(value)) for value in (3, 0.5, 2, 0.25, 1, 5, 4, 6)]


class TestCandidates:
    def test_are_programs_and_files_of_text(self, tmp_path):
        path = tmp_path / "regressor.txt"
        path.write_text(str(linear_regressor()))
        found = candidates(constant(1), str(path), path, CONSTANTS[0])
        assert [one.name for one in found] == ["program 1", str(path), str(path), "c3"]
        assert [one.program for one in found] == [constant(1), linear_regressor(), linear_regressor(), constant(3)]

    def test_are_the_program_of_an_archive(self, tmp_path):
        path = str(tmp_path / "one.amlz")
        linear_regressor().save(path)
        assert candidates(path) == [Candidate(f"{path}: program", linear_regressor())]

    def test_are_all_of_a_population(self, tmp_path):
        path = str(tmp_path / "population.amlz")
        members = tuple(Member(pack(constant(value)), 0.5, 1) for value in (1, 2))
        archive.write(path, PopulationArchive(dims=constant(1).dims(2), population=members))
        assert candidates(path) == [
            Candidate(f"{path}: population[0]", constant(1)),
            Candidate(f"{path}: population[1]", constant(2)),
        ]

    def test_are_the_best_and_the_hall_of_fame_of_a_search(self, tmp_path):
        path = str(tmp_path / "search.amlz")
        search = search_of(500)
        search.save(path)
        found = candidates(path)
        hall = checkpoint(search).mark.hall
        assert found[:2] == [Candidate(f"{path}: {which}", search.best.program) for which in ("selected", "best")]
        assert [one.name for one in found[2:]] == [f"{path}: hall:{i}" for i in range(1, len(hall) + 1)]
        assert [pack(one.program) for one in found[2:]] == [member.packed for member in hall]
        assert len(hall) > 1

    def test_are_the_best_of_former_experiments_of_a_run(self, tmp_path):
        path = str(tmp_path / "run.amlz")
        preset = Experiment.of(regression_table(sufficient_fitness=1.0, max_evaluations=2000))
        outcome = lab.run(preset, seed=1, max_evaluations=6000, checkpoint=path)
        found = {one.name.removeprefix(f"{path}: "): one.program for one in candidates(path)}
        assert {"selected", "best", "of the experiments before", "hall:1"} <= set(found)
        assert outcome.program == found["selected"]

    def test_do_not_mind_what_another_program_has_put_into_a_checkpoint(self, tmp_path):
        path = str(tmp_path / "other.amlz")
        archive.write(path, checkpoint(search_of(50), session='{"text":1}'))
        assert candidates(path)[0].name == f"{path}: selected"

    def test_refuse_a_damaged_archive_by_its_name(self, tmp_path):
        path = tmp_path / "damaged.amlz"
        linear_regressor().save(path)
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ArchiveError, match=r"damaged\.amlz"):
            candidates(constant(1), path)

    def test_refuse_an_archive_without_programs(self, tmp_path):
        path = str(tmp_path / "empty.amlz")
        archive.write(path, checkpoint(search_of(0)))
        with pytest.raises(InputError, match=r"empty\.amlz: expected an archive with programs"):
            candidates(path)

    @pytest.mark.parametrize(("text", "message"), [(None, "cannot be read"), ("def Predict():\n  s1 = ?", "line 2")])
    def test_refuse_a_file_that_is_no_program(self, tmp_path, text, message):
        path = tmp_path / "wrong.txt"
        if text is not None:
            path.write_text(text)
        with pytest.raises(InputError, match=rf"wrong\.txt: {message}"):
            candidates(path)


class TestRank:
    def test_puts_them_in_order_of_fitness(self):
        ranking = rank(CONSTANTS, zeros())
        assert [one.candidate.name for one in ranking] == ["c0.25", "c0.5", "c1", "c2", "c3", "c4", "c5", "c6"]
        # RMS error 1: 1 - (2 / pi) atan(1)
        assert ranking[2].fitness == (pytest.approx(0.5),)
        assert {one.size for one in ranking} == {1}

    def test_narrows_them_down_in_stages(self):
        told = Counted()
        ranking = rank(CONSTANTS, [zeros(), ones(), zeros(3)], keep=0.5, callbacks=[told])
        # Of the four smallest those two go on that are nearest to 1: c1 and c0.5.
        assert [one.candidate.name for one in ranking[:2]] == ["c0.5", "c1"]
        assert [len(one.fitness) for one in ranking] == [3, 3, 2, 2, 1, 1, 1, 1]
        assert [one.candidate.name for one in ranking[2:4]] == ["c0.25", "c2"]
        assert [one.candidate.name for one in ranking[4:]] == ["c3", "c4", "c5", "c6"]
        assert [one.stage for one in told.seen] == [
            f"stage {i} of 3" for i, n in ((1, 8), (2, 4), (3, 2)) for _ in range(n)
        ]
        assert [one.evaluations for one in told.seen] == list(range(1, 15))
        shares = [one.share for one in told.seen]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0

    def test_scores_the_same_live_code_once(self):
        dead = Program.parse("def Setup():\n  s3 = 4\ndef Predict():\n  s2 = 2\n  s1 = 0.5")
        renamed = Program.parse(str(linear_regressor()).replace("s3", "s9").replace("s2", "s8"))
        told = Counted()
        found = rank(
            [
                Candidate("a", dead),
                Candidate("b", constant(0.5)),
                Candidate("c", renamed),
                Candidate("d", linear_regressor()),
            ],
            MANY,
            callbacks=[told],
        )
        assert [(one.candidate.name, one.same_as, one.size) for one in found] == [("c", ("d",), 6), ("a", ("b",), 1)]
        assert len(told.seen) == 2

    def test_prefers_the_shorter_of_equals(self):
        longer = Program.parse("def Predict():\n  s2 = 0.5\n  s1 = s2 + s3")
        found = rank([Candidate("longer", longer), Candidate("shorter", constant(0.5))], MANY)
        assert [one.candidate.name for one in found] == ["shorter", "longer"]
        assert found[0].fitness == found[1].fitness

    @pytest.mark.parametrize("threads", [2, 7])
    def test_gives_the_same_in_any_number_of_threads(self, threads):
        random = [Candidate(f"r{i}", Program.parse(f"def Predict():\n  s1 = gaussian(0, {i + 1})")) for i in range(12)]
        one, other = (rank(random, [FEW, MANY], keep=0.5, seed=3, threads=n) for n in (1, threads))
        assert one == other
        assert rank(random, [FEW, MANY], keep=0.5, seed=4) != one

    def test_is_ended_by_a_callback(self):
        ranking = rank(CONSTANTS, zeros(), callbacks=[Counted(stop=3)])
        assert [one.candidate.name for one in ranking[:3]] == ["c0.5", "c2", "c3"]  # the first three that were given
        assert [one.fitness for one in ranking[3:]] == [()] * 5

    def test_refuses_none(self):
        with pytest.raises(InputError, match="candidates: expected one or more"):
            rank([], MANY)

    def test_names_the_candidate_that_cannot_run(self):
        with pytest.raises(ProgramError, match="bad: Learn, instruction 1"):
            rank([*CONSTANTS, Candidate("bad", Program.parse("def Learn():\n  s0 = 1"))], MANY)

    def test_refuses_what_is_no_candidate(self):
        with pytest.raises(InputError, match="candidates: expected a Candidate, got Program"):
            rank([constant(1)], MANY)


class TestMeasure:
    def test_has_mean_and_deviation_over_seeds(self):
        found = measure(constant(1), [zeros(2), ones(), zeros(2)])
        assert found.fitness == (pytest.approx(0.5), 1.0, pytest.approx(0.5))
        assert found.mean == pytest.approx(2 / 3)
        assert found.stdev == pytest.approx(np.sqrt(1 / 12))  # squared deviations 1/36, 4/36, 1/36; over 2
        assert [len(fitness) for fitness in found.task_fitness] == [2, 1, 2]
        assert str(found) == "0.66667 (standard deviation 0.28868 over 3 seeds)"

    def test_has_no_deviation_of_one(self):
        found = measure(constant(1), zeros())
        assert (found.mean, found.stdev, str(found)) == (pytest.approx(0.5), None, "0.50000")

    def test_draws_anew_for_each_seed(self):
        program = Program.parse("def Predict():\n  s1 = gaussian(0, 1)")
        found = measure(program, [MANY, MANY], seed=2**64 - 1)
        expected = [Evaluator(MANY).evaluate(program, seed).fitness for seed in (2**64 - 1, 0)]
        assert list(found.fitness) == expected
        assert expected[0] != expected[1]

    def test_refuses_none(self):
        with pytest.raises(InputError, match="expected one stage or more"):
            measure(constant(1), [])


class TestSelect:
    def test_measures_the_winner_alone(self):
        class Counting(Evaluator):
            programs = ()

            def evaluate(self, program, seed=0):
                self.programs = (*self.programs, program)
                return super().evaluate(program, seed)

        test = Counting(ones())
        found = select(CONSTANTS, [zeros(), zeros(5)], [test])
        assert test.programs == (constant(0.25),)
        assert found.winner.candidate.name == "c0.25"
        assert found.test.fitness == (Evaluator(ones()).evaluate(constant(0.25)).fitness,)

    def test_tells_wrong_tests_before_the_work(self):
        with pytest.raises(InputError, match="expected one stage or more"):
            select(CONSTANTS, zeros(), [], callbacks=[lambda one: pytest.fail("it began")])

    def test_has_a_table(self):
        lines = select(CONSTANTS, [zeros(), zeros(2)], [zeros()], keep=0.25).table(most=3).splitlines()
        assert [line.split() for line in lines[:2]] == [
            ["candidate", "live", "same", "stage", "1", "stage", "2"],
            ["c0.25", "1", "1", "0.84404", "0.84404"],  # 1 - (2 / pi) atan(0.25)
        ]
        assert lines[3].split() == ["c1", "1", "1", "0.50000"]
        assert lines[4:] == ["... and 5 more", "test of the first: 0.84404"]


class TestTasksOfAPreset:
    PRESET = Experiment.of(regression_table())

    def test_grow_so_that_stages_take_as_long(self):
        found = select_tasks(self.PRESET, seed=1, stages=4, keep=0.25)
        assert [one.n_tasks for one in found] == [1, 1, 5, 20]
        assert {one.n_train for one in found} == {200}

    def test_are_apart_from_those_of_searches_and_from_one_another(self):
        derived = derived_seed
        sets = [
            *select_tasks(self.PRESET, seed=1, stages=3),
            *final_tasks(self.PRESET, seed=1, n_seeds=2),
            self.PRESET.tasks("tasks", derived(1, "tasks", 1)),
            self.PRESET.tasks("select", derived(1, "select")),
            self.PRESET.tasks("final", derived(1, "final")),
        ]
        firsts = {one.train_x[0, 0].tobytes() for one in sets}
        assert len(firsts) == len(sets)

    def test_have_their_splits(self):
        digits = Experiment.load("digits").replace(tasks={"n_train": 20, "n_valid": 10})
        (selected,) = select_tasks(digits, seed=1)
        (final,) = final_tasks(digits, seed=1, n_seeds=1)
        assert selected.source["arguments"]["split"] == "select"
        assert final.source["arguments"]["split"] == "test"

    def test_are_those_of_the_search_with_other_seeds_where_a_preset_has_no_others(self):
        bare = Experiment.of(regression_table(select=None, final=None))
        (selected,) = select_tasks(bare, seed=1)
        (final,) = final_tasks(bare, seed=1, n_seeds=1)
        assert (selected.n_tasks, final.n_tasks) == (4, 4)
        assert selected.digest != final.digest

    def test_depend_on_the_seed(self):
        one, same, other = (select_tasks(self.PRESET, seed=seed)[0].digest for seed in (1, 1, 2))
        assert one == same != other

    @pytest.mark.parametrize(("name", "value"), [("stages", 0), ("keep", 0), ("keep", 2)])
    def test_refuse_numbers_out_of_range(self, name, value):
        with pytest.raises(InputError, match=name):
            select_tasks(self.PRESET, seed=1, **{name: value})

    def test_refuse_no_seeds(self):
        with pytest.raises(InputError, match="seeds"):
            final_tasks(self.PRESET, seed=1, n_seeds=0)
