"""Settings of searches: values, copies, what the C library and archives have of them, and that each is written once."""

import ast
import dataclasses
import pickle
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pyamlz
from pyamlz import InputError, Program, Settings, linear_regressor
from pyamlz._ffi import ffi, lib
from pyamlz._lib.errors import check
from pyamlz._lib.native import new_struct
from pyamlz.lab._keys import KEYS, PROFILES
from pyamlz.program import SETTINGS
from pyamlz.program._settings import NUMBERS

PACKAGE = Path(pyamlz.__file__).parent
HOME = "program/_settings.py"


def defaults_in_c() -> Settings:
    config, nothing = new_struct("amlz_search_config"), ffi.new("amlz_program *")
    check(lib.amlz_search_defaults(config))
    return Settings._get(config, nothing)


class TestSettings:
    def test_that_are_left_out_are_those_of_the_library(self) -> None:
        assert Settings() == defaults_in_c() == Settings(**{setting.name: None for setting in SETTINGS})

    def test_are_all_members_of_the_configuration_but_those_that_are_arguments(self) -> None:
        members = {name for name, _ in ffi.typeof("amlz_search_config").fields}
        given = {"struct_size", "space", "seed", "precision", "variant", "n_hurdles"}
        assert {setting.member for setting in NUMBERS} == members - given

    def test_cannot_be_changed_and_have_a_hash(self) -> None:
        one, other = (Settings(mutations={"insert": 1, "trade": 0}, hurdles=[[1, 2], (3, 4)]) for _ in range(2))
        assert (one, hash(one)) == (other, hash(other))
        assert one != other.replace(redraws=1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            one.redraws = 2  # type: ignore[misc]
        assert one.mutations == {"insert": 1.0}
        assert one.hurdles == ((1, 2), (3, 4))
        assert pickle.loads(pickle.dumps(Settings())) == Settings()  # noqa: S301

    def test_are_copied_with_changes(self) -> None:
        settings = Settings(population_size=7)
        assert settings.replace(tournament_size=3) == Settings(population_size=7, tournament_size=3)
        assert settings.replace(population_size=None) == Settings()
        with pytest.raises(InputError, match="unknown setting 'tournment_size'; did you mean 'tournament_size'"):
            settings.replace(tournment_size=3)
        with pytest.raises(InputError, match="tournament_size: expected an integer from 1"):
            settings.replace(tournament_size=0)

    @given(st.data())
    def test_come_back_from_the_library(self, data: st.DataObject) -> None:
        start = data.draw(st.sampled_from(["random", "empty", linear_regressor()]))
        settings = Settings(
            algorithm=data.draw(st.sampled_from(["evolution", "random_search"])),
            start=start,
            fixed_program=None
            if isinstance(start, Program)
            else data.draw(st.sampled_from([None, linear_regressor()])),
            population_size=data.draw(st.integers(1, 2**32 - 1)),
            mutations=data.draw(
                st.dictionaries(st.sampled_from(["insert", "trade", "identity"]), st.floats(0, 9)).filter(
                    lambda weights: any(weights.values())
                )
            ),
            cache_work=data.draw(st.integers(1, 2**64 - 1)),
            must_learn=data.draw(st.booleans()),
            hurdles=[(n, 1) for n in sorted(data.draw(st.sets(st.integers(1, 99), max_size=4)))],
            hurdle_percentile=data.draw(st.floats(0, 1, exclude_min=True, exclude_max=True)),
        )
        program = settings.start_program or Program()
        assert Settings._get(settings._config(), program._c) == settings


class TestOncePerSetting:
    """Adding a setting touches one file in Python."""

    # Where one has its own way in files, in estimators and in studies, which set some. Four words that stand for other
    # things elsewhere are left out.
    USED: ClassVar[dict[str, set[str]]] = {
        "cache_size": {"bench/_scaling.py", "study/_accuracy.py", "study/_difficulty.py"},
        "fec_train": {"sklearn/_evolved.py"},
        "fec_valid": {"sklearn/_evolved.py"},
        "fixed_program": {"lab/_experiment.py", "lab/_keys.py", "search/_search.py"},
        "hurdles": {"study/_ablation.py", "study/_accuracy.py", "study/_baseline.py"},
        "max_cost": {"lab/_experiment.py"},
        "must_learn": {"study/_difficulty.py"},
        "mutations": {"lab/_climb.py"},
        "population_size": {"bench/_scaling.py", "lab/_climb.py"},
        "tournament_size": {"lab/_climb.py"},
    }
    NAMES: ClassVar[list[str]] = [
        s.name for s in SETTINGS if s.name not in ("algorithm", "combine", "start", "tunings")
    ]

    @pytest.mark.parametrize("name", NAMES)
    def test_is_named_in_one_file(self, name: str) -> None:
        files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if name in named_in(path)}
        profiles = {"lab/_keys.py"} if any(name in profile for profile in PROFILES.values()) else set()
        assert files == {HOME} | self.USED.get(name, set()) | profiles

    def test_is_a_key_of_files_and_in_the_documentation(self) -> None:
        page = (PACKAGE.parent / "docs" / "reference" / "presets.md").read_text("utf-8")
        for setting in SETTINGS:
            assert KEYS[setting.key].meaning
            assert f"\n| `{setting.key}` |" in page


def named_in(path: Path) -> set[str]:
    """What is declared, passed by keyword or written as a string in a file, not what is only looked up as attribute."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.keyword | ast.arg) and node.arg:
            names.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names
