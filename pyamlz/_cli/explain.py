"""The command `pyamlz explain`."""

from __future__ import annotations

import argparse
import importlib
import math
import sys
from collections.abc import Callable
from typing import Any, Final, cast

from pyamlz import archive
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    add_program,
    command,
    given_or_drawn,
    integer,
    load_experiment,
    read_program,
    run_options,
    thread_options,
)
from pyamlz._cli.data import where_data_are
from pyamlz._lib.checks import MAX_FEATURES, checked_int
from pyamlz._lib.errors import InputError
from pyamlz._lib.files import replace_file
from pyamlz._lib.native import KINDS
from pyamlz._lib.random import derived_seed
from pyamlz._lib.version import VERSION
from pyamlz.explain import FINDINGS, Finding, Line, Loss, ablate, dataflow, recognise, renamed
from pyamlz.lab import Section
from pyamlz.program import FUNCTIONS, Dims, Program
from pyamlz.search import Evaluator, Variant
from pyamlz.tasks import Kind

__all__ = ["add_explain"]

_COLUMN: Final = 40  # where marks on lines of code stand
_MAX_SEEDS: Final = 1000
_OF_PRESETS: Final[dict[str, object]] = {
    "tasks": None,
    "data": None,
    "seeds": None,
    "seed": None,
    "set": [],
    "precision": None,
    "variant": "auto",
    "threads": "auto",
}
_WITHOUT_PRESETS: Final[dict[str, object]] = {"features": None, "kind": None}


