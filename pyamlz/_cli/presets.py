"""The command `pyamlz presets`."""

from __future__ import annotations

import argparse
from typing import Any

from pyamlz import lab
from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, command
from pyamlz.lab import Experiment

__all__ = ["add_presets"]


def add_presets(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    listing = command(commands, "presets", _presets, "list the presets, or print one")
    listing.add_argument("name", nargs="?", metavar="NAME", help="the preset to print")


def _presets(arguments: argparse.Namespace) -> int:
    if arguments.name is not None:
        if arguments.json:
            output.print_json(Experiment.load(arguments.name).as_dict())
        else:
            output.block(lab.preset_source(arguments.name))
        return DONE
    loaded = [Experiment.load(name) for name in lab.presets()]
    if arguments.json:
        output.print_json({preset.name: preset.description for preset in loaded})
    else:
        width = max(len(preset.name) for preset in loaded)
        for preset in loaded:
            output.line(f"{preset.name:<{width}}  {preset.description}")
    return DONE
