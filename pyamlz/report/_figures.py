"""Figures as pages have them: SVG in the page's colours, once for wide screens and once for narrow ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

from pyamlz import plot
from pyamlz._lib.extras import imported

__all__ = ["Figure", "figure"]

_WIDE, _NARROW = 8.3, 3.7  # inches, of 96 pixels on a screen
_HEIGHT: Final = 3.4

# What is drawn in a colour on the left takes the page's colour of that name, which differs in the dark.
_COLOURS: Final = {
    "#1c1e21": "ink",
    "#5f656d": "faint",
    "#d9dadd": "line",
    "#1f6fb4": "blue",
    "#bf5700": "orange",
    "#2e7d32": "green",
    "#7a4fb0": "purple",
    "#b3365a": "red",
    "#80602a": "brown",
    "#808080": "faint",
    "#000000": "ink",
    "#ffffff": "page",
}
_INK, _FAINT, _LINE, *_SERIES = list(_COLOURS)[:9]
_STYLE: Final[dict[str, Any]] = {
    "font.size": 9.5,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "boxplot.boxprops.color": _INK,
    "boxplot.whiskerprops.color": _FAINT,
    "boxplot.capprops.color": _FAINT,
    "boxplot.flierprops.markeredgecolor": _FAINT,
    "boxplot.medianprops.color": _SERIES[1],
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure twice, as SVG that HTML can hold."""

    caption: str
    wide: Any
    narrow: Any


def figure(caption: str, draw: Callable[[Any], object], height: float = _HEIGHT) -> Figure:
    """Draws a figure.

    Args:
        caption: what it shows.
        draw: draws into the axes that it gets.
        height: in inches.
    """
    matplotlib, markup = imported("matplotlib", "report"), imported("markupsafe", "report").Markup
    drawn = []
    for width in (_WIDE, _NARROW):
        with matplotlib.rc_context({**_STYLE, "axes.prop_cycle": matplotlib.cycler(color=_SERIES)}):
            axes = plot.figure(width, height).subplots()
            draw(axes)
            name = hashlib.sha256(f"{caption} {width}".encode()).hexdigest()[:8]
            drawn.append(markup(_for_html(plot.svg(axes, name), name)))
    return Figure(caption, *drawn)


def _for_html(svg: str, name: str) -> str:
    """SVG for a page of HTML: no namespaces and sizes, names that no other figure has, and the page's colours."""
    root = ElementTree.fromstring(svg)
    for width_or_height in ("width", "height"):
        del root.attrib[width_or_height]
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if "id" in element.attrib:
            element.attrib["id"] = f"f{name}-{element.attrib['id']}"
        for key, value in element.attrib.items():
            element.attrib[key] = value.replace("url(#", f"url(#f{name}-")
        if "href" in element.attrib:
            element.attrib["href"] = f"#f{name}-{element.attrib['href'].removeprefix('#')}"
        if "style" in element.attrib:
            element.attrib["style"] = _coloured(element.attrib["style"])
    for aside in [*root.findall("metadata"), *root.findall("defs[style]")]:
        root.remove(aside)
    root.attrib["stroke-linejoin"] = "round"  # which a style sheet, now removed, said of the whole page
    return ElementTree.tostring(root, encoding="unicode")


def _coloured(value: str) -> str:
    return re.sub(r"#[0-9a-f]{6}\b", lambda match: f"var(--{_COLOURS.get(match[0], 'ink')})", value)
