"""Programs with their addresses numbered anew, so that a reader meets them in order."""

from __future__ import annotations

from dataclasses import replace

from pyamlz._lib.checks import checked_type
from pyamlz.program import Dims, Instruction, Program, Type, find_op

__all__ = ["renamed"]


def renamed(program: Program, dims: Dims) -> Program:
    """The program with addresses in order of first use: of each instruction its inputs, then its output.

    >>> program = Program.parse("def Predict():\\n  s1 = dot(v0, v7)\\ndef Learn():\\n  v7 = s0 * v0\\n")
    >>> print(renamed(program, program.dims(4)))
    def Setup():
    def Predict():
      s1 = dot(v0, v1)
    def Learn():
      v1 = s0 * v0
    <BLANKLINE>

    Setup comes first, then Predict, then Learn. Labels, predictions and features keep their addresses. The program
    computes the same bits. Simplify it first if dead code should not count.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    checked_type("program", program, Program)
    program.check(checked_type("dims", dims, Dims))
    reserved = {Type.SCALAR: 2, Type.VECTOR: 1, Type.MATRIX: 0}
    if dims.kind == "multiclass":
        reserved = {Type.SCALAR: 1, Type.VECTOR: 3, Type.MATRIX: 0}
    new = {kind: {address: address for address in range(count)} for kind, count in reserved.items()}

    def address(kind: Type, old: int) -> int:
        return 0 if kind is Type.NONE else new[kind].setdefault(old, len(new[kind]))

    def rewritten(instruction: Instruction) -> Instruction:
        op = find_op(instruction.op)
        in1, in2 = address(op.in1, instruction.in1), address(op.in2, instruction.in2)
        return replace(instruction, in1=in1, in2=in2, out=address(op.out, instruction.out))

    return Program(*([rewritten(instruction) for instruction in code] for code in program.code.values()))
