"""Scoring single programs on task sets (Real et al., ICML 2020, figure 1)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_int, checked_precision, checked_seed, checked_type
from pyamlz._lib.errors import DataError, InputError, check
from pyamlz._lib.native import COMBINES, KINDS, PRECISIONS, VARIANTS, Handle, construct, name_of, new_struct, number_of
from pyamlz.program import Combine, Dims, Program
from pyamlz.tasks import TaskSet

__all__ = ["Evaluation", "Evaluator", "PackedTasks", "Probe", "Variant"]

Variant: TypeAlias = Literal["auto", "baseline", "avx2", "avx512"]
Doubles: TypeAlias = npt.NDArray[np.float64]


class PackedTasks:
    """A task set in the form that programs are run on, made once and shared by any number of searches and evaluators.

    Threads may share it, since it is only read.

    Args:
        tasks: the task set. Its rows are read where they are.
        precision: "float32" or "float64": what programs compute in. Data are rounded to it.

    Attributes:
        tasks: the task set.
        precision: the precision.

    Raises:
        DataError: a number is infinite once it is rounded to the precision.
        InputError: an argument is wrong, or there is not enough memory.
    """

    def __init__(self, tasks: TaskSet, precision: Precision = "float32") -> None:
        self.tasks = checked_type("tasks", tasks, TaskSet)
        self.precision = checked_precision("precision", precision)
        self.n_classes = tasks.n_classes if tasks.kind == "multiclass" else 0
        config = new_struct(
            "amlz_tasks_config",
            n_tasks=tasks.n_tasks,
            n_features=tasks.n_features,
            n_train=tasks.n_train,
            n_valid=tasks.n_valid,
            n_epochs=tasks.epochs,
            label=KINDS[tasks.kind],
            n_classes=self.n_classes,
            precision=PRECISIONS[self.precision],
            order_seed=tasks.order_seed,
        )
        self._handle = construct("tasks", config)
        self._fill()

    def __reduce__(self) -> tuple[type[PackedTasks], tuple[TaskSet, Precision]]:
        return PackedTasks, (self.tasks, self.precision)

    def __repr__(self) -> str:
        tasks = self.tasks
        sizes = f"F = {tasks.n_features}, {tasks.n_train} + {tasks.n_valid} examples"
        return f"<PackedTasks: {tasks.n_tasks} {tasks.kind} tasks, {sizes}, {self.precision}>"

    def _fill(self) -> None:
        tasks = self.tasks
        if tasks.train_x.dtype == np.float32:
            set_task, c_type = lib.amlz_tasks_set_f32, "float[]"
        else:
            set_task, c_type = lib.amlz_tasks_set_f64, "double[]"
        arrays = (tasks.train_x, tasks.train_y, tasks.valid_x, tasks.valid_y)
        buffers = [(ffi.from_buffer(c_type, array), array[0].size) for array in arrays]
        for task in range(tasks.n_tasks):
            status = set_task(self._handle.pointer, task, *(start + task * size for start, size in buffers))
            if status == lib.AMLZ_ERROR_DATA:
                raise DataError(f"tasks: task {task} has a number that is not finite in {self.precision}")
            check(status)

    def dims(self, program: Program) -> Dims:
        """The smallest memory on which `program` runs on these tasks."""
        return program.dims(self.tasks.n_features, self.tasks.kind, self.n_classes)


def packed(tasks: TaskSet | PackedTasks, precision: Precision | None) -> PackedTasks:
    """`tasks` packed, in float32 if no precision is given; refuses a set packed in another precision."""
    if not isinstance(tasks, PackedTasks):
        return PackedTasks(tasks, "float32" if precision is None else precision)
    if precision is not None and checked_precision("precision", precision) != tasks.precision:
        raise InputError(f"precision: expected {tasks.precision}, as the tasks are packed, got {precision}")
    return tasks


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a program did on a task set.

    Attributes:
        fitness: in [0, 1]: mean or median of `task_fitness`.
        task_fitness: fitness on each task, (D,). Regression: 1 - (2 / pi) atan(RMS error); classification: accuracy.
        train_steps: Predict and Learn on one example of one task count as one.
        valid_steps: Predict on one validation example of one task counts as one.
        n_stopped: tasks stopped early, by NaN or an error over 100.
    """

    fitness: float
    task_fitness: Doubles = field(repr=False)
    train_steps: int
    valid_steps: int
    n_stopped: int


class Probe(NamedTuple):
    """Absolute errors on the first examples of each task, NaN from where a task was stopped on.

    Attributes:
        train_errors: (D, n_train).
        valid_errors: (D, n_valid); 0 or 1 in classification.
    """

    train_errors: Doubles
    valid_errors: Doubles


