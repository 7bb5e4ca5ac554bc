"""Programs: three lists of instructions, Setup, Predict and Learn (Real et al., ICML 2020, section 3.1)."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import MAX_FEATURES, checked_int, checked_seed, checked_type
from pyamlz._lib.errors import InputError, ProgramError, check
from pyamlz._lib.native import number_of
from pyamlz._lib.saving import save
from pyamlz.program._ops import Constant, Type, find_op
from pyamlz.program._space import CAPACITY, FUNCTIONS, Dims, FunctionName, SearchSpace
from pyamlz.tasks import Kind

__all__ = ["Instruction", "Program"]

_MAX_ADDRESS = lib.AMLZ_MAX_ADDRESSES - 1
_FEATURES = 4  # of the memory that notebooks show a program on; a number that texts do not show


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        op: the op's name.
        out: address that it writes, 0 to 255; which type of address the op says. 0 where it has none.
        in1: address of its first input, likewise.
        in2: address of its second input, likewise.
        constants: as many finite numbers as the op has constants; an index is a fraction in [0, 1).

    Raises:
        InputError: there is no such op, or an argument does not fit it.
    """

    op: str
    out: int = 0
    in1: int = 0
    in2: int = 0
    constants: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        op = find_op(self.op)
        set_field = object.__setattr__  # the dataclass is frozen
        set_field(self, "op", op.name)
        for name, operand in (("out", op.out), ("in1", op.in1), ("in2", op.in2)):
            highest = 0 if operand is Type.NONE else _MAX_ADDRESS
            set_field(self, name, checked_int(f"{op.name}: {name}", getattr(self, name), 0, highest))
        try:
            constants = tuple(float(c) for c in self.constants)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{op.name}: constants: expected numbers, got {self.constants!r}") from None
        if len(constants) != len(op.constants):
            raise InputError(f"{op.name}: constants: expected {len(op.constants)}, got {len(constants)}")
        for constant, kind in zip(constants, op.constants, strict=True):
            in_range = {
                Constant.REAL: math.isfinite(constant),
                Constant.INDEX: 0 <= constant < 1,
                Constant.STDEV: 0 <= constant < math.inf,
            }
            if not in_range[kind]:
                wanted = {Constant.REAL: "a finite number", Constant.INDEX: "an index in [0, 1)"}
                raise InputError(
                    f"{op.name}: constants: expected {wanted.get(kind, 'a finite number, 0 or more')}, got {constant}"
                )
        set_field(self, "constants", constants)

    def __str__(self) -> str:
        """Its text, as it stands in a program's; the opposite of :meth:`parse`."""
        return str(Program(setup=[self])).splitlines()[1].strip()

    @classmethod
    def parse(cls, text: str, n_features: int = 0) -> Instruction:
        """Reads the text of one instruction, as it stands in a program's, such as "s1 = dot(v0, v1)".

        Args:
            text: the text.
            n_features: F, for integer indexes; see :meth:`Program.parse`.

        Raises:
            InputError: it is no instruction, or more than one.
        """
        if not isinstance(text, str):
            raise InputError(f"text: expected a str, got {type(text).__name__}")
        found = Program.parse(f"def Learn():\n{text}", n_features)
        if len(found) != 1 or not found.learn:
            raise InputError(f"expected one instruction, got {text!r}")
        return found.learn[0]


