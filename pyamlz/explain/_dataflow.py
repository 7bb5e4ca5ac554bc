"""Where values come from and where they go: a program's live instructions as a graph, memory between steps included."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from pyamlz.program import FUNCTIONS, Address, Dims, FunctionName, Instruction, Line, Program, Type, live_code

__all__ = ["Dataflow", "Source", "Value", "dataflow"]

_KINDS: tuple[Type, ...] = (Type.SCALAR, Type.VECTOR, Type.MATRIX)
_STEP: tuple[FunctionName, ...] = ("predict", "learn")


class Source(enum.Enum):
    """What makes a value."""

    ZERO = "zero"  #: memory that nothing has written
    FEATURES = "features"  #: of the example at hand
    LABEL = "label"  #: of the example at hand; Learn sees it
    PROBABILITY = "probability"  #: what classification makes of the prediction before Learn
    MEMORY = "memory"  #: what an address holds when Predict begins
    INSTRUCTION = "instruction"


@dataclass(slots=True)
class Value:
    """One value of a step: its inputs are the numbers of others.

    Attributes:
        source: what makes it.
        type: scalar, vector or matrix.
        inputs: of an instruction its operands, and behind them the old value of what it writes a part of; of memory
            what the address held after Setup, after Learn, and after Predict, which validation goes on from; of a
            probability the prediction.
        address: what it was written to, or is read from; None for zero.
        line: of an instruction, its place.
        instruction: the instruction.
    """

    source: Source
    type: Type
    inputs: tuple[int, ...] = ()
    address: int | None = None
    line: Line | None = None
    instruction: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Dataflow:
    """The values of one step, in an order in which all but memory comes behind its inputs.

    Attributes:
        program: whose they are.
        dims: its memory.
        values: all of them; a value's number is its place.
        prediction: number of the value that is the prediction when Predict ends.
        seen_prediction: number of the prediction as Learn sees it: in classification, a probability.
        label: number of the label.
        features: number of the features.
    """

    program: Program
    dims: Dims
    values: tuple[Value, ...]
    prediction: int
    seen_prediction: int
    label: int
    features: int

    def inputs_within_step(self, number: int) -> tuple[int, ...]:
        """The inputs of a value, but for those of memory, which are of another step."""
        value = self.values[number]
        return () if value.source is Source.MEMORY else value.inputs

    def behind(self, number: int) -> set[int]:
        """The numbers of all that a value is made of within its step, itself included."""
        found, waiting = {number}, [number]
        while waiting:
            new = [i for i in self.inputs_within_step(waiting.pop()) if i not in found]
            found.update(new)
            waiting += new
        return found

    def readers(self, number: int) -> Iterator[int]:
        """The numbers of the instructions that read a value, in its step or a later one.

        Once predicted, the prediction is a value of its own, so nothing behind Predict reads what became it.
        """
        is_prediction = number == self.prediction
        for other, value in enumerate(self.values):
            if number not in value.inputs or other == number:
                continue
            if value.source is Source.MEMORY and not is_prediction:
                yield from self.readers(other)
            elif value.line is not None and not (is_prediction and value.line.function == "learn"):
                yield other

    def memories(self) -> Iterator[int]:
        """The numbers of what is carried from step to step."""
        return (number for number, value in enumerate(self.values) if value.source is Source.MEMORY)

    def to_dot(self) -> str:
        """The graph in the language of Graphviz: solid arrows within a step, dashed ones from step to step."""
        lines = ["digraph program {", "  rankdir=TB;", '  node [shape=box, fontname="monospace"];']
        used = {i for number in range(len(self.values)) for i in self.inputs_within_step(number)} | {self.prediction}
        for function in FUNCTIONS:
            inside = [n for n, v in enumerate(self.values) if v.line is not None and v.line.function == function]
            lines.append(f'  subgraph cluster_{function} {{ label="{function.capitalize()}";')
            lines += [f'    n{n} [label="{self._label(n)}"];' for n in inside]
            lines.append("  }")
        for number, value in enumerate(self.values):
            if value.line is None and (number in used or value.source is Source.MEMORY):
                lines.append(f'  n{number} [label="{self._label(number)}", shape=ellipse];')
            if value.source is not Source.MEMORY:
                lines += [f"  n{i} -> n{number};" for i in value.inputs]
                continue
            for i, when in zip(value.inputs, ("Setup", "Learn", "Predict"), strict=True):
                if i != number and self.values[i].source is not Source.ZERO:
                    lines.append(f'  n{i} -> n{number} [style=dashed, label="after {when}"];')
        lines += [
            '  prediction [shape=doubleoctagon, label="prediction"];',
            f"  n{self.prediction} -> prediction;",
            "}",
        ]
        return "\n".join([*lines, ""])

    def _label(self, number: int) -> str:
        value = self.values[number]
        if value.instruction is not None:
            return str(value.instruction)
        if value.source is Source.MEMORY:
            return f"{Address(value.type, value.address or 0)}, from the step before"
        return str(value.source.value)


def dataflow(program: Program, dims: Dims) -> Dataflow:
    """The graph of a program's live instructions.

    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> flow = dataflow(program, program.dims(4))
    >>> [str(flow.values[number].instruction) for number in flow.readers(flow.label)]
    ['s3 = s0 - s1']

    Addresses and their reuse are gone: an input is the very value that is read. A step is Predict and Learn on one
    example. An address that they write is memory when Predict begins; all others hold what Setup left.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    return _Builder(program, dims).build()


