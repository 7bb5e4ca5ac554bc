"""What every wrapper of a C object needs: configurations, blocks of memory, reasons, names of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import checked_choice
from pyamlz._lib.errors import AmlzError, InputError

allocate = ffi.new_allocator(should_clear_after_alloc=False)

# The spelling of the C library's numbers in Python.
KINDS: dict[str, int] = {
    "regression": lib.AMLZ_REGRESSION,
    "binary": lib.AMLZ_BINARY,
    "multiclass": lib.AMLZ_MULTICLASS,
}
PRECISIONS: dict[str, int] = {"float32": lib.AMLZ_FLOAT32, "float64": lib.AMLZ_FLOAT64}
COMBINES: dict[str, int] = {"mean": lib.AMLZ_MEAN, "median": lib.AMLZ_MEDIAN}
ALGORITHMS: dict[str, int] = {"evolution": lib.AMLZ_EVOLUTION, "random_search": lib.AMLZ_RANDOM_SEARCH}


def text(pointer: Any) -> str:
    """A C string as a str; "" for NULL."""
    return "" if pointer == ffi.NULL else str(ffi.string(pointer).decode("utf-8"))


VARIANTS: dict[str, int] = {text(lib.amlz_variant_name(i)): i for i in range(lib.AMLZ_VARIANT_COUNT)}
MUTATIONS: dict[str, int] = {text(lib.amlz_mutation_name(i)): i for i in range(lib.AMLZ_MUTATION_COUNT)}


def number_of(name: str, value: object, table: Mapping[Any, int]) -> int:
    """The number of one of the names in `table`; InputError, naming the argument, for anything else."""
    return table[checked_choice(name, value, table)]


def name_of(number: int, table: Mapping[str, int]) -> str:
    """The reverse of `number_of`."""
    return next(name for name, value in table.items() if value == number)


def new_struct(struct: str, **members: Any) -> Any:
    """A C struct, to be read or written, with its struct_size and the given members set, and zero in all others."""
    made = ffi.new(f"{struct} *")
    made.struct_size = ffi.sizeof(struct)
    for name, value in members.items():
        setattr(made, name, value)
    return made


@cache
def self_test() -> str:
    """What the library's self-test says against this build, which takes it some milliseconds once; "" if nothing."""
    reason = ffi.new("const char **")
    return "" if lib.amlz_self_test(reason) == lib.AMLZ_OK else text(reason[0])


class Handle:
    """A C object and all that must live as long as it does.

    Attributes:
        pointer: the object, for calls.
    """

    __slots__ = ("_kept", "_memory", "pointer")

    def __init__(self, pointer: Any, memory: Any, *kept: object) -> None:
        self.pointer = pointer
        self._memory = memory
        self._kept = kept

    def copy(self) -> bytes:
        """All that the object is made of and knows, for :meth:`put_back`."""
        return bytes(ffi.buffer(self._memory))

    def put_back(self, before: bytes) -> None:
        """Makes the object what it was when :meth:`copy` was called: the same block, so all in it is in its place."""
        ffi.memmove(self._memory, before, len(before))


def construct(
    kind: str, config: Any, *arguments: Any, size_arguments: tuple[Any, ...] = (), keep: object = None
) -> Handle:
    """Builds an `amlz_{kind}` in a block of its own by its `_size` and `_init` functions.

    Args:
        kind: "tasks", "evaluator", "learner" or "search".
        config: the C configuration.
        arguments: what `_init` takes after it.
        size_arguments: what `_size` takes after it.
        keep: what must live as long as the object.

    Raises:
        InputError: the library refused, with its reason; or there is not that much memory.
        AmlzError: this build of the library computes something else than it should.
    """
    if self_test():
        raise AmlzError(f"pyamlz cannot be used as it was built: {self_test()}")
    reason = ffi.new("const char **")
    size = getattr(lib, f"amlz_{kind}_size")(config, *size_arguments, reason)
    if size == 0:
        raise InputError(text(reason[0]) or f"{kind}: not a valid configuration")
    try:
        memory = allocate("char[]", size)
    except (MemoryError, OverflowError):
        raise InputError(f"{kind}: {size} bytes of memory would be needed and are not available") from None
    pointer = getattr(lib, f"amlz_{kind}_init")(memory, size, config, *arguments, reason)
    if pointer == ffi.NULL:
        raise InputError(text(reason[0]) or f"{kind}: not valid")
    return Handle(pointer, memory, keep)
