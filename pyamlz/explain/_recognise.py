"""What a program does, in the terms of machine learning: names for what its data flow shows.

Recognition rests on the algebra of values, not on text: on which products of features, label, memory and noise the
prediction and the memory are sums of. It sees what is computed, and not whether that is any good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pyamlz.explain._algebra import Algebra, Poly, Product, Term, exponents
from pyamlz.explain._dataflow import Source, dataflow
from pyamlz.explain._evidence import EXTREMES, MAX_DEPTH, ODD, Evidence
from pyamlz.program import Dims, Line, Program, Type

__all__ = ["FINDINGS", "Finding", "FindingName", "recognise"]

FindingName: TypeAlias = Literal[
    "dot_product_model",
    "matrix_vector_layer",
    "hidden_layer",
    "bilinear_form",
    "relu",
    "noisy_relu",
    "input_noise",
    "prediction_error",
    "gradient_step",
    "bias",
    "normalised_gradient",
    "learning_rate_decay",
    "mean_of_weights_learning_rate",
    "averaged_weights",
    "scaled_weights",
]

FINDINGS: Final[dict[FindingName, str]] = {
    "dot_product_model": "the prediction has a term dot(weights, features), of weights that are learned",
    "matrix_vector_layer": "a learned matrix times a vector that depends on the features",
    "hidden_layer": "the prediction has a weighted sum of a non-linear function of a learned matrix-vector layer",
    "bilinear_form": "the prediction has a term dot(features, dot(matrix, features)), of a matrix that is learned",
    "relu": "what depends on features, cut off at zero or another constant",
    "noisy_relu": "a rectifier with noise in what it compares, drawn anew at each step",
    "input_noise": "noise, drawn anew at each step, is added to the features before they meet the weights",
    "prediction_error": "label - prediction",
    "gradient_step": "error times what depends on the features is added to weights that the prediction reads",
    "bias": "a learned term, moved along the error, is added to what depends on the features",
    "normalised_gradient": "a gradient step is divided by a norm of what depends on the example",
    "learning_rate_decay": "a factor of a gradient step shrinks at each step",
    "mean_of_weights_learning_rate": "a factor of a gradient step is a function of the mean of learned weights",
    "averaged_weights": "weights of all steps are summed up, and predictions made by the sum",
    "scaled_weights": "learned weights are multiplied or divided by a statistic of their own",
}  #: all names, in the order of findings, and what they mean


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was recognised.

    Attributes:
        name: what.
        lines: the instructions that it rests on, in their order.
        explanation: what it is in this program.
    """

    name: FindingName
    lines: tuple[Line, ...]
    explanation: str


def recognise(program: Program, dims: Dims) -> list[Finding]:
    """Names what a program does.

    Args:
        program: the program, with dead code or without: that does not count.
        dims: the memory that it runs on, which says what labels are.

    Returns:
        Findings in the order of :data:`FINDINGS`; one name may come several times, once for each weight it is about.

    Raises:
        ProgramError: the program does not fit the memory.
    """
    return _Recogniser(Algebra(dataflow(program, dims))).findings()


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "inverted": float,
    "scalar_abs": abs,
    "scalar_sin": math.sin,
    "scalar_cos": math.cos,
    "scalar_tan": math.tan,
    "scalar_arcsin": math.asin,
    "scalar_arccos": math.acos,
    "scalar_arctan": math.atan,
    "scalar_exp": math.exp,
    "scalar_log": math.log,
    "scalar_minimum": min,
    "scalar_maximum": max,
    "scalar_heaviside": lambda a: float(a >= 0),
}
_STEPS = 10
_DRAWN = (0.01, 0.1, 1.0)  # what stands for numbers that are drawn
_SCALAR_FUNCTIONS = ODD | {
    *("scalar_abs", "scalar_reciprocal", "scalar_cos", "scalar_arccos", "scalar_exp", "scalar_log"),
    *("scalar_minimum", "scalar_maximum", "scalar_heaviside"),
}
_HEAVISIDES = {"scalar_heaviside", "vector_heaviside", "matrix_heaviside"}
_NORMS = {"vector_norm", "matrix_norm", "column_norm", "row_norm"}
_MEANS = {"vector_mean", "matrix_mean"}
_STATISTICS = _NORMS | _MEANS | {"vector_std", "matrix_std"}
_MEET_WEIGHTS = {"dot_product", "matrix_vector_product", "outer_product", "vector_product", "matrix_multiply"}
_PRODUCTS = {"scalar_product", "vector_product", "matrix_product", "scalar_vector_product", "scalar_matrix_product"}


