"""The command `pyamlz climb`: a search in stages."""

from __future__ import annotations

import argparse
from typing import Any

from pyamlz._cli import output
from pyamlz._cli.arguments import command, given_or_drawn, integer
from pyamlz._cli.arguments import seed as seed_argument
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Attempt, Experiment, climb, nonlinear_stages, tuned
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


def _climb(arguments: argparse.Namespace) -> int:
    seed = given_or_drawn(arguments.seed)
    counts = {"attempts": 0, "evaluations": 0}

    def tell(attempt: Attempt) -> None:
        counts["attempts"] += 1
        counts["evaluations"] += attempt.evaluations
        if attempt.passed:
            text = f"{attempt.stage}: fitness {attempt.fitness:.4f}, after {counts['attempts']:,} attempts and"
            output.note(arguments, f"{text} {counts['evaluations']:,} programs")

    output.note(arguments, f"seed {seed}")
    result = climb(nonlinear_stages(), seed, arguments.max_evaluations, tell)
    fitnesses = {} if result.program is None else _final(result.program, seed)
    if arguments.json:
        program = None if result.program is None else str(result.program)
        output.print_json({"seed": seed, **counts, "program": program, "final": fitnesses})
        return 0
    for name, fitness in fitnesses.items():
        output.line(f"# on the final tasks of nonlinear: {name} {fitness:.4f}")
    output.block("# not found\n" if result.program is None else result.program)
    return 0


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
