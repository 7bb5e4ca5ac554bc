"""What programs may look like: the memory they run on, and the ops and sizes of their three functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import MAX_FEATURES, checked_int, checked_type
from pyamlz._lib.errors import InputError, check
from pyamlz._lib.native import KINDS, number_of, text
from pyamlz.program._ops import Address, OpLike, Type, find_op
from pyamlz.tasks import Kind, TaskSet

__all__ = ["FUNCTIONS", "Dims", "FunctionName", "FunctionSpace", "SearchSpace"]

FunctionName: TypeAlias = Literal["setup", "predict", "learn"]
FUNCTIONS: Final[dict[FunctionName, int]] = {
    "setup": lib.AMLZ_SETUP,
    "predict": lib.AMLZ_PREDICT,
    "learn": lib.AMLZ_LEARN,
}
CAPACITY: Final[int] = lib.amlz_program_capacity()  #: instructions that each function of a program can hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Dims:
    """The memory of a program (Real et al., ICML 2020, section 3.1), addresses counting from 0 in each type.

    Attributes:
        n_features: F, 1 to 65536: the length of a vector; a matrix is F x F.
        n_scalars: 2 to 256. s0 is the label, s1 the prediction.
        n_vectors: 1 to 256 (from 3 for "multiclass"). v0 are the features; for "multiclass", v1 is the label, one-hot,
            and v2 the prediction.
        n_matrices: 0 to 256.
        kind: "regression", "binary" or "multiclass".
        n_classes: for "multiclass" the number of classes, 2 to F; else 0.

    Raises:
        InputError: a size is out of its range.
    """

    n_features: int
    n_scalars: int = 2
    n_vectors: int = 1
    n_matrices: int = 0
    kind: Kind = "regression"
    n_classes: int = 0

    def __post_init__(self) -> None:
        number_of("kind", self.kind, KINDS)
        checked_int("n_features", self.n_features, 1, MAX_FEATURES)
        checked_int("n_scalars", self.n_scalars, 2, lib.AMLZ_MAX_ADDRESSES)
        checked_int("n_vectors", self.n_vectors, 1, lib.AMLZ_MAX_ADDRESSES)
        checked_int("n_matrices", self.n_matrices, 0, lib.AMLZ_MAX_ADDRESSES)
        checked_int("n_classes", self.n_classes, 0, MAX_FEATURES)
        reason = ffi.new("const char **")
        status = lib.amlz_dims_check(self._c(), reason)
        check(status, text(reason[0]))

    @classmethod
    def of(cls, tasks: TaskSet, *, n_scalars: int, n_vectors: int, n_matrices: int) -> Dims:
        """Memory for programs that are to run on `tasks`, which say F, the kind and the number of classes."""
        checked_type("tasks", tasks, TaskSet)
        return cls(
            n_features=tasks.n_features,
            n_scalars=n_scalars,
            n_vectors=n_vectors,
            n_matrices=n_matrices,
            kind=tasks.kind,
            n_classes=tasks.n_classes if tasks.kind == "multiclass" else 0,
        )

    @property
    def features(self) -> Address:
        """Where the features are put."""
        return Address(Type.VECTOR, 0)

    @property
    def label(self) -> Address:
        """Where the label is put, for Learn."""
        return Address(Type.VECTOR, 1) if self.kind == "multiclass" else Address(Type.SCALAR, 0)

    @property
    def prediction(self) -> Address:
        """Where Predict leaves the prediction."""
        return Address(Type.VECTOR, 2) if self.kind == "multiclass" else Address(Type.SCALAR, 1)

    def _c(self) -> Any:
        dims = ffi.new("amlz_dims *")
        dims.n_features = self.n_features
        dims.n_scalars = self.n_scalars
        dims.n_vectors = self.n_vectors
        dims.n_matrices = self.n_matrices
        dims.label = KINDS[self.kind]
        dims.n_classes = self.n_classes
        return dims


@dataclass(frozen=True, slots=True)
class FunctionSpace:
    """The ops and sizes that one component function may have.

    Attributes:
        ops: what its instructions are drawn from, as names or ids, each once; held as names. Without ops the function
            is never changed.
        min_size: fewest instructions.
        max_size: most instructions, up to 64.
        init_size: instructions of a random program; by default min_size.

    Raises:
        InputError: an op does not exist or is named twice, or a size is out of its range.
    """

    ops: tuple[str, ...]
    min_size: int
    max_size: int
    init_size: int

    def __init__(
        self,
        ops: Iterable[OpLike] = (),
        min_size: int = 0,
        max_size: int = CAPACITY,
        init_size: int | None = None,
    ) -> None:
        if isinstance(ops, str) or not isinstance(ops, Iterable):
            raise InputError(f"ops: expected a list of names or ids, got {ops!r}")
        try:
            names = tuple(find_op(op).name for op in ops)
        except InputError as error:
            raise InputError(f"ops: {error}") from None
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"ops: {twice!r} is named twice")
        set_field = object.__setattr__  # the dataclass is frozen
        set_field(self, "ops", names)
        set_field(self, "max_size", checked_int("max_size", max_size, 0, CAPACITY))
        set_field(self, "min_size", checked_int("min_size", min_size, 0, self.max_size))
        initial = self.min_size if init_size is None else init_size
        set_field(self, "init_size", checked_int("init_size", initial, self.min_size, self.max_size))

    @classmethod
    def fixed(cls, size: int, ops: Iterable[OpLike]) -> FunctionSpace:
        """A function that always has `size` instructions."""
        size = checked_int("size", size, 0, CAPACITY)
        return cls(ops, size, size, size)


@dataclass(frozen=True, slots=True)
class SearchSpace:
    """What the programs of a search may look like (section 3.1 of the paper, and its section S10 for examples).

    Attributes:
        dims: the memory that they run on.
        setup: what Setup, run once a task, may hold.
        predict: what Predict may hold.
        learn: what Learn may hold.

    Raises:
        InputError: an op cannot be used with this memory: it needs a matrix and there is none, for instance.
    """

    dims: Dims
    setup: FunctionSpace = FunctionSpace()
    predict: FunctionSpace = FunctionSpace()
    learn: FunctionSpace = FunctionSpace()

    def __post_init__(self) -> None:
        checked_type("dims", self.dims, Dims)
        reason = ffi.new("const char **")
        for name in FUNCTIONS:
            checked_type(name, self.function(name), FunctionSpace)
            status = lib.amlz_space_check(self._c([name]), reason)
            check(status, f"{name}: {text(reason[0])}")

    def function(self, name: FunctionName) -> FunctionSpace:
        """The space of one of the three functions."""
        functions: dict[FunctionName, FunctionSpace] = {
            "setup": self.setup,
            "predict": self.predict,
            "learn": self.learn,
        }
        return functions[name]

    def _c(self, names: Iterable[FunctionName] = tuple(FUNCTIONS)) -> Any:
        space = ffi.new("amlz_space *")
        space.dims = self.dims._c()[0]
        for name in names:
            function, target = self.function(name), space.function[FUNCTIONS[name]]
            target.min_size = function.min_size
            target.max_size = function.max_size
            target.init_size = function.init_size
            target.n_ops = len(function.ops)
            for i, op in enumerate(function.ops):
                target.ops[i] = find_op(op).id
        return space
