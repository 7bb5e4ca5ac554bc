"""Task sets: what programs are scored on.

:func:`linear`, :func:`affine` and :func:`nonlinear` make regression tasks with a
known answer. :func:`projected_binary`, :func:`projected_multiclass` and
:func:`native_binary` make classification tasks from images that :func:`load`
reads. :func:`from_arrays` takes the user's own data as they are, and
:func:`table` makes tasks by resampling a file of them, which a
:class:`Preparation` made numbers of. All of them return a :class:`TaskSet`.
"""

from pyamlz.tasks._arrays import from_arrays
from pyamlz.tasks._datasets import ImageData, load
from pyamlz.tasks._describe import described
from pyamlz.tasks._full_size import native_binary
from pyamlz.tasks._images import class_pairs
from pyamlz.tasks._preparation import Column, Preparation
from pyamlz.tasks._projected import projected_binary, projected_multiclass
from pyamlz.tasks._resampled import Rows, resampled, split_rows, table
from pyamlz.tasks._synthetic import affine, linear, nonlinear
from pyamlz.tasks._table import Table, read_table
from pyamlz.tasks._taskset import Kind, Reals, TaskSet

__all__ = [
    "Column",
    "ImageData",
    "Kind",
    "Preparation",
    "Reals",
    "Rows",
    "Table",
    "TaskSet",
    "affine",
    "class_pairs",
    "described",
    "from_arrays",
    "linear",
    "load",
    "native_binary",
    "nonlinear",
    "projected_binary",
    "projected_multiclass",
    "read_table",
    "resampled",
    "split_rows",
    "table",
]
