"""Prints docs/reference/presets.md, made from the presets that come with the package and from what checks them:

python docs/make_presets.py > docs/reference/presets.md
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pyamlz import Experiment, lab
from pyamlz.lab._keys import KEYS
from pyamlz.program import FUNCTIONS, FunctionSpace
from pyamlz.tasks._generators import GENERATORS

INTRODUCTION = """\
<!-- Made by docs/make_presets.py; do not edit. -->
# Presets and options

The experiments that come with the package, what each of them sets, all keys of experiment files, and the arguments of
each generator of tasks; more about tasks is in [tasks.md](../tasks.md). `pyamlz presets NAME` prints a preset,
`--set KEY=VALUE` replaces one of its keys, and `pyamlz search my.toml` takes a file of your own.

| preset | what it is |
|---|---|
"""

OPTIONS = """
## Every option

The keys of a file, with the value that holds where it does not set them. "Set to" leaves out the presets that set just
that. Those of tables have a dot in their names, as on the command line. A search by itself takes the same settings as
arguments, with `fec_size` for `fec.size`.

| key | meaning | range | default | set to |
|---|---|---|---|---|
"""

GENERATED = """
## Tasks

What stands in `[tasks]` besides `generator`; in `[select]` and `[final]` the same keys, where they differ. `every`
belongs to `[select]`, `compare` to `[final]`. Seeds come from that of the run.
"""

SMALLEST: dict[str, Any] = {
    "tasks": {"generator": "linear"},
    "space": {"scalars": 2, "vectors": 1, "matrices": 0},
}
ROLE = re.compile(r":\w+:`([^`]*)`")  # how docstrings refer to functions
NO_KEYS = ("seed", "precision", "split")  # arguments of generators that are none, or that each section has its own of


def code(value: object) -> str:
    """A value as TOML has it, as code."""
    return f"`{toml(value)}`".replace("|", "\\|")


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:_}" if value >= 10_000 else str(value)
    return f'"{value}"' if isinstance(value, str) else str(value)


def flat(table: dict[str, Any]) -> dict[str, Any]:
    """The keys at the top, and those in tables of settings, by dotted key."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in ("description", "tasks", "select", "final", "space", "fixed_program"):
            is_setting = key in KEYS
            found.update({key: value} if is_setting else {f"{key}.{inner}": one for inner, one in value.items()})
    return found


def size(function: dict[str, Any]) -> str:
    """How large a function may be, and of how many ops."""
    if not function.get("ops"):
        return "not searched"
    is_fixed = "size" in function
    space = FunctionSpace.fixed(function["size"], function["ops"]) if is_fixed else FunctionSpace(**function)
    low, high = space.min_size, space.max_size
    at_first = "" if low == high or space.init_size == low else f", {space.init_size} at first"
    lengths = f"{low} to {counted(high, 'instruction')}" if low < high else counted(low, "instruction")
    return f"{lengths}{at_first}, {counted(len(space.ops), 'op')}"


def pairs(table: dict[str, Any]) -> str:
    """Keys and values as code."""
    return ", ".join(f"`{key} = {toml(value)}`" for key, value in table.items())


def counted(count: int, thing: str, things: str = "") -> str:
    return f"{count} {thing if count == 1 else things or f'{thing}s'}"


def comments(text: str) -> Iterator[str]:
    """The comments of a preset as a list, each with the table or key that it stands before."""
    for block, key in re.findall(r"((?:^#.*\n)+)(\[[\w.]+\]|\w+)", text, re.MULTILINE):
        words = " ".join(line.removeprefix("#").strip() for line in block.splitlines())
        yield textwrap.fill(f"- `{key}`: {words}", 120, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def preset(name: str, defaults: dict[str, Any]) -> Iterator[str]:
    """The Markdown of a preset, piece by piece."""
    config = Experiment.load(name).as_dict()
    settings = {key: value for key, value in flat(config).items() if defaults.get(key) != value}
    tables = config["tasks"] if isinstance(config["tasks"], list) else [config["tasks"]]
    space = config["space"]
    yield f"\n## {name}\n\n{config['description'][0].upper()}{config['description'][1:]}.\n"
    yield "\n| part | settings |\n|---|---|\n"
    for table in tables:
        yield f"| `[tasks]` | {pairs(table)} |\n"
    for section in ("select", "final"):
        if config.get(section):
            yield f"| `[{section}]` | {pairs(config[section])} |\n"
    memory = [("scalars", "scalar", ""), ("vectors", "vector", ""), ("matrices", "matrix", "matrices")]
    yield f"| memory | {', '.join(counted(space[key], one, more) for key, one, more in memory)} |\n"
    for function in FUNCTIONS:
        yield f"| {function.capitalize()} | {size(space[function])} |\n"
    yield f"| set | {pairs(settings)} |\n"
    if remarks := list(comments(lab.preset_source(name))):
        yield from ["\n", *remarks]


def options() -> Iterator[str]:
    """The rows of the table of options."""
    loaded = {name: flat(Experiment.load(name).as_dict()) for name in lab.presets()}
    for key, facts in KEYS.items():
        if key.startswith(("space.predict.", "space.learn.")):
            continue
        others: dict[str, list[str]] = {}
        for name, config in loaded.items():
            if key in config and config[key] != facts.default and key not in ("profile", "islands"):
                others.setdefault(code(config[key]), []).append(f"[{name}](#{name})")
        cells = [
            f"`{key}`" + ", so of `predict` and `learn`" * key.startswith("space.setup."),
            facts.meaning.replace("|", "\\|"),
            facts.range,
            "" if facts.default in (None, "") else code(facts.default),
            "; ".join(f"{value} {', '.join(names)}" for value, names in others.items()),
        ]
        yield f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def explained(function: Any) -> dict[str, str]:
    """What the docstring of a generator says about its arguments, or those of the functions that it refers to."""
    text = inspect.getdoc(function) or ""
    others: dict[str, str] = {}
    for name in re.findall(r":func:`(\w+)`", text.partition("Args:\n")[0]):
        if name in function.__globals__ and function.__globals__[name] is not function:
            others.update(explained(function.__globals__[name]))
    arguments = text.partition("Args:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", arguments, re.MULTILINE)
    return others | {name: ROLE.sub(r"`\1`", " ".join(meaning.split())) for name, meaning in found}


def generator(name: str) -> Iterator[str]:
    """The Markdown of a generator of tasks."""
    function = GENERATORS[name]
    meanings = explained(function)
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    summary = ROLE.sub(r"`\1`", summary)
    yield f"\n### Generator {name}\n\n{summary}\n\n| key | default | meaning |\n|---|---|---|\n"
    for key, parameter in inspect.signature(function).parameters.items():
        if key in NO_KEYS:
            continue
        is_needed = parameter.default is inspect.Parameter.empty
        default = "required" if is_needed else "none" if parameter.default is None else code(parameter.default)
        meaning = meanings[key].replace("|", "\\|").replace("**", "\\*\\*")
        yield f"| `{key}` | {default} | {meaning} |\n"


def page() -> str:
    """The whole page."""
    defaults = flat(Experiment.of(SMALLEST).as_dict())
    names = lab.presets()
    pieces = [INTRODUCTION]
    pieces += [f"| [{name}](#{name}) | {Experiment.load(name).description} |\n" for name in names]
    for name in names:
        pieces += preset(name, defaults)
    pieces += [OPTIONS, *options(), GENERATED]
    for name in GENERATORS:
        pieces += generator(name)
    return "".join(pieces)


if __name__ == "__main__":
    print(page(), end="")
