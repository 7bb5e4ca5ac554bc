"""Draws what each live edit makes of the linear regressor, by the library itself: before it and after it.

python docs/make_edits.py docs/images/edits
"""

import sys
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring, tostring

from pyamlz import Dims, FunctionSpace, Program, SearchSpace
from pyamlz._ffi import ffi, lib
from pyamlz._lib.native import MUTATIONS
from pyamlz.explain import arcs
from pyamlz.program.baselines import linear_regressor

DIMS = Dims(n_features=4, n_scalars=5, n_vectors=4, n_matrices=0)
SCALAR_OPS = ("scalar_constant", "scalar_sum", "scalar_difference", "scalar_product")
FUNCTION = FunctionSpace((*SCALAR_OPS, "dot_product", "scalar_vector_product", "vector_sum"), min_size=0, max_size=8)
SPACE = SearchSpace(DIMS, FUNCTION, FUNCTION, FUNCTION)

# Draws that show what an edit is about.
SEEDS = {
    "rewire": 2,
    "insert_on_edge": 5,
    "change_op": 1,
    "bypass": 6,
    "move": 2,
    "add_state": 4,
    "initialize": 13,
    "regrow": 12,
}
GAP = 24  # pixels between the two


def edited(program: Program, action: str, seed: int) -> Program:
    """The program after one edit."""
    weights, after = ffi.new("double[]", len(MUTATIONS)), ffi.new("amlz_program *", program._c[0])
    weights[MUTATIONS[action]] = 1
    lib.amlz_mutate(SPACE._c(), weights, ffi.new("uint64_t *", seed), after, ffi.NULL)
    return Program._of(after)


def height_of(svg: Element) -> int:
    """Of a picture that says only how wide it is."""
    return int(svg.get("viewBox", "").split()[3])


def side_by_side(before: Program, after: Program) -> str:
    """Both as one picture; what is new is bold."""
    left, right = (fromstring(arcs(program, DIMS)) for program in (before, after))
    old = {text.text for text in left.iter("text")}
    for text in right.iter("text"):
        if text.text not in old:
            text.set("font-weight", "bold")
    x = int(left.get("width", 0)) + GAP
    width, height = x + int(right.get("width", 0)), max(height_of(left), height_of(right))
    picture = Element("svg", viewBox=f"0 0 {width} {height}", width=f"{width}", height=f"{height}")
    picture.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "style": "background: white; color: #222"}
    for svg, place in ((left, 0), (right, x)):
        svg.attrib |= {"x": f"{place}", "height": f"{height_of(svg)}"}
        picture.append(svg)
    return tostring(picture, encoding="unicode") + "\n"


def main(folder: str) -> None:
    """Writes a file for each edit."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    before = linear_regressor()
    for action, seed in SEEDS.items():
        (Path(folder) / f"{action}.svg").write_text(side_by_side(before, edited(before, action, seed)), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
