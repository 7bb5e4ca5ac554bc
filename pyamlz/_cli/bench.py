"""The command `pyamlz bench`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, get_args

from pyamlz import bench
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    PRECISION_NAMES,
    command,
    given_or_drawn,
    integer,
    load_experiment,
    run_options,
)
from pyamlz._lib.errors import InputError
from pyamlz._lib.version import VERSION

__all__ = ["add_bench"]

_OPTIONS: Final[dict[str, set[str]]] = {
    "table": {"markdown"},
    "steps": {"program", "features", "tasks", "precision"},
    "search": {"preset", "seed", "set", "precision"},
    "scaling": {"plot"},
}  # what each of them takes besides what all take

_SECONDS: Final = {"table": 2.0, "steps": 2.0, "search": 10.0, "scaling": 0.5}

_LABELS: Final[dict[bench.ProgramName, str]] = {
    "linear": "linear",
    "nn": "network",
    "random": "200 random programs",
}
_HAS_FLOORS: Final = any(row.floor is not None for row in bench.COMPARED)
_HEADS: Final = (
    *("program", "F", "D", "pyamlz, steps/s", "plain, steps/s", "ratio", "lowest", "highest"),
    *(["floor"] if _HAS_FLOORS else []),
)
_WIDTHS: Final = (19, 4, 3, 15, 14, 6, 6, 7, 6)


def add_bench(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    summary = "measure speed: against a plain interpreter, or of training steps, or of searches"
    parser = command(commands, "bench", _bench, summary, run_options)
    what = "measure only this (default: a table of both sides, which needs a C compiler)"
    parser.add_argument("what", nargs="?", choices=("steps", "search", "scaling"), help=what)
    seconds = "for each figure (default: 2; of searches 10; of scaling 0.5)"
    parser.add_argument("--seconds", type=float, metavar="S", help=seconds)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    steps = parser.add_argument_group("of steps")
    steps.add_argument("--program", choices=get_args(bench.ProgramName), help="what is trained")
    steps.add_argument("--features", type=integer, metavar="F", help="number of features")
    steps.add_argument("--tasks", type=integer, metavar="D", help="number of tasks")
    search = parser.add_argument_group("of searches, besides --seed and --set")
    search.add_argument("--preset", metavar="NAME|FILE.toml", help="what is searched")
    scaling = parser.add_argument_group("of scaling")
    scaling.add_argument("--plot", metavar="FILE", help="draw it too: .png, .svg or .pdf; needs matplotlib")


def _bench(arguments: argparse.Namespace) -> int:
    what = arguments.what or "table"
    _refuse_options_of_others(arguments, what)
    if arguments.seconds is None:
        arguments.seconds = _SECONDS[what]
    {"table": _table, "steps": _steps, "search": _search, "scaling": _scaling}[what](arguments)
    return DONE


def _refuse_options_of_others(arguments: argparse.Namespace, what: str) -> None:
    for option in sorted(set().union(*_OPTIONS.values()) - _OPTIONS[what]):
        if getattr(arguments, option) not in (None, False, []):
            homes = " or ".join(
                f"`bench {kind}`".replace(" table", "") for kind in _OPTIONS if option in _OPTIONS[kind]
            )
            raise InputError(f"--{option}: expected with {homes} only")


def _needed(arguments: argparse.Namespace, *options: str) -> None:
    for option in options:
        if getattr(arguments, option) is None:
            raise InputError(f"--{option}: expected with `bench {arguments.what}`, got none")


# ---------------------------------------------------------------- training steps


def _steps(arguments: argparse.Namespace) -> None:
    _needed(arguments, "program", "features", "tasks")
    precision = PRECISION_NAMES[arguments.precision or "f32"]
    speed = bench.steps(
        arguments.program,
        n_features=arguments.features,
        n_tasks=arguments.tasks,
        precision=precision,
        variant=arguments.variant,
        seconds=arguments.seconds,
    )
    if arguments.json:
        output.print_json({"program": arguments.program, "precision": precision, **_steps_json(speed)})
        return
    if not arguments.quiet:
        tasks = speed.workload.tasks
        output.line(
            f"# {_LABELS[arguments.program]}, {tasks.n_tasks} tasks of {tasks.n_train} + {tasks.n_valid} examples, "
            f"F = {tasks.n_features}, {precision}, kernels: {speed.variant}"
        )
        output.line(
            f"# {speed.train_steps:,} of {speed.full_train_steps:,} training steps were done, "
            f"in {speed.seconds:.1f} s; stopped early: {speed.stopped_tasks:,} tasks"
        )
    middle, low, high = (_figure(rate) for rate in speed.rate)
    output.line(f"{middle} steps/s (of {bench.ROUNDS} rounds the lowest {low}, the highest {high})")


def _steps_json(speed: bench.StepSpeed) -> dict[str, Any]:
    tasks = speed.workload.tasks
    return {
        "n_features": tasks.n_features,
        "n_tasks": tasks.n_tasks,
        "n_train": tasks.n_train,
        "n_valid": tasks.n_valid,
        "variant": speed.variant,
        "train_steps_per_second": speed.rate.median,
        "lowest": speed.rate.low,
        "highest": speed.rate.high,
        "rounds": bench.ROUNDS,
        "train_steps": speed.train_steps,
        "full_train_steps": speed.full_train_steps,
        "stopped_tasks": speed.stopped_tasks,
        "seconds": speed.seconds,
        "version": VERSION,
    }


# ---------------------------------------------------------------- searches


def _search(arguments: argparse.Namespace) -> None:
    _needed(arguments, "preset")
    preset = load_experiment(arguments.preset, arguments)
    seed = given_or_drawn(arguments.seed)
    speed = bench.search(
        preset,
        seed=seed,
        seconds=arguments.seconds,
        variant=arguments.variant,
    )
    if arguments.json:
        output.print_json({"preset": preset.name, "seed": seed, **asdict(speed), "version": VERSION})
        return
    if not arguments.quiet:
        output.line(
            f"# {preset.name}, seed {seed}: {speed.evaluations:,} programs in {speed.seconds:.1f} s "
            f"and {speed.experiments} experiments"
        )
        for name in ("cache_hits", "fec_hits", "full_evaluations"):
            share = 100 * getattr(speed, name) / speed.evaluations
            output.line(f"# {name.replace('_', ' ')}: {share:.1f} %")
        shares = ", ".join(f"{phase} {100 * share:.0f} %" for phase, share in speed.phases.items())
        output.line(f"# time: {shares}")
    output.line(f"{_figure(speed.evaluations_per_second)} programs/s")


# ---------------------------------------------------------------- scaling


def _scaling(arguments: argparse.Namespace) -> None:
    points: list[bench.Point] = []
    for point in bench.scaling(seconds=arguments.seconds, variant=arguments.variant):
        curve = point.curve
        if not arguments.quiet and (not points or points[-1].curve is not curve):
            output.note(arguments, f"{curve.name}: ns for a {curve.unit}, and that over {curve.law}")
        points.append(point)
        if not arguments.json:
            output.line(f"{curve.name:<20} {point.value:>9,} {point.nanoseconds:>14,.1f} {point.relative:>8.2f}")
    if arguments.plot is not None:
        bench.draw_scaling(points, arguments.plot)
    if arguments.json:
        found: dict[str, list[dict[str, float]]] = {}
        for point in points:
            values = {"value": point.value, "nanoseconds": point.nanoseconds, "relative": point.relative}
            found.setdefault(point.curve.name, []).append(values)
        output.print_json({**found, "version": VERSION})


# ---------------------------------------------------------------- the table


def _table(arguments: argparse.Namespace) -> None:
    if arguments.json and arguments.markdown:
        raise InputError("--markdown: expected without --json")
    results: list[bench.CaseSpeed] = []
    for result in bench.compare(bench.COMPARED, seconds=arguments.seconds, variant=arguments.variant):
        results.append(result)
        if not (arguments.json and arguments.quiet):
            _show_row(arguments, result, is_first=len(results) == 1)
    if arguments.json:
        output.print_json(_table_json(results))


def _show_row(arguments: argparse.Namespace, result: bench.CaseSpeed, is_first: bool) -> None:
    line = _markdown_line if arguments.markdown else _text_line
    if is_first:
        output.line(line(_HEADS), output.say(arguments))
    if is_first and arguments.markdown:
        output.line(f"|---|{'---:|' * (len(_HEADS) - 1)}")
    output.line(line(_cells(result)), output.say(arguments))


def _table_json(results: list[bench.CaseSpeed]) -> dict[str, Any]:
    return {
        "rows": [
            {
                **asdict(result.case),
                "train_steps_per_second": result.library.median,
                "plain_steps_per_second": result.plain.median,
                "ratio": result.ratio.median,
                "lowest": result.ratio.low,
                "highest": result.ratio.high,
                "stopped_tasks": result.stopped_tasks,
            }
            for result in results
        ],
        "rounds": bench.ROUNDS,
        "precision": "float32",
        "variant": results[0].variant,
        "plain": bench.plain_command(),
        "version": VERSION,
    }


def _cells(result: bench.CaseSpeed) -> list[str]:
    row = result.case
    rates = [_figure(rate.median) for rate in (result.library, result.plain)]
    cells = [_LABELS[row.program], str(row.n_features), str(row.n_tasks), *rates, *(f"{x:.2f}" for x in result.ratio)]
    return [*cells, "" if row.floor is None else f"{row.floor:.2f}"] if _HAS_FLOORS else cells


def _text_line(cells: Sequence[str]) -> str:
    """The first cell is flush left, the others right."""
    return "  ".join(
        [f"{cells[0]:<{_WIDTHS[0]}}", *(f"{c:>{w}}" for c, w in zip(cells[1:], _WIDTHS[1:], strict=False))]
    )


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(rate: float) -> str:
    """Three digits of a rate."""
    return f"{float(f'{rate:.3g}'):,.0f}"
