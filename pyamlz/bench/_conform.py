"""Checks the library against recorded inputs and outputs of another implementation.

A file has a JSON object a line, of three kinds: "data" (a data set), "op" (one instruction on one memory) and "program"
(one program on one of the data sets before it). Memory is 8 scalars, 8 vectors and 4 matrices.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, NoReturn, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import Precision, checked_precision
from pyamlz._lib.errors import DataError, InputError
from pyamlz.program import Dims, Instruction, Program, find_op
from pyamlz.search import Evaluator, Learner, PackedTasks, Variant
from pyamlz.tasks import Kind, TaskSet

__all__ = ["Conformance", "Failure", "conform"]

Record: TypeAlias = dict[str, Any]

_COUNTS = {"s": 8, "v": 8, "m": 4}  # addresses of each type
_KINDS: dict[str, Kind] = {"rms": "regression", "accuracy": "binary"}
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_MAX_LINE = 2**24  # bytes
_MAX_FEATURES = 1024


class Failure(NamedTuple):
    """A vector that does not agree.

    Attributes:
        line: of the file, from 1.
        what: the op, or what of the program; and where, if it is one number of several.
        expected: what the file has.
        got: what the library has.
    """

    line: int
    what: str
    expected: object
    got: object

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}: expected {self.expected}, got {self.got}"


@dataclass(slots=True)
class Conformance:
    """The result for a file.

    Attributes:
        passed: vectors that agree.
        failures: those that do not.
    """

    passed: int = 0
    failures: list[Failure] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed"


class _Tolerance(NamedTuple):
    """Largest differences, relative to the expected value (and to 1 for errors and fitness)."""

    op: float
    error: float
    fitness: float


_TOLERANCES: dict[Precision, _Tolerance] = {
    "float64": _Tolerance(op=1e-9, error=1e-9, fitness=1e-9),
    "float32": _Tolerance(op=1e-5, error=1e-4, fitness=1e-4),
}


def conform(
    path: str,
    precision: Precision = "float64",
    variant: Variant = "auto",
) -> Conformance:
    """Runs the vectors of a file.

    >>> print(conform("tests/vectors/reference.jsonl.gz"))  # doctest: +SKIP
    62360 passed, 0 failed

    Args:
        path: a file of JSON lines, gzipped if it ends in ".gz".
        precision: "float64": all must agree to 1e-9, relatively. "float32": ops to 1e-5, programs to 1e-4.
        variant: kernels to use.

    Raises:
        InputError: the file cannot be read, has no vectors, or a line is not what it must be; the message names it.
    """
    runner = _Runner(checked_precision("precision", precision), variant)
    found = Conformance()
    for line, record in _records(path):
        try:
            failures = runner.run(line, record)
            failure = None if failures is None else next(iter(failures), None)
        except _MalformedError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        if failures is None:
            continue
        if failure is None:
            found.passed += 1
        else:
            found.failures.append(failure)
    if found.passed + len(found.failures) == 0:
        raise InputError(f"{path}: expected vectors, found none")
    return found


# ---------------------------------------------------------------- reading


class _MalformedError(Exception):
    """A line is not what it must be."""


def _records(path: str) -> Iterator[tuple[int, Record]]:
    """The lines of a file with their numbers."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            lines = cast(IO[bytes], file)
            number = 0
            while line := lines.readline(_MAX_LINE + 1):
                number += 1
                if len(line) > _MAX_LINE:
                    raise InputError(f"{path}, line {number}: expected at most {_MAX_LINE} bytes")
                if line.strip():
                    yield number, _parsed(path, number, line)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _parsed(path: str, number: int, line: bytes) -> Record:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} must be written as a string")

    try:
        record = json.loads(line, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}, line {number}: not JSON: {error}") from None
    if not isinstance(record, dict):
        raise InputError(f"{path}, line {number}: expected a JSON object, got {type(record).__name__}")
    return record


