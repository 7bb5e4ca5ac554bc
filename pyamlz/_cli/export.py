"""The command `pyamlz export`."""

from __future__ import annotations

import argparse
from typing import Any, cast

from pyamlz import archive, export
from pyamlz._cli import output
from pyamlz._cli.arguments import (
    DONE,
    PRECISION_NAMES,
    add_which,
    command,
    given_or_drawn,
    integer,
    load_experiment,
    run_options,
)
from pyamlz._lib.errors import InputError
from pyamlz._lib.files import replace_file
from pyamlz._lib.native import KINDS
from pyamlz._lib.random import derived_seed
from pyamlz.archive import find_program
from pyamlz.explain import dataflow
from pyamlz.program import Dims, Program
from pyamlz.program.baselines import BASELINES
from pyamlz.search import Learner, Model
from pyamlz.tasks import Kind

__all__ = ["add_export"]

_LANGUAGES = ("c", "python", "onnx", "latex", "dot")
_OF_MODELS = ("c", "python", "onnx")  # those that carry what was learned


def add_export(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    summary = "write a program or a model as C or Python that goes on learning, as ONNX, as LaTeX, or as a graph"
    parser = command(commands, "export", _export, summary, run_options)
    names = ", ".join(BASELINES)
    parser.add_argument(
        "program",
        metavar="PROGRAM",
        help=f"a file, an archive of a model or a search, or one of {names}",
    )
    add_which(parser)
    parser.add_argument("--lang", choices=_LANGUAGES, required=True, help="what to write")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to (default: standard output)")
    parser.add_argument("--name", help="what identifiers in C begin with, or the class in Python is called")
    parser.add_argument("--untrained", action="store_true", help="of a model: the program alone, as it begins")
    parser.add_argument("--features", type=integer, metavar="F", help="number of features, where nothing else says it")
    parser.add_argument("--kind", choices=KINDS, help="what labels are, where nothing else says it")
    parser.add_argument("--classes", type=integer, metavar="C", help="number of classes, likewise")
    parser.add_argument(
        "--preset", metavar="NAME|FILE.toml", help="its tasks say features and labels; for onnx, what to learn first"
    )


def _export(arguments: argparse.Namespace) -> int:
    model = None if arguments.untrained or arguments.lang not in _OF_MODELS else _model(arguments)
    if model is not None:
        return _write_model(arguments, model)
    if arguments.preset is None and arguments.set:
        raise InputError("--set: expected only with --preset")
    if arguments.preset is None and arguments.lang == "onnx":
        raise InputError("--preset: expected, as the model needs weights and the preset's first task gives them")
    seed = 0 if arguments.seed is None and arguments.preset is None else given_or_drawn(arguments.seed)
    precision = PRECISION_NAMES[arguments.precision or "f32"]
    tasks = None
    if arguments.preset is not None:
        preset = load_experiment(arguments.preset, arguments)
        section: Any = "final" if "final" in preset.sections else "tasks"
        tasks = preset.tasks(section, derived_seed(seed, section))
    wanted = Dims.of(tasks, n_scalars=2, n_vectors=3, n_matrices=0) if tasks is not None else None
    program, dims = _program(arguments, wanted)
    if arguments.lang == "onnx":
        assert tasks is not None
        learner = Learner(program, dims, precision=precision, seed=seed, keep_dead_code=True)
        learner.learn(tasks.train_x[0], tasks.train_y[0])
        return _write(arguments, export.to_onnx(learner))
    if arguments.lang == "c":
        text = export.to_c(program, dims, name=arguments.name or "learner", precision=precision, seed=seed)
    elif arguments.lang == "python":
        text = export.to_python(program, dims, name=arguments.name or "Learner", precision=precision)
    elif arguments.lang == "dot":
        text = dataflow(program, dims).to_dot()
    else:
        text = export.to_latex(program, dims)
    return _write(arguments, text.encode("utf-8"))


def _model(arguments: argparse.Namespace) -> Model | None:
    """The model of the archive that is to be exported; None if it is something else."""
    if not archive.is_archive(arguments.program):
        return None
    found = archive.read(arguments.program)
    return Model.of(found, arguments.program) if isinstance(found, archive.ModelArchive) else None


def _write_model(arguments: argparse.Namespace, model: Model) -> int:
    """With its preparation and all that it has learned."""
    for name in ("preset", "features", "kind", "classes", "precision", "seed"):
        if getattr(arguments, name) is not None:
            raise InputError(f"--{name}: expected only without a model, which says it itself, or with --untrained")
    if arguments.lang == "onnx":
        return _write(arguments, export.model_to_onnx(model))
    if arguments.lang == "c":
        text = export.model_to_c(model, name=arguments.name or "model")
    else:
        text = export.model_to_python(model, name=arguments.name or "Model")
    return _write(arguments, text.encode("utf-8"))


def _program(arguments: argparse.Namespace, wanted: Dims | None) -> tuple[Program, Dims]:
    """The program, and the smallest memory for it on the examples that are meant."""
    saved: Dims | None = None
    if archive.is_archive(arguments.program):
        found = archive.read(arguments.program)
        program = archive.program_of(found, arguments.program, arguments.which)
        saved = found.dims
    else:
        program = find_program("program", arguments.program, arguments.features or 0)
    known = wanted or saved
    n_features = arguments.features
    if n_features is None and known is not None:
        n_features = known.n_features
    if n_features is None:
        raise InputError("--features: expected the number of features, which a program's text does not tell")
    kind = cast(Kind, arguments.kind or (known.kind if known else "regression"))
    n_classes = arguments.classes or (known.n_classes if known and known.kind == kind else 0)
    return program, program.dims(n_features, kind, n_classes if kind == "multiclass" else 0)


def _write(arguments: argparse.Namespace, data: bytes) -> int:
    if arguments.output is not None:
        replace_file(arguments.output, data)
    else:
        output.write(data)
    return DONE
