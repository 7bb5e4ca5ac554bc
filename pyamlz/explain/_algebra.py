"""Values as sums of products, in a form that is the same however a program computes them.

Sums, differences, products, quotients by a single product, outer and inner products, copies and transposes are
multiplied out; what is left are *atoms*: features, label, memory, random draws, and ops that are not linear. So
``lr * (y - p) * x`` is found whether a program subtracts first or last, and a copy is what it copies. Numbers are taken
for real ones here: rounding, infinities and NaN, which 0 * x and x / x may hide, are left out.

The label minus the prediction is an atom of its own, the *error*.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from pyamlz.explain._dataflow import Dataflow, Source, Value
from pyamlz.program import Line, Type, find_op

__all__ = ["Algebra", "Atom", "Factor", "Poly", "Product", "Term", "exponents"]

# How an atom enters a product that is a matrix: a scalar, vector or matrix as it is; a vector along the rows
# (m[i][j] = v[i]) or along the columns (m[i][j] = v[j]); a matrix transposed.
Factor: TypeAlias = tuple[int, str]  #: an atom's number, and one of "", "row", "column", "transposed"
Product: TypeAlias = tuple[tuple[Factor, int], ...]  #: factors with their exponents, in rising order


class Term(NamedTuple):
    """What a product is multiplied by, and the lines that it rests on."""

    coefficient: float
    lines: frozenset[Line]


Poly: TypeAlias = dict[Product, Term]
_Monomial: TypeAlias = tuple[Product, Term]

_MAX_TERMS, _MAX_DEGREE = 32, 12  # what is larger stays an op
_TRANSPOSED = {"": "transposed", "transposed": "", "row": "column", "column": "row"}
_ZERO_AT_ZERO = frozenset(
    [
        *("scalar_abs", "scalar_sin", "scalar_tan", "scalar_arcsin", "scalar_arctan"),
        *("vector_abs", "vector_heaviside", "vector_norm", "vector_mean", "vector_std"),
        *("matrix_abs", "matrix_heaviside", "matrix_norm", "matrix_mean", "matrix_std"),
        *("column_norm", "row_norm", "row_mean", "row_std"),
    ]
)
_EXTREMES = {"scalar_minimum", "vector_minimum", "matrix_minimum", "scalar_maximum", "vector_maximum", "matrix_maximum"}
_SUMS = {"scalar_sum", "vector_sum", "matrix_sum"}
_DIFFERENCES = {"scalar_difference", "vector_difference", "matrix_difference"}
_PRODUCTS = {"scalar_product", "vector_product", "matrix_product", "scalar_vector_product", "scalar_matrix_product"}
_QUOTIENTS = {"scalar_division", "vector_division", "matrix_division"}
_RECIPROCALS = {"scalar_reciprocal", "vector_reciprocal", "matrix_reciprocal"}
_LEAVES = {"features", "label", "prediction", "memory", "random"}
_NOWHERE: frozenset[Line] = frozenset()


@dataclass(frozen=True, slots=True)
class Atom:
    """What is not multiplied out.

    Attributes:
        kind: "features", "label", "prediction" (as a part of Learn's values), "error" (label - prediction), "memory",
            "random", "op", "inverted" (what is divided by, a sum), "dot" (sum over elements of a product),
            "matrix_vector" or "matmul" (of products).
        type: scalar, vector or matrix.
        op: of an op, its name.
        constants: of an op.
        args: of an op or inverse, the numbers of its inputs' polys; of memory its number.
        products: of "dot", "matrix_vector" and "matmul", what goes in.
        line: of random draws, where.
        bases: the atoms without inputs that it is made of; of an error label and prediction.
    """

    kind: str
    type: Type
    op: str = ""
    constants: tuple[float, ...] = ()
    args: tuple[int, ...] = ()
    products: tuple[Product, ...] = ()
    line: Line | None = None
    bases: frozenset[int] = frozenset()


class Algebra:
    """The values of a program as polys.

    Equal polys mean equal values, in exact arithmetic; memory that is always equal is one atom.

    Attributes:
        flow: the program's graph.
        atoms: all atoms, by number.
        predicted: the poly of each value, where the prediction is what it is made of; for the values of Predict.
        learned: the same, where the prediction is an atom; for the values of Learn.
        memory: the atom of each value that is memory.
        steps: what the memory of an atom is after Learn, as a poly of `learned`.
        after_predict: what it is after Predict (in validation nothing else happens between two examples).
        starts: what it is after Setup.
    """

    def __init__(self, flow: Dataflow) -> None:
        self.flow = flow
        self.atoms: list[Atom] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._poly_numbers: dict[frozenset[tuple[Product, float]], int] = {}
        self.polys: list[Poly] = []
        self._lines: dict[int, frozenset[Line]] = {}
        groups = dict.fromkeys(flow.memories(), 0)
        self.predicted: list[Poly] = []
        self.learned: list[Poly] = []
        while True:  # memory is taken for equal until it is seen to differ
            self._run(groups)
            kinds: dict[tuple[object, ...], int] = {}
            refined = {}
            for number, group in groups.items():
                value = flow.values[number]
                ends = (self.number(self.learned[i]) for i in value.inputs)
                refined[number] = kinds.setdefault((value.type, group, *ends), len(kinds))
            is_stable = len(kinds) == len({(flow.values[n].type, g) for n, g in groups.items()})
            if is_stable:
                break
            groups = refined
        self.memory = {n: self._memory_atom(flow.values[n], group) for n, group in groups.items()}
        self.steps: dict[int, Poly] = {}
        self.after_predict: dict[int, Poly] = {}
        self.starts: dict[int, Poly] = {}
        self.addresses: dict[int, int] = {}
        for number, atom in self.memory.items():
            value = flow.values[number]
            if atom not in self.steps:
                start, learn, predict = value.inputs
                self.starts[atom], self.steps[atom] = self.learned[start], self.learned[learn]
                self.after_predict[atom] = self.learned[predict]
                self.addresses[atom] = value.address or 0

    # ------------------------------------------------------------ questions

    def number(self, poly: Poly) -> int:
        """The same number for equal polys."""
        key = frozenset((product, _rounded(term.coefficient)) for product, term in poly.items())
        found = self._poly_numbers.setdefault(key, len(self.polys))
        if found == len(self.polys):
            self.polys.append(poly)
        return found

    def bases(self, product: Product) -> frozenset[int]:
        """The atoms without inputs that a product is made of."""
        return frozenset().union(*(self.atoms[atom].bases for (atom, _), _ in product))

    def poly_bases(self, poly: Iterable[Product]) -> frozenset[int]:
        """The same of all products of a poly."""
        return frozenset().union(*(self.bases(product) for product in poly))

    def kinds(self, product: Product) -> set[str]:
        """The kinds of the atoms without inputs that a product is made of."""
        return {self.atoms[base].kind for base in self.bases(product)}

    def line(self, atom: int) -> frozenset[Line]:
        """The line that an op's atom was first seen at; none for other atoms."""
        return self._lines.get(atom, _NOWHERE)

    def lines(self, atom: int) -> frozenset[Line]:
        """The lines of an op's atom, and of all that it is made of; none for other atoms."""
        found, waiting = set(), [atom]
        lines = set(_NOWHERE)
        while waiting:
            number = waiting.pop()
            lines |= self._lines.get(number, _NOWHERE)
            found.add(number)
            for poly in (self.polys[i] for i in self.atoms[number].args if self.atoms[number].kind != "memory"):
                for product, term in poly.items():
                    lines |= term.lines
                    waiting += [inner for (inner, _), _ in product if inner not in found]
            for product in self.atoms[number].products:
                waiting += [inner for (inner, _), _ in product if inner not in found]
        return frozenset(lines)

    # ------------------------------------------------------------ atoms and polys

    def atom(self, atom: Atom) -> int:
        """The number of an atom, the same for equal ones."""
        key = (atom.kind, atom.type, atom.op, atom.constants, atom.args, atom.products, atom.line)
        if key not in self._numbers:
            number = self._numbers[key] = len(self.atoms)
            bases = frozenset([number]) if atom.kind in _LEAVES else atom.bases
            if atom.kind in ("op", "inverted"):
                bases = self.poly_bases(product for i in atom.args for product in self.polys[i])
            elif atom.products:
                bases = self.poly_bases(atom.products)
            self.atoms.append(replace(atom, bases=bases))
        return self._numbers[key]

    def single(self, atom: Atom, lines: frozenset[Line] = _NOWHERE) -> Poly:
        """The poly that is one atom."""
        return {(((self.atom(atom), ""), 1),): Term(1.0, lines)}

    def _memory_atom(self, value: Value, group: int) -> int:
        return self.atom(Atom("memory", value.type, args=(group,)))

    def _run(self, groups: Mapping[int, int]) -> None:
        """Computes the polys of all values, memory of one type and group being one atom."""
        self.predicted = self._pass(groups, is_learn=False)
        self.learned = self._pass(groups, is_learn=True)

    def _pass(self, groups: Mapping[int, int], is_learn: bool) -> list[Poly]:
        polys: list[Poly] = []
        flow = self.flow
        whole = self.predicted[flow.prediction] if is_learn else {}
        self._errors: list[tuple[int, int]] = []  # atoms of predictions and their errors
        for number, value in enumerate(flow.values):
            if value.source is Source.ZERO:
                poly: Poly = {}
            elif value.source is Source.MEMORY:
                poly = {(((self._memory_atom(value, groups[number]), ""), 1),): Term(1.0, _NOWHERE)}
            elif value.source is Source.INSTRUCTION:
                poly = self._instruction(value, [polys[i] for i in value.inputs])
            elif value.source is Source.PROBABILITY:
                poly = self._prediction("probability", value.type)
            else:
                poly = self.single(Atom(value.source.value, value.type))
            if is_learn and value.line is not None and whole and self.number(poly) == self.number(whole):
                poly = self._prediction("prediction", value.type)
            polys.append(poly)
        return polys

    def _prediction(self, name: str, kind: Type) -> Poly:
        """The prediction as one atom, which makes errors together with the label."""
        atom = self.atom(Atom("prediction", kind, op=name))
        label = self.atom(Atom("label", kind))
        error = self.atom(Atom("error", kind, op=name, bases=frozenset([label, atom])))
        if (atom, error) not in self._errors:
            self._errors.append((atom, error))
        return {(((atom, ""), 1),): Term(1.0, _NOWHERE)}

    # ------------------------------------------------------------ ops

    def _instruction(self, value: Value, inputs: list[Poly]) -> Poly:
        """An instruction's output; as an op's atom where it is too large to be multiplied out, or not finite."""
        assert value.instruction is not None
        assert value.line is not None
        op, here = value.instruction.op, frozenset([value.line])
        poly = self._expanded(op, value, inputs)
        if poly is None or not _is_small(poly):
            args = [self.number(poly) for poly in inputs]
            if find_op(op).is_commutative or op in _EXTREMES:
                args.sort()
            line = value.line if find_op(op).is_random else None
            kind = "random" if find_op(op).is_random else "op"
            atom = Atom(kind, value.type, op, value.instruction.constants, tuple(args), line=line)
            poly = self.single(atom)
            self._lines.setdefault(self.atom(atom), here)
        if find_op(op).is_random:
            return {product: Term(t.coefficient, here) for product, t in poly.items()}
        if any(poly is i or _same(poly, i) for i in inputs):
            return poly  # a copy adds nothing
        return {product: Term(t.coefficient, t.lines | here) for product, t in self._with_errors(poly).items()}

    def _expanded(self, op: str, value: Value, inputs: list[Poly]) -> Poly | None:
        a, b = (*inputs, {}, {})[:2]
        if op == "scalar_constant":
            assert value.instruction is not None
            constant = value.instruction.constants[0]
            return {(): Term(constant, _NOWHERE)} if constant else {}
        if op in _SUMS or op in _DIFFERENCES:
            sign = 1.0 if op in _SUMS else -1.0
            return _sum([*a.items(), *((p, Term(sign * t.coefficient, t.lines)) for p, t in b.items())])
        if op in _PRODUCTS:
            return self.product(a, b)
        if op in _QUOTIENTS:
            return self.product(a, self._inverse(b, value.type))
        if op in _RECIPROCALS:
            return self._inverse(a, value.type)
        if op == "vector_fill":
            return a
        if op in ("column_broadcast", "row_broadcast"):
            return self.along(a, "row" if op == "column_broadcast" else "column")
        if op == "outer_product":
            return self.product(self.along(a, "row"), self.along(b, "column"))
        if op == "matrix_transpose":
            return self.transposed(a)
        contractions = {
            "dot_product": self._dot,
            "matrix_vector_product": self._matrix_vector,
            "matrix_multiply": self._matmul,
        }
        if op in contractions:
            if len(a) * len(b) > _MAX_TERMS:
                return None
            return _sum([contractions[op](one, other) for one in a.items() for other in b.items()])
        if op in _EXTREMES and self.number(a) == self.number(b):
            return a
        if op in _ZERO_AT_ZERO and not a:
            return {}
        return None

    def _with_errors(self, poly: Poly) -> Poly:
        """Label and prediction, where they come with the same factors and opposite signs, become errors."""
        for prediction, error in self._errors:
            label = self.atom(Atom("label", self.atoms[prediction].type))
            for product, term in list(poly.items()):
                for axis in ("", "row", "column"):
                    if ((label, axis), 1) not in product or product not in poly:
                        continue
                    rest = tuple(f for f in product if f != ((label, axis), 1))
                    twin = _multiplied(rest, ((((prediction, axis), 1)),))
                    other = poly.get(twin)
                    if other is None or not math.isclose(term.coefficient, -other.coefficient, rel_tol=1e-6):
                        continue
                    del poly[product], poly[twin]
                    found = _multiplied(rest, ((((error, axis), 1)),))
                    poly = _sum([*poly.items(), (found, Term(term.coefficient, term.lines | other.lines))])
        return poly

    def product(self, a: Poly, b: Poly) -> Poly | None:
        """The product of two polys; None if it is too large."""
        if len(a) * len(b) > _MAX_TERMS:
            return None
        return _sum([_times(one, other) for one in a.items() for other in b.items()])

    def _inverse(self, poly: Poly, kind: Type) -> Poly:
        if len(poly) == 1:
            ((product, term),) = poly.items()
            inverse = tuple((factor, -exponent) for factor, exponent in product)
            return {inverse: Term(1.0 / term.coefficient if term.coefficient else math.inf, term.lines)}
        lines = frozenset().union(*(t.lines for t in poly.values()))
        atom = self.atom(Atom("inverted", kind, args=(self.number(poly),)))
        return {(((atom, ""), -1),): Term(1.0, lines)}

    def along(self, poly: Poly, axis: str) -> Poly:
        """A vector as a matrix; its axis is "row" or "column"."""
        return {
            tuple(sorted(((n, axis if self.atoms[n].type is Type.VECTOR else old), e) for (n, old), e in product)): t
            for product, t in poly.items()
        }

    def transposed(self, poly: Poly) -> Poly:
        """A matrix transposed."""
        return {
            tuple(
                sorted(((n, axis if self.atoms[n].type is Type.SCALAR else _TRANSPOSED[axis]), e) for (n, axis), e in p)
            ): t
            for p, t in poly.items()
        }

    def _parts(self, product: Product) -> tuple[Product, Product, Product, Product]:
        """Scalars, vectors (as such, or along the rows), vectors along the columns, and matrices of a product."""
        parts: tuple[list[tuple[Factor, int]], ...] = ([], [], [], [])
        for (atom, axis), exponent in product:
            kind = self.atoms[atom].type
            place = {Type.SCALAR: 0, Type.MATRIX: 3}.get(kind, 2 if axis == "column" else 1)
            parts[place].append(((atom, "" if kind is Type.VECTOR else axis), exponent))
        scalars, rows, columns, matrices = (tuple(sorted(part)) for part in parts)
        return scalars, rows, columns, matrices

    def _sum_over_elements(self, vectors: Product) -> _Monomial:
        """The sum of a vector's elements."""
        if not vectors:
            return (), Term(float(self.flow.dims.n_features), _NOWHERE)
        return (((self.atom(Atom("dot", Type.SCALAR, products=(vectors,))), ""), 1),), Term(1.0, _NOWHERE)

    def _dot(self, a: _Monomial, b: _Monomial) -> _Monomial:
        product, term = _times(a, b)
        scalars, vectors, _, _ = self._parts(product)
        return _times((scalars, term), self._sum_over_elements(vectors))

    def _matrix_vector(self, a: _Monomial, b: _Monomial) -> _Monomial:
        scalars, rows, columns, matrices = self._parts(a[0])
        more, vectors, _, _ = self._parts(b[0])
        front = (_multiplied(_multiplied(scalars, more), rows), _times(((), a[1]), ((), b[1]))[1])
        inner = _multiplied(columns, vectors)
        if not matrices:
            return _times(front, self._sum_over_elements(inner))
        atom = self.atom(Atom("matrix_vector", Type.VECTOR, products=(matrices, inner)))
        return _times(front, ((((atom, ""), 1),), Term(1.0, _NOWHERE)))

    def _matmul(self, a: _Monomial, b: _Monomial) -> _Monomial:
        scalars, rows, columns, matrices = self._parts(a[0])
        more, rows_2, columns_2, matrices_2 = self._parts(b[0])
        term = _times(((), a[1]), ((), b[1]))[1]
        inner = _multiplied(columns, rows_2)
        outside = _multiplied(
            _multiplied(scalars, more), _multiplied(_on(rows, "row", self), _on(columns_2, "column", self))
        )
        if not matrices and not matrices_2:
            return _times((outside, term), self._sum_over_elements(inner))
        if matrices and matrices_2:
            atom = self.atom(Atom("matmul", Type.MATRIX, products=(matrices, inner, matrices_2)))
            axis = ""
        else:
            turned = tuple(sorted(((n, _TRANSPOSED[axis]), e) for (n, axis), e in matrices_2))
            atom = self.atom(Atom("matrix_vector", Type.VECTOR, products=(matrices or turned, inner)))
            axis = "row" if matrices else "column"
        return _times((outside, term), ((((atom, axis), 1),), Term(1.0, _NOWHERE)))


def exponents(product: Product) -> dict[int, int]:
    """The exponent of each atom of a product, whichever way it enters."""
    found: dict[int, int] = {}
    for (atom, _), exponent in product:
        found[atom] = found.get(atom, 0) + exponent
    return found


def _on(vectors: Product, axis: str, algebra: Algebra) -> Product:
    return tuple(sorted(((n, axis if algebra.atoms[n].type is Type.VECTOR else old), e) for (n, old), e in vectors))


def _multiplied(a: Product, b: Product) -> Product:
    factors = dict(a)
    for factor, exponent in b:
        factors[factor] = factors.get(factor, 0) + exponent
    return tuple(sorted((factor, e) for factor, e in factors.items() if e))


def _times(a: _Monomial, b: _Monomial) -> _Monomial:
    return _multiplied(a[0], b[0]), Term(a[1].coefficient * b[1].coefficient, a[1].lines | b[1].lines)


def _sum(terms: Iterable[_Monomial]) -> Poly:
    poly: Poly = {}
    for product, term in terms:
        old = poly.get(product)
        if old is not None:
            size = max(abs(old.coefficient), abs(term.coefficient))
            total = old.coefficient + term.coefficient
            term = Term(total if abs(total) > 1e-12 * size else 0.0, old.lines | term.lines)
        poly[product] = term
    return {product: term for product, term in poly.items() if term.coefficient}


def _same(a: Poly, b: Poly) -> bool:
    return a.keys() == b.keys() and all(a[p].coefficient == b[p].coefficient for p in a)


def _is_small(poly: Poly) -> bool:
    return len(poly) <= _MAX_TERMS and all(
        math.isfinite(term.coefficient) and sum(abs(e) for _, e in product) <= _MAX_DEGREE
        for product, term in poly.items()
    )


def _rounded(number: float) -> float:
    """To 12 digits, since the same product may be rounded in several ways."""
    return float(f"{number:.12g}")
