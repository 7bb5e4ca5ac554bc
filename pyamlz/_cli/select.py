"""The commands `pyamlz select` and `pyamlz tune`."""

from __future__ import annotations

import argparse
import os
from typing import Any, cast

from pyamlz import explain, lab
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    add_which,
    command,
    ended,
    given_or_drawn,
    integer,
    load_experiment,
    run_options,
    sitting,
    sitting_options,
    thread_options,
)
from pyamlz._cli.data import where_data_are
from pyamlz._lib.columns import figure
from pyamlz._lib.files import replace_file
from pyamlz._lib.version import VERSION
from pyamlz.archive import find_program
from pyamlz.lab import Experiment
from pyamlz.program import Program
from pyamlz.program.baselines import BASELINES, built_in
from pyamlz.search import Evaluator, Variant
from pyamlz.tasks import TaskSet


def add_select(commands: Any) -> None:
    """Adds the command `select`."""
    parser = command(commands, "select", _select, "rank programs of many searches, and test the best", run_options)
    parser.add_argument(
        "candidates", nargs="+", metavar="FILE", help="an archive, a program's text, or the name of a built-in program"
    )
    _add_preset(parser)
    _add_funnel(parser, "candidates", stages=1)
    parser.add_argument("--seeds", type=integer, default=5, metavar="N", help="draws of the test tasks (default: 5)")
    parser.add_argument("--top", type=integer, default=10, metavar="N", help="candidates to print (default: 10)")


def add_tune(commands: Any) -> None:
    """Adds the command `tune`."""
    parser = command(commands, "tune", _tune, "search the constants of a program at random", run_options)
    parser.add_argument("program", metavar="PROGRAM", help=f"a file, or one of {', '.join(BASELINES)}")
    add_which(parser)
    _add_preset(parser)
    _add_funnel(parser, "trials", stages=1)
    parser.add_argument("--trials", type=integer, default=100, metavar="N", help="programs to try (default: 100)")
    parser.add_argument("--low", type=float, default=0.001, metavar="X", help="smallest factor (default: 0.001)")
    parser.add_argument("--high", type=float, default=1000.0, metavar="X", help="largest factor (default: 1000)")
    parser.add_argument("--decouple", action="store_true", help="put constants in the place of coupled factors first")
    parser.add_argument(
        "--seeds", type=integer, default=5, metavar="N", help="draws of the test tasks; 0: no test (default: 5)"
    )


def _add_preset(parser: argparse.ArgumentParser) -> None:
    wanted = "whose select and final tasks"
    parser.add_argument("--preset", required=True, metavar="NAME|FILE.toml|RUN.amlz", help=wanted)
    where_data_are(parser)


def _add_funnel(parser: argparse.ArgumentParser, what: str, stages: int) -> None:
    parser.add_argument(
        "--stages", type=integer, default=stages, metavar="N", help=f"larger and larger task sets (default: {stages})"
    )
    parser.add_argument(
        "--keep", type=float, default=0.25, metavar="X", help=f"share of the {what} that goes on (default: 0.25)"
    )
    thread_options(parser, f"{what} at a time")
    parser.add_argument("-o", "--output", metavar="FILE", help="for the best program: its text, or an archive (.amlz)")
    sitting_options(parser)


# ---------------------------------------------------------------- select


def _select(arguments: argparse.Namespace) -> int:
    preset, seed, stages = _stages(arguments)
    tests = _evaluators(preset, arguments, lab.final_tasks(preset, seed=seed, n_seeds=arguments.seeds))
    found = lab.candidates(*(_source(name) for name in arguments.candidates))
    sizes = ", ".join(str(stage.tasks.tasks.n_tasks) for stage in stages)

    def head(_: Any) -> None:
        output.note(arguments, f"{preset.name}, seed {seed}: {len(found)} candidates; tasks: {sizes}")

    options = {"keep": arguments.keep, "seed": seed, "threads": arguments.threads}
    chosen = lab.select(found, stages, tests, **options, **sitting(arguments, head))
    winner = chosen.winner.candidate
    if arguments.output is not None and chosen.stop_reason == "done":
        _write(arguments.output, winner.program, stages[-1])
    if arguments.json:
        ranking = [
            {"name": r.candidate.name, "fitness": r.fitness, "live": r.size, "same_as": r.same_as}
            for r in chosen.ranking
        ]
        test = None
        if chosen.test is not None:
            each = [fitness.tolist() for fitness in chosen.test.task_fitness]
            test = {**_test_json(chosen.test), "task_fitness": each}
        values = {"preset": preset.name, "seed": seed, "candidates": len(found), "stop_reason": chosen.stop_reason}
        output.print_json({**values, "ranking": ranking, "test": test, "program": str(winner.program), **_version()})
        return ended(arguments, chosen.stop_reason)
    output.block(chosen.table(arguments.top))
    output.line()
    output.line(f"# {winner.name}, without its dead code")
    output.block(winner.program.simplified(stages[-1].tasks.dims(winner.program)))
    return ended(arguments, chosen.stop_reason)


