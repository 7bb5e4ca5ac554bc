"""Learners exported to C: compiled as their users would, they compute the bits of the interpreter."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from compiled import COMPILERS, run
from samples import full_space

import pyamlz
from pyamlz import Dims, InputError, Learner, Program
from pyamlz._lib.checks import Precision
from pyamlz.export import to_c
from pyamlz.export._c_ops import OPS as TEXTS
from pyamlz.program import OPS
from pyamlz.program.baselines import BASELINES, built_in

pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")


def self_tests(folder: Path, headers: dict[str, str]) -> str:
    """A program that prints how many numbers differ in the self-test of each header."""
    calls = []
    for name, text in headers.items():
        (folder / f"{name}.h").write_text(text)
        calls.append(f'    {{ static {name}_state s; printf("{name} %d\\n", {name}_self_test(&s)); }}')
    includes = "".join(f'#include "{name}.h"\n' for name in headers)
    return f"#include <stdio.h>\n{includes}int main(void)\n{{\n" + "\n".join(calls) + "\n    return 0;\n}\n"


def test_each_op_has_a_text() -> None:
    assert set(TEXTS) == {op.name for op in OPS}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_random_programs_compute_the_same_bits(tmp_path: Path, compiler: str, precision: Precision) -> None:
    headers = {}
    used: set[str] = set()
    kinds = itertools.cycle([("regression", 0), ("binary", 0), ("multiclass", 3)])
    for seed in range(24):
        kind, n_classes = next(kinds)
        width = (5, 8, 13)[seed % 3]
        dims = Dims(n_features=width, n_scalars=5, n_vectors=6, n_matrices=4, kind=kind, n_classes=n_classes)  # type: ignore[arg-type]
        program = Program.random(full_space(dims, 40), seed)
        used |= {x.op for f in ("setup", "predict", "learn") for x in getattr(program.simplified(dims), f)}
        headers[f"p{seed}"] = to_c(program, dims, name=f"p{seed}", precision=precision, seed=seed << 40 | 5, task=3)
    out = run(tmp_path, self_tests(tmp_path, headers), compiler, "-O1")
    assert out.split() == [word for name in headers for word in (name, "0")]
    assert len(used) == len(OPS) - 1  # all but no_op, which is never live


@pytest.mark.parametrize("compiler", [name for name in ("g++", "clang++") if shutil.which(name)])
def test_headers_are_cpp_11_too(tmp_path: Path, compiler: str) -> None:
    headers = {}
    for seed, (kind, n_classes) in enumerate([("regression", 0), ("binary", 0), ("multiclass", 3)] * 2):
        dims = Dims(n_features=5, n_scalars=5, n_vectors=6, n_matrices=4, kind=kind, n_classes=n_classes)  # type: ignore[arg-type]
        precision: Precision = "float32" if seed < 3 else "float64"
        headers[f"p{seed}"] = to_c(
            Program.random(full_space(dims, 40), seed), dims, name=f"p{seed}", precision=precision
        )
    (tmp_path / "test.cpp").write_text(self_tests(tmp_path, headers))
    flags = ["-std=c++11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run([compiler, *flags, "-o", "test", "test.cpp"], cwd=tmp_path, check=True, timeout=120)
    out = subprocess.run([tmp_path / "test"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert out.split() == [word for name in headers for word in (name, "0")]


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3"])
def test_built_in_programs_at_each_level(tmp_path: Path, level: str) -> None:
    headers = {name: to_c(built_in(name), built_in(name).dims(16, "binary"), name=name) for name in BASELINES}
    out = run(tmp_path, self_tests(tmp_path, headers), COMPILERS[0], level)
    assert out.split() == [word for name in headers for word in (name, "0")]


def test_the_self_test_notices_a_change(tmp_path: Path) -> None:
    header = to_c(built_in("linear_regressor"), Dims(n_features=4, n_scalars=4, n_vectors=3), name="lr")
    changed = header.replace("state->s2 = 0.009999999776482582f;", "state->s2 = 0.01000000070780516f;")
    assert changed != header
    out = run(tmp_path, self_tests(tmp_path, {"lr": changed}), COMPILERS[0])
    assert int(out.split()[1]) > 10


def test_by_hand(tmp_path: Path) -> None:
    """One step of linear regression: w = 0.5 * (3 - 0) * (1, 2), so that (1, 1) gives 4.5."""
    program = pyamlz.linear_regressor(0.5)
    (tmp_path / "lr.h").write_text(to_c(program, program.dims(2), name="lr", precision="float64"))
    code = """
