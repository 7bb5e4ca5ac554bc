"""The commands `pyamlz search` and `pyamlz resume`."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import Any, cast

from pyamlz import lab
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    FAILED,
    INTERRUPTED,
    add_set,
    command,
    given_or_drawn,
    integer,
    load_preset,
    run_options,
)
from pyamlz._cli.arguments import seed as seed_argument
from pyamlz._cli.data import data_options, print_scores, say_what_data_are, scores_json, where_data_are
from pyamlz._cli.evaluate import figure, spread
from pyamlz._cli.show import sizes
from pyamlz._lib.native import VARIANTS
from pyamlz._lib.version import VERSION
from pyamlz.search import Variant
from pyamlz.search._reporter import reporter

__all__ = ["add_resume", "add_search"]


def add_search(commands: Any) -> None:
    """Adds the command `search`."""
    search = command(commands, "search", _search, "run the experiments of a preset", run_options, data_options)
    preset = "a preset's name, or a TOML file (default, with --data: table)"
    search.add_argument("preset", nargs="?", metavar="PRESET|FILE.toml", help=preset)
    search.add_argument("--max-seconds", type=float, metavar="S", help="time for all experiments")
    search.add_argument("--max-evaluations", type=integer, metavar="N", help="programs to score in all experiments")
    search.add_argument("--islands", type=integer, metavar="N", help="searches that exchange programs, a thread each")
    search.add_argument("--checkpoint", metavar="FILE.amlz", help="a new file, from which `resume` goes on")
    search.add_argument("--embed", action="store_true", help="keep the table of --data in the checkpoint")
    search.add_argument("--verbose", action="store_true", help="print all settings first")
    search.add_argument("--log", metavar="FILE.jsonl", help="a new file for counts and fitness, a JSON object a line")
    _add_every(search)


def add_resume(commands: Any) -> None:
    """Adds the command `resume`."""
    resume = command(commands, "resume", _resume, "go on with a search from its checkpoint")
    resume.add_argument("file", metavar="FILE.amlz", help="what `search --checkpoint` made; it is kept up to date")
    resume.add_argument("--max-seconds", type=float, metavar="S", help="time for the rest of all experiments")
    resume.add_argument("--variant", choices=VARIANTS, default="auto", help="kernels to use (default: auto)")
    resume.add_argument(
        "--seed", type=seed_argument, metavar="N", help="an error if it is another than the checkpoint's"
    )
    resume.add_argument("--log", metavar="FILE.jsonl", help="the log that the search had, to go on with, or a new one")
    add_set(resume, "an error if the checkpoint has another value, as population_size=100")
    where_data_are(resume)
    _add_every(resume)


def _add_every(parser: argparse.ArgumentParser) -> None:
    help_text = f"between two checkpoints (default: {lab.EVERY:g})"
    parser.add_argument("--every", type=float, default=lab.EVERY, metavar="SECONDS", help=help_text)


def _search(arguments: argparse.Namespace) -> int:
    if arguments.islands is not None:
        arguments.set.append(f"islands={arguments.islands}")
    preset = load_preset(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    say_what_data_are(arguments, preset)
    output.note(arguments, f"pyamlz {VERSION}: {preset.name}, seed {seed}")
    if arguments.verbose:
        output.block(preset.toml() + "\n", output.say(arguments))
    with reporter(sys.stderr, quiet=arguments.quiet) as shown:
        outcome = lab.run(
            preset,
            seed=seed,
            max_evaluations=arguments.max_evaluations,
            max_seconds=arguments.max_seconds,
            variant=cast(Variant, arguments.variant),
            reporter=shown,
            checkpoint=arguments.checkpoint,
            every=arguments.every,
            log=arguments.log,
            embed=arguments.embed,
        )
    return _tell(arguments, outcome, arguments.checkpoint)


def _resume(arguments: argparse.Namespace) -> int:
    with reporter(sys.stderr, quiet=arguments.quiet) as shown:
        outcome = lab.resume(
            arguments.file,
            max_seconds=arguments.max_seconds,
            variant=cast(Variant, arguments.variant),
            reporter=shown,
            every=arguments.every,
            seed=arguments.seed,
            overrides=arguments.set,
            log=arguments.log,
            data=arguments.data,
        )
    return _tell(arguments, outcome, arguments.file)


def _tell(arguments: argparse.Namespace, outcome: lab.Outcome, checkpoint: str | None) -> int:
    """Prints what a run found; the exit code."""
    if arguments.json:
        output.print_json(_outcome_json(outcome))
    else:
        _print_outcome(outcome)
    if outcome.unsaved is not None:
        output.complain(f"the last checkpoint is not written: {outcome.unsaved}")
        return FAILED
    if outcome.scores and checkpoint is not None:
        output.note(arguments, f"next: pyamlz fit {shlex.quote(checkpoint)} -o MODEL.amlz")
    return INTERRUPTED if outcome.stop_reason == "interrupted" else DONE


def _outcome_json(outcome: lab.Outcome) -> dict[str, Any]:
    return {
        "preset": outcome.preset.name,
        "seed": outcome.seed,
        "stop_reason": outcome.stop_reason,
        "experiments": outcome.experiments,
        "evaluations": outcome.evaluations,
        "seconds": outcome.seconds,
        "evaluations_per_second": outcome.evaluations_per_second,
        "train_steps": outcome.train_steps,
        "best_fitness": outcome.best_fitness,
        "select_fitness": outcome.select_fitness,
        "final_fitness": None if outcome.final is None else outcome.final.fitness,
        "comparisons": [
            {"name": c.name, "learning_rate": c.learning_rate, "fitness": c.fitness} for c in outcome.comparisons
        ],
        "scores": scores_json(outcome.scores),
        "program": str(outcome.program),
        "simplified": str(outcome.simplified),
        "version": VERSION,
        "config": outcome.preset.config,
    }


def _print_outcome(outcome: lab.Outcome) -> None:
    solved = outcome.stop_reason == "sufficient_fitness"
    output.line(
        f"{'solved' if solved else 'not solved' if 'sufficient_fitness' in outcome.preset.config else 'done'}"
        f" ({outcome.stop_reason}): experiment {outcome.experiments}, {outcome.evaluations:,} programs"
        f" in {outcome.seconds:.1f} s, {outcome.evaluations_per_second:,.0f}/s, seed {outcome.seed}"
    )
    output.line(f"fitness on the search's tasks: {figure(outcome.best_fitness)}")
    if outcome.select_fitness is not None:
        output.line(f"fitness on the select tasks:   {figure(outcome.select_fitness)}")
    if outcome.final is not None:
        output.line(f"fitness on the final tasks:    {figure(outcome.final.fitness)}  ({spread(outcome.final)})")
        for comparison in outcome.comparisons:
            _print_comparison(comparison, outcome.final.fitness)
    print_scores(outcome.scores)
    output.block(f"\n# the program as found: {sizes(outcome.program)}\n")
    output.block(outcome.program)
    output.block(f"\n# without its dead code: {sizes(outcome.simplified)}\n")
    output.block(outcome.simplified)


def _print_comparison(comparison: lab.Comparison, fitness: float) -> None:
    rate = "" if comparison.learning_rate is None else f" (learning rate {comparison.learning_rate:g})"
    difference = fitness - comparison.fitness
    verdict = f"beaten by {figure(difference)}" if difference > 0 else f"not beaten, {figure(-difference)} short"
    output.line(f"  {comparison.name}{rate} there: {figure(comparison.fitness)}: {verdict}")