class Program:
    """An immutable program.

    ``str(program)`` is its text, from which :meth:`parse` makes the same program again, bit for bit. Programs are equal
    if they have the same instructions with the same bits in their constants; they are hashable and can be pickled.

    Args:
        setup: instructions of Setup, run once a task; at most 64, like those of the other two.
        predict: instructions of Predict, run on each example.
        learn: instructions of Learn, run after Predict on each training example.

    Raises:
        InputError: too many instructions.
    """

    __slots__ = ("_c",)

    def __init__(
        self,
        setup: Iterable[Instruction] = (),
        predict: Iterable[Instruction] = (),
        learn: Iterable[Instruction] = (),
    ) -> None:
        self._c: Any = ffi.new("amlz_program *")
        functions: dict[FunctionName, Iterable[Instruction]] = {"setup": setup, "predict": predict, "learn": learn}
        for name, instructions in functions.items():
            code = list(instructions)
            if len(code) > CAPACITY:
                raise InputError(f"{name}: expected at most {CAPACITY} instructions, got {len(code)}")
            self._c.size[FUNCTIONS[name]] = len(code)
            for target, instruction in zip(self._c.code[FUNCTIONS[name]], code, strict=False):
                target.op = find_op(instruction.op).id
                target.out, target.in1, target.in2 = instruction.out, instruction.in1, instruction.in2
                for i, constant in enumerate(instruction.constants):
                    target.constant[i] = constant

    @classmethod
    def _of(cls, c: Any) -> Program:
        """The program in a C struct, which is not copied and must not change any more."""
        program = object.__new__(cls)
        program._c = c
        return program

    @classmethod
    def parse(cls, text: str, n_features: int = 0) -> Program:
        """Reads a program's text.

        The text has ``def Setup():``, ``def Predict():`` and ``def Learn():``, each at most once and in any order, one
        instruction a line, and ``#`` comments. The paper's spelling is read too.

        Args:
            text: the text.
            n_features: F, for integer indexes such as ``v3[5]``; with 0 these are an error.

        Raises:
            ProgramError: it is no program; the message and its `line` and `column` say where, and what was expected.
        """
        if not isinstance(text, str):
            raise InputError(f"text: expected a str, got {type(text).__name__}")
        n_features = checked_int("n_features", n_features, 0, MAX_FEATURES)
        data = text.encode("utf-8", "replace")
        c, error = ffi.new("amlz_program *"), ffi.new("amlz_error *")
        status = lib.amlz_program_parse(data, len(data), n_features, c, error)
        if status == lib.AMLZ_ERROR_SYNTAX:
            line, column = int(error.line), int(error.column)
            raise ProgramError(f"line {line}, column {column}: {_message(error)}", line, column)
        check(status)
        return cls._of(c)

    def save(self, path: str | os.PathLike[str], dims: Dims | None = None) -> None:
        """Writes an archive with this program alone, for :func:`pyamlz.load`, or for other programs and languages.

        The file is there as a whole or as it was before.

        Args:
            path: the file, which may exist.
            dims: the memory that the program was made for; None leaves it open.

        Raises:
            FileError: it cannot be written; what was there before still is.
            ProgramError: the program does not fit the memory.
        """
        if dims is not None:
            self.check(dims)
        save(self, path, dims)

    @classmethod
    def random(cls, space: SearchSpace, seed: int, start: Program | None = None) -> Program:
        """A program drawn from a space, each function with its init_size; it depends on the arguments alone.

        Args:
            space: what it may look like.
            seed: 0 to 2**64 - 1.
            start: what functions without ops hold; by default nothing.
        """
        seed = checked_seed("seed", seed)
        c = ffi.new("amlz_program *")
        if start is not None:
            c[0] = start._c[0]
        check(lib.amlz_program_random(space._c(), seed, c))
        return cls._of(c)

    @property
    def code(self) -> dict[FunctionName, list[Instruction]]:
        """The instructions of each function, to be changed at will: ``Program(**code)`` is a program again."""
        return {name: self._instructions(name) for name in FUNCTIONS}

    @property
    def setup(self) -> list[Instruction]:
        """The instructions of Setup."""
        return self._instructions("setup")

    @property
    def predict(self) -> list[Instruction]:
        """The instructions of Predict."""
        return self._instructions("predict")

    @property
    def learn(self) -> list[Instruction]:
        """The instructions of Learn."""
        return self._instructions("learn")

    def _instructions(self, name: FunctionName) -> list[Instruction]:
        function = FUNCTIONS[name]
        return [_instruction(self._c.code[function][i]) for i in range(self._c.size[function])]

    def inserted(self, function: FunctionName, index: int, instruction: Instruction | str) -> Program:
        """A copy with one instruction more. For many at once there is :func:`pyamlz.explain.inserted`.

        Args:
            function: "setup", "predict" or "learn".
            index: the place before which it goes, from 0; the number of instructions puts it at the end.
            instruction: an Instruction, or its text.

        Raises:
            InputError: there is no such place, the text is no instruction, or the function has 64 already.
        """
        return self._edited(function, index, 0, [instruction])

    def replaced(self, function: FunctionName, index: int, instruction: Instruction | str) -> Program:
        """A copy with one instruction in the place of another.

        Args:
            function: "setup", "predict" or "learn".
            index: place of the one that goes, from 0.
            instruction: the one that comes, or its text.

        Raises:
            InputError: there is no such place, or the text is no instruction.
        """
        return self._edited(function, index, 1, [instruction])

    def removed(self, function: FunctionName, index: int) -> Program:
        """A copy with one instruction less. For many at once there is :func:`pyamlz.explain.without`.

        Args:
            function: "setup", "predict" or "learn".
            index: its place, from 0.

        Raises:
            InputError: there is no such place.
        """
        return self._edited(function, index, 1, [])

    def _edited(self, function: FunctionName, index: int, n_old: int, new: list[Instruction | str]) -> Program:
        """A copy in which the instructions `new` stand where `n_old` stood from `index` on."""
        number_of("function", function, FUNCTIONS)
        code = self.code
        size = len(code[function])
        if size < n_old:
            raise InputError(f"index: there is no instruction in {function}, got {index!r}")
        index = checked_int("index", index, 0, size - n_old)
        code[function][index : index + n_old] = [
            Instruction.parse(x) if isinstance(x, str) else checked_type("instruction", x, Instruction) for x in new
        ]
        return Program(**code)

    @property
    def sizes(self) -> dict[FunctionName, int]:
        """Instructions in each function."""
        return {name: int(self._c.size[function]) for name, function in FUNCTIONS.items()}

    def __len__(self) -> int:
        """Instructions in all."""
        return sum(self.sizes.values())

    def __bool__(self) -> bool:
        """Always true, like any value that is not a collection."""
        return True

    def __str__(self) -> str:
        size = lib.amlz_program_text_size()
        buffer = ffi.new("char[]", size)
        check(lib.amlz_program_print(self._c, buffer, size, ffi.NULL))
        return str(ffi.string(buffer).decode("ascii"))

    def __repr__(self) -> str:
        return f"Program.parse({str(self)!r})"

    def _repr_html_(self) -> str:
        """What notebooks show: the text with dead lines grey.

        What is live depends on the kind of task. It is taken for regression or binary, which have their prediction in
        s1; and for multi-class, with its prediction in v2, if no line were live otherwise.
        """
        dims = self.dims(_FEATURES)
        multiclass = self.dims(_FEATURES, "multiclass", n_classes=2)
        if len(self.simplified(dims)) == 0 and len(self.simplified(multiclass)) > 0:
            dims = multiclass
        return self.html(dims)

    def html(self, dims: Dims) -> str:
        """The text as HTML, its dead lines grey.

        Raises:
            ProgramError: the program does not fit the memory.
        """
        live = self.live(dims)
        text = iter(html.escape(line) for line in str(self).splitlines())
        shown = []
        for function in FUNCTIONS:
            shown.append(f"<b>{next(text)}</b>")
            for is_live in live[function]:
                line = next(text)
                shown.append(line if is_live else f'<span class="dead" style="opacity: 0.55">{line}</span>')
        return "<pre>" + "\n".join(shown) + "</pre>"

    def __eq__(self, other: object) -> bool:
        return bool(lib.amlz_program_equal(self._c, other._c)) if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return int(lib.amlz_program_hash(self._c))

    def __reduce__(self) -> tuple[Callable[[str], Program], tuple[str]]:
        return Program.parse, (str(self),)

    def cost(self, n_features: int) -> float:
        """Static cost of one Predict and one Learn at F features, in units of a scalar sum."""
        n_features = checked_int("n_features", n_features, 1, MAX_FEATURES)
        return float(lib.amlz_program_cost(self._c, n_features))

    def dims(self, n_features: int, kind: Kind = "regression", n_classes: int = 0) -> Dims:
        """The smallest memory that this program can run on; more does not change what it computes.

        Args:
            n_features: F.
            kind: "regression", "binary" or "multiclass".
            n_classes: number of classes, for "multiclass".
        """
        count = {Type.SCALAR: 2, Type.VECTOR: 3 if kind == "multiclass" else 1, Type.MATRIX: 0}
        for instructions in self.code.values():
            for instruction in instructions:
                op = find_op(instruction.op)
                addresses = (instruction.out, instruction.in1, instruction.in2)
                for operand, address in zip((op.out, op.in1, op.in2), addresses, strict=True):
                    if operand is not Type.NONE:
                        count[operand] = max(count[operand], address + 1)
        return Dims(
            n_features=n_features,
            n_scalars=count[Type.SCALAR],
            n_vectors=count[Type.VECTOR],
            n_matrices=count[Type.MATRIX],
            kind=kind,
            n_classes=n_classes,
        )

    def check(self, dims: Dims) -> None:
        """Checks that the program can run on a memory.

        Raises:
            ProgramError: it cannot: an address is out of range, for instance. The message names function and
                instruction; `line` is the instruction's place in its function, from 1.
        """
        error = ffi.new("amlz_error *")
        checked_type("dims", dims, Dims)
        if lib.amlz_program_check(self._c, dims._c(), error) != lib.AMLZ_OK:
            self._refuse(dims, error)

    def _refuse(self, dims: Dims, error: Any) -> NoReturn:
        line = int(error.line)
        for name, function in FUNCTIONS.items():
            alone = ffi.new("amlz_program *")
            alone.size[function] = self._c.size[function]
            alone.code[function] = self._c.code[function]
            if line and lib.amlz_program_check(alone, dims._c(), error) != lib.AMLZ_OK:
                instruction = self.code[name][line - 1]
                raise ProgramError(f"{name.capitalize()}, instruction {line}, {instruction}: {_message(error)}", line)
        raise ProgramError(_message(error))

    def live(self, dims: Dims) -> dict[FunctionName, list[bool]]:
        """Which instructions can reach a prediction, as a flag for each instruction of each function.

        Raises:
            ProgramError: the program does not fit the memory.
        """
        self.check(dims)
        live = ffi.new(f"uint8_t[{len(FUNCTIONS)}][{CAPACITY}]")
        check(lib.amlz_program_live(self._c, dims._c(), live))
        return {
            name: [bool(live[function][i]) for i in range(self._c.size[function])]
            for name, function in FUNCTIONS.items()
        }

    def simplified(self, dims: Dims) -> Program:
        """The program without its dead instructions; it computes the same bits.

        Raises:
            ProgramError: the program does not fit the memory.
        """
        self.check(dims)
        c = ffi.new("amlz_program *")
        check(lib.amlz_program_simplify(self._c, dims._c(), c))
        return self._of(c)

    def can_learn(self, dims: Dims) -> bool:
        """Whether predictions may depend on the features of the example at hand and on labels that were learned from.

        A program of which this is false predicts the same for all examples, or the same whatever it was taught.

        Raises:
            ProgramError: the program does not fit the memory.
        """
        self.check(dims)
        return bool(lib.amlz_program_can_learn(self._c, dims._c()))

    def key(self, dims: Dims) -> int:
        """The structural key, 64 bits.

        It is equal for programs whose live code is the same but for the numbering of addresses and the order of
        commuting operands, and these have the same fitness.

        Raises:
            ProgramError: the program does not fit the memory.
        """
        self.check(dims)
        return int(lib.amlz_program_key(self._c, dims._c()))


def _instruction(c: Any) -> Instruction:
    op = find_op(int(c.op))
    return Instruction(op.name, c.out, c.in1, c.in2, tuple(c.constant[i] for i in range(len(op.constants))))


def _message(error: Any) -> str:
    return str(ffi.string(error.message).decode("utf-8", "replace"))
