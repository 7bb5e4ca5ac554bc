"""The live code of a program in terms of operands."""

from __future__ import annotations

from dataclasses import dataclass

from pyamlz._lib.checks import checked_type
from pyamlz.program._ops import Address, Constant, Op, Type, find_op
from pyamlz.program._program import Program
from pyamlz.program._space import Dims, FunctionName


@dataclass(frozen=True, slots=True)
class Line:
    """A live instruction.

    Attributes:
        text: as in the program.
        constants: indexes are whole numbers here, for F features.
        ordinal: among the random instructions of its function; it says what they draw.
    """

    op: Op
    out: Address
    inputs: tuple[Address, ...]
    constants: tuple[float, ...]
    ordinal: int
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """The live code of a program on a memory.

    Attributes:
        lines: of each function.
        kept: addresses that are written, in order; the prediction is always one.
    """

    program: Program
    dims: Dims
    lines: dict[FunctionName, tuple[Line, ...]]
    kept: tuple[Address, ...]

    @property
    def is_random(self) -> bool:
        """Whether any line draws random numbers."""
        return any(line.op.is_random for lines in self.lines.values() for line in lines)

    def is_example(self, x: Address) -> bool:
        """Whether features or labels are put there."""
        return x in (self.dims.features, self.dims.label)

    def is_zero(self, x: Address, function: FunctionName | None = None) -> bool:
        """Whether nothing live writes there, and no example is put there, or none yet while `function` runs."""
        early = {"setup": (self.dims.features, self.dims.label), "predict": (self.dims.label,)}
        if function is not None and x in early.get(function, ()):
            return True
        return x not in self.kept and not self.is_example(x)


def live_code(program: Program, dims: Dims) -> Code:
    """The live code of a program.

    Raises:
        ProgramError: it does not fit the memory.
    """
    checked_type("program", program, Program)
    checked_type("dims", dims, Dims)
    live = program.simplified(dims)
    written = {dims.prediction}
    lines: dict[FunctionName, tuple[Line, ...]] = {}
    for name, instructions in live.code.items():
        made: list[Line] = []
        for x in instructions:
            op = find_op(x.op)
            out = Address(op.out, x.out)
            if op.out is not Type.NONE:
                written.add(out)
            inputs = [Address(t, a) for t, a in ((op.in1, x.in1), (op.in2, x.in2)) if t is not Type.NONE]
            constants = [
                min(int(value * dims.n_features), dims.n_features - 1) if kind is Constant.INDEX else value
                for value, kind in zip(x.constants, op.constants, strict=True)
            ]
            ordinal = sum(line.op.is_random for line in made)
            made.append(Line(op, out, tuple(inputs), tuple(constants), ordinal, str(x)))
        lines[name] = tuple(made)
    return Code(live, dims, lines, tuple(sorted(written)))


def carried(code: Code) -> set[Address]:
    """Addresses that Predict reads before it writes them, and writes: what it keeps of one example for the next."""
    read: set[Address] = set()
    written: set[Address] = set()
    for line in code.lines["predict"]:
        inputs = (*line.inputs, line.out) if line.op.is_partial else line.inputs
        read |= {x for x in inputs if x not in written}
        written.add(line.out)
    return read & written
