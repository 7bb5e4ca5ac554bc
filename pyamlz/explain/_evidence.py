"""What findings rest on: what values depend on, which memory is weights or noise, and what is added to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pyamlz.explain._algebra import Algebra, Poly, Product, Term, exponents
from pyamlz.program import Address, Line

__all__ = ["EXTREMES", "MAX_DEPTH", "ODD", "Evidence", "Update"]

EXTREMES: Final = {f"{kind}_{name}" for kind in ("scalar", "vector", "matrix") for name in ("minimum", "maximum")}
MAX_DEPTH: Final = 8  #: of functions in functions
ODD: Final = {"scalar_sin", "scalar_tan", "scalar_arcsin", "scalar_arctan"}  #: keep the sign of a small error
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Update:
    """A term that is added to memory at each step, and changes its sign with that of the error.

    Attributes:
        memory: its atom.
        product: the term.
        rest: the product without the factors that follow the error.
        coefficient: what the product is multiplied by.
        lines: where all this, and the adding, is done.
    """

    memory: int
    product: Product
    rest: Product
    coefficient: float
    lines: frozenset[Line]


class Evidence:
    """The algebra of a program, read for what learning is made of."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra
        self.flow = algebra.flow
        self.atoms = algebra.atoms
        self.prediction = algebra.predicted[self.flow.prediction]
        self.forward = [
            n for n in sorted(self.flow.behind(self.flow.prediction)) if self.flow.values[n].instruction is not None
        ]
        self.learned_memory = self._learned_memory()
        self.noise_memory = self._noise_memory()
        self.weights = self.weights_of()
        self.updates = {memory: list(self.updates_of(memory)) for memory in algebra.steps}
        self.gradients = {
            memory: found
            for memory in self.in_order(self.weights)
            if (found := [update for update in self.updates[memory] if self.is_gradient(update)])
        }

    # ------------------------------------------------------------ what values depend on

    def depends(self, bases: Iterable[int], kind: str) -> bool:
        """Is there one of this kind among atoms without inputs?"""
        return any(self.atoms[base].kind == kind for base in bases)

    def on_features(self, product: Product) -> bool:
        """Does it depend on the features of the example at hand, other than by the prediction?"""
        return self.depends(self.algebra.bases(product), "features")

    def _learned_memory(self) -> set[int]:
        """Memory that depends on labels, in this step or by other memory."""
        learned: set[int] = set()
        while True:
            new = {
                memory
                for memory, step in self.algebra.steps.items()
                for bases in [
                    self.algebra.poly_bases(step) | self.algebra.poly_bases(self.algebra.after_predict[memory])
                ]
                if self.depends(bases, "label")
                or learned & bases
                or (self.depends(bases, "prediction") and learned & self.algebra.poly_bases(self.prediction))
            }
            if new == learned:
                return learned
            learned = new

    def _noise_memory(self) -> set[int]:
        """Memory that holds what was drawn in the last step, and nothing else."""
        noise: set[int] = set()
        while True:
            new = {memory for memory, step in self.algebra.steps.items() if self.is_drawn(step, noise)}
            if new == noise:
                return noise
            noise = new

    def is_drawn(self, poly: Iterable[Product], noise: set[int]) -> bool:
        """Made of draws of this step or the last, and of nothing else but constants."""
        bases = self.algebra.poly_bases(poly)
        return bool(bases) and all(base in noise or self.is_draw_of_step(base) for base in bases)

    def is_draw_of_step(self, base: int) -> bool:
        """Is it a random draw of Predict or Learn?"""
        line = self.atoms[base].line
        return self.atoms[base].kind == "random" and line is not None and line.function != "setup"

    def is_noise(self, product: Product) -> bool:
        """Is it made of noise of this step or the last, and constants?"""
        return self.is_drawn([product], self.noise_memory)

    def noise_lines(self, product: Product) -> set[Line]:
        """Where the noise in a product is drawn."""
        lines: set[Line] = set()
        for base in self.algebra.bases(product):
            line = self.atoms[base].line
            if line is not None:
                lines.add(line)
            elif base in self.noise_memory:
                for inner, term in self.algebra.steps[base].items():
                    lines |= {*term.lines, *self.noise_lines(inner)}
        return lines

    def is_learned(self, atom: int) -> bool:
        """Is it memory that depends on labels?"""
        return atom in self.learned_memory

    # ------------------------------------------------------------ weights, and what is added to them

    def weights_of(self, without: int | None = None) -> set[int]:
        """Learned memory that predictions read in training, by itself or because what they read is made of it."""
        found = {m for m in self.algebra.poly_bases(self.prediction) if self.is_learned(m)} - {without}
        waiting = list(found)
        while waiting:
            for product in self.algebra.steps[waiting.pop()]:
                direct = exponents(product)
                if any(self.follows_error(atom) or self.atoms[atom].kind == "label" for atom in direct):
                    continue
                new = {atom for atom in direct if self.is_learned(atom)} - found - {without}
                found |= new
                waiting += new
        return {memory for memory in found if memory is not None}

    def keeps(self, memory: int, product: Product) -> bool:
        """Is this what stays of a memory: itself, or itself times what does not depend on the example?"""
        rest = tuple(f for f in product if f[0] != (memory, ""))
        if len(rest) == len(product) or exponents(product)[memory] != 1:
            return False
        bases = self.algebra.bases(rest)
        return not any(self.depends(bases, kind) for kind in ("features", "label", "prediction"))

    def updates_of(self, memory: int) -> Iterator[Update]:
        """The terms that follow the error, of memory that is otherwise kept."""
        step = self.algebra.steps[memory]
        kept = {product: term for product, term in step.items() if self.keeps(memory, product)}
        own = kept.get((((memory, ""), 1),))
        if not kept or (own is not None and not 0 < own.coefficient <= 1 + _ROUNDING):
            return  # replaced, or multiplied at each step
        kept_lines = frozenset().union(*(term.lines for term in kept.values()))
        for product, term in step.items():
            if product in kept:
                continue
            for inner, more in self.a_step_before(product, term).items():
                error = [f for f in inner if self.follows_error(f[0][0])]
                if _is_odd(exponent for _, exponent in error):
                    rest = tuple(f for f in inner if f not in error)
                    lines = more.lines.union(kept_lines, *(self.algebra.lines(atom) for (atom, _), _ in error))
                    yield Update(memory, inner, rest, more.coefficient, lines)

    def a_step_before(self, product: Product, term: Term) -> Poly:
        """Of a product of memory alone, what it was made of in the step before; else the product itself."""
        if not product or any(self.atoms[atom].kind != "memory" for (atom, _), _ in product):
            return {product: term}
        if any(exponent != 1 for _, exponent in product):
            return {product: term}
        poly: Poly = {(): term}
        for (atom, axis), _ in product:
            step = self.algebra.steps[atom]
            if axis:
                step = self.algebra.transposed(step) if axis == "transposed" else self.algebra.along(step, axis)
            multiplied = self.algebra.product(poly, step)
            if multiplied is None:
                return {product: term}
            poly = multiplied
        return poly

    def follows_error(self, atom: int, depth: int = 0) -> bool:
        """Is an atom zero where the error is, and has it the error's sign, or the opposite one?"""
        found = self.atoms[atom]
        if found.kind == "error":
            return True
        if depth > MAX_DEPTH:
            return False

        def follows(product: Product) -> bool:
            return _is_odd(exponent for (inner, _), exponent in product if self.follows_error(inner, depth + 1))

        if found.products:  # linear in each
            return sum(follows(product) for product in found.products) == 1
        polys = [self.algebra.polys[i] for i in found.args]
        if found.op in ODD:
            return all(follows(product) for product in polys[0])
        if found.op in EXTREMES:  # an error that is clipped
            following = [bool(poly) and all(follows(product) for product in poly) for poly in polys]
            other = [poly for poly, is_following in zip(polys, following, strict=True) if not is_following]
            return len(other) == 1 and not self.is_of_example(other[0])
        return False

    def is_of_example(self, poly: Iterable[Product]) -> bool:
        """Does it depend on the example at hand?"""
        bases = self.algebra.poly_bases(poly)
        return any(self.depends(bases, kind) for kind in ("features", "label", "prediction"))

    def is_gradient(self, update: Update) -> bool:
        """Does it add the error times what depends on features, and not in the wrong direction?"""
        return self.on_features(update.product) and not self.ascends(update)

    def ascends(self, update: Update) -> bool:
        """Does it move memory, by a constant rate, against what would lower the error?

        That is known where the prediction has a term memory * factor, and the update is the error times that factor.
        """
        for product, term in self.prediction.items():
            if self.cofactor(product, update.memory) == update.rest:
                return term.coefficient * update.coefficient < 0
        return False

    def cofactor(self, product: Product, memory: int) -> Product | None:
        """What memory is multiplied by in a term of the prediction, in its dot product or outside of any."""
        if ((memory, ""), 1) in product:
            return tuple(f for f in product if f != ((memory, ""), 1))
        if len(product) == 1 and self.atoms[product[0][0][0]].kind == "dot":
            (vectors,) = self.atoms[product[0][0][0]].products
            if ((memory, ""), 1) in vectors:
                return tuple(f for f in vectors if f != ((memory, ""), 1))
        return None

    # ------------------------------------------------------------ names for explanations

    def in_order(self, memories: Iterable[int]) -> list[int]:
        """Memory in the order of addresses."""
        return sorted(memories, key=lambda memory: (self.atoms[memory].type, self.algebra.addresses[memory]))

    def name(self, memory: int) -> str:
        """The address of memory, "v1"; one of them if several hold the same."""
        return str(Address(self.atoms[memory].type, self.algebra.addresses[memory]))

    def names(self, memories: Iterable[int]) -> str:
        """The addresses of memory."""
        return ", ".join(self.name(memory) for memory in self.in_order(set(memories)))


def _is_odd(exponents: Iterable[int]) -> bool:
    """Does a product of powers of what follows the error follow it too?"""
    powers = list(exponents)
    return all(power > 0 for power in powers) and sum(powers) % 2 == 1
