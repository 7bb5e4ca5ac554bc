"""Programs: ops, the space that programs are drawn from, what of them is live, and those that all compare with."""

from pyamlz.program import baselines
from pyamlz.program._live import Code, Line, LiveInstruction, carried, live_code
from pyamlz.program._ops import OPS, Address, Constant, Op, OpLike, Type, find_op
from pyamlz.program._program import Instruction, Program
from pyamlz.program._space import CAPACITY, FUNCTIONS, Dims, FunctionName, FunctionSpace, SearchSpace

__all__ = [
    "CAPACITY",
    "FUNCTIONS",
    "OPS",
    "Address",
    "Code",
    "Constant",
    "Dims",
    "FunctionName",
    "FunctionSpace",
    "Instruction",
    "Line",
    "LiveInstruction",
    "Op",
    "OpLike",
    "Program",
    "SearchSpace",
    "Type",
    "baselines",
    "carried",
    "find_op",
    "live_code",
]
