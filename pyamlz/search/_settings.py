"""Settings of a search: names, ranges, checks, and how they get into the library's configuration and out of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import checked_bool, checked_float, checked_int
from pyamlz._lib.errors import InputError
from pyamlz._lib.native import ALGORITHMS, COMBINES, MUTATIONS, name_of, number_of

STARTS: dict[str, int] = {"random": lib.AMLZ_START_RANDOM, "empty": lib.AMLZ_START_EMPTY}

_MAX_32 = 2**32 - 1
_MAX_64 = 2**64 - 1
COUNT_RANGES: dict[str, tuple[int, int]] = {
    "population_size": (1, _MAX_32),
    "tournament_size": (1, _MAX_32),
    "cache_size": (0, _MAX_32),
    "fec_size": (0, _MAX_32),
    "fec_train": (0, _MAX_32),
    "fec_valid": (0, _MAX_32),
    "cache_period": (1, _MAX_32),
    "cache_work": (1, _MAX_64),
    "history_size": (0, _MAX_32),
    "redraws": (0, _MAX_32),
    "hurdle_window": (1, _MAX_32),
}


def checked_mutations(mutations: object) -> dict[str, float]:
    """`mutations` as a dict of weights by names of mutations."""
    if not isinstance(mutations, Mapping):
        raise InputError(f"mutations: expected weights by name, got {mutations!r}")
    for name in mutations:
        number_of("mutations", name, MUTATIONS)
    return {name: checked_float(f"mutations.{name}", weight, 0.0) for name, weight in mutations.items()}


def checked_hurdles(hurdles: object) -> list[list[int]]:
    """`hurdles` as a list of pairs [n_train, n_valid], n_train growing."""
    wanted = f"expected up to {lib.AMLZ_MAX_HURDLES} pairs of n_train and n_valid"
    if isinstance(hurdles, (str, Mapping)) or not isinstance(hurdles, Iterable):
        raise InputError(f"hurdles: {wanted}, got {hurdles!r}")
    pairs: list[list[int]] = []
    for i, pair in enumerate(hurdles):
        name = f"hurdles[{i}]"
        if i == lib.AMLZ_MAX_HURDLES:
            raise InputError(f"hurdles: {wanted}, got more")
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise InputError(f"{name}: expected a pair of n_train and n_valid, got {pair!r}")
        least = pairs[-1][0] + 1 if pairs else 1
        n_train = checked_int(f"{name}, n_train", pair[0], least, _MAX_32)
        pairs.append([n_train, checked_int(f"{name}, n_valid", pair[1], 1, _MAX_32)])
    return pairs


def checked_percentile(name: str, value: object) -> float:
    """`value` as a float over 0 and under 1."""
    number = checked_float(name, value, 0.0, 1.0, over=True)
    if number == 1.0:
        raise InputError(f"{name}: expected a number over 0 and under 1, got 1.0")
    return number


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "algorithm": lambda name, value: number_of(name, value, ALGORITHMS),
    "combine": lambda name, value: number_of(name, value, COMBINES),
    "mutate_prob": lambda name, value: checked_float(name, value, 0.0, 1.0),
    "max_cost": lambda name, value: checked_float(name, value, 0.0, sys.float_info.max),
    "must_learn": checked_bool,
    "hurdle_percentile": checked_percentile,
}


def configure(config: Any, **settings: object) -> None:
    """Sets what is not None in a C configuration, by the names of :class:`pyamlz.Search`'s arguments.

    Raises:
        InputError: a value is wrong; the message names it.
    """
    for name, value in settings.items():
        if value is None:
            continue
        if name in COUNT_RANGES:
            setattr(config, name, checked_int(name, value, *COUNT_RANGES[name]))
        elif name in _CHECKS:
            setattr(config, name, _CHECKS[name](name, value))
        elif name == "mutations":
            weights = checked_mutations(value)
            for mutation, number in MUTATIONS.items():
                config.mutation_weight[number] = weights.get(mutation, 0.0)
        else:
            assert name == "hurdles"
            pairs = checked_hurdles(value)
            config.n_hurdles = len(pairs)
            for hurdle, pair in zip(config.hurdle, pairs, strict=False):
                hurdle.n_train, hurdle.n_valid = pair


def search_settings(config: Any = None) -> dict[str, Any]:
    """The settings in a C configuration, by default the paper's, by the names of :class:`Search`'s arguments."""
    if config is None:
        config = ffi.new("amlz_search_config *")
        lib.amlz_search_defaults(config)
    return {
        "algorithm": name_of(config.algorithm, ALGORITHMS),
        "population_size": int(config.population_size),
        "tournament_size": int(config.tournament_size),
        "mutate_prob": float(config.mutate_prob),
        "mutations": {
            name: float(config.mutation_weight[number])
            for name, number in MUTATIONS.items()
            if config.mutation_weight[number] > 0
        },
        "combine": name_of(config.combine, COMBINES),
        "cache_size": int(config.cache_size),
        "fec_size": int(config.fec_size),
        "fec_train": int(config.fec_train),
        "fec_valid": int(config.fec_valid),
        "cache_period": int(config.cache_period),
        "cache_work": int(config.cache_work),
        "history_size": int(config.history_size),
        "max_cost": float(config.max_cost),
        "must_learn": bool(config.must_learn),
        "redraws": int(config.redraws),
        "hurdles": [[int(h.n_train), int(h.n_valid)] for h in config.hurdle[0 : config.n_hurdles]],
        "hurdle_percentile": float(config.hurdle_percentile),
        "hurdle_window": int(config.hurdle_window),
    }
