"""The documentation: made from what it describes, its links whole, its programs running."""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import pyamlz
from pyamlz import OPS, Experiment, Program, lab
from pyamlz._cli.main import main
from pyamlz._lib.native import MUTATIONS

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MADE = {"make_ops": "ops", "make_c": "reference/c", "make_cli": "reference/cli", "make_presets": "reference/presets"}
QUICK = 60  # seconds that one program may take


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def snippets(language: str, having: str = "", pages: Sequence[Path] = PAGES) -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in pages
        for number, block in enumerate(blocks(page, language), 1)
        if having in block
    ]


def rows_of_ops(columns: int) -> list[list[str]]:
    """The rows of the tables in ops.md that have so many columns and start with an id."""
    lines = (ROOT / "docs" / "ops.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("| ")]
    return [row for row in rows if len(row) == columns and row[0].isdigit()]


@pytest.mark.parametrize(("script", "page"), MADE.items(), ids=MADE)
def test_pages_that_are_made_are_as_they_would_be_made_now(script: str, page: str) -> None:
    """`make references` brings them up to date."""
    environment = {**os.environ, "COLUMNS": "40", "PYTHONUTF8": "1"}
    command = [sys.executable, ROOT / "docs" / f"{script}.py"]
    printed = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=QUICK)
    assert printed.stdout.decode("utf-8") == (ROOT / "docs" / f"{page}.md").read_text("utf-8")


def test_pictures_of_edits_are_as_they_would_be_drawn_now(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "make_edits.py", tmp_path], check=True, timeout=QUICK)
    edits = [name for number, name in enumerate(MUTATIONS) if number > MUTATIONS["identity"]]
    assert {path.stem for path in tmp_path.iterdir()} == set(edits)
    for name in edits:
        drawn = ROOT / "docs" / "images" / "edits" / f"{name}.svg"
        assert (tmp_path / drawn.name).read_text("utf-8") == drawn.read_text("utf-8")
        assert drawn.read_text("utf-8").count("bold") > 0 or name == "move"  # its lines are as they were


@pytest.mark.parametrize("path", ["libamlz/include/amlz.h", "archive/amlz_archive.h"])
def test_the_c_reference_has_each_function_once_with_the_words_before_it(path: str) -> None:
    header = (ROOT / path).read_text("utf-8")
    page = (ROOT / "docs" / "reference" / "c.md").read_text("utf-8")
    functions = re.findall(r"^AMLZ_API [^(]*?(\w+)\(", header, re.MULTILINE)
    assert len(functions) == header.count("\nAMLZ_API ")
    headings = " ".join(re.findall(r"^#### (.*)$", page, re.MULTILINE))
    for name in functions:
        assert headings.count(f"`{name}`") == 1, name
    described = page.partition("#### `amlz_program_equal`\n")[2].partition("####")[0]
    assert "same bits in their constants, else 0.\n" in described
    assert "int amlz_program_equal(const amlz_program *a, const amlz_program *b);" in described


