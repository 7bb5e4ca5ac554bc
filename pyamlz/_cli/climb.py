"""The command `pyamlz climb`: a search in stages."""

from __future__ import annotations

import argparse
from typing import Any

from pyamlz._cli import output
from pyamlz._cli.arguments import command, ended, given_or_drawn, integer, sitting, sitting_options
from pyamlz._cli.arguments import seed as seed_argument
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Experiment, climb, nonlinear_stages, tuned
from pyamlz.program import Program
from pyamlz.program.baselines import TUNABLE
from pyamlz.search import Evaluator

__all__ = ["add_climb"]


def add_climb(commands: Any) -> None:
    """Adds the command."""
    parser = command(commands, "climb", _climb, "find a two-layer network with backpropagation in stages (figure 5)")
    parser.add_argument("--seed", type=seed_argument, metavar="N", help="0 to 2**64 - 1 (default: drawn at random)")
    parser.add_argument(
        "--max-evaluations", type=integer, default=100_000_000, metavar="N", help="programs to score (default: 1e8)"
    )
    sitting_options(parser)


def _climb(arguments: argparse.Namespace) -> int:
    seed = given_or_drawn(arguments.seed)
    head = sitting(arguments, lambda _: output.note(arguments, f"seed {seed}"))
    result = climb(nonlinear_stages(), seed, arguments.max_evaluations, **head)
    evaluations = 0
    for number, attempt in enumerate(result.attempts, 1):
        evaluations += attempt.evaluations
        if attempt.passed:
            text = f"{attempt.stage}: fitness {attempt.fitness:.4f}, after {number:,} attempts"
            output.note(arguments, f"{text} and {evaluations:,} programs")
    counts = {"attempts": len(result.attempts), "evaluations": result.evaluations}
    fitnesses = {} if result.program is None else _final(result.program, seed)
    if arguments.json:
        program = None if result.program is None else str(result.program)
        head = {"seed": seed, "stop_reason": result.stop_reason, **counts}
        output.print_json({**head, "program": program, "final": fitnesses})
        return ended(arguments, result.stop_reason)
    for name, fitness in fitnesses.items():
        output.line(f"# on the final tasks of nonlinear: {name} {fitness:.4f}")
    output.block("# not found\n" if result.program is None else result.program)
    return ended(arguments, result.stop_reason)


def _final(program: Program, seed: int) -> dict[str, float]:
    """Fitness on the preset's final tasks, with random draws of their own, beside tuned programs written by hand."""
    preset = Experiment.load("nonlinear")
    select, final = (_evaluator(preset, section, seed) for section in ("select", "final"))
    programs = {"found": program, **{name: tuned(name, select)[0] for name in TUNABLE}}
    draws = derived_seed(seed, "final", "draws")
    return {name: final.evaluate(each, draws).fitness for name, each in programs.items()}


def _evaluator(preset: Experiment, section: Any, seed: int) -> Evaluator:
    tasks = preset.tasks(section, derived_seed(seed, section))
    assert tasks is not None
    return preset.evaluator(tasks)
