"""The command `pyamlz show`."""

from __future__ import annotations

import argparse
from typing import Any, cast

from pyamlz import archive
from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, add_program, command, integer, read_program
from pyamlz._lib.checks import MAX_FEATURES, checked_int
from pyamlz._lib.native import KINDS
from pyamlz.program import FUNCTIONS, Dims, Program
from pyamlz.report._show import contents, lines, summary
from pyamlz.tasks import Kind

__all__ = ["add_show", "sizes"]

_COLUMN = 40  # where marks on lines of code stand


def add_show(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    show = command(commands, "show", _show, "print a program, and which of its lines are live; or an archive")
    add_program(show, "or an archive, ")
    show.add_argument("--all", action="store_true", help="of an archive all that it holds")
    show.add_argument("--features", type=integer, default=4, metavar="F", help="number of features (default: 4)")
    show.add_argument("--kind", choices=KINDS, default="regression", help="what labels are (default: regression)")


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
    if arguments.which != "selected":
        program = archive.program_of(found, arguments.program, arguments.which)
        return _show_program(arguments, program, found.dims or program.dims(arguments.features))
    if arguments.json:
        output.print_json(contents(found) if arguments.all else summary(found))
        return DONE
    if isinstance(found, archive.ProgramArchive):
        output.block(found.program)
        return DONE
    for text in lines(found, everything=arguments.all, name=arguments.program):
        output.block(f"{text}\n")
    return DONE


def _show_program(arguments: argparse.Namespace, program: Program, dims: Dims) -> int:
    n_features = dims.n_features
    live = program.live(dims)
    simplified = program.simplified(dims)
    if arguments.json:
        output.print_json(
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
    output.block(_marked(program, live))
    output.note(arguments, f"{sizes(program)}; live: {sizes(simplified)}")
    output.note(arguments, f"smallest memory: {_memory(dims)}")
    costs = f"{program.cost(n_features):g}; of live code {simplified.cost(n_features):g}"
    output.note(arguments, f"cost of one Predict and one Learn at F = {n_features}: {costs} (a scalar sum costs 1)")
    return DONE


def _marked(program: Program, live: dict[Any, list[bool]]) -> str:
    """The program's text, in which a comment marks the live lines."""
    lines = iter(str(program).splitlines())
    marked = []
    for name in FUNCTIONS:
        marked.append(next(lines))
        marked.extend(f"{next(lines):<{_COLUMN}} # live" if is_live else next(lines) for is_live in live[name])
    return "\n".join([*marked, ""])


def sizes(program: Program) -> str:
    counts = " + ".join(str(size) for size in program.sizes.values())
    return f"{counts} = {len(program)} instructions"


def _memory(dims: Dims) -> str:
    return f"{dims.n_scalars} scalars, {dims.n_vectors} vectors, {dims.n_matrices} matrices"
