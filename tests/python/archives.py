"""What the tests of archives need: small archives of each kind, and msgpack values taken apart and put together."""

import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from samples import full_space, linear_tasks

from pyamlz import ArchiveError, Dims, Program, Search, SearchSpace, TaskSet, tasks
from pyamlz.archive import (
    Checkpoint,
    Islands,
    Member,
    PopulationArchive,
    ProgramArchive,
    decode,
    encode,
    pack,
    read,
    to_json,
)
from pyamlz.archive._codec import MINOR
from pyamlz.archive._members import ACTIONS
from pyamlz.search._checkpoint import Copied, data_of

GOLDEN = Path(__file__).resolve().parents[2] / "archive" / "golden"
TASKS = linear_tasks(n_features=2, n_tasks=2, n_train=3, n_valid=2)
DIMS = Dims.of(TASKS, n_scalars=4, n_vectors=3, n_matrices=2)
SPACE = full_space(DIMS, size=2)
SMALL = {"population_size": 4, "tournament_size": 2, "fec_train": 2, "fec_valid": 2, "cache_period": 10}


def class_tasks() -> TaskSet:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 12, 4)), rng.integers(0, 3, (2, 12))
    return tasks.from_arrays(x, y, kind="multiclass", n_classes=3, epochs=2, seed=5)


def search_of(evaluations: int = 0, task_set: TaskSet = TASKS, space: SearchSpace = SPACE, **arguments: Any) -> Search:
    """A small search that has scored so many programs."""
    search = Search(task_set, space, **{"seed": 3, **SMALL, **arguments})
    if evaluations:
        search.run(max_evaluations=evaluations)
    return search


def checkpoint(search: Search, **arguments: Any) -> Checkpoint:
    return Copied(search._engine).checkpoint(**arguments)


def small_archives() -> dict[str, bytes]:
    """Archives of all kinds and of several shapes, by name."""
    programs = [Program.random(SPACE, seed) for seed in range(3)]
    population = tuple(Member(pack(p), i / 4, i + 5, i, ACTIONS[i]) for i, p in enumerate(programs))
    source = to_json({"generator": "linear", "arguments": {"seed": 1}})
    session = to_json({"text": "\u00e4\u20ac", "numbers": [1, 2.5]})
    labels = class_tasks()
    label_space = full_space(Dims.of(labels, n_scalars=3, n_vectors=4, n_matrices=1), size=3)
    archives = {
        "program": ProgramArchive(program=programs[0]),
        "program-dims": ProgramArchive(dims=DIMS, program=programs[1]),
        "population": PopulationArchive(dims=DIMS, population=population),
        "new": checkpoint(search_of(), source=source),
        "young": checkpoint(search_of(3), session="{}"),
        "checkpoint": checkpoint(search_of(25), source=source, session=session),
        "data": checkpoint(search_of(25), data=data_of(TASKS, "float32")),
        "classes": checkpoint(
            search_of(17, labels, label_space, precision="float64", cache_size=0, fec_size=0),
            data=data_of(labels, "float64"),
        ),
        "hurdles": read(GOLDEN / f"1.{MINOR}-hurdles.amlz"),
    }
    islands = tuple(replace(archives[name], session=None) for name in ("checkpoint", "classes", "hurdles"))
    archives["islands"] = Islands(islands=islands, session=session)
    return {name: encode(archive) for name, archive in archives.items()}


# ---------------------------------------------------------------- msgpack, without any rule


class Pairs(list[tuple[Any, Any]]):
    """A map, whatever its keys are and however often they are there."""


class Raw(bytes):
    """Bytes in place of a value."""


def packed(value: Any) -> bytes:
    """A value as msgpack has it, in the shortest form but where there are `Raw` bytes."""
    if isinstance(value, Raw):
        return bytes(value)
    packer = msgpack.Packer()
    if isinstance(value, Pairs):
        return bytes(packer.pack_map_header(len(value))) + b"".join(packed(k) + packed(v) for k, v in value)
    if isinstance(value, list):
        return bytes(packer.pack_array_header(len(value))) + b"".join(map(packed, value))
    return bytes(packer.pack(value))


def seal(body: bytes) -> bytes:
    """An archive of what comes before the checksum."""
    return body + b"\xce" + zlib.crc32(body).to_bytes(4, "big")


def assemble(parts: list[Any]) -> bytes:
    """An archive of its first three elements, whatever they are."""
    return seal(b"\x94" + b"".join(map(packed, parts)))


def parts_of(data: bytes) -> list[Any]:
    """The first three elements of an archive: lists, Pairs and scalars, which may be changed."""
    magic, version, body, _ = msgpack.unpackb(data, object_pairs_hook=Pairs)
    return [magic, version, body]


def place_of(parts: list[Any], path: str) -> tuple[Any, Any]:
    """Where a path such as "mark.population[2].program" leads to: a list or Pairs, and an index in it.

    Elements of rows have the names that the messages use."""
    rows = {"program": 0, "fitness": 1, "birth": 2, "parent": 3, "action": 4}
    functions = {"min_size": 0, "max_size": 1, "init_size": 2, "ops": 3, "n_train": 0, "n_valid": 1}
    node, index = parts, 2
    for step in re.findall(r"\w+", path):
        node = node[index][1] if isinstance(node, Pairs) else node[index]
        if isinstance(node, Pairs):
            index = next(i for i, (key, _) in enumerate(node) if key == step)
        elif step in rows:
            index = rows[step] - (len(node) == 4)
        else:
            index = functions[step] if step in functions else int(step)
    return node, index


def changed(data: bytes, path: str, value: Any) -> bytes:
    """The archive with another value at a path."""
    parts = parts_of(data)
    node, index = place_of(parts, path)
    node[index] = (node[index][0], value) if isinstance(node, Pairs) else value
    return assemble(parts)


def without(data: bytes, path: str) -> bytes:
    parts = parts_of(data)
    node, index = place_of(parts, path)
    del node[index]
    return assemble(parts)


def set_minor(parts: list[Any], minor: int) -> None:
    """Another minor version, also of the archives inside of islands."""
    parts[1] = [1, minor]
    for key, value in parts[2]:
        for index, island in enumerate(value if key == "islands" else ()):
            inner = parts_of(island)
            set_minor(inner, minor)
            value[index] = assemble(inner)


def newer(data: bytes, path: str, *more: Any, minor: int = MINOR + 1) -> bytes:
    """The archive in a newer minor version, with more at the end of what is at the path."""
    parts = parts_of(data)
    set_minor(parts, minor)
    if path:
        node, index = place_of(parts, path)
        (node[index][1] if isinstance(node, Pairs) else node[index]).extend(more)
    else:
        parts[2].extend(more)
    return assemble(parts)


def refused(data: bytes, name: str = "run.amlz") -> str:
    """The message with which an archive is refused, without the file's name."""
    with pytest.raises(ArchiveError) as caught:
        decode(data, name)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    return message.removeprefix(f"{name}: ")


SAMPLES = small_archives()
CHECKPOINT, POPULATION, PROGRAM = SAMPLES["checkpoint"], SAMPLES["population"], SAMPLES["program"]
ISLANDS = SAMPLES["islands"]
