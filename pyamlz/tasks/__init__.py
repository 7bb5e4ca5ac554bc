"""Task sets: what programs are scored on.

:func:`linear`, :func:`affine` and :func:`nonlinear` make regression tasks with a
known answer, :func:`projected_binary` makes classification tasks from images
that :func:`load` reads; :func:`from_arrays` takes the user's own data as they are,
and :func:`table` makes tasks by resampling a file of them. All
of them return a :class:`TaskSet`.
"""

from pyamlz.tasks.arrays import from_arrays
from pyamlz.tasks.datasets import ImageData, load
from pyamlz.tasks.projected import class_pairs, projected_binary
from pyamlz.tasks.synthetic import affine, linear, nonlinear
from pyamlz.tasks.table import Table, read_table, resampled, table
from pyamlz.tasks.taskset import TaskSet

__all__ = [
    "ImageData",
    "Table",
    "TaskSet",
    "affine",
    "class_pairs",
    "from_arrays",
    "linear",
    "load",
    "nonlinear",
    "projected_binary",
    "read_table",
    "resampled",
    "table",
]