#include <stdio.h>
#include "lr.h"
int main(void)
{
    lr_state state;
    const double x[LR_FEATURES] = {1, 2}, one[LR_FEATURES] = {1, 1};
    lr_init(&state);
    printf("%g ", lr_learn(&state, x, 3));
    printf("%g %g\\n", lr_predict(&state, one), lr_predict(&state, x));
    return 0;
}
"""
    assert run(tmp_path, code, COMPILERS[0]) == "0 4.5 7.5\n"


def test_predicting_changes_nothing(tmp_path: Path) -> None:
    """Predict adds 2 y, of the label learned last, to what learning left; asked again, it says the same again."""
    program = Program.parse(
        "def Predict():\n s3 = s3 + s2\n s1 = mean(v0)\n s1 = s1 + s3\ndef Learn():\n s2 = s0 + s0\n s3 = 5.0\n"
    )
    (tmp_path / "k.h").write_text(to_c(program, program.dims(2), name="k"))
    code = """
#include <stdio.h>
#include "k.h"
int main(void)
{
    k_state state;
    const float x[K_FEATURES] = {1, 3}, z[K_FEATURES] = {0, 2};
    k_init(&state);
    k_learn(&state, x, 0.5f);
    printf("%g ", k_predict(&state, x));
    printf("%g ", k_predict(&state, z));
    printf("%g\\n", k_predict(&state, x));
    return 0;
}
"""
    assert run(tmp_path, code, COMPILERS[0]) == "8 7 8\n"


def test_long_use_has_the_learners_bits(tmp_path: Path) -> None:
    """The evolved program draws noise in each step; thousands of steps, predictions in between."""
    program = built_in("evolved_linear_form")
    dims = program.dims(6, "binary")
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 6)).astype(np.float32)
    y = (X @ rng.normal(size=6) > 0).astype(int)
    learner = Learner(program, dims, seed=9)
    expected = []
    for i in range(len(X)):
        expected.append(learner.learn(X[i], y[i]) if i % 3 else learner.predict(X[i]))
    (tmp_path / "e.h").write_text(to_c(program, dims, name="e", seed=9))
    rows = ",\n".join("{" + ", ".join(f"{float(v).hex()}f" for v in row) + "}" for row in X)
    code = f"""
#include <stdio.h>
#include "e.h"
static const float x[2000][E_FEATURES] = {{{rows}}};
static const int y[2000] = {{{", ".join(map(str, y))}}};
int main(void)
{{
    e_state state;
    e_init(&state);
    for (int i = 0; i < 2000; i++) {{
        printf("%a\\n", (double)(i % 3 ? e_learn(&state, x[i], (float)y[i]) : e_predict(&state, x[i])));
    }}
    return 0;
}}
"""
    got = [float.fromhex(line) for line in run(tmp_path, code, COMPILERS[0], "-O2").split()]
    assert got == expected


def test_the_stated_size_is_that_of_the_struct_and_no_scratch_is_wasted() -> None:
    header = to_c(built_in("linear_regressor"), Dims(n_features=4, n_scalars=4, n_vectors=3))
    assert "State: 44 bytes." in header  # s1, s2, s3, v1, v2
    assert "scratch" not in header
    in_place = Program.parse("def Predict():\n v1 = dot(m0, v1)\n s1 = mean(v1)\ndef Learn():\n m0 = outer(v0, v0)\n")
    assert "float scratch[3];" in to_c(in_place, in_place.dims(3))


def test_only_the_maths_that_is_needed_comes_along() -> None:
    plain = to_c(built_in("linear_regressor"), Dims(n_features=4, n_scalars=4, n_vectors=3))
    assert not re.search(r"math_|rng_|uint64_t", plain)
    binary = to_c(built_in("linear_regressor"), built_in("linear_regressor").dims(4, "binary"))
    assert "learner_math_exp(" in binary
    assert "learner_math_sin(" not in binary


@pytest.mark.parametrize("name", ["", "1a", "a b", "int", "class", "a-b", "é", 3])
def test_names_that_are_none(name: str) -> None:
    program = built_in("linear_regressor")
    with pytest.raises(InputError, match="name: expected an identifier"):
        to_c(program, program.dims(4), name=name)