class Evaluator:
    """Scores programs of any size on one task set.

    It may be used by one thread at a time; calls from several wait for each other.

    Args:
        tasks: a task set, packed or not.
        precision: "float32" or "float64"; default: as packed, else "float32".
        variant: kernels to use: "auto", "baseline", "avx2" or "avx512". All give the same bits.
        combine: "mean" or "median" of the tasks' fitnesses.

    Raises:
        InputError: an argument is wrong, or this machine does not have the variant.
    """

    def __init__(
        self,
        tasks: TaskSet | PackedTasks,
        *,
        precision: Precision | None = None,
        variant: Variant = "auto",
        combine: Combine = "mean",
    ) -> None:
        self._tasks = packed(tasks, precision)
        self._variant = number_of("variant", variant, VARIANTS)
        self._combine = number_of("combine", combine, COMBINES)
        self._lock = threading.Lock()
        self._dims = self._tasks.dims(Program())
        self._handle = self._build(self._dims)

    def __reduce__(self) -> tuple[Callable[..., Evaluator], tuple[PackedTasks]]:
        variant = cast(Variant, name_of(self._variant, VARIANTS))  # as given: another machine may have others
        return partial(Evaluator, variant=variant, combine=self.combine), (self._tasks,)

    def __repr__(self) -> str:
        return f"<Evaluator({self.combine} fitness) of {self._tasks!r}>"

    def _build(self, dims: Dims) -> Handle:
        config = new_struct(
            "amlz_evaluator_config",
            dims=dims._c()[0],
            precision=PRECISIONS[self._tasks.precision],
            variant=self._variant,
            combine=self._combine,
            max_tasks=self._tasks.tasks.n_tasks,
        )
        return construct("evaluator", config)

    def _fitting(self, program: Program) -> Any:
        """The C evaluator, with memory enough for the program."""
        checked_type("program", program, Program)
        needed = self._tasks.dims(program)
        dims = Dims(
            n_features=needed.n_features,
            n_scalars=max(needed.n_scalars, self._dims.n_scalars),
            n_vectors=max(needed.n_vectors, self._dims.n_vectors),
            n_matrices=max(needed.n_matrices, self._dims.n_matrices),
            kind=needed.kind,
            n_classes=needed.n_classes,
        )
        program.check(dims)
        if dims != self._dims:
            self._handle = self._build(dims)
            self._dims = dims
        return self._handle.pointer

    @property
    def tasks(self) -> PackedTasks:
        """The task set."""
        return self._tasks

    @property
    def variant(self) -> str:
        """The kernels in use: what "auto" became."""
        return name_of(lib.amlz_evaluator_variant(self._handle.pointer), VARIANTS)

    @property
    def combine(self) -> Combine:
        """How the tasks' fitnesses become one: "mean" or "median"."""
        return cast(Combine, name_of(self._combine, COMBINES))

    def evaluate(self, program: Program, seed: int = 0) -> Evaluation:
        """Runs a program on all tasks.

        Args:
            program: the program.
            seed: of its random ops, 0 to 2**64 - 1.

        Raises:
            ProgramError: the program writes labels or features.
        """
        seed = checked_seed("seed", seed)
        result = new_struct("amlz_evaluation")
        task_fitness = np.empty(self._tasks.tasks.n_tasks)
        with self._lock:
            status = lib.amlz_evaluate(
                self._fitting(program),
                self._tasks._handle.pointer,
                program._c,
                seed,
                result,
                ffi.from_buffer("double[]", task_fitness, require_writable=True),
            )
        check(status)
        return Evaluation(
            fitness=float(result.fitness),
            task_fitness=task_fitness,
            train_steps=int(result.train_steps),
            valid_steps=int(result.valid_steps),
            n_stopped=int(result.n_stopped),
        )

    def probe(self, program: Program, n_train: int = 10, n_valid: int = 10, seed: int = 0) -> Probe:
        """What the functional equivalence cache sees of a program (section 4.2): its errors on the first examples.

        Args:
            program: the program.
            n_train: training examples, which it learns from first; at most what the tasks have.
            n_valid: validation examples, likewise.
            seed: of its random ops.
        """
        n_train = checked_int("n_train", n_train, 0, self._tasks.tasks.n_train)
        n_valid = checked_int("n_valid", n_valid, 0, self._tasks.tasks.n_valid)
        seed = checked_seed("seed", seed)
        n_tasks = self._tasks.tasks.n_tasks
        errors = Probe(np.empty((n_tasks, n_train)), np.empty((n_tasks, n_valid)))
        with self._lock:
            status = lib.amlz_probe(
                self._fitting(program),
                self._tasks._handle.pointer,
                program._c,
                seed,
                n_train,
                n_valid,
                *(ffi.from_buffer("double[]", e, require_writable=True) for e in errors),
            )
        check(status)
        return errors