def _computed(function: Callable[..., float], args: Iterable[float]) -> float:
    try:
        return function(*args)
    except (ArithmeticError, ValueError):
        return math.nan


class _Recogniser(Evidence):
    def findings(self) -> list[Finding]:
        rules: dict[FindingName, Callable[[], Iterator[tuple[Iterable[Line], str]]]] = {
            "dot_product_model": self._dot_product_model,
            "matrix_vector_layer": self._matrix_vector_layer,
            "hidden_layer": self._hidden_layer,
            "bilinear_form": self._bilinear_form,
            "relu": self._relu,
            "noisy_relu": self._noisy_relu,
            "input_noise": self._input_noise,
            "prediction_error": self._prediction_error,
            "gradient_step": self._gradient_step,
            "bias": self._bias,
            "normalised_gradient": self._normalised_gradient,
            "learning_rate_decay": self._learning_rate_decay,
            "mean_of_weights_learning_rate": self._mean_of_weights_learning_rate,
            "averaged_weights": self._averaged_weights,
            "scaled_weights": self._scaled_weights,
        }
        found: dict[Finding, None] = {}
        for name in FINDINGS:
            for lines, explanation in rules[name]():
                found[Finding(name, tuple(sorted(set(lines))), explanation)] = None
        return list(found)

    # ------------------------------------------------------------ models

    def _model_terms(self) -> Iterator[tuple[Product, frozenset[Line]]]:
        """The terms of the prediction, also those inside of functions of a scalar."""
        waiting: list[tuple[Poly, frozenset[Line], int]] = [(self.prediction, frozenset(), 0)]
        while waiting:
            poly, outside, depth = waiting.pop()
            for product, term in poly.items():
                yield product, term.lines | outside
                for (atom, _), _ in product:
                    found = self.atoms[atom]
                    if found.kind == "op" and found.op in _SCALAR_FUNCTIONS and depth < MAX_DEPTH:
                        lines = outside | term.lines
                        waiting += [(self.algebra.polys[i], lines, depth + 1) for i in found.args]

    def _dots(self) -> Iterator[tuple[Product, frozenset[Line]]]:
        """What is summed over elements in terms of the prediction that depend on features by that alone."""
        for product, lines in self._model_terms():
            for factor in product:
                (atom, _), exponent = factor
                rest = tuple(f for f in product if f != factor)
                if self.atoms[atom].kind == "dot" and exponent == 1 and not self.on_features(rest):
                    yield self.atoms[atom].products[0], lines

    def _is_features(self, factor: tuple[tuple[int, str], int]) -> bool:
        return self.atoms[factor[0][0]].kind == "features" and factor[1] == 1

    def _dot_product_model(self) -> Iterator[tuple[Iterable[Line], str]]:
        for vectors, lines in self._dots():
            features = [f for f in vectors if self._is_features(f)]
            rest = tuple(f for f in vectors if f not in features)
            weights = [atom for (atom, _), exponent in rest if exponent == 1 and self.is_learned(atom)]
            if len(features) == 1 and weights and not self.on_features(rest):
                yield lines, f"the prediction has the term dot({self.names(weights)}, features)"

    def _layer(self, atom: int) -> list[int]:
        """The learned matrices of an atom that is a matrix-vector layer, else none."""
        found = self.atoms[atom]
        if found.kind != "matrix_vector" or not self.on_features(found.products[1]):
            return []
        return [m for (m, _), exponent in found.products[0] if exponent == 1 and self.is_learned(m)]

    def _matrix_vector_layer(self) -> Iterator[tuple[Iterable[Line], str]]:
        seen: set[int] = set()
        for number in self.forward:
            for product, term in self.algebra.predicted[number].items():
                for (atom, _), _ in product:
                    matrices = self._layer(atom)
                    if matrices and not seen & set(matrices):
                        seen.update(matrices)
                        of = self.atoms[atom].products[1]
                        whom = "the features" if any(self._is_features(f) for f in of) else "what depends on features"
                        yield term.lines, f"{self.names(matrices)} is multiplied by {whom}"

    def _has_layer(self, poly: Poly, depth: int = 0) -> bool:
        """Is a layer among what non-linear functions are applied to?"""
        return any(
            bool(self._layer(atom))
            or (depth < MAX_DEPTH and any(self._has_layer(self.algebra.polys[i], depth + 1) for i in self._args(atom)))
            for product in poly
            for (atom, _), _ in product
        )

    def _args(self, atom: int) -> tuple[int, ...]:
        return self.atoms[atom].args if self.atoms[atom].kind in ("op", "inverted") else ()

    def _hidden_layer(self) -> Iterator[tuple[Iterable[Line], str]]:
        outputs = [(vectors, lines) for vectors, lines in self._dots()]
        for product, lines in self._model_terms():
            outputs += [
                ((*found.products[0], *found.products[1]), lines)
                for (atom, _), _ in product
                if (found := self.atoms[atom]).kind == "matrix_vector"
            ]
        for factors, lines in outputs:
            weights = [atom for (atom, _), exponent in factors if exponent == 1 and self.is_learned(atom)]
            for (atom, _), _ in factors:
                if any(self._has_layer(self.algebra.polys[i]) for i in self._args(atom)):
                    op = self.atoms[atom].op.partition("_")[2] or "a quotient"
                    whose = f"{self.names(weights)} weighs" if weights else "fixed weights weigh"
                    yield lines, f"{whose} hidden units, whose activation is {op}"

    def _bilinear_form(self) -> Iterator[tuple[Iterable[Line], str]]:
        for vectors, lines in self._dots():
            layers = [m for (atom, _), exponent in vectors if exponent == 1 for m in self._layer(atom)]
            plain = [atom for (atom, _), _ in vectors if self._layer(atom) and not self._is_linear_layer(atom)]
            if layers and not plain and (any(self._is_features(f) for f in vectors) or len(layers) > 1):
                yield lines, f"the prediction has the term dot(features, dot({self.names(layers)}, features))"

    def _is_linear_layer(self, atom: int) -> bool:
        return any(self._is_features(f) for f in self.atoms[atom].products[1])

    # ------------------------------------------------------------ activations and noise

    def _rectifiers(self) -> Iterator[tuple[int, list[Poly]]]:
        """Values that are the larger or smaller of two, or x * heaviside(x): their number and what is compared."""
        for number in self.forward:
            inputs = [self.algebra.predicted[i] for i in self.flow.values[number].inputs]
            if self._op(number) in EXTREMES and self.algebra.number(inputs[0]) != self.algebra.number(inputs[1]):
                yield number, inputs
            elif self._op(number) in _PRODUCTS:
                for x, mask in (inputs, inputs[::-1]):
                    gates = [self.atoms[atom] for product in mask for (atom, _), _ in product]
                    if len(gates) == 1 and gates[0].op in _HEAVISIDES and gates[0].args == (self.algebra.number(x),):
                        yield number, [x, {}]

    def _op(self, number: int) -> str:
        instruction = self.flow.values[number].instruction
        return "" if instruction is None else instruction.op

    def _line(self, number: int) -> Line:
        line = self.flow.values[number].line
        assert line is not None
        return line

    def _relu(self) -> Iterator[tuple[Iterable[Line], str]]:
        for number, compared in self._rectifiers():
            limits = [poly for poly in compared if not self._is_moving(poly)]
            if len(limits) == 1 and any(self.on_features(p) for poly in compared for p in poly):
                limit = "a constant" if limits[0] else "zero"
                lines = {line for poly in compared for term in poly.values() for line in term.lines}
                yield {self._line(number), *lines}, f"cut off at {limit}"

    def _is_moving(self, poly: Poly) -> bool:
        """Does it differ from example to example, or is it learned, or noise?"""
        bases = self.algebra.poly_bases(poly)
        return self.is_of_example(poly) or any(
            self.atoms[base].kind == "memory" or self.is_draw_of_step(base) for base in bases
        )

    def _noisy_relu(self) -> Iterator[tuple[Iterable[Line], str]]:
        for number, compared in self._rectifiers():
            noise = [(product, term) for poly in compared for product, term in poly.items() if self.is_noise(product)]
            if noise and any(self.on_features(p) for poly in compared for p in poly):
                lines = {line for product, term in noise for line in {*term.lines, *self.noise_lines(product)}}
                lines |= {line for poly in compared for term in poly.values() for line in term.lines}
                sides = sum(any(self.is_noise(product) for product in poly) for poly in compared)
                where = "both of the values" if sides == 2 else "one of the values"
                yield {self._line(number), *lines}, f"there is noise in {where} that are compared"

    def _input_noise(self) -> Iterator[tuple[Iterable[Line], str]]:
        inputs = {
            i
            for n in self.forward
            if self._op(n) in _MEET_WEIGHTS and self.learned_memory & self.algebra.poly_bases(self.algebra.predicted[n])
            for i in self.flow.values[n].inputs
        }
        lines: set[Line] = set()
        for number in sorted(inputs):
            poly = self.algebra.predicted[number]
            clean = [p for p in poly if len(p) == 1 and self._is_features(p[0])]
            noise = [p for p in poly if self.is_noise(p)]
            if clean and noise:
                lines |= {line for p in [*clean, *noise] for line in poly[p].lines}
                lines |= {line for p in noise for line in self.noise_lines(p)}
        if lines:
            yield lines, "what the weights are multiplied by is the features and noise"

    # ------------------------------------------------------------ learning

    def _prediction_error(self) -> Iterator[tuple[Iterable[Line], str]]:
        seen: set[int] = set()
        for number, value in enumerate(self.flow.values):
            if value.source is not Source.INSTRUCTION:
                continue
            for product, term in self.algebra.learned[number].items():
                for (atom, _), _ in product:
                    if self.atoms[atom].kind == "error" and atom not in seen:
                        seen.add(atom)
                        of = "the prediction"
                        if self.atoms[atom].op == "probability":
                            of = "the predicted probability"
                        yield term.lines, f"the label minus {of}"

    def _gradient_step(self) -> Iterator[tuple[Iterable[Line], str]]:
        for memory, updates in self.gradients.items():
            lines = {line for update in updates for line in update.lines}
            yield lines, f"{self.name(memory)} grows by error times what depends on the features"

    def _bias(self) -> Iterator[tuple[Iterable[Line], str]]:
        seen: set[int] = set()
        for number in self.forward:
            poly = self.algebra.predicted[number]
            if not any(self.on_features(product) for product in poly):
                continue
            for product, term in poly.items():
                added = {atom for (atom, _), e in product if e == 1 and self.is_learned(atom)}
                if len(added) != 1 or self.on_features(product) or added & seen:
                    continue
                (memory,) = added
                updates = [u for u in self.updates[memory] if not self.ascends(u)]
                if updates:
                    seen.add(memory)
                    lines = {line for update in updates for line in update.lines} | term.lines
                    yield lines, f"{self.name(memory)} is added to what depends on the features, and follows the error"

    def _normalised_gradient(self) -> Iterator[tuple[Iterable[Line], str]]:
        for memory, updates in self.gradients.items():
            for update in updates:
                norms = [a for (a, _), exponent in update.rest if exponent < 0 and self._is_norm(a)]
                if norms:
                    lines = {*update.lines, *(line for a in norms for line in self.algebra.lines(a))}
                    yield lines, f"the step of {self.name(memory)} is divided by a norm"
                    break

    def _is_norm(self, atom: int, depth: int = 0) -> bool:
        """A norm, or a squared one, of what depends on the example; perhaps with something added, or with a limit."""
        found = self.atoms[atom]
        if not self.is_of_example([(((atom, ""), 1),)]) or depth > MAX_DEPTH:
            return False
        if found.kind == "dot":
            return all(exponent % 2 == 0 for _, exponent in found.products[0])
        if found.op in _NORMS:
            return True
        if found.kind == "inverted" or found.op in EXTREMES or found.op == "scalar_abs":
            return any(
                self._is_norm(inner, depth + 1)
                for i in found.args
                for product in self.algebra.polys[i]
                for (inner, _), exponent in product
                if exponent > 0
            )
        return False

    def _learning_rate_decay(self) -> Iterator[tuple[Iterable[Line], str]]:
        for memory, updates in self.gradients.items():
            for update in updates:
                found = [(m, how) for factor in update.rest for m, how in self._decaying(factor)]
                if found:
                    rate, how = found[0]
                    lines = {*update.lines, *(line for t in self.algebra.steps[rate].values() for line in t.lines)}
                    yield lines, f"{self.name(rate)}, a factor of the step of {self.name(memory)}, {how}"
                    break

    def _decaying(self, factor: tuple[tuple[int, str], int]) -> Iterator[tuple[int, str]]:
        """The memory that makes a factor smaller at each step, and how; of before or after this step."""
        (atom, _), exponent = factor
        here = self.algebra.number({(((atom, ""), 1),): Term(1.0, frozenset())})
        if self.atoms[atom].kind == "inverted":
            here = self.atoms[atom].args[0]
        for memory, step in self.algebra.steps.items():
            if atom != memory and self.algebra.number(step) != here:
                continue
            if exponent > 0 and self._shrinks(memory):
                yield memory, "is made smaller at each step"
            elif exponent < 0 and self._grows(memory):
                yield memory, "a divisor, grows at each step"

    def _shrinks(self, memory: int) -> bool:
        """Does memory come nearer to zero at each of some steps, by what it is itself and constants, and nothing else?

        This is seen from its start, or, where that is drawn, from several numbers.
        """
        step, start = self.algebra.steps[memory], self.algebra.starts[memory]
        for before in [start[()].coefficient] if start.keys() == {()} else _DRAWN if start else [0.0]:
            for _ in range(_STEPS):
                after = self._number(step, {memory: before})
                if before == 0 or not 0 < after / before < 1:
                    return False
                before = after
        return True

    def _number(self, poly: Poly, numbers: dict[int, float]) -> float:
        """What a poly is for numbers in place of memory, all of it taken for scalars; NaN if that cannot be told."""
        total = 0.0
        for product, term in poly.items():
            value = term.coefficient
            for (atom, _), exponent in product:
                if atom not in numbers:
                    found = self.atoms[atom]
                    args = [self._number(self.algebra.polys[i], numbers) for i in self._args(atom)]
                    function = _FUNCTIONS.get(found.op or found.kind)
                    numbers = {**numbers, atom: math.nan if function is None else _computed(function, args)}
                value *= _computed(math.pow, [numbers[atom], exponent])
            total += value
        return total

    def _grows(self, memory: int) -> bool:
        """Are positive constants, squares, norms and absolute values added to memory, and nothing else?"""
        own: Product = (((memory, ""), 1),)
        poly = self.algebra.steps[memory]
        if own not in poly or poly[own].coefficient < 1 or len(poly) < 2:
            return False
        starts = self.algebra.starts[memory]
        if any(product or term.coefficient < 0 for product, term in starts.items()):
            return False
        return all(
            term.coefficient > 0
            and all(
                exponent % 2 == 0 or self.atoms[atom].op in _NORMS or self.atoms[atom].op.endswith("_abs")
                for (atom, _), exponent in product
            )
            for product, term in poly.items()
            if product != own
        )

    def _mean_of_weights_learning_rate(self) -> Iterator[tuple[Iterable[Line], str]]:
        for memory, updates in self.gradients.items():
            for update in updates:
                found = [
                    pair
                    for (atom, _), exponent in update.rest
                    if exponent > 0 and not self.follows_error(atom)
                    for pair in self._mean_of_weights(atom)
                ]
                if found:
                    weights, lines = found[0]
                    text = f"the mean of {self.name(weights)} is in a factor of the step of {self.name(memory)}"
                    yield {*update.lines, *lines}, text
                    break

    def _mean_of_weights(self, atom: int, depth: int = 0) -> Iterator[tuple[int, frozenset[Line]]]:
        """The weights whose mean a scalar is a function of, now or in the step before; and the lines of that."""
        found, here = self.atoms[atom], self.algebra.lines(atom)
        if found.type is not Type.SCALAR or depth > MAX_DEPTH:
            return
        if found.op in _MEANS:
            averaged = self.algebra.polys[found.args[0]]
            lines = here.union(*(term.lines for term in averaged.values()))
            for product in averaged:
                if len(product) == 1 and product[0][0][0] in self.gradients and product[0][1] == 1:
                    yield product[0][0][0], lines
            return
        polys = [self.algebra.polys[i] for i in found.args] if found.op in _SCALAR_FUNCTIONS else []
        if found.kind == "memory" and depth == 0:
            polys = [self.algebra.steps[atom]]
        for poly in polys:
            for product, term in poly.items():
                for (inner, _), _ in product:
                    for weights, lines in self._mean_of_weights(inner, depth + 1):
                        yield weights, lines | here | term.lines

    # ------------------------------------------------------------ what becomes of weights

    def _averaged_weights(self) -> Iterator[tuple[Iterable[Line], str]]:
        for memory, readers in self._read_by_predictions().items():
            step = self.algebra.steps[memory]
            kept = [term.lines for product, term in step.items() if self.keeps(memory, product)]
            others = (self.weights_of(without=memory) & self.gradients.keys()) - {memory}
            for product, term in step.items():
                summed = [atom for atom in exponents(product) if atom in others and self.keeps(atom, product)]
                if kept and len(summed) == 1:
                    text = f"{self.name(memory)} sums up {self.name(summed[0])}, and predictions are made by it"
                    yield readers.union(term.lines, *kept), text
                    break

    def _read_by_predictions(self) -> dict[int, frozenset[Line]]:
        """Learned memory in predictions, in training or in validation, or in what they are made of; and where."""
        found: dict[int, frozenset[Line]] = {}
        for product, term in self.prediction.items():
            for memory in self.in_order(m for m in self.algebra.bases(product) if self.is_learned(m)):
                found[memory] = found.get(memory, frozenset()) | term.lines
        waiting = list(found)
        while waiting:
            memory = waiting.pop()
            for poly in (self.algebra.steps[memory], self.algebra.after_predict[memory]):
                for product, term in poly.items():
                    direct = exponents(product)
                    if any(self.follows_error(atom) for atom in direct):
                        continue
                    for atom in direct:
                        if self.is_learned(atom) and atom not in found:
                            found[atom] = term.lines
                            waiting.append(atom)
        return found

    def _scaled_weights(self) -> Iterator[tuple[Iterable[Line], str]]:
        for number, value in enumerate(self.flow.values):
            if self._op(number) not in ("scalar_vector_product", "scalar_matrix_product"):
                continue
            scale, scaled = (self.algebra.learned[i] for i in value.inputs)
            same = self.algebra.number(scaled)
            weights = [p[0][0][0] for p in scaled if len(p) == 1 and p[0][1] == 1 and p[0][0][0] in self.gradients]
            for product, term in scale.items():
                statistics = [a for (a, _), _ in product if self.atoms[a].op in _STATISTICS]
                if weights and any(self.atoms[a].args == (same,) for a in statistics):
                    lines = {
                        self._line(number),
                        *term.lines,
                        *(line for a in statistics for line in self.algebra.line(a)),
                    }
                    op = self.atoms[statistics[0]].op.partition("_")[2]
                    yield lines, f"{self.names(weights)} is multiplied by a function of its {op}"
