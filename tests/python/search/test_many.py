"""Many evaluations at a time."""

import numpy as np
import pytest
from samples import linear_tasks

from pyamlz import Evaluator, InputError, ProgramError, linear_regressor
from pyamlz.program import Program
from pyamlz.search._many import Job, evaluate_all, evaluate_many

FEW, MANY = Evaluator(linear_tasks()), Evaluator(linear_tasks(n_tasks=9), combine="mean")


@pytest.mark.parametrize("threads", [1, 2, 5, "auto"])
def test_they_are_those_of_one_after_the_other(threads):
    programs = [linear_regressor(rate) for rate in (0.01, 0.1, 0.3)]
    jobs = [Job(evaluator, program, seed) for seed in (1, 2) for program in programs for evaluator in (FEW, MANY)]
    found = evaluate_all(jobs, threads)
    for job, evaluation in zip(jobs, found, strict=True):
        alone = job.evaluator.evaluate(job.program, job.seed)
        assert evaluation.fitness == alone.fitness
        np.testing.assert_array_equal(evaluation.task_fitness, alone.task_fitness)


def test_an_error_is_that_of_the_first_job_that_has_one():
    bad = Program.parse("def Setup():\ndef Predict():\n  s0 = 0.1\ndef Learn():\n")
    assert evaluate_all([], 3) == []
    with evaluate_many([Job(FEW, linear_regressor(), 1), Job(FEW, bad, 1)], 2) as found:
        assert next(found).result().fitness > 0
        with pytest.raises(ProgramError):
            next(found).result()


def test_what_a_number_of_threads_may_be():
    with pytest.raises(InputError, match="threads: expected"):
        evaluate_all([Job(FEW, linear_regressor(), 1)], 0)
