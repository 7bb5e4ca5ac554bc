"""A program at work: it predicts and learns from one example after another."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_int, checked_precision, checked_seed, checked_type
from pyamlz._lib.errors import DataError, InputError, check
from pyamlz._lib.native import PRECISIONS, VARIANTS, allocate, construct, new_struct, number_of
from pyamlz.program import FUNCTIONS, Dims, FunctionName, Program, Type
from pyamlz.search._evaluate import Variant
from pyamlz.tasks import Reals
from pyamlz.tasks._taskset import check_features, check_labels

__all__ = ["Learner"]

Prediction: TypeAlias = float | Reals

_TYPES = {"s": Type.SCALAR, "v": Type.VECTOR, "m": Type.MATRIX}
_MAX_TASK = 2**32 - 1


Rows: TypeAlias = Literal["alone", "in_turn"]

_ROWS: dict[str, int] = {"alone": lib.AMLZ_ROWS_ALONE, "in_turn": lib.AMLZ_ROWS_IN_TURN}
_AT_ONCE = 4096  # rows that one call of the library takes, so that Ctrl-C is heard


class _Turns:
    """Any number may look, or one may change."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._looking: set[object] = set()

    @contextmanager
    def to_look(self) -> Iterator[None]:
        me = object()
        try:
            with self._changed:
                self._looking.add(me)
            yield
        finally:
            with self._changed:
                self._looking.discard(me)  # Ctrl-C may have come before it was there
                self._changed.notify_all()

    @contextmanager
    def to_change(self) -> Iterator[None]:
        with self._changed:
            while self._looking:
                self._changed.wait()
            yield


