"""What a build that computes other bits than all others comes to."""

import subprocess
import sys

import pytest

from pyamlz import AmlzError, Evaluator, Learner, Search, SearchSpace, linear_regressor, tasks
from pyamlz._lib import native
from pyamlz.program import Dims, FunctionSpace


def test_passes_here_once_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    library = native.lib

    class Counting:
        def __getattr__(self, name: str) -> object:
            calls.append(name)
            return getattr(library, name)

    monkeypatch.setattr(native, "lib", Counting())
    native.self_test.cache_clear()
    assert [native.self_test() for _ in range(3)] == ["", "", ""]
    assert calls.count("amlz_self_test") == 1


def test_that_fails_refuses_to_compute_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    data = tasks.linear(n_features=2, n_tasks=1, seed=1)
    dims = Dims.of(data, n_scalars=4, n_vectors=3, n_matrices=0)
    one = FunctionSpace.fixed(1, ["scalar_sum"])
    space = SearchSpace(dims, setup=one, predict=one, learn=one)
    monkeypatch.setattr(native, "self_test", lambda: "other bits")
    message = "^pyamlz cannot be used as it was built: other bits$"
    with pytest.raises(AmlzError, match=message):
        Search(data, space, seed=1)
    with pytest.raises(AmlzError, match=message):
        Evaluator(data)
    with pytest.raises(AmlzError, match=message):
        Learner(linear_regressor(), dims)


def test_is_no_part_of_importing() -> None:
    """Which is to take no time; the first object runs it."""
    code = "import pyamlz; from pyamlz._lib import native; print(native.self_test.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0\n"
