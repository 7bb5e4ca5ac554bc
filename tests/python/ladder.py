"""Programs on the way to figure 5. Run as a script: what they score at each stage of `pyamlz climb`.

    python tests/python/ladder.py

They have the best constants of a grid there. Bold is what passes.
"""

from __future__ import annotations

from itertools import product

from pyamlz import Program
from pyamlz.lab import nonlinear_stages
from pyamlz.program.baselines import linear_regressor

RELU = """
def Setup():
  s2 = {rate}
def Predict():
  v3 = maximum(v0, v7)
  s1 = dot(v3, v4)
def Learn():
  s1 = s0 - s1
  s1 = s1 * s2
  v5 = s1 * v3
  v4 = v4 + v5
"""
HIDDEN = """
def Setup():
  s2 = {rate}
  m1 = gaussian(0, {spread})
  v4 = gaussian(0, {output_spread})
def Predict():
  v2 = dot(m1, v0)
  v3 = maximum(v2, v7)
  s1 = dot(v3, v4)
def Learn():
  s1 = s0 - s1
  s1 = s1 * s2
  v3 = STEP
  v5 = s1 * v3
  v4 = v4 + v5
  v5 = WEIGHTED
  m0 = outer(v5, v0)
  m1 = m1 + m0
"""


def hidden(*dropped: str) -> str:
    """The code without the lines that have these words in them."""
    lines = [line for line in HIDDEN.splitlines() if not any(word in line for word in dropped)]
    return "\n".join(lines).replace("STEP", "heaviside(v3, 1.0)").replace("WEIGHTED", "v4 * v5")


CODE = {
    "linear model": str(linear_regressor(0.5)).replace("0.5", "{rate}"),
    "ReLU, features in its gradient": RELU.replace("s1 * v3", "s1 * v0"),
    "ReLU of each feature": RELU,
    "random hidden weights": hidden("STEP", "WEIGHTED", "m1 +"),
    "hidden weights from error times activation": hidden("STEP", "WEIGHTED"),
    "the same times output weights": hidden("STEP"),
    "the same with a step: figure 5": hidden(),
}  #: by name; constants are left open
RATES = (0.006, 0.01, 0.016, 0.025, 0.04, 0.06, 0.1, 0.16, 0.25, 0.5, 1.0, 1.4)
SPREADS = (0.1, 0.3, 0.6)
OUTPUT_SPREADS = (0.01, 0.3, 0.8)


def program(name: str, rate: float, spread: float = 0.0, output_spread: float = 0.0) -> Program:
    """The program of a name, with constants: learning rate, deviations of hidden and output weights at the start."""
    return Program.parse(CODE[name].format(rate=rate, spread=spread, output_spread=output_spread))


def main() -> None:
    """Prints the table."""
    presets = {stage.name: stage.experiment for stage in nonlinear_stages()}
    evaluators = {name: preset.evaluator(preset.tasks("tasks", 1)) for name, preset in presets.items()}
    print("| program |", " | ".join(presets), "|")
    print("|---|", "---:|" * len(presets), sep="")
    for name, code in CODE.items():
        has_hidden_layer = "spread" in code
        grid = product(RATES, SPREADS, OUTPUT_SPREADS) if has_hidden_layer else product(RATES)
        programs = [program(name, *constants) for constants in grid]
        cells = []
        for stage, evaluator in evaluators.items():
            best = max(evaluator.evaluate(each).fitness for each in programs)
            passed = best >= presets[stage].sufficient_fitness
            cells.append(f"**{best:.3f}**" if passed else f"{best:.3f}")
        print(f"| {name} |", " | ".join(cells), "|", flush=True)
    print("| sufficient |", " | ".join(f"{p.sufficient_fitness:g}" for p in presets.values()), "|")


if __name__ == "__main__":
    main()
