"""How near the C library's elementary functions are to the exact values, and its keyed generator against NumPy's.

The exact values are mpmath's, with 120 bits. An error is in ulps: units in the last place of a number as large as the
exact value, with subnormal results in units of the smallest number."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[3]

Doubles = NDArray[np.float64]
Evaluate = Callable[[str, NDArray], bytes]

N = 1500  # arguments of each kind
WORST_MULTIPLE = 6381956970095103 * 2.0**797  # the double that is nearest to a multiple of pi/2

context = mpmath.mp.clone()
context.prec = 120


@pytest.fixture(scope="module")
def evaluate(tmp_path_factory: pytest.TempPathFactory) -> Evaluate:
    program = tmp_path_factory.mktemp("mathfn") / "mathfn_eval"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    options = ["-std=c99", "-O2", "-ffp-contract=off", f"-I{ROOT / 'libamlz/include'}", f"-I{ROOT / 'libamlz/src'}"]
    source = ROOT / "tests/tools/mathfn_eval.c"
    subprocess.run([*compiler, *options, "-o", program, source, "-lm"], check=True)

    def run(what: str, values: NDArray) -> bytes:
        return subprocess.run([program, what], input=values.tobytes(), capture_output=True, check=True).stdout

    return run


# ---------------------------------------------------------------- arguments


def any_magnitude(rng: np.random.Generator, low: int, high: int) -> Doubles:
    """Numbers of both signs whose exponents are uniform, low <= exponent < high; -1023 stands for the subnormals."""
    bits = rng.integers((low + 1023) << 52, (high + 1023) << 52, N)
    return bits.view(np.float64) * rng.choice([-1.0, 1.0], N)


def next_to(values: Doubles) -> Doubles:
    """The values and their neighbours, two on each side."""
    up, down = np.nextafter(values, np.inf), np.nextafter(values, -np.inf)
    return np.concatenate([values, up, down, np.nextafter(up, np.inf), np.nextafter(down, -np.inf)])


def of_exp(rng: np.random.Generator) -> Doubles:
    ends = np.array([709.782712893384, -708.3964185322641, -745.1332191019412, -87.33654475055310, 88.72283905206835])
    return np.concatenate(
        [
            any_magnitude(rng, -1023, 10),
            any_magnitude(rng, -10, 9),
            rng.uniform(-1, 1, N),
            rng.uniform(-746, -700, N),  # subnormal results
            rng.uniform(-104, -87, N),  # the same for float
            next_to(rng.integers(-1075, 1024, N // 5) * np.log(2)),
            next_to(ends),
        ]
    )


def of_log(rng: np.random.Generator) -> Doubles:
    return np.concatenate(
        [
            np.abs(any_magnitude(rng, -1023, 1024)),
            np.abs(any_magnitude(rng, -1023, -1022)),
            np.ldexp(rng.uniform(0.5, 1, N), -1022 - rng.integers(0, 52, N)),
            rng.uniform(0.5, 2, N),
            1 + any_magnitude(rng, -52, -1),
            next_to(np.array([1, np.sqrt(0.5), np.sqrt(2), 1e-310])),
        ]
    )


def of_circle(rng: np.random.Generator) -> Doubles:
    return np.concatenate(
        [
            any_magnitude(rng, -1023, 1024),
            any_magnitude(rng, -8, 24),
            rng.uniform(-4, 4, N),
            next_to(rng.integers(-70000, 70000, N // 5) * (np.pi / 2)),
            next_to(np.rint(np.exp2(rng.uniform(0, 52, N // 5))) * (np.pi / 2)),
            next_to(np.arange(-10, 11) * (np.pi / 4)),
            next_to(np.array([100000, WORST_MULTIPLE, -WORST_MULTIPLE])),
            np.array([np.finfo(np.float64).max]),
        ]
    )


def of_arc(rng: np.random.Generator) -> Doubles:
    return np.concatenate(
        [
            any_magnitude(rng, -1023, 0),
            rng.uniform(-1, 1, N),
            rng.uniform(0.45, 0.55, N) * rng.choice([-1, 1], N),
            (1 - np.abs(any_magnitude(rng, -53, -1))) * rng.choice([-1, 1], N),
            next_to(np.array([-0.5, 0.5])),
            np.array([1.0, -1.0]),
        ]
    )


def of_atan(rng: np.random.Generator) -> Doubles:
    return np.concatenate(
        [
            any_magnitude(rng, -1023, 1024),
            any_magnitude(rng, -30, 70),
            rng.uniform(-5, 5, N),
            rng.uniform(-1, 1, N),
            next_to(np.array([0.25, 0.7, 1, 1.4375, 4, 2.0**60])),
        ]
    )


def of_unit(rng: np.random.Generator) -> Doubles:
    """What the Gaussian sampler asks for: (n + 1/2) 2^-52, and 2^-23."""
    fine = (rng.integers(0, 2**52, N) + 0.5) * 2.0**-52
    coarse = (rng.integers(0, 2**23, N) + 0.5) * 2.0**-23
    quarters = rng.integers(0, 4, N) * 0.25 + (rng.integers(0, 2 ** rng.integers(1, 40, N)) + 0.5) * 2.0**-52
    return np.concatenate([fine, coarse, quarters, 1 - quarters, np.array([2.0**-53, 1 - 2.0**-53])])


# ---------------------------------------------------------------- errors


def exponent(value: mpmath.mpf) -> int:
    """Of a non-zero number: 2^exponent <= |value| < 2^(exponent + 1)."""
    return int(context.mag(value)) - 1 if value else -(10**9)


def largest_error(arguments: Doubles, results: NDArray, exact: Callable[[mpmath.mpf], mpmath.mpf]) -> float:
    """Of results in double or float; prints where it is."""
    info = np.finfo(results.dtype)
    end = context.ldexp(1, int(info.maxexp))  # as which an infinite result counts
    worst = (0.0, 0.0, 0.0)
    assert len(arguments) == len(results)
    for x, y in zip(arguments.tolist(), results.tolist(), strict=True):
        value = min(max(exact(context.mpf(x)), -end), end)
        unit = min(max(exponent(value), int(info.minexp)), int(info.maxexp) - 1) - int(info.nmant)
        error = float(abs(min(max(context.mpf(y), -end), end) - value) / context.ldexp(1, unit))
        assert error == error, f"{y} at {x!r} = {x.hex()}"
        worst = max(worst, (error, x, y))
    error, x, y = worst
    print(f"largest error {error:.4f} ulp: {y!r} at {x!r} = {x.hex()}")
    return error


FUNCTIONS = {
    "exp": (context.exp, of_exp),
    "log": (context.log, of_log),
    "sin": (context.sin, of_circle),
    "cos": (context.cos, of_circle),
    "tan": (context.tan, of_circle),
    "asin": (context.asin, of_arc),
    "acos": (context.acos, of_arc),
    "atan": (context.atan, of_atan),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_doubles_are_within_an_ulp(evaluate: Evaluate, name: str) -> None:
    exact, sample = FUNCTIONS[name]
    arguments = sample(np.random.default_rng(1))
    results = np.frombuffer(evaluate(name, arguments))
    assert largest_error(arguments, results, exact) < 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_floats_are_rounded_almost_exactly(evaluate: Evaluate, name: str) -> None:
    exact, sample = FUNCTIONS[name]
    with np.errstate(over="ignore", under="ignore"):
        arguments = sample(np.random.default_rng(2)).astype(np.float32).astype(np.float64)
        arguments = arguments[np.isfinite(arguments)]
        if name == "log":
            arguments = arguments[arguments > 0]
        results = np.frombuffer(evaluate(name, arguments)).astype(np.float32)
    assert largest_error(arguments, results, exact) < 0.5001


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("log_unit", context.log),
        ("sin_turn", lambda u: context.sinpi(2 * u)),
        ("cos_turn", lambda u: context.cospi(2 * u)),
    ],
)
def test_sampler_functions_are_within_2_ulps(
    evaluate: Evaluate, name: str, exact: Callable[[mpmath.mpf], mpmath.mpf]
) -> None:
    arguments = of_unit(np.random.default_rng(3))
    results = np.frombuffer(evaluate(name, arguments))
    assert largest_error(arguments, results, exact) < 2


# ---------------------------------------------------------------- Philox

# Per word size: the multipliers, and what the key's words grow by each round.
PHILOX_CONSTANTS = {
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}


def philox(counter: list[int], key: list[int], bits: int) -> list[int]:
    """Philox with 4 words of so many bits and 10 rounds, written from the paper."""
    (m0, m1), growth = PHILOX_CONSTANTS[bits]
    mask = (1 << bits) - 1
    c, k = counter, key
    for _ in range(10):
        p0, p1 = m0 * c[0], m1 * c[2]
        c = [(p1 >> bits) ^ c[1] ^ k[0], p1 & mask, (p0 >> bits) ^ c[3] ^ k[1], p0 & mask]
        k = [(word + step) & mask for word, step in zip(k, growth, strict=True)]
    return c


def test_philox_in_python_is_numpys() -> None:
    """NumPy has words of 64 bits only; it adds 1 to the counter before each block."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        counter = [int(word) for word in rng.integers(0, 2**64 - 1, 4, np.uint64)]
        key = [int(word) for word in rng.integers(0, 2**64, 2, np.uint64, endpoint=False)]
        state = np.random.Philox(counter=np.array(counter, np.uint64), key=np.array(key, np.uint64))
        expected = philox([counter[0] + 1, *counter[1:]], key, 64)
        assert state.random_raw(4).tolist() == expected


def test_philox_in_c_is_that_in_python(evaluate: Evaluate) -> None:
    words = np.random.default_rng(5).integers(0, 2**32, (2000, 6), np.uint32, endpoint=False)
    words[:2] = [[0] * 6, [0xFFFFFFFF] * 6]
    results = np.frombuffer(evaluate("philox", words), np.uint32).reshape(-1, 4)
    expected = [philox(row[:4], row[4:], 32) for row in words.tolist()]
    assert results.tolist() == expected
