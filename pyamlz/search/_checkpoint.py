"""Checkpoints: what is saved of a search, and how a search is brought to where the saved one was."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_precision
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.native import KINDS, MUTATIONS, PRECISIONS, name_of, new_struct, text
from pyamlz.archive import (
    Checkpoint,
    Config,
    Counts,
    Function,
    Improvement,
    Mark,
    Member,
    TasksRecord,
    from_json,
)
from pyamlz.archive._members import ACTIONS, Members
from pyamlz.program import Dims, Settings
from pyamlz.search._engine import Engine
from pyamlz.tasks import Kind, Reals, TaskSet

__all__ = ["Copied", "CopiedItems", "data_of", "restore", "task_set_of"]

_MEMBER = np.dtype([("fitness", "f8"), ("birth", "u8"), ("parent", "u8"), ("action", "u1")], align=True)  # amlz_member
_ROOM = 2**20  # bytes of programs that are copied by one call, about
_USUAL = 128  # bytes of one
_SLICE = 64  # evaluations between which Ctrl-C is heard


class Copied:
    """A copy of all that is to be saved of a search; :meth:`checkpoint` makes something of it, at any time.

    Args:
        engine: the search. Nothing may run it while it is copied.
    """

    def __init__(self, engine: Engine) -> None:
        self._config, self._tasks, self._tasks_digest, self._start = engine.made_of()
        self._at_mark, self._now = engine.state(lib.AMLZ_AT_MARK), engine.state(lib.AMLZ_NOW)
        self._digest = engine.digest()
        self._best = CopiedItems(engine, lib.AMLZ_BEST)
        parts = (lib.AMLZ_POPULATION, lib.AMLZ_HALL, lib.AMLZ_HISTORY, lib.AMLZ_BEST)
        self._items = [CopiedItems(engine, part, lib.AMLZ_AT_MARK) for part in parts]

    def checkpoint(
        self,
        *,
        source: str | None = None,
        data: tuple[tuple[bytes, ...], ...] | None = None,
        session: str | None = None,
    ) -> Checkpoint:
        """The copy as archives have it.

        Args:
            source: JSON of how the search's tasks were made.
            data: the tasks' numbers, from :func:`data_of`.
            session: JSON of whatever else shall be saved.
        """
        tasks, at_mark = self._tasks, self._at_mark.progress
        dims, config = _dims_of(self._config.space.dims), _config_of(self._config, self._start)
        counts = {name: getattr(at_mark, name) for name in Counts.__slots__}
        counts["hurdle_stops"] = tuple(at_mark.hurdle_stops)[: self._config.n_hurdles]
        origin = {"dims": dims, "functions": config.functions, "evaluations": at_mark.evaluations}
        population, hall, history, best = self._items
        return Checkpoint(
            dims=dims,
            config=config,
            tasks=TasksRecord(
                count=tasks.n_tasks,
                train=tasks.n_train,
                valid=tasks.n_valid,
                epochs=max(tasks.n_epochs, 1),  # 0 stands for 1
                order_seed=tasks.order_seed,
                digest=self._tasks_digest,
                source=source,
                data=data,
            ),
            evaluations=self._now.progress.evaluations,
            digest=self._digest,
            best=next(iter(self._best.members()), None),
            mark=Mark(
                counts=Counts(**counts),
                rng=tuple(self._at_mark.rng),
                population=population.members(origin),
                hall=hall.members(origin),
                history=history.improvements(),
                best=next(iter(best.members()), None),
            ),
            session=session,
        )


class CopiedItems:
    """A copy of one of a search's lists.

    Args:
        engine: the search. Nothing may run it while it is copied.
        part: which list: an `amlz_part`.
        moment: an `amlz_moment`.
    """

    def __init__(self, engine: Engine, part: int, moment: int = lib.AMLZ_NOW) -> None:
        count = engine.count(part, moment)
        room = lib.amlz_program_packed_size() + min(count, _ROOM // _USUAL) * _USUAL  # bytes that a call may fill
        members, ends, buffer = ffi.new("amlz_member[]", count), ffi.new("size_t[]", count), ffi.new("char[]", room)
        self._parts: list[tuple[int, bytes]] = []  # items and the bytes of their programs, of each call
        done = 0
        while done < count:
            n = engine.items(part, moment, done, members + done, ends + done, count - done, buffer)
            size = 0 if part == lib.AMLZ_HISTORY else ends[done + n - 1]
            self._parts.append((n, bytes(ffi.buffer(buffer, size))))
            done += n
        self._members = np.frombuffer(ffi.buffer(members), _MEMBER) if count else np.empty(0, _MEMBER)
        self._ends = np.frombuffer(ffi.buffer(ends), np.uintp).tolist() if count else []

    def members(self, origin: Mapping[str, object] = MappingProxyType({})) -> Members:
        """The items, which have programs; for `origin` see :class:`Members`."""
        packed, ends = [], iter(self._ends)
        for count, programs in self._parts:
            start = 0
            for end in itertools.islice(ends, count):
                packed.append(programs[start:end])
                start = end
        return Members((packed, *(self._members[name].tolist() for name in _MEMBER.names or ())), origin)

    def improvements(self) -> tuple[Improvement, ...]:
        """The items, which have none."""
        rows = self._members[["birth", "fitness", "parent", "action"]].tolist()
        return tuple(Improvement(birth, fitness, parent, ACTIONS[action]) for birth, fitness, parent, action in rows)


def _dims_of(c: Any) -> Dims:
    return Dims(
        n_features=c.n_features,
        n_scalars=c.n_scalars,
        n_vectors=c.n_vectors,
        n_matrices=c.n_matrices,
        kind=cast(Kind, name_of(c.label, KINDS)),
        n_classes=c.n_classes,
    )


def _config_of(c: Any, start: Any) -> Config:
    return Config(
        seed=c.seed,
        precision=cast(Precision, name_of(c.precision, PRECISIONS)),
        settings=Settings._get(c, start),
        functions=tuple(
            Function(f.min_size, f.max_size, f.init_size, bytes(ffi.buffer(f.ops, f.n_ops))) for f in c.space.function
        ),
    )


def restore(engine: Engine, checkpoint: Checkpoint, name: str = "archive") -> None:
    """Brings a search to where the saved one was, bit for bit.

    What the saved search had done since its last mark is done again: Ctrl-C then raises KeyboardInterrupt.

    Args:
        engine: the search, just made with the checkpoint's configuration and start program and its tasks.
        checkpoint: where to go on from.
        name: what messages call it, as the path of its file.

    Raises:
        ArchiveError: the search was made of something else, the checkpoint contradicts itself, or this library does not
            find the same results as the one that wrote it. The search is then of no use.
    """
    _check_made_of(engine, checkpoint, name)
    mark = checkpoint.mark
    _put(engine, lib.AMLZ_POPULATION, mark.population, f"{name}: mark.population")
    _put(engine, lib.AMLZ_HALL, mark.hall, f"{name}: mark.hall")
    _put(engine, lib.AMLZ_HISTORY, mark.history, f"{name}: mark.history")
    _put(engine, lib.AMLZ_BEST, () if mark.best is None else (mark.best,), f"{name}: mark.best")
    state = new_struct("amlz_state")
    for count in Counts.__slots__:
        setattr(state.progress, count, getattr(mark.counts, count))
    state.rng = mark.rng
    try:
        engine.resume(state)
    except InputError as error:
        raise ArchiveError(f"{name}: mark: {error}") from None
    left = checkpoint.evaluations - mark.counts.evaluations
    while left > 0:
        engine.run(min(left, _SLICE))
        left -= _SLICE
    other = "this library does not find the same results as the one that wrote it"
    digest = engine.digest()
    if digest != checkpoint.digest:
        raise ArchiveError(f"{name}: digest: expected {checkpoint.digest}, got {digest}: {other}")
    if next(iter(CopiedItems(engine, lib.AMLZ_BEST).members()), None) != checkpoint.best:
        raise ArchiveError(f"{name}: best: expected the search's best program, got another member: {other}")


def _check_made_of(engine: Engine, checkpoint: Checkpoint, name: str) -> None:
    """Refuses a search that was made of something else than the checkpoint says."""
    config, tasks, digest, start = engine.made_of()
    _compare(f"{name}: dims", checkpoint.dims, _dims_of(config.space.dims))
    _compare(f"{name}: config", checkpoint.config, _config_of(config, start))
    found = {"count": tasks.n_tasks, "train": tasks.n_train, "valid": tasks.n_valid, "epochs": max(tasks.n_epochs, 1)}
    for key, value in {**found, "order_seed": tasks.order_seed, "digest": digest}.items():
        if getattr(checkpoint.tasks, key) != value:
            expected = getattr(checkpoint.tasks, key)
            raise ArchiveError(f"{name}: tasks.{key}: expected tasks with {expected}, got {value}")


def _compare(where: str, expected: Any, found: Any) -> None:
    for key in type(expected).__slots__:
        here, there = getattr(expected, key), getattr(found, key)
        if isinstance(here, Settings):
            _compare(where, here, there)
        elif here != there:
            raise ArchiveError(f"{where}.{key}: expected a search with {here!r}, got {there!r}")


def _put(engine: Engine, part: int, items: Iterable[Member | Improvement], where: str) -> None:
    member = ffi.new("amlz_member *")
    c, error = ffi.new("amlz_program *"), ffi.new("amlz_error *")
    for index, item in enumerate(items):
        program = ffi.NULL
        if isinstance(item, Member):
            program = c
            if lib.amlz_program_unpack(item.packed, len(item.packed), c, error) != lib.AMLZ_OK:
                raise ArchiveError(f"{where}[{index}].program: {text(error.message)}")
        member.fitness, member.birth, member.parent = item.fitness, item.evaluation, item.parent
        member.action = MUTATIONS[item.action]
        try:
            engine.put(part, program, member)
        except InputError as refused:
            raise ArchiveError(f"{where}[{index}]: {refused}") from None


# ---------------------------------------------------------------- tasks


def data_of(tasks: TaskSet, precision: Precision) -> tuple[tuple[bytes, ...], ...]:
    """The numbers of a task set as archives hold them, rounded to the precision of the search."""
    dtype = np.dtype(checked_precision("precision", precision)).newbyteorder("<")
    arrays = (tasks.train_x, tasks.train_y, tasks.valid_x, tasks.valid_y)
    return tuple(tuple(array[i].astype(dtype).tobytes() for array in arrays) for i in range(tasks.n_tasks))


def task_set_of(checkpoint: Checkpoint, name: str = "archive") -> TaskSet:
    """The tasks in a checkpoint that has their numbers. :func:`restore` sees to it that they have the right digest.

    Args:
        checkpoint: with `tasks.data`.
        name: what messages call it, as the path of its file.

    Raises:
        ArchiveError: it has no numbers, or such as no tasks can have.
    """
    record, dims = checkpoint.tasks, checkpoint.dims
    if record.data is None:
        raise ArchiveError(f"{name}: tasks.data: expected the tasks' numbers, got nil")
    dtype = np.dtype(checkpoint.config.precision)

    def array(part: int, *shape: int) -> Reals:
        joined = b"".join(task[part] for task in record.data or ())
        return np.frombuffer(joined, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(record.count, *shape)

    source = {} if record.source is None else from_json(record.source, f"{name}: tasks.source")
    try:
        return TaskSet(
            kind=dims.kind,
            train_x=array(0, record.train, dims.n_features),
            train_y=array(1, record.train),
            valid_x=array(2, record.valid, dims.n_features),
            valid_y=array(3, record.valid),
            n_classes=2 if dims.kind == "binary" else dims.n_classes,
            epochs=record.epochs,
            order_seed=record.order_seed,
            source=source,
        )
    except InputError as error:
        raise ArchiveError(f"{name}: tasks.data: {error}") from None
