"""What archives hold, as plain values, and the JSON in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision
from pyamlz._lib.errors import ArchiveError
from pyamlz._lib.native import PRECISIONS, text
from pyamlz.archive._members import Counts, Improvement, Member
from pyamlz.program import Dims, FunctionSpace, Program, SearchSpace, Settings

WRITER: Final = f"libamlz {text(lib.amlz_version())}"
MAX_SOURCE: Final = 2**20  # bytes
MAX_SESSION: Final = 2**24  # bytes
MAX_ISLANDS: Final = 1024


class Function(NamedTuple):
    """What a component function of a search's programs may be: sizes in instructions, and ids of ops, a byte each."""

    min_size: int
    max_size: int
    init_size: int
    ops: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How a search was set up: `amlz_search_config`, but for the memory of its programs.

    Attributes:
        seed: 0 to 2**64 - 1.
        precision: what its programs compute in.
        settings: its settings; what came with a later version of the format has its default in older archives.
        functions: what Setup, Predict and Learn may be.
    """

    seed: int
    precision: Precision
    settings: Settings
    functions: tuple[Function, ...]

    def _c(self, dims: Any, variant: int = lib.AMLZ_VARIANT_AUTO) -> Any:
        """The `amlz_search_config *`, with memory as in an `amlz_dims *`."""
        space = ffi.new("amlz_space *")
        set_space(space, dims, self.functions)
        return self.settings._config(
            space=space[0], seed=self.seed, precision=PRECISIONS[self.precision], variant=variant
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksRecord:
    """What programs are scored on.

    Attributes:
        count: D, tasks.
        train: training examples of a task.
        valid: validation examples of a task.
        epochs: passes over the training examples.
        order_seed: seed of their order after the first pass.
        digest: hash of kind, shape, precision and numbers, `amlz_tasks_digest`.
        source: JSON of how they can be made again, up to a mebibyte, or None.
        data: of each task four binaries: training features and labels, validation features and labels, as
            little-endian floats of the search's precision. None if the archive does not have them.
    """

    count: int
    train: int
    valid: int
    epochs: int
    order_seed: int
    digest: int
    source: str | None = None
    data: tuple[tuple[bytes, ...], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The state of a search at its last mark: the start of a period that can be done again from it alone.

    Attributes:
        counts: what was done until then.
        rng: state of the search's generator, four 64-bit numbers.
        population: oldest first.
        hall: hall of fame: the best program of each number of live instructions, shortest first.
        history: improvements of the best fitness.
        best: the best program until then; None before the first evaluation.
    """

    counts: Counts
    rng: tuple[int, ...]
    population: Sequence[Member]
    hall: Sequence[Member]
    history: tuple[Improvement, ...]
    best: Member | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramArchive:
    """A program, and the memory that it runs on, if that is known."""

    writer: str = WRITER
    dims: Dims | None = None
    program: Program


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationArchive:
    """Programs that run on one memory."""

    writer: str = WRITER
    dims: Dims
    population: Sequence[Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A search, as it was when it was saved.

    Attributes:
        writer: the library that wrote it, and its version.
        dims: the memory of its programs.
        config: how it was set up.
        tasks: what programs are scored on.
        evaluations: programs scored.
        digest: hash of its state, `amlz_search_digest`.
        best: the best program; None before the first evaluation.
        mark: its state at the last mark.
        session: JSON of the program that ran it, up to 16 MiB, or None.
    """

    writer: str = WRITER
    dims: Dims
    config: Config
    tasks: TasksRecord
    evaluations: int
    digest: int
    best: Member | None
    mark: Mark
    session: str | None = None

    @property
    def space(self) -> SearchSpace:
        """What its programs may look like."""
        functions = (FunctionSpace(f.ops, f.min_size, f.max_size, f.init_size) for f in self.config.functions)
        return SearchSpace(self.dims, *functions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Islands:
    """Searches that exchange programs, as they were when they were saved.

    Attributes:
        writer: the library that wrote it, and its version.
        islands: the searches, 1 to 1024; none has a session of its own.
        session: JSON of the program that ran them, up to 16 MiB, or None.
    """

    writer: str = WRITER
    islands: tuple[Checkpoint, ...]
    session: str | None = None

    @property
    def dims(self) -> Dims:
        """The memory of the programs of the first island; on the others only F may differ."""
        return self.islands[0].dims

    @property
    def best(self) -> Member | None:
        """The best program of all, of the first island that has it; None before the first evaluation."""
        found = [island.best for island in self.islands if island.best is not None]
        return max(found, key=lambda member: member.fitness, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelArchive:
    """A program that has learned from examples, with all that it needs to answer, and to go on learning.

    It came with version 1.2 of the format.

    Attributes:
        writer: the library that wrote it, and its version.
        dims: the memory of the program.
        program: the program.
        precision: what it computes in.
        seed: of its random ops, as of task 0.
        examples: how many it has learned from.
        runs: how often Setup, Predict and Learn have run, `amlz_learner_get_runs`.
        memory: what it knows: all scalars, all vectors and all matrices (row by row), each as little-endian floats of
            its precision.
        preparation: JSON of how examples become features, and predictions answers, up to 16 MiB.
        session: JSON of whatever else is to be told of it, up to 16 MiB, or None.
    """

    writer: str = WRITER
    dims: Dims
    program: Program
    precision: Precision
    seed: int
    examples: int
    runs: tuple[int, ...]
    memory: tuple[bytes, ...]
    preparation: str
    session: str | None = None


Archive: TypeAlias = ProgramArchive | PopulationArchive | Checkpoint | Islands | ModelArchive


def set_space(space: Any, dims: Any, functions: tuple[Function, ...]) -> None:
    """Fills an `amlz_space` in, with memory as in an `amlz_dims *`."""
    space.dims = dims[0]
    for target, function in zip(space.function, functions, strict=True):
        target.min_size, target.max_size, target.init_size, ops = function
        target.n_ops = len(ops)
        ffi.memmove(target.ops, ops, len(ops))


# ---------------------------------------------------------------- JSON


def to_json(value: object) -> str:
    """A session or a source as the one string that stands for it.

    Raises:
        ArchiveError: it holds something else than JSON values, or a number that is not finite.
    """
    try:
        return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArchiveError(f"JSON: expected plain values, got {error}") from None


def from_json(string: str, name: str) -> Any:
    """The value of a session's or source's string.

    Args:
        string: from an archive, whose readers do not look into it.
        name: what messages call it, as "run.amlz: session".

    Raises:
        ArchiveError: it is no JSON, or one that is nested too deeply.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON number")

    try:
        if len(string) > MAX_SESSION:
            raise ValueError(f"{len(string)} characters are too many")
        return json.loads(string, parse_constant=refuse)
    except ValueError as error:
        raise ArchiveError(f"{name}: expected JSON, got {error}") from None
    except RecursionError:
        raise ArchiveError(f"{name}: expected JSON, got one that is nested too deeply") from None
