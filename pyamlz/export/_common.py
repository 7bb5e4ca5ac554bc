"""What all exporters share: the live program in terms of operands."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass

from pyamlz._checks import checked_type
from pyamlz.errors import InputError
from pyamlz.ops import Constant, Op, Type, find_op
from pyamlz.program import Program
from pyamlz.space import FUNCTIONS, Dims, FunctionName

LETTERS = {Type.SCALAR: "s", Type.VECTOR: "v", Type.MATRIX: "m"}


@dataclass(frozen=True, slots=True)
class Operand:
    """An address, or a string of zeros: one that no live instruction writes, and that no example fills."""

    type: Type
    address: int
    is_zero: bool = False

    def __str__(self) -> str:
        return f"{LETTERS[self.type]}{self.address}"


@dataclass(frozen=True, slots=True)
class Line:
    """A live instruction.

    Attributes:
        text: as in the program.
        constants: indexes are whole numbers here, for F features.
        ordinal: among the random instructions of its function; it says what they draw.
    """

    op: Op
    out: Operand
    inputs: tuple[Operand, ...]
    constants: tuple[float, ...]
    ordinal: int
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The live code of a program on a memory.

    Attributes:
        lines: of each function.
        kept: addresses that are written, in order; the prediction is always one.
        prediction: where it lies.
    """

    program: Program
    dims: Dims
    lines: dict[FunctionName, tuple[Line, ...]]
    kept: tuple[Operand, ...]
    prediction: Operand

    @property
    def is_random(self) -> bool:
        """Whether any line draws random numbers."""
        return any(line.op.is_random for lines in self.lines.values() for line in lines)


def live_code(program: Program, dims: Dims) -> Code:
    """The live code of a program.

    Raises:
        ProgramError: it does not fit the memory.
    """
    checked_type("program", program, Program)
    checked_type("dims", dims, Dims)
    live = program.simplified(dims)
    is_multiclass = dims.kind == "multiclass"
    prediction = Operand(Type.VECTOR, 2) if is_multiclass else Operand(Type.SCALAR, 1)
    filled = {(Type.VECTOR, 0), (Type.VECTOR, 1) if is_multiclass else (Type.SCALAR, 0)}
    instructions = {name: getattr(live, name) for name in FUNCTIONS}
    written = {(prediction.type, prediction.address)}
    for code in instructions.values():
        written |= {(find_op(x.op).out, x.out) for x in code if find_op(x.op).out is not Type.NONE}

    def operand(type_: Type, address: int) -> Operand:
        return Operand(type_, address, (type_, address) not in written | filled)

    lines: dict[FunctionName, tuple[Line, ...]] = {}
    for name in FUNCTIONS:
        made: list[Line] = []
        for x in instructions[name]:
            op = find_op(x.op)
            inputs = [operand(t, a) for t, a in ((op.in1, x.in1), (op.in2, x.in2)) if t is not Type.NONE]
            constants = [
                min(int(value * dims.n_features), dims.n_features - 1) if kind is Constant.INDEX else value
                for value, kind in zip(x.constants, op.constants, strict=True)
            ]
            ordinal = sum(line.op.is_random for line in made)
            text = str(Program(setup=[x])).splitlines()[1].strip()
            made.append(Line(op, Operand(op.out, x.out), tuple(inputs), tuple(constants), ordinal, text))
        lines[name] = tuple(made)
    kept = tuple(Operand(t, a) for t, a in sorted(written))
    return Code(live, dims, lines, kept, prediction)


def carried(code: Code) -> set[Operand]:
    """Addresses that Predict reads before it writes them, and writes: what it keeps of one example for the next."""
    read: set[Operand] = set()
    written: set[Operand] = set()
    for line in code.lines["predict"]:
        inputs = (*line.inputs, line.out) if line.op.is_partial else line.inputs
        read |= {x for x in inputs if x not in written}
        written.add(line.out)
    return read & written


_RESERVED = re.findall(
    r"\w+",
    """
    auto bool case char const default do double enum extern float goto inline int long register restrict short signed
    sizeof static struct switch typedef union unsigned void volatile
    """,
)  # by C, but for what Python reserves too


def checked_name(name: str) -> str:
    """An identifier of C and Python.

    Raises:
        InputError: it is none.
    """
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name)
    if not is_name or name in _RESERVED or keyword.iskeyword(name):
        raise InputError(f"name: expected an identifier of C and Python, got {name!r}")
    return name
