"""Live edits as mutations of a search: alone and together, in files and resumed. What each does is tested in C."""

from pathlib import Path

import pytest
from samples import linear_space, linear_tasks

from pyamlz import Experiment, InputError, Search, Settings, load
from pyamlz._lib.native import MUTATIONS
from pyamlz.program import live_code

TASKS = linear_tasks()
SPACE = linear_space(TASKS)
EDITS = ["rewire", "insert_on_edge", "change_op", "bypass", "move", "add_state", "initialize", "regrow"]
ALL = dict.fromkeys(EDITS, 1.0)


def search_of(evaluations: int, **settings: object) -> Search:
    search = Search(TASKS, SPACE, Settings(population_size=20, cache_period=100).replace(**settings), seed=3)
    search.run(max_evaluations=evaluations)
    return search


def test_their_names_follow_those_of_the_paper() -> None:
    assert list(MUTATIONS)[8:] == EDITS
    assert not set(Settings().mutations) & set(EDITS)


@pytest.mark.parametrize("action", EDITS)
def test_each_alone(action: str, tmp_path: Path) -> None:
    whole, part = (search_of(n, mutations={action: 2.0}, max_mutations=3, simplify=True) for n in (300, 170))
    part.save(tmp_path / "s.amlz")
    again = load(tmp_path / "s.amlz")
    assert again.settings == part.settings
    again.run(max_evaluations=130)
    assert again.digest == whole.digest
    assert {member.action for member in again.population} <= {action, "identity"}
    assert any(member.action == action for member in again.population)


def test_all_together() -> None:
    search = search_of(400, mutations=ALL)
    assert len({member.action for member in search.population}) > 4


def test_simplify_leaves_live_code() -> None:
    search = search_of(200, simplify=True)
    for program in (member.program for member in search.population):
        live = live_code(program, SPACE.dims).lines
        for name, function in (("setup", SPACE.setup), ("predict", SPACE.predict), ("learn", SPACE.learn)):
            size = len(getattr(program, name))
            assert size in (len(live[name]), function.min_size)


def test_in_experiments() -> None:
    experiment = Experiment.load("demo").replace(mutations=ALL, max_mutations=4, simplify=True)
    text = experiment.toml()
    assert "max_mutations = 4" in text
    assert "rewire = 1.0" in text
    assert experiment.settings.mutations == ALL


def test_refusals() -> None:
    with pytest.raises(InputError, match="max_mutations: expected an integer from 1"):
        Settings(max_mutations=0)
    with pytest.raises(InputError, match=r"mutations: expected one of insert, .*rewire.*, got .rewrite."):
        Settings(mutations={"rewrite": 1})