def add_explain(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    summary = "say what a program does, and what each of its lines is worth"
    parser = command(commands, "explain", _explain, summary, run_options)
    add_program(parser, "or an archive, of which what it has found is taken, ")
    parser.add_argument("--features", type=integer, metavar="F", help="number of features (default: 4)")
    parser.add_argument("--kind", choices=KINDS, help="what labels are (default: regression)")
    parser.add_argument("--dot", metavar="FILE", help="write the data flow too, as a graph for Graphviz")
    wanted = "measure the loss without each line on its tasks"
    parser.add_argument("--preset", metavar="NAME|FILE.toml|RUN.amlz", help=wanted)
    where_data_are(parser)
    sections = ("select", "tasks", "final")
    parser.add_argument("--tasks", choices=sections, help="which of them (default: the first there are of these)")
    parser.add_argument("--seeds", type=integer, metavar="N", help="seeds of random ops, to average over (default: 3)")
    thread_options(parser, "programs at a time")


def _explain(arguments: argparse.Namespace) -> int:
    for option, default in (_WITHOUT_PRESETS if arguments.preset else _OF_PRESETS).items():
        if getattr(arguments, option) != default:
            raise InputError(f"--{option}: expected {'without' if arguments.preset else 'with'} --preset only")
    measured = _Tasks(arguments) if arguments.preset else None
    program, dims = _program(arguments)
    if measured is not None:
        dims = measured.evaluator.tasks.dims(program)
    findings = recognise(program, dims)
    losses = None if measured is None else measured.losses(program)
    if arguments.dot is not None:
        replace_file(arguments.dot, dataflow(program, dims).to_dot().encode("ascii"))
    if arguments.json:
        output.print_json(_json(program, dims, findings, measured, losses))
        return DONE
    _print_program(program, dims)
    _print_simplified(program, dims)
    _print_findings(findings)
    if measured is not None and losses is not None:
        _print_losses(program, measured, losses)
    return DONE


class _Tasks:
    """What lines are measured on."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.preset = load_experiment(arguments.preset, arguments)
        self.seed = given_or_drawn(arguments.seed)
        there: list[Section] = [section for section in ("select", "tasks", "final") if section in self.preset.sections]
        self.section = cast(Section, arguments.tasks or there[0])
        tasks = self.preset.tasks(self.section, derived_seed(self.seed, self.section))
        if tasks is None:
            raise InputError(f"--tasks: {self.preset.name} has no table {self.section!r}, only {', '.join(there)}")
        n_seeds = 3 if arguments.seeds is None else checked_int("--seeds", arguments.seeds, 1, _MAX_SEEDS)
        self.seeds = [derived_seed(self.seed, self.section, "draws", i) for i in range(n_seeds)]
        self.threads = arguments.threads
        self.evaluator: Evaluator = self.preset.evaluator(tasks, cast(Variant, arguments.variant))

    def losses(self, program: Program) -> list[Loss]:
        return ablate(program, self.evaluator, self.seeds, threads=self.threads)

    def fitness(self, program: Program) -> float:
        """Mean over tasks and seeds."""
        scores = [self.evaluator.evaluate(program, seed).task_fitness.mean() for seed in self.seeds]
        return float(sum(scores) / len(scores))


def _program(arguments: argparse.Namespace) -> tuple[Program, Dims]:
    """The program, and the memory that it was made for, or the smallest one."""
    n_features = 4 if arguments.features is None else arguments.features
    checked_int("--features", n_features, 1, MAX_FEATURES)
    kind = cast(Kind, arguments.kind or "regression")
    dims = None
    if archive.is_archive(arguments.program):
        found = archive.read(arguments.program)
        dims = found.dims if arguments.features is None and arguments.kind is None else None
        if isinstance(found, archive.PopulationArchive) and found.population:
            program = max(found.population, key=lambda member: member.fitness).program
        else:
            program = archive.program_of(found, arguments.program, arguments.which)
    else:
        program = read_program(arguments.program, n_features)
    return program, dims or program.dims(n_features, kind, n_features if kind == "multiclass" else 0)


# ---------------------------------------------------------------- as JSON


def _json(
    program: Program, dims: Dims, findings: list[Finding], measured: _Tasks | None, losses: list[Loss] | None
) -> dict[str, Any]:
    simplified = program.simplified(dims)
    shown: dict[str, Any] = {
        "program": str(program),
        "live": program.live(dims),
        "simplified": str(simplified),
        "renamed": str(renamed(simplified, dims)),
        "n_features": dims.n_features,
        "kind": dims.kind,
        "findings": [
            {"name": f.name, "explanation": f.explanation, "lines": [_line(line) for line in f.lines]} for f in findings
        ],
        "version": VERSION,
    }
    if measured is not None and losses is not None:
        shown["ablation"] = {
            "preset": measured.preset.name,
            "tasks": measured.section,
            "seed": measured.seed,
            "seeds": len(measured.seeds),
            "fitness": measured.fitness(program),
            "losses": [
                {
                    **_line(loss.line),
                    "loss": loss.effect.mean,
                    "standard_error": None if math.isnan(loss.effect.standard_error) else loss.effect.standard_error,
                    "fitness": loss.effect.fitness,
                }
                for loss in losses
            ],
        }
    return shown


def _line(line: Line) -> dict[str, Any]:
    return {"function": line.function, "line": line.number}


# ---------------------------------------------------------------- as text


def _print_program(program: Program, dims: Dims) -> None:
    """The program; dead lines are dim on a terminal if rich is installed, and marked by a comment elsewhere."""
    live = program.live(dims)
    texts = _texts(program)
    print_dead = _dim_printer()
    for function in FUNCTIONS:
        output.line(f"def {function.capitalize()}():")
        for i, is_live in enumerate(live[function]):
            text = texts[Line(function, i + 1)]
            if is_live:
                output.line(f"  {text}")
            else:
                print_dead(f"  {text}")
    n_live = sum(sum(flags) for flags in live.values())
    output.line(f"# {n_live} of {len(program)} instructions are live; F = {dims.n_features}, {dims.kind}")


def _dim_printer() -> Callable[[str], None]:
    if output.is_terminal(sys.stdout):
        try:
            console = importlib.import_module("rich.console").Console(highlight=False, soft_wrap=True)
            return lambda text: cast(None, console.print(text, style="dim", markup=False))
        except ImportError:
            pass
    return lambda text: output.line(f"{text:<{_COLUMN}} # dead")


def _print_simplified(program: Program, dims: Dims) -> None:
    output.block("\n# without its dead code, addresses in order of first use\n")
    output.block(renamed(program.simplified(dims), dims))


def _print_findings(findings: list[Finding]) -> None:
    output.block("\n# what it does, in its own addresses\n" if findings else "\n# nothing is recognised\n")
    for finding in findings:
        output.line(f"{finding.name}: {finding.explanation}")
        output.line(f"    {FINDINGS[finding.name]}")
        output.line(f"    {_places(finding)}")


def _places(finding: Finding) -> str:
    """ "Setup 1, Learn 2 3"."""
    by_function = {name: [line.number for line in finding.lines if line.function == name] for name in FUNCTIONS}
    return ", ".join(" ".join([name.capitalize(), *map(str, found)]) for name, found in by_function.items() if found)


def _print_losses(program: Program, measured: _Tasks, losses: list[Loss]) -> None:
    tasks = measured.evaluator.tasks.tasks
    output.line()
    output.line(
        f"# loss without each line, and its standard error: {measured.section} tasks of {measured.preset.name}, seed "
        f"{measured.seed}, {tasks.n_tasks} tasks, {len(measured.seeds)} seeds of random ops"
    )
    output.line(f"# mean fitness of the whole program: {measured.fitness(program):.7f}")
    texts = _texts(program)
    for loss in losses:
        figures = f"{loss.effect.mean:>11.7f} +- {loss.effect.standard_error:.7f}"
        output.line(f"{loss.line!s:<11} {figures}  {texts[loss.line]}")


def _texts(program: Program) -> dict[Line, str]:
    """The text of each line."""
    lines = iter(str(program).splitlines())
    texts = {}
    for function in FUNCTIONS:
        next(lines)
        texts.update({Line(function, i): next(lines).strip() for i in range(1, program.sizes[function] + 1)})
    return texts
