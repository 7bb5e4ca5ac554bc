"""The command `pyamlz`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from pyamlz import archive, lab
from pyamlz._cli.arguments import (
    BAD_ARCHIVE,
    DONE,
    EPILOG,
    FAILED,
    INTERRUPTED,
    PRECISION_NAMES,
    WRONG,
    add_program,
    add_set,
    command,
    data_options,
    given_or_drawn,
    integer,
    load_preset,
    machine_options,
    print_json,
    read_program,
    run_options,
    say,
)
from pyamlz._cli.arguments import seed as seed_argument
from pyamlz._cli.bench import add_bench
from pyamlz._cli.climb import add_climb
from pyamlz._cli.explain import add_explain
from pyamlz._cli.export import add_export
from pyamlz._cli.report import add_reports
from pyamlz._cli.select import add_select, add_tune
from pyamlz._cli.study import add_study
from pyamlz._lib.checks import MAX_FEATURES, checked_int
from pyamlz._lib.errors import AmlzError, ArchiveError, FileError, InputError
from pyamlz._lib.native import KINDS, PRECISIONS, VARIANTS
from pyamlz._lib.random import derived_seed
from pyamlz._lib.version import COMPILER, KERNELS, VERSION
from pyamlz.bench import conform
from pyamlz.lab import Preset, Section
from pyamlz.program import FUNCTIONS, Dims, Program
from pyamlz.report._show import contents, lines, summary
from pyamlz.search import Evaluation, Variant
from pyamlz.search._reporter import reporter
from pyamlz.tasks import Kind

__all__ = ["main"]

_COLUMN = 40  # where marks on lines of code stand


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; wrong usage raises SystemExit(2), as in argparse.

    Args:
        argv: arguments without the command's name; by default those of the process.
    """
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold anything
        arguments = _parser().parse_args(argv)
        code = int(arguments.command(arguments))
        sys.stdout.flush()
        return code
    except InputError as error:
        codes = {ArchiveError: BAD_ARCHIVE, FileError: FAILED}
        return _complain(str(error), codes.get(type(error), WRONG))
    except (AmlzError, MemoryError) as error:
        return _complain(str(error) or "not enough memory", FAILED)
    except OSError as error:
        # What cannot be written now cannot be written at exit either, where Python would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        is_pipe = isinstance(error, BrokenPipeError)  # who read our output has enough of it
        return FAILED if is_pipe else _complain(f"output cannot be written: {error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)


def _complain(message: str, code: int) -> int:
    print(f"pyamlz: {message}", file=sys.stderr)
    return code


# ---------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pyamlz",
        description="Evolves machine learning algorithms from scratch.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    search = command(commands, "search", _search, "run the experiments of a preset", run_options, data_options)
    preset = "a preset's name, or a TOML file (default, with --data: table)"
    search.add_argument("preset", nargs="?", metavar="PRESET|FILE.toml", help=preset)
    search.add_argument("--max-seconds", type=float, metavar="S", help="time for all experiments")
    search.add_argument("--max-evaluations", type=integer, metavar="N", help="programs to score in all experiments")
    search.add_argument("--islands", type=integer, metavar="N", help="searches that exchange programs, a thread each")
    search.add_argument("--checkpoint", metavar="FILE.amlz", help="a new file, from which `resume` goes on")
    search.add_argument("--log", metavar="FILE.jsonl", help="a new file for counts and fitness, a JSON object a line")
    _add_every(search)

    resume = command(commands, "resume", _resume, "go on with a search from its checkpoint")
    resume.add_argument("file", metavar="FILE.amlz", help="what `search --checkpoint` made; it is kept up to date")
    resume.add_argument("--max-seconds", type=float, metavar="S", help="time for the rest of all experiments")
    resume.add_argument("--variant", choices=VARIANTS, default="auto", help="kernels to use (default: auto)")
    resume.add_argument(
        "--seed", type=seed_argument, metavar="N", help="an error if it is another than the checkpoint's"
    )
    resume.add_argument("--log", metavar="FILE.jsonl", help="the log that the search had, to go on with, or a new one")
    add_set(resume, "an error if the checkpoint has another value, as population_size=100")
    _add_every(resume)

    show = command(commands, "show", _show, "print a program, and which of its lines are live; or an archive")
    add_program(show, "or an archive, ")
    show.add_argument("--all", action="store_true", help="of an archive all that it holds")
    show.add_argument("--features", type=integer, default=4, metavar="F", help="number of features (default: 4)")
    show.add_argument("--kind", choices=KINDS, default="regression", help="what labels are (default: regression)")

    add_explain(commands)

    evaluate = command(
        commands, "evaluate", _evaluate, "score a program on the tasks of a preset", run_options, data_options
    )
    add_program(evaluate)
    evaluate.add_argument("--preset", metavar="NAME|FILE.toml", help="whose tasks (default, with --data: table)")
    sections = ("final", "select", "tasks")
    evaluate.add_argument("--tasks", choices=sections, help="which of them (default: the first there are of these)")

    vectors = command(commands, "conform", _conform, "check the library against recorded vectors", machine_options)
    vectors.add_argument("file", metavar="FILE.jsonl[.gz]", help="a JSON object a line")

    add_reports(commands)
    add_export(commands)
    add_select(commands)
    add_tune(commands)
    add_climb(commands)
    add_bench(commands)
    add_study(commands)

    listing = command(commands, "presets", _presets, "list the presets, or print one")
    listing.add_argument("name", nargs="?", metavar="NAME", help="the preset to print")
    return parser


def _add_every(parser: argparse.ArgumentParser) -> None:
    help_text = f"between two checkpoints (default: {lab.EVERY:g})"
    parser.add_argument("--every", type=float, default=lab.EVERY, metavar="SECONDS", help=help_text)


def _version() -> str:
    return f"pyamlz {VERSION} ({COMPILER}; kernels: {KERNELS}; precision: {', '.join(PRECISIONS)})"


# ---------------------------------------------------------------- search


def _search(arguments: argparse.Namespace) -> int:
    if arguments.islands is not None:
        arguments.set.append(f"islands={arguments.islands}")
    preset = load_preset(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    if not arguments.quiet:
        print(f"# pyamlz {VERSION}: {preset.name}, seed {seed}", file=say(arguments))
        print(preset.toml(), file=say(arguments), flush=True)
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
        )
    return _tell(arguments, outcome)


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
        )
    return _tell(arguments, outcome)


