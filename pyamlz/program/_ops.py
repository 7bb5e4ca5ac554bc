"""The ops that programs are made of: the C library's table, read at import."""

from __future__ import annotations

import enum
import numbers
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pyamlz._ffi import lib
from pyamlz._lib.checks import hint
from pyamlz._lib.errors import InputError
from pyamlz._lib.native import text

__all__ = ["OPS", "Address", "Constant", "Op", "OpLike", "Type", "find_op"]


class Type(enum.IntEnum):
    """What an address holds: a number, F numbers, or F x F numbers."""

    NONE = lib.AMLZ_NONE
    SCALAR = lib.AMLZ_SCALAR
    VECTOR = lib.AMLZ_VECTOR
    MATRIX = lib.AMLZ_MATRIX


class Address(NamedTuple):
    """A place in memory; str() is how programs write it, "v3" for the fourth vector.

    Attributes:
        type: scalar, vector or matrix.
        number: its number among those of its type, from 0.
    """

    type: Type
    number: int

    def __str__(self) -> str:
        return f"{'-svm'[self.type]}{self.number}"


class Constant(enum.IntEnum):
    """What a constant of an instruction is."""

    REAL = lib.AMLZ_CONSTANT_REAL  #: any finite number
    INDEX = lib.AMLZ_CONSTANT_INDEX  #: a place in a vector as a fraction of F, in [0, 1)
    STDEV = lib.AMLZ_CONSTANT_STDEV  #: a finite number, 0 or more


@dataclass(frozen=True, slots=True)
class Op:
    """One op (Real et al., ICML 2020, table S1; numbered from 0 here).

    Attributes:
        id: its number, the same for ever.
        name: "dot_product".
        text: how it is written, "$o = dot($1, $2)": $o, $1, $2 stand for the operands and $c for the next constant;
            what is in braces may be left out by who writes a program.
        formula: what it means.
        out: type of the output.
        in1: type of the first input.
        in2: type of the second input.
        constants: what its constants are, none to three.
        is_random: it draws random numbers.
        is_partial: it writes a part of its output, so that the rest stays.
        is_commutative: exchanging its inputs changes no bit.
        cost_base: cost at F features is cost_base + cost_work * F ** cost_power, a scalar sum costing 1.
        cost_work: see cost_base.
        cost_power: see cost_base.
    """

    id: int
    name: str
    text: str
    formula: str
    out: Type
    in1: Type
    in2: Type
    constants: tuple[Constant, ...]
    is_random: bool
    is_partial: bool
    is_commutative: bool
    cost_base: float
    cost_work: float
    cost_power: int


OpLike: TypeAlias = str | int | Op  #: an op's name, its id, or the op itself


def _read(number: int) -> Op:
    info: Any = lib.amlz_op(number)
    return Op(
        id=number,
        name=text(info.name),
        text=text(info.text),
        formula=text(info.formula),
        out=Type(info.out),
        in1=Type(info.in1),
        in2=Type(info.in2),
        constants=tuple(Constant(kind) for kind in info.constant if kind != lib.AMLZ_CONSTANT_NONE),
        is_random=bool(info.is_random),
        is_partial=bool(info.is_partial),
        is_commutative=bool(info.is_commutative),
        cost_base=info.cost_base,
        cost_work=info.cost_work,
        cost_power=info.cost_power,
    )


OPS: Final[tuple[Op, ...]] = tuple(_read(number) for number in range(lib.amlz_op_count()))  #: by id
_BY_NAME: Final = {op.name: op for op in OPS}


def find_op(op: OpLike) -> Op:
    """The op of a name or an id.

    Raises:
        InputError: there is none; the message suggests the nearest name.
    """
    if isinstance(op, Op):
        return op
    if isinstance(op, str):
        if op in _BY_NAME:
            return _BY_NAME[op]
        raise InputError(f"unknown op {op!r}{hint(op, _BY_NAME)}")
    if isinstance(op, numbers.Integral) and not isinstance(op, bool) and 0 <= op < len(OPS):
        return OPS[int(op)]
    raise InputError(f"unknown op {op!r}: expected a name, or an id from 0 to {len(OPS) - 1}")
