"""Archives as people and other programs read them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pyamlz import archive
from pyamlz._lib.columns import printable
from pyamlz.archive._format import CONFIG_FIELDS
from pyamlz.program import FUNCTIONS, OPS, Dims, Program
from pyamlz.report._resuming import run_lines, run_state
from pyamlz.tasks import Preparation

__all__ = ["contents", "kind_of", "lines", "summary"]

_SHOWN = 10  # members of a population, unless all are wanted


def kind_of(found: archive.Archive) -> str:
    """ "program", "population", "checkpoint", "islands" or "model"."""
    kinds: dict[type, str] = {
        archive.ProgramArchive: "program",
        archive.PopulationArchive: "population",
        archive.Checkpoint: "checkpoint",
        archive.Islands: "islands",
        archive.ModelArchive: "model",
    }
    return kinds[type(found)]


# ---------------------------------------------------------------- as JSON


def summary(found: archive.Archive) -> dict[str, Any]:
    """What matters of an archive, as JSON values."""
    if isinstance(found, archive.Islands):
        islands = [summary(island) for island in found.islands]
        of_run = {"preset": _preset(found), "run": run_state(found)}
        return {**_head_of_islands(found), **of_run, "best": _member(found.best), "islands": islands}
    head: dict[str, Any] = {"kind": kind_of(found), "writer": found.writer, "dims": _dims(found.dims)}
    if isinstance(found, archive.ProgramArchive):
        return {**head, "program": str(found.program)}
    if isinstance(found, archive.PopulationArchive):
        best = max(found.population, key=lambda member: member.fitness, default=None)
        return {**head, "members": len(found.population), "best": _member(best)}
    if isinstance(found, archive.ModelArchive):
        return {**head, **_model(found)}
    return {
        **head,
        "precision": found.config.precision,
        "seed": found.config.seed,
        "evaluations": found.evaluations,
        "best": _member(found.best),
        "preset": _preset(found),
        "run": run_state(found),
    }


def contents(found: archive.Archive) -> dict[str, Any]:
    """All that is in an archive, as JSON values, in the order of the format; binaries in base 64."""
    if isinstance(found, archive.Islands):
        islands = [contents(island) for island in found.islands]
        return {**_head_of_islands(found), "islands": islands, "session": _session(found)}
    head: dict[str, Any] = {"kind": kind_of(found), "writer": found.writer, "dims": _dims(found.dims)}
    if isinstance(found, archive.ProgramArchive):
        return {**head, "program": str(found.program)}
    if isinstance(found, archive.PopulationArchive):
        return {**head, "population": [_member(member) for member in found.population]}
    if isinstance(found, archive.ModelArchive):
        memory = [base64.b64encode(part).decode("ascii") for part in found.memory]
        return {**head, **_model(found), "runs": found.runs, "memory": memory}
    mark = found.mark
    return {
        **head,
        "config": _config(found.config),
        "tasks": _tasks(found.tasks),
        "evaluations": found.evaluations,
        "digest": f"{found.digest:016x}",
        "best": _member(found.best),
        "mark": {
            "counts": asdict(mark.counts),
            "rng": [f"{word:016x}" for word in mark.rng],
            "population": [_member(member) for member in mark.population],
            "hall": [_member(member) for member in mark.hall],
            "history": [row._asdict() for row in mark.history],
            "best": _member(mark.best),
        },
        "session": _session(found),
    }


def _model(found: archive.ModelArchive) -> dict[str, Any]:
    return {
        "program": str(found.program),
        "precision": found.precision,
        "seed": found.seed,
        "examples": found.examples,
        "preparation": archive.from_json(found.preparation, "preparation"),
        "session": _session(found),
    }


def _head_of_islands(found: archive.Islands) -> dict[str, Any]:
    return {"kind": kind_of(found), "writer": found.writer}


def _session(found: archive.Checkpoint | archive.Islands | archive.ModelArchive) -> Any:
    return None if found.session is None else archive.from_json(found.session, "session")


def _dims(dims: Dims | None) -> dict[str, Any] | None:
    if dims is None:
        return None
    return {
        "n_features": dims.n_features,
        "n_scalars": dims.n_scalars,
        "n_vectors": dims.n_vectors,
        "n_matrices": dims.n_matrices,
        "kind": dims.kind,
        "n_classes": dims.n_classes,
    }


def _member(member: archive.Member | None) -> dict[str, Any] | None:
    if member is None:
        return None
    return {
        "program": str(member.program),
        "fitness": member.fitness,
        "evaluation": member.evaluation,
        "parent": member.parent,
        "action": member.action,
    }


def _config(config: archive.Config) -> dict[str, Any]:
    settings = config.settings
    functions = {
        name: {**function._asdict(), "ops": [OPS[op].name for op in function.ops]}
        for name, function in zip(FUNCTIONS, config.functions, strict=True)
    }
    values = {
        **settings.as_dict(),
        "seed": config.seed,
        "start": "program" if isinstance(settings.start, Program) else settings.start,
        "precision": config.precision,
        "functions": functions,
        "start_program": str(settings.start_program or Program()),
    }
    return {key: values[key] for key in CONFIG_FIELDS}


def _tasks(tasks: archive.TasksRecord) -> dict[str, Any]:
    values = {name: getattr(tasks, name) for name in type(tasks).__slots__}
    values["digest"] = f"{tasks.digest:016x}"
    if tasks.source is not None:
        values["source"] = archive.from_json(tasks.source, "tasks.source")
    if tasks.data is not None:
        values["data"] = [[base64.b64encode(part).decode("ascii") for part in task] for task in tasks.data]
    return values


def _preset(found: archive.Checkpoint | archive.Islands) -> str | None:
    session = _session(found)
    preset = session.get("preset") if isinstance(session, dict) else None
    name = preset.get("name") if isinstance(preset, dict) else None
    return name if isinstance(name, str) else None


# ---------------------------------------------------------------- as text


def lines(
    found: archive.PopulationArchive | archive.Checkpoint | archive.Islands | archive.ModelArchive,
    *,
    everything: bool,
    name: str | None = None,
) -> Iterator[str]:
    """An archive for people; of programs in it only the best, unless everything is wanted; of a run, where it is.

    Args:
        found: the archive.
        everything: whether to tell all that it holds.
        name: its path, for the command that goes on with it; none for an archive in another.
    """
    if isinstance(found, archive.ModelArchive):
        yield from _model_lines(found)
        return
    if isinstance(found, archive.PopulationArchive):
        yield f"# a population of {len(found.population)} programs, written by {printable(found.writer)}"
        yield f"# memory: {_memory(found.dims)}"
        yield from _members(found.population, everything)
        return
    if isinstance(found, archive.Islands):
        yield from _islands(found, everything, name)
        return
    yield from _checkpoint(found, name)
    if not everything:
        return
    yield "\n# hall of fame: the best program of each number of live instructions, at the last mark"
    yield from _members(found.mark.hall, everything)
    yield "\n# history: improvements until the last mark"
    for row in found.mark.history:
        yield f"{row.evaluation:>12,}  {row.fitness:.7f}  by {row.action} of {row.parent:,}"
    yield "\n# population at the last mark, oldest first"
    yield from _members(found.mark.population, everything)


def _model_lines(found: archive.ModelArchive) -> Iterator[str]:
    preparation = Preparation.from_json(archive.from_json(found.preparation, "preparation"))
    yield f"# a model that has learned from {found.examples:,} examples, written by {printable(found.writer)}"
    yield f"# memory: {_memory(found.dims)}, {found.precision}"
    yield printable(f"target: {preparation.target}, {', '.join(preparation.classes) or 'a number'}")
    yield printable(f"columns: {', '.join(column.name for column in preparation.columns)}")
    yield from map(printable, preparation.notes())
    yield f"\n# its program\n{found.program}".rstrip("\n")


def _origin(found: archive.Checkpoint | archive.Islands) -> str:
    preset = _preset(found)
    return f"{f' of {printable(preset)}' if preset else ''}, written by {printable(found.writer)}"


def _islands(found: archive.Islands, everything: bool, name: str | None) -> Iterator[str]:
    yield f"# {len(found.islands)} islands{_origin(found)}"
    if name is not None:
        yield from map(printable, run_lines(found, name))
    for number, island in enumerate(found.islands):
        best = "" if island.best is None else f", best fitness {island.best.fitness:.7f}"
        yield f"island {number}: {island.evaluations:,} programs scored{best}"
    if found.best is not None:
        number = next(i for i, island in enumerate(found.islands) if island.best is found.best)
        yield from _found(found, f"the best program, of island {number}")
    if everything:
        for number, island in enumerate(found.islands):
            yield f"\n# island {number}"
            yield from lines(island, everything=True)


def _checkpoint(found: archive.Checkpoint, name: str | None) -> Iterator[str]:
    settings, counts, tasks = found.config.settings, found.mark.counts, found.tasks
    yield f"# a checkpoint{_origin(found)}"
    if name is not None:
        yield from map(printable, run_lines(found, name))
    yield (
        f"# {settings.algorithm}, seed {found.config.seed}, population {settings.population_size:,}, "
        f"tournaments of {settings.tournament_size}, {found.config.precision}"
    )
    yield f"# {tasks.count} tasks of {tasks.train} + {tasks.valid} examples, {tasks.epochs} epochs"
    yield f"# memory: {_memory(found.dims)}"
    yield f"{found.evaluations:,} programs scored; last mark at {counts.evaluations:,}"
    if counts.evaluations > 0:
        ways = (counts.cache_hits, counts.fec_hits, counts.full_evaluations)
        key, fingerprint, full = (f"{100 * n / counts.evaluations:.1f} %" for n in ways)
        yield f"until then {key} known by their key, {fingerprint} by their fingerprint, {full} run in full"
    if found.best is not None:
        yield f"best fitness on the search's tasks: {found.best.fitness:.7f}, evaluation {found.best.evaluation:,}"
        yield from _found(found, "the best program")


def _found(found: archive.Checkpoint | archive.Islands, best: str) -> Iterator[str]:
    """What the search has found; and that another one is the best on its own tasks, if it is."""
    chosen = archive.found(found).program
    assert found.best is not None
    if chosen == found.best.program:
        yield f"\n# {best}\n{chosen}".rstrip("\n")
    else:
        yield f"\n# the program that the run has chosen; {best}: --which best\n{chosen}".rstrip("\n")


def _members(members: Sequence[archive.Member], everything: bool) -> Iterator[str]:
    shown = members if everything else sorted(members, key=lambda member: -member.fitness)[:_SHOWN]
    if len(shown) < len(members):
        yield f"# the fittest {len(shown)} of them; --all shows all"
    for member in shown:
        yield f"\n# fitness {member.fitness:.7f}, evaluation {member.evaluation:,}\n{member.program}".rstrip("\n")


def _memory(dims: Dims) -> str:
    return f"{dims.n_scalars} scalars, {dims.n_vectors} vectors, {dims.n_matrices} matrices, F = {dims.n_features}"