class _Builder:
    """Runs through Setup, Predict and Learn once, with the numbers of values in place of numbers."""

    def __init__(self, program: Program, dims: Dims) -> None:
        self.program, self.dims = program, dims
        self.lines = live_code(program, dims).lines
        self.values: list[Value] = []
        self.zero = {kind: self.add(Value(Source.ZERO, kind)) for kind in _KINDS}
        self.held: dict[Address, int] = {}

    def add(self, value: Value) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def get(self, kind: Type, address: int) -> int:
        return self.held.get(Address(kind, address), self.zero[kind])

    def run(self, function: FunctionName) -> None:
        for x in self.lines[function]:
            operands = (*x.inputs, x.out) if x.op.is_partial else x.inputs
            inputs = tuple(self.get(*address) for address in operands)
            value = Value(Source.INSTRUCTION, x.op.out, inputs, x.out.number, x.line, x.instruction)
            self.held[x.out] = self.add(value)

    def written(self) -> list[Address]:
        """What Predict, Learn or classification itself write, in a fixed order."""
        places = {self.dims.prediction} if self.dims.kind != "regression" else set()
        return sorted(places | {x.out for function in _STEP for x in self.lines[function]})

    def build(self) -> Dataflow:
        self.run("setup")
        features = self.add(Value(Source.FEATURES, Type.VECTOR, address=0))
        memories: dict[Address, int] = {}
        for place in self.written():
            memories[place] = self.add(Value(Source.MEMORY, place.type, (self.get(*place),), place.number))
        self.held.update(memories)
        self.held[self.dims.features] = features
        self.run("predict")
        after_predict = dict(self.held)
        prediction = seen = self.get(*self.dims.prediction)
        label = self.add(Value(Source.LABEL, self.dims.label.type, address=self.dims.label.number))
        self.held[self.dims.label] = label
        if self.dims.kind != "regression":
            place = self.dims.prediction
            seen = self.held[place] = self.add(Value(Source.PROBABILITY, place.type, (prediction,), place.number))
        self.run("learn")
        for place, number in memories.items():
            value = self.values[number]
            value.inputs = (*value.inputs, self.held[place], after_predict[place])
        return self.without_useless(prediction, seen, label, features)

    def without_useless(self, *named: int) -> Dataflow:
        """What is not read before it is written again is not carried from step to step."""
        kept = set(named)
        waiting = list(kept)
        while waiting:
            new = set(self.values[waiting.pop()].inputs) - kept
            kept |= new
            waiting += new
        renumbered = {old: new for new, old in enumerate(sorted(kept))}
        values = [self.values[old] for old in renumbered]
        for value in values:
            value.inputs = tuple(renumbered[i] for i in value.inputs)
        return Dataflow(self.program, self.dims, tuple(values), *(renumbered[number] for number in named))