def _tell(arguments: argparse.Namespace, outcome: lab.Outcome) -> int:
    """Prints what a run found; the exit code."""
    if arguments.json:
        print_json(_outcome_json(outcome))
    else:
        _print_outcome(outcome)
    if outcome.unsaved is not None:
        return _complain(f"the last checkpoint is not written: {outcome.unsaved}", FAILED)
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
        "program": str(outcome.program),
        "simplified": str(outcome.simplified),
        "version": VERSION,
        "config": outcome.preset.config,
    }


def _print_outcome(outcome: lab.Outcome) -> None:
    solved = outcome.stop_reason == "sufficient_fitness"
    print(
        f"{'solved' if solved else 'not solved' if 'sufficient_fitness' in outcome.preset.config else 'done'}"
        f" ({outcome.stop_reason}): experiment {outcome.experiments}, {outcome.evaluations:,} programs"
        f" in {outcome.seconds:.1f} s, {outcome.evaluations_per_second:,.0f}/s, seed {outcome.seed}"
    )
    print(f"fitness on the search's tasks: {_figure(outcome.best_fitness)}")
    if outcome.select_fitness is not None:
        print(f"fitness on the select tasks:   {_figure(outcome.select_fitness)}")
    if outcome.final is not None:
        print(f"fitness on the final tasks:    {_figure(outcome.final.fitness)}  ({_spread(outcome.final)})")
        for comparison in outcome.comparisons:
            _print_comparison(comparison, outcome.final.fitness)
    print(f"\n# the program as found: {_sizes(outcome.program)}")
    print(outcome.program, end="")
    print(f"\n# without its dead code: {_sizes(outcome.simplified)}")
    print(outcome.simplified, end="")


def _print_comparison(comparison: lab.Comparison, fitness: float) -> None:
    rate = "" if comparison.learning_rate is None else f" (learning rate {comparison.learning_rate:g})"
    difference = fitness - comparison.fitness
    verdict = f"beaten by {_figure(difference)}" if difference > 0 else f"not beaten, {_figure(-difference)} short"
    print(f"  {comparison.name}{rate} there: {_figure(comparison.fitness)}: {verdict}")


def _figure(fitness: float) -> str:
    """A fitness with digits enough to tell 0.9999999 from 1."""
    return f"{fitness:.7f}"


def _spread(evaluation: Evaluation) -> str:
    """How a program's fitness varies over tasks."""
    low, middle, high = np.quantile(evaluation.task_fitness, [0.0, 0.5, 1.0])
    return (
        f"{len(evaluation.task_fitness)} tasks: lowest {_figure(low)}, median {_figure(middle)}, "
        f"highest {_figure(high)}, standard deviation {_figure(float(np.std(evaluation.task_fitness)))}"
    )


# ---------------------------------------------------------------- the other commands


def _show(arguments: argparse.Namespace) -> int:
    if archive.is_archive(arguments.program):
        return _show_archive(arguments, archive.read(arguments.program))
    n_features = checked_int("features", arguments.features, 1, MAX_FEATURES)
    program = read_program(arguments.program, n_features)
    kind = cast(Kind, arguments.kind)
    dims = program.dims(n_features, kind, n_features if kind == "multiclass" else 0)
    return _show_program(arguments, program, dims)


