"""The commands `pyamlz search` and `pyamlz resume`."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Callable
from typing import Any, cast

from pyamlz import lab, study
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    FAILED,
    INTERRUPTED,
    add_set,
    command,
    given_or_drawn,
    integer,
    keep_options,
    load_experiment,
    ray_options,
    run_options,
    shown,
    thread_options,
)
from pyamlz._cli.arguments import seed as seed_argument
from pyamlz._cli.data import data_options, print_scores, say_what_data_are, scores_json, where_data_are
from pyamlz._cli.evaluate import figure, spread
from pyamlz._cli.show import sizes
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.native import VARIANTS
from pyamlz._lib.version import VERSION
from pyamlz.lab._toml import tables_of
from pyamlz.lab._units import is_units, read_units
from pyamlz.search import Variant

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
    search.add_argument("--log", metavar="FILE.jsonl", help="a new file for counts and fitness, a JSON object a line")
    thread_options(search, "for a search that is alone")
    ray_options(search)
    keep_options(search)


def add_resume(commands: Any) -> None:
    """Adds the command `resume`."""
    resume = command(commands, "resume", _resume, "go on with a search, climb, selection, tuning or study")
    resume.add_argument(
        "file", metavar="FILE", help="what --checkpoint made, or the folder of a study; it is kept up to date"
    )
    resume.add_argument("--max-seconds", type=float, metavar="S", help="time for the rest of all experiments")
    resume.add_argument("--variant", choices=VARIANTS, default="auto", help="kernels to use (default: auto)")
    resume.add_argument(
        "--seed", type=seed_argument, metavar="N", help="an error if it is another than the checkpoint's"
    )
    resume.add_argument("--log", metavar="FILE.jsonl", help="the log that the search had, to go on with, or a new one")
    add_set(resume, "an error if the checkpoint has another value, as population_size=100")
    thread_options(resume, "for a search that is alone")
    ray_options(resume)
    where_data_are(resume)
    keep_options(resume)


def _search(arguments: argparse.Namespace) -> int:
    if arguments.islands is not None:
        arguments.set.append(f"islands={arguments.islands}")
    preset = load_experiment(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    result = lab.run(
        preset,
        seed=seed,
        max_evaluations=arguments.max_evaluations,
        max_seconds=arguments.max_seconds,
        variant=cast(Variant, arguments.variant),
        threads=arguments.threads,
        ray=arguments.ray,
        callbacks=shown(arguments, _head(arguments)),
        checkpoint=arguments.checkpoint,
        every_seconds=arguments.every_seconds,
        log=arguments.log,
        embed=arguments.embed,
    )
    return _tell(arguments, result, arguments.checkpoint)


def _resume(arguments: argparse.Namespace) -> int:
    if os.path.isdir(arguments.file):
        command = shlex.split(study.command_of(arguments.file))[1:]
        return _again(arguments, [*command, "--output", arguments.file], ("study",))
    if is_units(arguments.file):
        return _again(arguments, read_units(arguments.file)["command"], ("climb", "select", "tune"))
    result = lab.resume(
        arguments.file,
        max_seconds=arguments.max_seconds,
        variant=cast(Variant, arguments.variant),
        threads=arguments.threads,
        ray=arguments.ray,
        callbacks=shown(arguments, _head(arguments)),
        every_seconds=arguments.every_seconds,
        seed=arguments.seed,
        expected=tables_of(arguments.set),
        log=arguments.log,
        data=arguments.data,
    )
    return _tell(arguments, result, arguments.file)


def _again(arguments: argparse.Namespace, words: list[str], commands: tuple[str, ...]) -> int:
    """Goes on with another command than a search, from the words that it was begun with."""
    wrong = next(
        (key for key in ("seed", "set", "max_seconds", "data", "ray") if getattr(arguments, key) not in (None, [])),
        None,
    )
    if wrong is not None:
        raise InputError(f"--{wrong.replace('_', '-')}: expected for the checkpoint of a search only")
    if not words or words[0] not in commands:
        raise ArchiveError(f"{arguments.file}: expected what a command has begun; go on with it where it was made")
    again = arguments.parsed(words)
    again.json, again.quiet, again.verbose = arguments.json, arguments.quiet, arguments.verbose
    if words[0] != "study":
        again.seed = read_units(arguments.file)["seed"]
        again.checkpoint, again.resume, again.log = arguments.file, True, arguments.log
        again.every_seconds = arguments.every_seconds
    code: int = again.command(again)
    return code


def _head(arguments: argparse.Namespace) -> Callable[[Any], None]:
    """What is printed when everything that may be wrong has been looked at."""

    def head(run: Any) -> None:
        if arguments.command is _search:
            say_what_data_are(arguments, run.preset)
        output.note(arguments, f"pyamlz {VERSION}: {run.preset.name}, seed {run.seed}")

    return head


def _tell(arguments: argparse.Namespace, result: lab.RunResult, checkpoint: str | None) -> int:
    """Prints what a run found; the exit code."""
    if arguments.json:
        output.print_json(_result_json(result))
    else:
        _print_result(result)
    if result.unsaved is not None:
        output.complain(f"the last checkpoint is not written: {result.unsaved}")
        return FAILED
    output.note(arguments, _next(result, checkpoint))
    return INTERRUPTED if result.stop_reason == "interrupted" else DONE


def _next(result: lab.RunResult, checkpoint: str | None) -> str:
    """What to do next."""
    if checkpoint is None:
        return "next: --checkpoint FILE.amlz keeps what a search finds, for pyamlz resume, explain, report and export"
    if result.scores:
        return f"next: pyamlz fit {shlex.quote(checkpoint)} -o MODEL.amlz"
    verb = "resume" if result.stop_reason in ("interrupted", "max_seconds", "callback") else "explain"
    return f"next: pyamlz {verb} {shlex.quote(checkpoint)}"


def _result_json(result: lab.RunResult) -> dict[str, Any]:
    return {
        "preset": result.experiment.name,
        "seed": result.seed,
        "stop_reason": result.stop_reason,
        "experiments": result.experiments,
        "evaluations": result.evaluations,
        "seconds": result.seconds,
        "evaluations_per_second": result.evaluations_per_second,
        "train_steps": result.train_steps,
        "best_fitness": result.fitness,
        "select_fitness": result.select_fitness,
        "final_fitness": None if result.final is None else result.final.fitness,
        "comparisons": [
            {"name": c.name, "learning_rate": c.learning_rate, "fitness": c.fitness} for c in result.comparisons
        ],
        "scores": scores_json(result.scores),
        "why": result.why,
        "program": str(result.program),
        "simplified": str(result.simplified),
        "version": VERSION,
        "config": result.experiment.as_dict(),
    }


def _print_result(result: lab.RunResult) -> None:
    solved = result.stop_reason == "sufficient_fitness"
    output.line(
        f"{'solved' if solved else 'done' if result.experiment.sufficient_fitness is None else 'not solved'}"
        f" ({result.stop_reason}): experiment {result.experiments}, {result.evaluations:,} programs"
        f" in {result.seconds:.1f} s, {result.evaluations_per_second:,.0f}/s, seed {result.seed}"
    )
    output.line(f"fitness on the search's tasks: {figure(result.fitness)}")
    if result.select_fitness is not None:
        output.line(f"fitness on the select tasks:   {figure(result.select_fitness)}")
    if result.final is not None:
        output.line(f"fitness on the final tasks:    {figure(result.final.fitness)}  ({spread(result.final)})")
        for comparison in result.comparisons:
            _print_comparison(comparison, result.final.fitness)
    print_scores(result.scores)
    if result.why:
        output.line(result.why)
    output.block(f"\n# the program as found: {sizes(result.program)}\n")
    output.block(result.program)
    output.block(f"\n# without its dead code: {sizes(result.simplified)}\n")
    output.block(result.simplified)


def _print_comparison(comparison: lab.Comparison, fitness: float) -> None:
    rate = "" if comparison.learning_rate is None else f" (learning rate {comparison.learning_rate:g})"
    difference = fitness - comparison.fitness
    verdict = f"beaten by {figure(difference)}" if difference > 0 else f"not beaten, {figure(-difference)} short"
    if difference == 0:
        verdict = "as good"
    output.line(f"  {comparison.name}{rate} there: {figure(comparison.fitness)}: {verdict}")
