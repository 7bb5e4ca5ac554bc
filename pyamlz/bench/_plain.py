"""The straightforward interpreter that the library's speed is compared with, compiled where it is needed."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import numpy as np

from pyamlz._lib.errors import AmlzError
from pyamlz.bench._workload import Burst, Workload
from pyamlz.program import Instruction, find_op

__all__ = ["PlainInterpreter", "plain_command", "plain_interpreter"]


class PlainInterpreter:
    """`plain_steps.c` at work: one task and one instruction after the other, in float32.

    Args:
        binary: the compiled program; the folder that it is in takes a file of examples.
    """

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        self._input = binary.with_suffix(".input")

    def load(self, workload: Workload) -> None:
        """Takes another workload."""
        tasks = workload.tasks
        examples = [array.astype(np.float64).ravel() for array in (tasks.train_x, tasks.train_y)]
        self._input.write_bytes(np.concatenate([_numbers(workload), *examples]).tobytes())

    def burst(self, seconds: float) -> Burst:
        """Whole passes over the workload, at least one, until so many seconds have passed."""
        done, passed = self._run(repr(seconds)).split()
        return Burst(int(done), float(passed))

    def errors(self) -> list[float]:
        """Absolute errors of each program, task and example in training, NaN from where a task was stopped on."""
        return [float(line) for line in self._run("errors").split()]

    def _run(self, argument: str) -> str:
        with open(self._input, "rb") as numbers:
            try:
                done = subprocess.run([self._binary, argument], stdin=numbers, capture_output=True, text=True)
            except OSError as error:  # a folder where nothing may be run
                raise AmlzError(f"{self._binary}: cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            raise AmlzError(f"plain_steps: ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def _numbers(workload: Workload) -> list[float]:
    """A workload but for its examples, as plain_steps.c reads it."""
    tasks, programs = workload.tasks, workload.programs
    dims = [program.dims(tasks.n_features) for program in programs]
    numbers: list[float] = [
        tasks.n_features,
        tasks.n_tasks,
        tasks.n_train,
        max(d.n_scalars for d in dims),
        max(d.n_vectors for d in dims),
        max(d.n_matrices for d in dims),
        len(programs),
    ]
    for program in programs:
        numbers += program.sizes.values()
        for instruction in (*program.setup, *program.predict, *program.learn):
            numbers += _instruction(instruction)
    return numbers


def _instruction(x: Instruction) -> list[float]:
    constants = (*x.constants, 0.0, 0.0, 0.0)[:3]
    return [find_op(x.op).id, x.out, x.in1, x.in2, *constants]


def _compiler() -> str:
    return os.environ.get("CC", "").strip() or "cc"


def plain_command() -> str:
    """What compiles the straightforward interpreter: optimised, for the CPUs that the compiler takes by default."""
    return f"{_compiler()} -std=c99 -O3"


@contextmanager
def plain_interpreter() -> Iterator[PlainInterpreter]:
    """The straightforward interpreter, compiled by `cc`, or what CC names, into a folder that goes with the context.

    Raises:
        AmlzError: there is no compiler, or it fails.
    """
    source = resources.as_file(resources.files("pyamlz.bench") / "plain_steps.c")
    with tempfile.TemporaryDirectory(prefix="pyamlz-") as folder, source as path:
        binary = Path(folder) / "plain_steps"
        try:
            done = subprocess.run(
                [*shlex.split(plain_command()), path, "-o", binary, "-lm"], capture_output=True, text=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise AmlzError(f"CC: expected a C compiler, got {_compiler()!r}, which cannot be run: {reason}") from None
        if done.returncode != 0:
            raise AmlzError(f"{plain_command()}: failed on {path.name}:\n{done.stderr.strip()}")
        yield PlainInterpreter(binary)