def _get(record: Record, key: str, *types: type) -> Any:
    if key not in record:
        raise _MalformedError(f"{key} is missing")
    value = record[key]
    if not isinstance(value, types) or isinstance(value, bool):
        raise _MalformedError(f"{key}: expected {' or '.join(t.__name__ for t in types)}, got {_short(value)}")
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _number(name: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            pass
    elif isinstance(value, str) and value in _SPECIAL:
        return _SPECIAL[value]
    raise _MalformedError(f"{name}: expected a number, got {_short(value)}")


def _array(name: str, value: object, shape: tuple[int | None, ...]) -> npt.NDArray[np.float64]:
    """Nested lists as an array; None in `shape` is any length."""
    if not shape:
        return np.array(_number(name, value))
    if not isinstance(value, list) or (shape[0] is not None and len(value) != shape[0]):
        wanted = "a list" if shape[0] is None else f"a list of {shape[0]}"
        raise _MalformedError(f"{name}: expected {wanted}, got {_short(value)}")
    rows = [_array(f"{name}[{i}]", row, shape[1:]) for i, row in enumerate(value)]
    return np.array(rows).reshape(len(rows), *(n or 0 for n in shape[1:]))


def _n_features(record: Record) -> int:
    width = _get(record, "F", int)
    if not 1 <= width <= _MAX_FEATURES:
        raise _MalformedError(f"F: expected 1 to {_MAX_FEATURES}, got {width}")
    return int(width)


def _instruction(name: str, value: object) -> Instruction:
    """[op, out, in1, in2, constants]"""
    if not isinstance(value, list) or len(value) != 5 or not isinstance(value[4], list):
        raise _MalformedError(f"{name}: expected [op, out, in1, in2, constants], got {_short(value)}")
    op, out, in1, in2, constants = value
    numbers = tuple(_number(f"{name}: constants", constant) for constant in constants)
    try:
        return Instruction(find_op(op).name, out, in1, in2, numbers)
    except InputError as error:
        raise _MalformedError(f"{name}: {error}") from None


def _dims(n_features: int, kind: Kind) -> Dims:
    return Dims(
        n_features=n_features,
        n_scalars=_COUNTS["s"],
        n_vectors=_COUNTS["v"],
        n_matrices=_COUNTS["m"],
        kind=kind,
    )


# ---------------------------------------------------------------- running


class _Runner:
    """Runs one record after another; remembers the data sets."""

    def __init__(self, precision: Precision, variant: Variant) -> None:
        self._precision: Precision = precision
        self._variant: Variant = variant
        self._tolerance = _TOLERANCES[precision]
        self._arrays: dict[tuple[int, int], dict[str, npt.NDArray[np.float64]]] = {}
        self._evaluators: dict[tuple[int, int, Kind], Evaluator] = {}

    def run(self, line: int, record: Record) -> Iterable[Failure] | None:
        """What of a vector does not agree; None for data."""
        kind = record.get("kind")
        if kind == "data":
            self._read_data(record)
            return None
        if kind == "op":
            return self._op(line, record)
        if kind == "program":
            return self._program(line, record)
        raise _MalformedError(f"kind: expected data, op or program, got {_short(kind)}")

    def _read_data(self, record: Record) -> None:
        width = _n_features(record)
        arrays = {}
        for part in ("train", "valid"):
            x = _array(f"{part}_x", _get(record, f"{part}_x", list), (None, width))
            arrays[f"{part}_x"] = x
            arrays[f"{part}_y"] = _array(f"{part}_y", _get(record, f"{part}_y", list), (len(x),))
        self._arrays[width, _get(record, "dataset", int)] = arrays
        self._evaluators.clear()

    def _evaluator(self, width: int, dataset: int, kind: Kind) -> Evaluator:
        key = (width, dataset, kind)
        if key not in self._evaluators:
            if key[:2] not in self._arrays:
                raise _MalformedError(f"dataset: no data set {dataset} with F = {width} before this line")
            arrays = self._arrays[key[:2]]
            try:
                tasks = TaskSet(
                    kind=kind,
                    n_classes=2 if kind == "binary" else 0,
                    train_x=arrays["train_x"][np.newaxis],
                    train_y=arrays["train_y"][np.newaxis],
                    valid_x=arrays["valid_x"][np.newaxis],
                    valid_y=arrays["valid_y"][np.newaxis],
                )
                packed = PackedTasks(tasks, self._precision)
            except DataError as error:
                raise _MalformedError(f"data set {dataset} with F = {width}: {error}") from None
            self._evaluators[key] = Evaluator(packed, variant=self._variant)
        return self._evaluators[key]

    def _op(self, line: int, record: Record) -> Iterator[Failure]:
        width = _n_features(record)
        instruction = _instruction("ins", _get(record, "ins", list))
        before = _memory(width, "before", _get(record, "before", dict))
        after = _memory(width, "after", _get(record, "after", dict))
        return self._run_op(line, width, instruction, before, after)

    def _run_op(
        self,
        line: int,
        width: int,
        instruction: Instruction,
        before: dict[str, npt.NDArray[np.float64]],
        after: dict[str, npt.NDArray[np.float64]],
    ) -> Iterator[Failure]:
        learner = self._learner(Program(predict=[instruction]), width)
        for address, values in before.items():
            learner.set(address, values)
        learner.run("predict")
        for address, values in after.items():
            what = f"{instruction.op}, {address}"
            yield from _differences(line, what, values, np.asarray(learner.get(address)), self._tolerance.op, 0.0)

    def _learner(self, program: Program, width: int) -> Learner:
        try:
            return Learner(
                program,
                _dims(width, "regression"),
                precision=self._precision,
                variant=self._variant,
                keep_dead_code=True,
            )
        except InputError as error:
            raise _MalformedError(str(error)) from None

    def _program(self, line: int, record: Record) -> Iterator[Failure]:
        width = _n_features(record)
        kind = _KINDS.get(_get(record, "eval", str))
        if kind is None:
            raise _MalformedError(f"eval: expected {' or '.join(_KINDS)}, got {_short(record['eval'])}")
        code = {
            name: [_instruction(f"{name}[{i}]", ins) for i, ins in enumerate(_get(record, name, list))]
            for name in ("setup", "predict", "learn")
        }
        expected = {name: _array(name, _get(record, name, list), (None,)) for name in ("train_errors", "valid_errors")}
        fitness = _number("fitness", record.get("fitness"))
        train_steps = _get(record, "train_steps", int)
        evaluator = self._evaluator(width, _get(record, "dataset", int), kind)
        try:
            program = Program(**code)
            program.check(_dims(width, kind))
        except InputError as error:
            raise _MalformedError(str(error)) from None
        return self._run_program(line, program, evaluator, expected, fitness, train_steps)

    def _run_program(
        self,
        line: int,
        program: Program,
        evaluator: Evaluator,
        expected: dict[str, npt.NDArray[np.float64]],
        fitness: float,
        train_steps: int,
    ) -> Iterator[Failure]:
        evaluation = evaluator.evaluate(program)
        tolerance = self._tolerance
        yield from _differences(
            line, "fitness", np.array(fitness), np.array(evaluation.fitness), tolerance.fitness, 1.0
        )
        if evaluation.train_steps != train_steps:
            yield Failure(line, "train_steps", train_steps, evaluation.train_steps)
        tasks = evaluator.tasks.tasks
        probe = evaluator.probe(program, min(10, tasks.n_train), min(10, tasks.n_valid))
        for name, errors in zip(("train_errors", "valid_errors"), probe, strict=True):
            # The library says NaN from where it stopped; the file ends there.
            got = errors[0][~np.isnan(errors[0])]
            if len(got) != len(expected[name]):
                yield Failure(line, f"number of {name}", len(expected[name]), len(got))
            else:
                yield from _differences(line, name, expected[name], got, tolerance.error, 1.0)


def _memory(width: int, name: str, value: Record) -> dict[str, npt.NDArray[np.float64]]:
    """A memory, by address."""
    memory = {}
    shapes: dict[str, tuple[int, ...]] = {"s": (), "v": (width,), "m": (width, width)}
    for letter, count in _COUNTS.items():
        stored = (width * width,) if letter == "m" else shapes[letter]
        values = _array(f"{name}: {letter}", _get(value, letter, list), (count, *stored))
        memory.update({f"{letter}{i}": values[i].reshape(shapes[letter]) for i in range(count)})
    return memory


def _differences(
    line: int,
    what: str,
    expected: npt.NDArray[np.float64],
    got: npt.NDArray[np.float64],
    tolerance: float,
    unit: float,
) -> Iterator[Failure]:
    """Each pair of numbers that differs by more than `tolerance` times the expected number, or `unit` if it is more."""
    with np.errstate(invalid="ignore"):
        near = np.abs(got - expected) <= tolerance * np.maximum(np.abs(expected), unit)
    agree = (got == expected) | (np.isnan(got) & np.isnan(expected)) | (near & np.isfinite(expected))
    for index in zip(*np.nonzero(~np.atleast_1d(agree)), strict=True):
        place = f"[{', '.join(map(str, index))}]" if expected.ndim else ""
        yield Failure(line, what + place, *(float(np.atleast_1d(a)[index]) for a in (expected, got)))
