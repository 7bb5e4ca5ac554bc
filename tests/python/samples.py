"""What several test files need: a small space, small task sets, images, random programs."""

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyamlz import Dims, FunctionSpace, Instruction, Program, SearchSpace, TaskSet, tasks
from pyamlz._ffi import lib
from pyamlz._lib import random as _random
from pyamlz._lib.native import VARIANTS
from pyamlz.program import OPS, Constant, Op, Type
from pyamlz.tasks import ImageData

LINEAR_OPS = [
    "scalar_constant",
    "dot_product",
    "scalar_difference",
    "scalar_product",
    "scalar_vector_product",
    "vector_sum",
]
ALL_OPS = [op.name for op in OPS]
VARIANTS_HERE = [name for name, number in VARIANTS.items() if lib.amlz_variant_available(number)]
VECTORS = Path(__file__).parents[1] / "vectors" / "reference.jsonl.gz"

# A small experiment, as a file.
QUICK = """
description = "a small one"
population_size = 100
mutations = { alter_argument = 1, randomize_instruction = 1, randomize_function = 1 }
combine = "mean"
max_evaluations = 3000
[tasks]
generator = "linear"
n_features = 2
n_tasks = 4
n_train = 50
n_valid = 20
[select]
n_tasks = 8
[final]
n_tasks = 10
compare = ["linear_regressor"]
[space]
scalars = 4
vectors = 3
matrices = 0
[space.setup]
size = 2
ops = ["scalar_constant"]
[space.predict]
size = 1
ops = ["dot_product"]
[space.learn]
size = 4
ops = ["scalar_difference", "scalar_product", "scalar_vector_product", "vector_sum"]
"""


def linear_tasks(seed: int = 1, **arguments: Any) -> TaskSet:
    return tasks.linear(**{"n_features": 4, "n_tasks": 4, "n_train": 50, "n_valid": 20, "seed": seed, **arguments})


def images(n_each: int = 50, n_test: int = 20, d: int = 12, n_classes: int = 10) -> ImageData:
    """Random pixels; the first says the class, the next two number the image."""

    def part(label: str, n: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        y = np.tile(np.arange(n_classes), n)
        x = np.floor(256 * _random.uniform(0, (label,), (len(y), d))).astype(np.uint8)
        x[:, 0] = y
        x[:, 1], x[:, 2] = np.divmod(np.arange(len(y)), 256)
        return x, y.astype(np.int64)

    x_train, y_train = part("train", n_each)
    x_test, y_test = part("test", n_test)
    return ImageData(
        name="images",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        n_classes=n_classes,
    )


def write_image_folder(folder: Path, data: ImageData) -> str:
    """`data` as the IDX files that MNIST and Fashion-MNIST have, in a new folder."""
    folder.mkdir()
    for prefix, x, y in (("train", data.x_train, data.y_train), ("t10k", data.x_test, data.y_test)):
        images_header = struct.pack(">4I", 0x0803, len(x), 1, x.shape[1])
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(images_header + x.tobytes())
        labels_header = struct.pack(">2I", 0x0801, len(y))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(labels_header + y.astype(np.uint8).tobytes())
    return str(folder)


def linear_space(task_set: TaskSet) -> SearchSpace:
    """The demo's, with smaller functions."""
    return SearchSpace(
        Dims.of(task_set, n_scalars=4, n_vectors=3, n_matrices=0),
        setup=FunctionSpace.fixed(5, LINEAR_OPS),
        predict=FunctionSpace.fixed(2, LINEAR_OPS),
        learn=FunctionSpace.fixed(6, LINEAR_OPS),
    )


def full_space(dims: Dims, size: int = 20) -> SearchSpace:
    """All ops everywhere."""
    function = FunctionSpace(ALL_OPS, 0, 40, size)
    return SearchSpace(dims, setup=function, predict=function, learn=function)


def random_programs(count: int, dims: Dims | None = None) -> Iterator[Program]:
    space = full_space(dims or Dims(n_features=4, n_scalars=5, n_vectors=5, n_matrices=3))
    for seed in range(count):
        yield Program.random(space, seed)


def instruction_of(op: Op) -> Instruction:
    """An instruction that has every operand and constant of the op in a place of its own."""
    constants = {Constant.REAL: -0.75, Constant.INDEX: 0.5, Constant.STDEV: 0.25}
    return Instruction(
        op.name,
        out=0 if op.out is Type.NONE else 2,
        in1=0 if op.in1 is Type.NONE else 1,
        in2=0 if op.in2 is Type.NONE else 3,
        constants=tuple(constants[kind] for kind in op.constants),
    )


def command(*arguments: str) -> list[str]:
    """The command line of pyamlz with this Python and whatever pyamlz these tests import."""
    return [sys.executable, "-c", "import sys; from pyamlz._cli.main import main; sys.exit(main())", *arguments]


def start(*arguments: str, **options) -> subprocess.Popen[str]:
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command(*arguments), text=True, env=environment(), **streams)


class Counted:
    """A callback that keeps what it is told at counts of evaluations, and may end the run there."""

    def __init__(self, every: int = 1, stop: int | None = None) -> None:
        self.every_evaluations = every
        self.stop = stop
        self.seen: list[Any] = []

    def __call__(self, progress: Any) -> bool:
        self.seen.append(progress)
        return len(self.seen) == self.stop


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def regression_table(**changes: Any) -> dict[str, Any]:
    """A preset that learns linear regression quickly, with some keys changed; None leaves a key out."""
    table: dict[str, Any] = {
        "population_size": 200,
        "mutations": {"alter_argument": 1, "randomize_instruction": 1, "randomize_function": 1},
        "combine": "mean",
        "max_evaluations": 20_000,
        "sufficient_fitness": 0.99,
        "tasks": {"generator": "linear", "n_features": 2, "n_tasks": 4, "n_train": 100, "n_valid": 20},
        "select": {"n_tasks": 20, "n_train": 200, "every": 1000},
        "final": {"n_tasks": 30, "compare": ["linear_regressor", "neural_network"]},
        "space": {
            "scalars": 4,
            "vectors": 3,
            "matrices": 0,
            "setup": {"size": 2, "ops": ["scalar_constant"]},
            "predict": {"size": 1, "ops": ["dot_product"]},
            "learn": {"size": 4, "ops": LINEAR_OPS[2:]},
        },
    }
    return {key: value for key, value in {**table, **changes}.items() if value is not None}
