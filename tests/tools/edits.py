"""What single mutations make of random programs that can learn, in the space of `demo`: the table of docs/RESULTS.md.

python tests/tools/edits.py [children of each mutation]
"""

import sys
from typing import Any

from pyamlz import Experiment
from pyamlz._ffi import ffi, lib
from pyamlz._lib.native import MUTATIONS

PER_PARENT = 20  # children


def structure(program: Any, dims: Any) -> int:
    """The structural key of an `amlz_program *` without regard to constants."""
    plain = ffi.new("amlz_program *", program[0])
    for code, size in zip(plain.code, plain.size, strict=True):
        for instruction in code[0:size]:
            instruction.constant = [0.0] * len(instruction.constant)
    return int(lib.amlz_program_key(plain, dims))


def learners(space: Any, seed: int) -> Any:
    """Random programs that can learn, again and again, in one place."""
    program = ffi.new("amlz_program *")
    while True:
        seed += 1
        lib.amlz_program_random(space, seed, program)
        if lib.amlz_program_can_learn(program, ffi.addressof(space, "dims")):
            yield program


def main(count: int) -> None:
    """Prints a row for each mutation."""
    experiment = Experiment.load("demo")
    space = experiment.search(experiment.tasks("tasks", seed=1), seed=1).space._c()
    dims = ffi.addressof(space, "dims")
    print("| mutation | changed | another structure | can learn | both |\n|---|---|---|---|---|")
    for action, number in MUTATIONS.items():
        weights, seed = ffi.new("double[]", len(MUTATIONS)), ffi.new("uint64_t *", number)
        weights[number] = 1
        changed = new = learns = both = 0
        parents = learners(space, 0)
        for _ in range(count // PER_PARENT):
            parent = next(parents)
            own = structure(parent, dims)
            for _ in range(PER_PARENT):
                child = ffi.new("amlz_program *", parent[0])
                lib.amlz_mutate(space, weights, seed, child, ffi.NULL)
                is_new, can_learn = structure(child, dims) != own, bool(lib.amlz_program_can_learn(child, dims))
                changed += not lib.amlz_program_equal(child, parent)
                new, learns, both = new + is_new, learns + can_learn, both + (is_new and can_learn)
        shares = " | ".join(f"{100 * n / count:.0f} %" for n in (changed, new, learns, both))
        print(f"| `{action}` | {shares} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