def _show_archive(arguments: argparse.Namespace, found: archive.Archive) -> int:
    if isinstance(found, archive.ProgramArchive) and not arguments.all:
        return _show_program(arguments, found.program, found.dims or found.program.dims(arguments.features))
    if arguments.json:
        print_json(contents(found) if arguments.all else summary(found))
        return DONE
    if isinstance(found, archive.ProgramArchive):
        print(found.program, end="")
        return DONE
    for line in lines(found, everything=arguments.all):
        print(line)
    return DONE


def _show_program(arguments: argparse.Namespace, program: Program, dims: Dims) -> int:
    n_features = dims.n_features
    live = program.live(dims)
    simplified = program.simplified(dims)
    if arguments.json:
        print_json(
            {
                "program": str(program),
                "simplified": str(simplified),
                "sizes": program.sizes,
                "live": live,
                "cost": program.cost(n_features),
                "live_cost": simplified.cost(n_features),
                "n_features": n_features,
                "n_scalars": dims.n_scalars,
                "n_vectors": dims.n_vectors,
                "n_matrices": dims.n_matrices,
            }
        )
        return DONE
    print(_marked(program, live), end="")
    if not arguments.quiet:
        print(f"# {_sizes(program)}; live: {_sizes(simplified)}")
        print(f"# smallest memory: {_memory(dims)}")
        costs = f"{program.cost(n_features):g}; of live code {simplified.cost(n_features):g}"
        print(f"# cost of one Predict and one Learn at F = {n_features}: {costs} (a scalar sum costs 1)")
    return DONE


def _marked(program: Program, live: dict[Any, list[bool]]) -> str:
    """The program's text, in which a comment marks the live lines."""
    lines = iter(str(program).splitlines())
    marked = []
    for name in FUNCTIONS:
        marked.append(next(lines))
        marked.extend(f"{next(lines):<{_COLUMN}} # live" if is_live else next(lines) for is_live in live[name])
    return "\n".join([*marked, ""])


def _sizes(program: Program) -> str:
    counts = " + ".join(str(size) for size in program.sizes.values())
    return f"{counts} = {len(program)} instructions"


def _memory(dims: Dims) -> str:
    return f"{dims.n_scalars} scalars, {dims.n_vectors} vectors, {dims.n_matrices} matrices"


def _evaluate(arguments: argparse.Namespace) -> int:
    preset = load_preset(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    there: list[Section] = [section for section in ("final", "select", "tasks") if section in preset.config]
    section = cast(Section, arguments.tasks or there[0])
    tasks = preset.tasks(section, derived_seed(seed, section))
    if tasks is None:
        raise InputError(f"--tasks: {preset.name} has no table {section!r}, only {', '.join(there)}")
    program = read_program(arguments.program, tasks.n_features)
    evaluator = preset.evaluator(tasks, cast(Variant, arguments.variant))
    result = evaluator.evaluate(program, derived_seed(seed, section, "draws"))
    if arguments.json:
        print_json(
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
    if not arguments.quiet:
        print(
            f"# {section} tasks of {preset.name}, seed {seed}: {tasks.n_tasks} tasks of {tasks.n_train} + "
            f"{tasks.n_valid} examples, {tasks.epochs} epochs, F = {tasks.n_features}, {evaluator.tasks.precision}, "
            f"kernels: {evaluator.variant}"
        )
    print(f"fitness ({preset.config['combine']}): {_figure(result.fitness)}  ({_spread(result)})")
    print(f"stopped early: {result.n_stopped} tasks; {result.train_steps:,} training steps")
    return DONE


def _conform(arguments: argparse.Namespace) -> int:
    shown = None if arguments.quiet else (lambda failure: print(failure, file=say(arguments)))
    precision = PRECISION_NAMES[arguments.precision or "f64"]
    report = conform(arguments.file, precision, cast(Variant, arguments.variant), shown)
    if arguments.json:
        print_json(
            {
                "passed": report.passed,
                "failed": len(report.failures),
                "failures": [str(failure) for failure in report.failures],
            }
        )
    else:
        print(report)
    return FAILED if report.failures else DONE


def _presets(arguments: argparse.Namespace) -> int:
    if arguments.name is not None:
        if arguments.json:
            print_json(Preset.load(arguments.name).config)
        else:
            print(lab.source(arguments.name), end="")
        return DONE
    loaded = [Preset.load(name) for name in lab.names()]
    if arguments.json:
        print_json({preset.name: preset.description for preset in loaded})
    else:
        width = max(len(preset.name) for preset in loaded)
        for preset in loaded:
            print(f"{preset.name:<{width}}  {preset.description}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
