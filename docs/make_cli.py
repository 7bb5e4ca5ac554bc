"""Prints docs/reference/cli.md, made from the parser of the command `pyamlz`:

python docs/make_cli.py > docs/reference/cli.md

The tables are made here and not by argparse, whose help looks another way in each version of Python.
"""

import argparse
from collections.abc import Iterable, Iterator

from pyamlz._cli.arguments import EPILOG
from pyamlz._cli.main import _parser

INTRODUCTION = """\
<!-- Made by docs/make_cli.py; do not edit. -->
# The command

`pyamlz COMMAND --help` says the same in the terminal. `python -m pyamlz` is the command too.

| command | what it does |
|---|---|
"""

SHARED = """\

## What all commands take

- `--help`: what stands on this page.
- `--json`: print one JSON object, and all else on stderr.
- `--quiet`: print the result only.

`pyamlz --version` has the version, the compiler that built the library, the kernels that this machine runs, and what
the library's self-test says of this build.

| exit code | meaning |
|---|---|
"""
SHARED_OPTIONS = {"--help", "--json", "--quiet"}


def commands(of: argparse.ArgumentParser) -> tuple[dict[str, argparse.ArgumentParser], dict[str, str]]:
    """The commands of a parser and their summaries, by name."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices), {choice.dest: choice.help or "" for choice in action._choices_actions}
    return {}, {}


def value(action: argparse.Action) -> str:
    """What stands for the value of an argument, "" for a switch."""
    if action.nargs == 0:
        return ""
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    if action.choices is not None and action.metavar is None:
        name = "|".join(map(str, action.choices))
    else:
        name = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    return {"*": f"[{name} ...]", "+": f"{name} ...", "?": f"[{name}]"}.get(str(action.nargs), name)


def spelled(action: argparse.Action) -> str:
    """How an argument is written, "--seed N"."""
    return f"{', '.join(action.option_strings)} {value(action)}".strip()


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def explained(action: argparse.Action) -> str:
    """The help of an argument."""
    text = (action.help or "") % {**vars(action), "prog": "pyamlz"}
    return cell(text.replace("*", "\\*").replace("<", "&lt;"))


def command(name: str, summary: str, of: argparse.ArgumentParser) -> Iterator[str]:
    """The Markdown of a command, piece by piece."""
    own = [action for action in of._actions if not SHARED_OPTIONS & set(action.option_strings)]
    positional = [value(action) for action in own if not action.option_strings]
    needed = [spelled(action) for action in own if action.option_strings and action.required]
    usage = " ".join(["pyamlz", name, "[OPTIONS]" if len(own) > len(positional) + len(needed) else "", *needed])
    yield f"\n## {name}\n\n{sentence(summary)}\n\n```text\n{' '.join([*usage.split(), *positional])}\n```\n"
    for group in of._action_groups:
        title, actions = group.title or "", [action for action in group._group_actions if action in own]
        if actions:
            heading = "argument" if title == "positional arguments" else "option"
            is_own = title not in ("positional arguments", "options", "optional arguments")
            titled = f"\n**{title[:1].upper()}{title[1:]}**\n" if is_own else ""
            yield f"{titled}\n| {heading} | meaning |\n|---|---|\n"
            yield from (f"| `{cell(spelled(action))}` | {explained(action)} |\n" for action in actions)


def sentence(text: str | None) -> str:
    text = text or ""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', ':')) else '.'}"


def exit_codes(epilog: str) -> Iterable[str]:
    """The rows of the table of exit codes."""
    for line in epilog.strip().splitlines()[1:]:
        code, _, meaning = line.strip().partition(" ")
        yield f"| {code} | {meaning.strip()} |\n"


def page() -> str:
    """The whole page."""
    parsers, summaries = commands(_parser())
    rows = [f"| [{name}](#{name}) | {cell(summary)} |\n" for name, summary in summaries.items()]
    pieces = [piece for name in parsers for piece in command(name, summaries[name], parsers[name])]
    return "".join([INTRODUCTION, *rows, SHARED, *exit_codes(EPILOG), *pieces])


if __name__ == "__main__":
    print(page(), end="")