class Learner:
    """An online learner that runs one program (Real et al., ICML 2020, figure 1, without its loop over tasks).

    It is built with its memory zeroed and Setup run. With `keep_dead_code` it can be copied and pickled, and the copy
    goes on to the same bits. Predicting does not change it, and any number of threads may predict at the same time;
    those that change it wait for each other and for these. A call that Ctrl-C ends leaves it as it was.

    Args:
        program: the program; it is copied.
        dims: the memory; ``program.dims(n_features)`` is the smallest that fits.
        precision: "float32" or "float64": what it computes in.
        variant: kernels to use: "auto", "baseline", "avx2" or "avx512". All give the same bits.
        keep_dead_code: run instructions too that cannot reach a prediction, so that the memory can be looked at.
        seed: of random ops, 0 to 2**64 - 1. With the same `task` they draw what :class:`Evaluator` draws there.
        task: number of that task.

    Raises:
        ProgramError: the program does not fit `dims`.
        InputError: another argument is wrong.
    """

    def __init__(
        self,
        program: Program,
        dims: Dims,
        *,
        precision: Precision = "float32",
        variant: Variant = "auto",
        keep_dead_code: bool = False,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        checked_type("program", program, Program)
        checked_type("dims", dims, Dims)
        program.check(dims)
        self.program = program
        self.dims = dims
        self.precision = checked_precision("precision", precision)
        self._made_of = {
            "program": str(program),
            "dims": dims,
            "precision": precision,
            "variant": variant,
            "keep_dead_code": bool(keep_dead_code),
            "seed": seed,
            "task": task,
        }
        config = new_struct(
            "amlz_learner_config",
            dims=dims._c()[0],
            precision=PRECISIONS[self.precision],
            variant=number_of("variant", variant, VARIANTS),
            keep_dead_code=bool(keep_dead_code),
            seed=checked_seed("seed", seed),
            task=checked_int("task", task, 0, _MAX_TASK),
        )
        self._handle = construct("learner", config, program._c)
        self._turns = _Turns()
        self._keeps_all = bool(keep_dead_code)
        self._dtype = np.dtype(self.precision)
        self._numbers = "float[]" if self.precision == "float32" else "double[]"
        suffix = "f32" if self.precision == "float32" else "f64"
        self._predict_many = getattr(lib, f"amlz_learner_predict_many_{suffix}")
        self._learn_many = getattr(lib, f"amlz_learner_learn_many_{suffix}")

    def __repr__(self) -> str:
        return f"<Learner of {len(self.program)} instructions, F = {self.dims.n_features}, {self.precision}>"

    def __getstate__(self) -> dict[str, Any]:
        """What it was made of and what it knows, for pickling and copying. Needs `keep_dead_code`."""
        runs = ffi.new("uint64_t[]", len(FUNCTIONS))
        memory = {address: self.get(address) for address in self._addresses()}
        with self._turns.to_look():
            check(lib.amlz_learner_get_runs(self._handle.pointer, runs))
        return {"made_of": self._made_of, "memory": memory, "runs": list(runs)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        arguments = dict(state["made_of"])
        program = Program.parse(arguments.pop("program"))
        Learner.__init__(self, program, arguments.pop("dims"), **arguments)
        for address, values in state["memory"].items():
            self.set(address, values)
        check(lib.amlz_learner_set_runs(self._handle.pointer, state["runs"]))

    def _restore(self, memory: Sequence[bytes], runs: Sequence[int]) -> None:
        """Sets what it knows: scalars, vectors and matrices as little-endian floats, and how often functions ran."""
        dtype, places = self._dtype.newbyteorder("<"), [0, 0, 0]
        for address in self._addresses():
            _, _, shape = self._place(address)
            part, count = "svm".index(address[0]), math.prod(shape)
            values = np.frombuffer(memory[part], dtype, count, places[part] * dtype.itemsize)
            places[part] += count
            self.set(address, values.astype(np.float64).reshape(shape))
        check(lib.amlz_learner_set_runs(self._handle.pointer, list(runs)))

    def _addresses(self) -> list[str]:
        """All there are."""
        dims = self.dims
        counts = {"s": dims.n_scalars, "v": dims.n_vectors, "m": dims.n_matrices}
        return [f"{letter}{number}" for letter, count in counts.items() for number in range(count)]

    def reset(self) -> None:
        """Forgets everything: memory zeroed, random draws from the start, Setup run."""
        with self._turns.to_change():
            lib.amlz_learner_reset(self._handle.pointer)

    def predict(self, X: npt.ArrayLike, *, rows: Rows = "alone") -> Prediction:
        """Predictions for one example or several; the learner stays as it is.

        Args:
            X: features, (F,) or (N, F).
            rows: what each of several finds of what Predict wrote for the one before. "alone": nothing, it finds memory
                and draws random numbers as learning left them, so its prediction depends on it alone. "in_turn": all
                of it, as in validation (figure 1), by which a search scores. Most programs predict the same either way.

        Returns:
            The number predicted; for "binary" the probability of class 1; for "multiclass" the probabilities of all C
            classes. A float or (C,) for one example, (N,) or (N, C) for several.

        Raises:
            DataError: X has another shape or is not finite.
        """
        mode = number_of("rows", rows, _ROWS)
        features, single = self._features(X)
        at_once = _AT_ONCE if rows == "alone" else max(len(features), 1)
        made = np.empty((len(features), self.dims.n_classes or 1), dtype=self._dtype)
        with self._turns.to_look():
            size = lib.amlz_learner_scratch_size(self._handle.pointer)
            scratch = allocate("char[]", size)
            for first in range(0, len(features), at_once):
                part, out = features[first : first + at_once], made[first : first + at_once]
                x, y = self._c(part), self._c(out)
                call = self._predict_many
                check(call(self._handle.pointer, mode, x, part.shape[1], len(part), y, scratch, size))
        return self._shaped(made, single)

    def learn(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Prediction:
        """Learns from one example or several, one training step (Predict, then Learn) each, in order.

        Args:
            X: features, (F,) or (N, F).
            y: labels, a number or (N,): for "binary" 0 or 1, for "multiclass" class indexes from 0.

        Returns:
            What was predicted for each example just before its label was seen; see :meth:`predict`.

        Raises:
            DataError: an array has the wrong shape or contents. Nothing was learned then.
        """
        features, single = self._features(X)
        labels = self._array("y", y)
        if single:
            labels = labels[np.newaxis]
        check_labels("y", labels, "X", features, self.dims.kind, self.dims.n_classes)
        made = np.empty((len(features), self.dims.n_classes or 1), dtype=self._dtype)
        with self._turns.to_change(), self._all_or_nothing(len(features)):
            for first in range(0, len(features), _AT_ONCE):
                part, out = features[first : first + _AT_ONCE], made[first : first + _AT_ONCE]
                x, numbers = self._c(part), self._c(labels[first : first + _AT_ONCE])
                check(self._learn_many(self._handle.pointer, x, part.shape[1], numbers, len(part), self._c(out)))
        return self._shaped(made, single)

    @contextmanager
    def _all_or_nothing(self, n_rows: int) -> Iterator[None]:
        """Puts everything back as it was if learning from several rows is cut short."""
        if n_rows < 2:
            yield
            return
        before = self._handle.copy()
        try:
            yield
        except BaseException:
            self._handle.put_back(before)
            raise

    def _c(self, array: npt.NDArray[Any]) -> Any:
        return ffi.from_buffer(self._numbers, array)

    def _shaped(self, made: npt.NDArray[Any], single: bool) -> Prediction:
        if self.dims.n_classes:
            return made[0] if single else made
        return float(made[0, 0]) if single else made[:, 0]

    def _array(self, name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
        numbers = _numbers(name, values)
        with np.errstate(over="ignore"):  # an infinity is told later, with its place
            return np.ascontiguousarray(numbers, dtype=self._dtype).reshape(numbers.shape)

    def _features(self, X: npt.ArrayLike) -> tuple[npt.NDArray[Any], bool]:
        features = self._array("X", X)
        width = self.dims.n_features
        if features.ndim not in (1, 2) or features.shape[-1] != width:
            raise DataError(f"X: expected shape ({width},) or (N, {width}), got {features.shape}")
        if features.size:
            check_features("X", features)
        return np.atleast_2d(features), features.ndim == 1

    def run(self, function: FunctionName) -> None:
        """Runs one component function, "setup", "predict" or "learn", on the memory as it is."""
        number = number_of("function", function, FUNCTIONS)
        with self._turns.to_change():
            check(lib.amlz_learner_run(self._handle.pointer, number))

    def get(self, address: str) -> float | npt.NDArray[np.float64]:
        """What the memory holds at "s1", "v0", "m2" ...: a float, (F,) or (F, F). Needs `keep_dead_code`.

        Raises:
            InputError: there is no such address, or the learner does not keep dead code.
        """
        kind, number, shape = self._place(address)
        values = np.empty(shape)
        buffer = ffi.from_buffer("double[]", values, require_writable=True)
        with self._turns.to_look():
            check(lib.amlz_learner_get(self._handle.pointer, kind, number, buffer))
        return values if shape else float(values)

    def set(self, address: str, values: npt.ArrayLike) -> None:
        """Writes the memory at "s1", "v0", "m2" ...; see :meth:`get`.

        Raises:
            InputError: likewise.
            DataError: `values` has the wrong shape; any numbers are allowed.
        """
        kind, number, shape = self._place(address)
        array = np.array(_numbers("values", values), dtype=np.float64, order="C")
        if array.shape != shape:
            raise DataError(f"values: expected shape {shape} for {address}, got {array.shape}")
        with self._turns.to_change():
            check(lib.amlz_learner_set(self._handle.pointer, kind, number, ffi.from_buffer("double[]", array)))

    def _place(self, address: str) -> tuple[int, int, tuple[int, ...]]:
        """Type, number and shape of an address."""
        match = re.fullmatch(r"([svm])([0-9]{1,3})", address) if isinstance(address, str) else None
        if match is None:
            raise InputError(f"address: expected one such as 's1', 'v0' or 'm2', got {address!r}")
        kind, number, width = _TYPES[match[1]], int(match[2]), self.dims.n_features
        there = {Type.SCALAR: self.dims.n_scalars, Type.VECTOR: self.dims.n_vectors, Type.MATRIX: self.dims.n_matrices}
        if number >= there[kind]:
            raise InputError(f"address: expected one of {there[kind]} from {match[1]}0 on, got {address}")
        if not self._keeps_all:
            raise InputError("address: only a learner made with keep_dead_code=True has its memory to look at")
        return int(kind), number, {Type.SCALAR: (), Type.VECTOR: (width,), Type.MATRIX: (width, width)}[kind]


def _numbers(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    """`values` as an array of real numbers, whatever their precision.

    Raises:
        DataError: they are no such array.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected an array of numbers: {error}") from None
    if array.dtype.kind == "O" and all(isinstance(value, Real) for value in array.flat):
        array = array.astype(np.float64)  # Python integers that no dtype holds, fractions
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name}: expected an array of numbers, got {array.dtype}")
    return array
