"""Programs: ops, the space that is searched and the settings of a search, what is live, and those to compare with."""

from pyamlz.program import baselines
from pyamlz.program._live import Code, Line, LiveInstruction, carried, live_code
from pyamlz.program._ops import OPS, Address, Constant, Op, OpLike, Type, find_op
from pyamlz.program._program import Instruction, Program
from pyamlz.program._settings import SETTINGS, Algorithm, Combine, Hurdle, Setting, Settings, Start
from pyamlz.program._space import CAPACITY, FUNCTIONS, Dims, FunctionName, FunctionSpace, SearchSpace

__all__ = [
    "CAPACITY",
    "FUNCTIONS",
    "OPS",
    "SETTINGS",
    "Address",
    "Algorithm",
    "Code",
    "Combine",
    "Constant",
    "Dims",
    "FunctionName",
    "FunctionSpace",
    "Hurdle",
    "Instruction",
    "Line",
    "LiveInstruction",
    "Op",
    "OpLike",
    "Program",
    "SearchSpace",
    "Setting",
    "Settings",
    "Start",
    "Type",
    "baselines",
    "carried",
    "find_op",
    "live_code",
]
