"""Prints docs/ops.md, made from the library's own table of ops:

python docs/make_ops.py > docs/ops.md
"""

import re

from pyamlz import OPS, Op
from pyamlz.program import Constant, Type

INTRODUCTION = """\
<!-- Made by docs/make_ops.py; do not edit. -->
# The ops

What an instruction can be: {count} ops, numbered as in table S1 of the paper, but from 0. An id never changes its
meaning, and new ops get new ids. How the arithmetic is done to the last bit is in [semantics.md](semantics.md).

- **text**: the op as it is written, on addresses 1 and 2 for the inputs and 3 for the output. Any others do as well:
  `s1 = s1 + s4`.
- **types**: of the inputs and the output: `s` scalar, `v` vector of length F, `m` matrix, F x F.
- **constants**: `c1`, `c2`, `c3` stand for numbers. *real*: any finite one; *index*: a place as a fraction of F, in
  [0, 1), where c means the place trunc(c F); *stdev*: 0 or more.
- **meaning**: `a` and `b` are the first and the second input, `i`, `j`, `k` run over 0 to F - 1; where nothing else is
  said, the formula is for each element of the output. `u` is uniform in (0, 1), `z` standard normal.
- **cost**: what the op counts for in a program's static cost, in units of a scalar sum.

| id | name | text | types | constants | meaning | cost |
|---|---|---|---|---|---|---|
"""

GROUPS = """\

## Properties

- **Commutative**, so that the order of inputs changes no bit and the structural key ignores it: {commutative}.
- **Partial**: they write one element and keep the rest of their output: {partial}.
- **Random**: they draw new numbers each time they run: {random}.

## Other spellings

Each of these is read as the op on its left, and printed as in the table. `max` is read for `maximum`, and `min` for
`minimum`. With the number of features given, an index may also be a whole number from 0 to F - 1.

| id | also read |
|---|---|
"""

MARKS = """
## The forms that the library holds

`amlz_op(id)->text`, in Python `pyamlz.OPS[id].text`, has marks in place of operands: `$o` the output, `$1` and `$2` the
inputs, `$c` the next constant. What stands in `{...}` is printed, and may be left out in a text that is read; what
stands in `<...>` is not printed, and may be there. Example: `$o = heaviside($1{, 1.0})`.
"""

LETTERS = {Type.SCALAR: "s", Type.VECTOR: "v", Type.MATRIX: "m"}
SUPERSCRIPTS = {1: "", 2: "\u00b2", 3: "\u00b3"}


def filled(op: Op, form: str) -> str:
    """A form with addresses and the names of constants in place of its marks."""
    constants = iter(range(1, 4))
    operands = {"o": (op.out, 3), "1": (op.in1, 1), "2": (op.in2, 2)}

    def operand(mark: re.Match[str]) -> str:
        if mark[1] == "c":
            return f"c{next(constants)}"
        kind, address = operands[mark[1]]
        return f"{LETTERS[kind]}{address}"

    return re.sub(r"\$(.)", operand, form)


def text(op: Op) -> str:
    """How the op is printed."""
    return filled(op, re.sub(r"<[^>]*>", "", op.text).translate({ord("{"): None, ord("}"): None}))


def other_text(op: Op) -> str | None:
    """How it may be written besides; None if there is one way only."""
    other = re.sub(r"\{[^}]*\}", "", op.text).translate({ord("<"): None, ord(">"): None})
    return filled(op, other) if re.search("[{<]", op.text) else None


def types(op: Op) -> str:
    """Types of the inputs and the output, "s v -> v"."""
    inputs = "".join(f"{LETTERS[kind]} " for kind in (op.in1, op.in2) if kind is not Type.NONE)
    return "" if op.out is Type.NONE else f"{inputs}\u2192 {LETTERS[op.out]}"


def constants(op: Op) -> str:
    """What its constants are."""
    names = {Constant.REAL: "real", Constant.INDEX: "index", Constant.STDEV: "stdev"}
    return ", ".join(names[kind] for kind in op.constants)


def cost(op: Op) -> str:
    if not op.cost_work:
        return f"{op.cost_base:g}"
    return f"{op.cost_base:g} + {op.cost_work:g} F{SUPERSCRIPTS[op.cost_power]}"


def code(source: str) -> str:
    """A code span for a cell of a table."""
    return "`" + source.replace("|", "\\|") + "`"


def listed(flag: str) -> str:
    return ", ".join(f"{op.name} ({op.id})" for op in OPS if getattr(op, flag))


def wrapped(paragraphs: str) -> str:
    """Lists broken into lines of at most 120 characters."""
    lines: list[str] = []
    for line in paragraphs.splitlines():
        while len(line) > 120:
            cut = line.rindex(" ", 0, 121)
            lines.append(line[:cut])
            line = "  " + line[cut + 1 :]
        lines.append(line)
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION.format(count=len(OPS))]
    for op in OPS:
        cells = (str(op.id), op.name, code(text(op)), types(op), constants(op), code(op.formula), cost(op))
        parts.append(f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |"))
    properties = {name: listed(f"is_{name}") for name in ("commutative", "partial", "random")}
    parts.append(wrapped(GROUPS.format(**properties)))
    parts.extend(f"| {op.id} | {code(other)} |\n" for op in OPS if (other := other_text(op)) is not None)
    parts.append(MARKS)
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