def test_the_reference_of_the_command_has_what_its_help_has(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for name in re.findall(r"^## (\w+)$", page, re.MULTILINE):
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        with pytest.raises(SystemExit):
            main([name, "--help"])
        printed = capsys.readouterr().out.partition("exit codes:")[0]
        options = set(re.findall(r"--[a-z-]+", printed)) - {"--help", "--json", "--quiet"}  # which all have
        assert options <= set(re.findall(r"--[a-z-]+", section)), name


def public_modules() -> list[str]:
    found = pkgutil.walk_packages(pyamlz.__path__, "pyamlz.")
    return ["pyamlz", *(module.name for module in found if "._" not in module.name)]


def test_the_python_reference_has_each_public_module_on_the_page_of_its_room() -> None:
    shown = {}
    for page in (ROOT / "docs" / "reference" / "python").glob("*.md"):
        for module in re.findall(r"^```\{room\} (\S+)\n```$", page.read_text("utf-8"), re.MULTILINE):
            assert module not in shown
            shown[module] = page.stem
    assert shown == {module: [*module.split("."), module][module.count(".") > 0] for module in public_modules()}


# ---------------------------------------------------------------- the site


def make_site(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` does, into another folder."""
    for package in ("sphinx", "myst_parser", "furo", "sphinx_copybutton"):
        if importlib.util.find_spec(package) is None:
            pytest.skip("needs what `make docs` installs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", source / "docs", source, site]
    return subprocess.run(command, capture_output=True, text=True, timeout=4 * QUICK, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the whole site, made once."""
    folder = tmp_path_factory.mktemp("site")
    done = make_site(ROOT, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_site_is_made_of_all_pages_and_fetches_nothing(site: Path) -> None:
    html = {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in site.rglob("*.html")}
    assert {page.relative_to(ROOT).with_suffix(".html").as_posix() for page in PAGES} <= html.keys()
    assert "url=README.html" in html["index.html"]
    assert 'href="docs/tutorial.html"' in html["README.html"]
    assert 'href="../archive/FORMAT.html"' in html["docs/README.html"]
    words = re.sub(r"<[^>]+>", "", html["docs/reference/cli.html"])
    assert "--labels auto|numbers|classes" in words
    (embed,) = re.findall(r'href="\.\./(_downloads/\w+/embed\.c)"', html["docs/c-library.html"])
    assert (site / embed).read_bytes() == (ROOT / "libamlz" / "examples" / "embed.c").read_bytes()
    for name, text in html.items():
        assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=\"?(?:https?:)?//", text), name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", style.read_text("utf-8")), style


def test_each_public_name_has_one_address_in_the_reference(site: Path) -> None:
    """That of `pyamlz` if it is there, else that of one room."""
    pages = (site / "docs" / "reference" / "python").glob("*.html")
    anchors = [name for page in pages for name in re.findall(r'<dt[^>]* id="(pyamlz[\w.]*)"', page.read_text("utf-8"))]
    assert len(set(anchors)) == len(anchors)
    modules = [importlib.import_module(module) for module in public_modules()]
    for name, thing in ((name, getattr(module, name)) for module in modules for name in module.__all__):
        having = [m.__name__ for m in modules if name in m.__all__ and getattr(m, name) is thing]
        shown = [module for module in having if f"{module}.{name}" in anchors]
        if not inspect.ismodule(thing):
            assert shown == ["pyamlz"] if "pyamlz" in having else len(shown) == 1, f"{name}: {having}"


@pytest.mark.parametrize(
    ("text", "complaint"), [("[there](nowhere.md)", "nowhere.md"), ("[there](search.md#nothing)", "nothing")]
)
def test_a_link_that_leads_nowhere_is_an_error(text: str, complaint: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("python"))
    (tmp_path / "archive").mkdir()
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "archive/FORMAT.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    search = tmp_path / "docs" / "search.md"
    for page in tmp_path.rglob("*.md"):
        page.write_text("# A page\n" if page != search else f"# Search\n\n{text}\n", "utf-8")
    done = make_site(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert complaint in done.stderr
    search.write_text("# Search\n", "utf-8")
    done = make_site(tmp_path, tmp_path / "site")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("columns", "text"), [(7, 2), (2, 1)], ids=["printed", "also read"])
def test_texts_in_the_op_reference_are_those_of_the_ops(columns: int, text: int) -> None:
    for row in rows_of_ops(columns):
        line = re.sub(r"\bc[123]\b", "0.5", row[text].strip("`"))
        (instruction,) = Program.parse(f"def Learn():\n  {line}").learn
        assert instruction.op == OPS[int(row[0])].name


def test_the_op_reference_has_each_op_once() -> None:
    assert [int(row[0]) for row in rows_of_ops(7)] == [op.id for op in OPS]


def test_each_key_of_an_experiment_is_explained() -> None:
    text = (ROOT / "docs" / "reference" / "presets.md").read_text("utf-8")
    for table in (Experiment.load(name).table for name in lab.presets()):
        keys = {key for key in table if key not in ("space", "fec", "migration")}
        for key in keys | {f"{outer}.{key}" for outer in ("fec", "migration", "space") for key in table[outer]}:
            assert re.search(rf"^\| `{re.escape(key)}(\.size)?`.* \| .{{6,}} \|", text, re.MULTILINE) or (
                key in ("space.predict", "space.learn")
            ), key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{page.name}: {target}"


def write_houses(folder: Path) -> None:
    """The tables that docs/own-data.md speaks of."""
    rows = [f"{50 + 7 * i % 90},{('north', 'south', 'west')[i % 3]},{1e5 + 900 * (7 * i % 90)}" for i in range(100)]
    for name in ("houses.csv", "new-houses.csv"):
        (folder / name).write_text("\n".join(["area,side,price", *rows]), "utf-8")


@pytest.mark.parametrize("program", snippets("python"))
def test_python_runs(program: str, tmp_path: Path) -> None:
    write_houses(tmp_path)
    if '"digits"' in program:
        pytest.importorskip("sklearn")
    script = tmp_path / "snippet.py"
    script.write_text(program, "utf-8")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def library() -> Path:
    """The static library; only what changed is compiled."""
    for tool in ("make", "cc"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    make = ["make", "-C", ROOT / "libamlz", "BUILD=build", "build/libamlz.a"]
    subprocess.run(make, env=environment, capture_output=True, check=True)
    return ROOT / "libamlz" / "build" / "libamlz.a"


@pytest.mark.parametrize("program", snippets("c", having="int main("))
def test_complete_c_programs_run(program: str, library: Path, tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(program, "utf-8")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'libamlz' / 'include'}"]
    compiled = ["cc", *strict, source, library, "-lm", "-o", tmp_path / "program"]
    for command in (compiled, [tmp_path / "program"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=QUICK, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_c_lines_of_the_readme_compile(tmp_path: Path) -> None:
    """They are the core of embed.c, which is run elsewhere; what they take from around them is declared here."""
    if shutil.which("cc") is None:
        pytest.skip("needs cc")
    (lines,) = blocks(ROOT / "README.md", "c")
    around = (
        "#include <amlz.h>\n"
        "void core(const char *text, size_t length, uint32_t n_features, amlz_learner_config config,\n"
        "          const float *features, float label);\n"
        "void core(const char *text, size_t length, uint32_t n_features, amlz_learner_config config,\n"
        "          const float *features, float label)\n"
        "{\n"
        "    amlz_program program; amlz_error error; amlz_learner *learner; const char *reason; float prediction;\n"
    )
    source = tmp_path / "core.c"
    source.write_text(f"{around}{lines}}}\n", "utf-8")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{ROOT / 'libamlz' / 'include'}"]
    done = subprocess.run(["cc", *strict, source], capture_output=True, text=True, timeout=QUICK, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("commands", snippets("sh", having="pyamlz ", pages=PAGES[1:]))  # README.md: test_readme.py
def test_commands_run(commands: str, tmp_path: Path) -> None:
    """Each line that calls pyamlz, in a folder with the pages' own TOML files, shortened to a few seconds."""
    for page in PAGES:
        for toml in blocks(page, "toml"):
            if named := re.match(r"# (\w+\.toml)\n", toml):
                (tmp_path / named[1]).write_text(toml, "utf-8")
    write_houses(tmp_path)
    if "digits" in commands:
        pytest.importorskip("sklearn")
    for line in commands.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] != "pyamlz":
            continue
        if words[1] == "search":
            words += ["--max-seconds", "3"]
        if words[1] == "climb":
            words += ["--max-evaluations", "50_000"]
        command = [sys.executable, "-m", "pyamlz", *words[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=QUICK)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
