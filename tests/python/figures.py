"""Where the texts of a figure are."""

from __future__ import annotations

from itertools import combinations
from typing import Any


def texts_of(figure: Any) -> list[tuple[str, Any]]:
    """Texts that are seen, and where."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    hidden = set()
    for one in figure.axes:
        for axis in (one.xaxis, one.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not one.axison or not low <= tick.get_loc() <= high:  # matplotlib has some beyond the ends
                    hidden |= {tick.label1, tick.label2}
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text not in hidden and text.get_visible() and text.get_text().strip()
    ]


def assert_texts_are_apart(figure: Any) -> None:
    """No text lies over another one, or beyond the edge."""
    seen = texts_of(figure)
    assert seen
    for text, box in seen:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y1 <= figure.bbox.y1 + 1, text
    for (one, box), (other, other_box) in combinations(seen, 2):
        assert not box.overlaps(other_box), (one, other)
