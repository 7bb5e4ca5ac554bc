"""The command `pyamlz evaluate`."""

from __future__ import annotations

import argparse
from typing import Any, cast

import numpy as np

from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    add_program,
    command,
    given_or_drawn,
    load_experiment,
    read_program,
    run_options,
)
from pyamlz._cli.data import data_options
from pyamlz._lib.errors import InputError
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Section
from pyamlz.search import Evaluation, Variant

__all__ = ["add_evaluate", "figure", "spread"]


def add_evaluate(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    evaluate = command(
        commands, "evaluate", _evaluate, "score a program on the tasks of a preset", run_options, data_options
    )
    add_program(evaluate)
    evaluate.add_argument("--preset", metavar="NAME|FILE.toml", help="whose tasks (default, with --data: table)")
    sections = ("final", "select", "tasks")
    evaluate.add_argument("--tasks", choices=sections, help="which of them (default: the first there are of these)")


def _evaluate(arguments: argparse.Namespace) -> int:
    preset = load_experiment(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    there: list[Section] = [section for section in ("final", "select", "tasks") if section in preset.sections]
    section = cast(Section, arguments.tasks or there[0])
    tasks = preset.tasks(section, derived_seed(seed, section))
    if tasks is None:
        raise InputError(f"--tasks: {preset.name} has no table {section!r}, only {', '.join(there)}")
    program = read_program(arguments.program, tasks.n_features, arguments.which)
    evaluator = preset.evaluator(tasks, cast(Variant, arguments.variant))
    result = evaluator.evaluate(program, derived_seed(seed, section, "draws"))
    if arguments.json:
        output.print_json(
            {
                "preset": preset.name,
                "tasks": section,
                "seed": seed,
                "fitness": result.fitness,
                "task_fitness": result.task_fitness.tolist(),
                "train_steps": result.train_steps,
                "valid_steps": result.valid_steps,
                "stopped_tasks": result.n_stopped,
                "program": str(program),
            }
        )
        return DONE
    output.note(
        arguments,
        f"{section} tasks of {preset.name}, seed {seed}: {tasks.n_tasks} tasks of {tasks.n_train} + "
        f"{tasks.n_valid} examples, {tasks.epochs} epochs, F = {tasks.n_features}, {evaluator.tasks.precision}, "
        f"kernels: {evaluator.variant}",
    )
    told = spread(result, share_rows=preset.is_of_table and section != "final")
    output.line(f"fitness ({preset.settings.combine}): {figure(result.fitness)}  ({told})")
    output.line(f"stopped early: {result.n_stopped} tasks; {result.train_steps:,} training steps")
    return DONE


def figure(fitness: float) -> str:
    """A fitness with digits enough to tell 0.9999999 from 1."""
    return f"{fitness:.7f}"


def spread(evaluation: Evaluation, *, share_rows: bool = False) -> str:
    """How a program's fitness varies over tasks; of tasks that share rows there is no standard deviation to tell."""
    if len(evaluation.task_fitness) == 1:
        return "one task"
    low, middle, high = np.quantile(evaluation.task_fitness, [0.0, 0.5, 1.0])
    n_tasks = len(evaluation.task_fitness)
    told = f"{n_tasks} tasks: lowest {figure(low)}, median {figure(middle)}, highest {figure(high)}"
    deviation = figure(float(np.std(evaluation.task_fitness)))
    return f"{told}, which share rows" if share_rows else f"{told}, standard deviation {deviation}"
