"""Programs taken to full-sized tasks: tuned on one part of the images, measured on another."""

import itertools
import os
import signal

import numpy as np
import pytest
from samples import Counted

from pyamlz import ArchiveError, Evaluator, InputError, linear_regressor, neural_network, tasks
from pyamlz._lib.random import derived_seed, permutation
from pyamlz.lab import Sizes, Transferred, measure_on_pair, transfer, tune_on_pairs

DIGITS = tasks.load("digits")
SIZES = Sizes(train=60, valid=40, test=30)
PAIRS = [(3, 8), (1, 7), (2, 5)]


class Maker:
    """Makes tasks, and remembers what was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, *, pairs, split, seed, n_train, n_valid):
        self.asked.append((tuple(pairs), split, n_train, n_valid))
        shape = {"n_features": 6, "n_tasks": len(pairs), "n_train": n_train, "n_valid": n_valid}
        return tasks.projected_binary(DIGITS, pairs=list(pairs), split=split, seed=seed, **shape)


def run(program=None, pairs=PAIRS, make=None, **changes):
    return transfer(
        program or linear_regressor(), make or Maker(), pairs, **{"seed": 1, "trials": 4, "sizes": SIZES, **changes}
    )


def test_tunes_each_pair_and_measures_it_on_the_test_part():
    make = Maker()
    found = run(make=make)
    assert make.asked == [step for pair in PAIRS for step in (((pair,), "select", 60, 40), ((pair,), "test", 60, 30))]
    assert [result.pair for result in found.pairs] == PAIRS
    assert [tuned.program for tuned in found.tunings] == [result.program for result in found.pairs]
    assert len({tuned.trials[1].factors for tuned in found.tunings}) == 3
    assert all(len(tuned.trials) == 4 for tuned in found.tunings)
    seed = derived_seed(1, "transfer", "tasks")
    test = make(pairs=[PAIRS[1]], split="test", seed=seed, n_train=60, n_valid=30)
    assert found.pairs[1].accuracy == Evaluator(test).evaluate(found.pairs[1].program).fitness
    assert found.pairs[1].accuracy > 0.7


def test_tunes_once_on_several_pairs():
    make = Maker()
    found = run(make=make, joint=[(0, 6), (4, 9)])
    assert make.asked == [(((0, 6), (4, 9)), "select", 60, 40), *(((pair,), "test", 60, 30) for pair in PAIRS)]
    (tuned,) = found.tunings
    assert {result.program for result in found.pairs} == {tuned.program}


def test_is_made_of_two_steps():
    found = run(joint=PAIRS[:2])
    tuned = tune_on_pairs(linear_regressor(), Maker(), PAIRS[:2], seed=1, trials=4, sizes=SIZES)
    assert found.tunings == (tuned,)
    measured = [measure_on_pair(tuned.program, Maker(), pair, seed=1, sizes=SIZES) for pair in PAIRS]
    assert list(found.pairs) == measured


def test_tunes_in_stages():
    make = Maker()
    found = run(make=make, joint=[(0, 6)], first=[Sizes(20, 10)], trials=8, keep=0.25)
    assert [step[2:] for step in make.asked[:2]] == [(20, 10), (60, 40)]
    assert sum(len(trial.fitness) == 2 for trial in found.tunings[0].trials) in (2, 3)  # the first always goes on


def test_repairs_a_program_that_cannot_learn_as_it_is():
    bad = neural_network(1e-6)
    untuned, tuned = run(bad, trials=1), run(bad, trials=40, joint=PAIRS)
    assert tuned.accuracy > untuned.accuracy + 0.2
    assert tuned.accuracy == sum(result.accuracy for result in tuned.pairs) / 3


def test_scores_after_the_last_pass_and_not_after_the_best():
    rate = 0.02
    found = run(linear_regressor(rate), PAIRS[:1], trials=1, sizes=Sizes(60, 40, 30, passes=3))
    task = Maker()(pairs=PAIRS[:1], split="test", seed=derived_seed(1, "transfer", "tasks"), n_train=60, n_valid=30)
    asked = []

    class Remembering(Maker):
        def __call__(self, **arguments):
            asked.append(super().__call__(**arguments))
            return asked[-1]

    assert run(linear_regressor(rate), PAIRS[:1], make=Remembering(), trials=1, sizes=Sizes(60, 40, 30, 3)) == found
    assert {one.epochs for one in asked} == {1}
    assert asked[1].digest == task.digest
    # By hand: three passes, of which the first is in the given order.
    x, y = task.train_x[0].astype(float), task.train_y[0].astype(float)
    orders = [range(60), *(permutation(task.order_seed, ("transfer", "pass", p), 60) for p in (1, 2))]
    weights = np.zeros(6)
    for i in itertools.chain(*orders):
        weights += rate * (y[i] - 1 / (1 + np.exp(-weights @ x[i]))) * x[i]
    assert found.pairs[0].accuracy == np.mean((task.valid_x[0] @ weights > 0) == (task.valid_y[0] == 1))


def test_refuses_no_passes():
    with pytest.raises(InputError, match="passes: expected an integer from 1"):
        run(sizes=Sizes(60, 40, 30, passes=0))


def test_gives_all_programs_the_same_tasks():
    asked = []

    def make(**arguments):
        asked.append(arguments["seed"])
        return Maker()(**arguments)

    for program in (linear_regressor(), neural_network()):
        run(program, make=make, pairs=PAIRS[:1], trials=2)
    run(make=make, pairs=PAIRS[:1], trials=1, seed=2)
    assert asked[0] == asked[1] == asked[2] == asked[3] != asked[4]


def test_depends_on_the_seed_and_not_on_threads():
    one, same, other = (run(neural_network(), PAIRS[:1], seed=seed, threads=n) for seed, n in ((1, 1), (1, 3), (2, 1)))
    assert one == same
    assert one.tunings != other.tunings


def test_tells_of_each_trial():
    told = Counted()
    found = run(callbacks=[told])
    shares = [one.share for one in told.seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) >= 3 * (4 + 1)  # of each pair four trials and a measurement
    assert isinstance(found, Transferred)
    cut = run(callbacks=[Counted(stop=1)])
    assert cut.pairs == ()


def results(found):
    """What does not depend on how many sittings there were."""
    return found.pairs, [(tuned.program, tuned.fitness, tuned.trials) for tuned in found.tunings]


@pytest.mark.parametrize("changes", [{}, {"joint": [(0, 6), (4, 9)]}])
def test_goes_on_to_the_same_result_however_often_it_is_ended(tmp_path, changes):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    wanted = run(checkpoint=whole, log=tmp_path / "whole.jsonl", **changes)
    assert results(wanted) == results(run(**changes))
    make = Maker()
    found, sittings = run(checkpoint=torn, callbacks=[Counted(stop=5)], make=make, **changes), 1
    assert found.stop_reason == "callback"
    while found.stop_reason != "done":
        found = run(checkpoint=torn, resume=True, callbacks=[Counted(stop=6)], make=make, **changes)
        sittings += 1
    assert sittings > 2 or changes
    assert results(found) == results(wanted)
    assert torn.read_bytes() == whole.read_bytes()
    assert sum(split == "test" for _, split, *_ in make.asked) == 3  # what was measured is not measured again


def test_ctrl_c_keeps_what_is_done(tmp_path):
    path, pressed = tmp_path / "torn", []

    def press(progress):
        if progress.stage == f"measured on {PAIRS[0]}" and not pressed:
            pressed.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    cut = run(checkpoint=path, callbacks=[press])
    assert cut.stop_reason == "interrupted"
    assert [one.pair for one in cut.pairs] == PAIRS[:1]
    assert results(run(checkpoint=path, resume=True)) == results(run())


def test_refuses_the_checkpoint_of_something_else(tmp_path):
    path = tmp_path / "one"
    run(checkpoint=path)
    for changes in ({"trials": 5}, {"seed": 2}, {"pairs": PAIRS[:2]}, {"program": neural_network()}):
        with pytest.raises(ArchiveError, match=r"one: (trials|seed|plan|made_of): expected"):
            run(checkpoint=path, resume=True, **changes)
    with pytest.raises(InputError, match="one: is there already"):
        run(checkpoint=path)


def test_has_the_sizes_of_the_paper_unless_told_otherwise():
    make = Maker()
    with pytest.raises(InputError, match="n_train=8000"):
        run(make=make, sizes=None)
    assert make.asked == [((PAIRS[0],), "select", 8000, 2000)]


@pytest.mark.parametrize("changes", [{"pairs": []}, {"joint": []}])
def test_refuses_no_pairs(changes):
    with pytest.raises(InputError, match=f"{next(iter(changes))}: expected one or more, got none"):
        run(**changes)