def _source(name: str) -> str | lab.Candidate:
    if name in BASELINES and not os.path.exists(name):
        return lab.Candidate(name, built_in(name))
    return name


# ---------------------------------------------------------------- tune


def _tune(arguments: argparse.Namespace) -> int:
    preset, seed, stages = _stages(arguments)
    tasks = stages[-1].tasks
    program = find_program("program", arguments.program, tasks.tasks.n_features, arguments.which)
    coupled = explain.coupled(program, tasks.dims(program))
    if arguments.decouple:
        program = explain.decoupled(program, tasks.tasks, draws=seed)
    tests = []
    if arguments.seeds:
        tests = _evaluators(preset, arguments, lab.final_tasks(preset, seed=seed, n_seeds=arguments.seeds))
    sizes = ", ".join(str(stage.tasks.tasks.n_tasks) for stage in stages)

    def head(_: Any) -> None:
        output.note(arguments, f"{preset.name}, seed {seed}: {arguments.trials} trials; tasks: {sizes}")
        for one in coupled:
            output.note(arguments, f"{'replaced' if arguments.decouple else 'coupled'}: {one}")

    tuned = lab.tune(
        program,
        stages,
        trials=arguments.trials,
        seed=seed,
        low=arguments.low,
        high=arguments.high,
        keep=arguments.keep,
        draws=seed,
        threads=arguments.threads,
        **sitting(arguments, head),
    )
    if arguments.output is not None and tuned.stop_reason == "done":
        _write(arguments.output, tuned.program, stages[-1])
    measured = {
        name: lab.measure(one, tests, seed=seed, threads=arguments.threads)
        for name, one in (("before", program), ("after", tuned.program))
        if tests and tuned.stop_reason != "interrupted"
    }
    if arguments.json:
        test = {name: _test_json(found) for name, found in measured.items()}
        best = {"trial": tuned.best.number, "fitness": tuned.fitness, "factors": tuned.best.factors}
        trials = [[trial.number, trial.fitness] for trial in tuned.trials]
        values = {"preset": preset.name, "seed": seed, "coupled": [str(one) for one in coupled]}
        values["stop_reason"] = tuned.stop_reason
        output.print_json(
            {**values, **best, "trials": trials, "test": test, "program": str(tuned.program), **_version()}
        )
        return ended(arguments, tuned.stop_reason)
    output.block(tuned.table())
    for name, test_of_one in measured.items():
        output.line(f"test {name}: {test_of_one}")
    output.block(f"\n# the program with these constants: fitness {figure(tuned.fitness)}\n")
    output.block(tuned.program)
    return ended(arguments, tuned.stop_reason)


# ---------------------------------------------------------------- both


def _stages(arguments: argparse.Namespace) -> tuple[Experiment, int, list[Evaluator]]:
    """The preset, the seed, and what is scored on in selection."""
    preset = load_experiment(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    stages = lab.select_tasks(preset, seed=seed, stages=arguments.stages, keep=arguments.keep)
    return preset, seed, _evaluators(preset, arguments, stages)


def _evaluators(preset: Experiment, arguments: argparse.Namespace, tasks: list[TaskSet]) -> list[Evaluator]:
    return [preset.evaluator(one, cast(Variant, arguments.variant)) for one in tasks]


def _write(path: str, program: Program, evaluator: Evaluator) -> None:
    """Writes an archive if the file is called so, else a text."""
    if path.endswith(".amlz"):
        program.save(path, evaluator.tasks.dims(program))
    else:
        replace_file(path, str(program).encode("ascii"))


def _test_json(test: lab.Measured) -> dict[str, Any]:
    return {"mean": test.mean, "stdev": test.stdev, "fitness": test.fitness}


def _version() -> dict[str, str]:
    return {"version": VERSION}
