# Everything that the project does by one word. Needs python3 (3.10 or later, with venv), a C compiler and GNU make.
#
#   make demo      evolves a program that learns linear regression: a minute or two
#   make test      all tests: the C library's, the installed library's, Python's
#   make lint      ruff, mypy, and which room may import which
#   make docs      the documentation as a site: build/site/index.html
#   make install   libamlz to PREFIX (/usr/local) under DESTDIR, with header and amlz.pc
#   make dist      each C library as one file and its header: dist/amlz.c, dist/amlz_archive.c
#   make clean     removes all that was made
#
# After a change of headers, presets, arguments of the command or ops: make references writes anew what is made from them,
# which is pages in docs/, manual pages and tests/abi.txt.
# More targets for the C library, such as asan, plain, matrix and cross, are in libamlz/Makefile: make -C libamlz asan.
# Longer checks here: make dist-check (sdist, manylinux wheel from it, audits, its tests in isolation); of archives make
# fuzz (ten minutes of it), make mutated (a million damaged ones through Python), make kill (searches, and climbs,
# selections, tunings and studies, that are killed 200 times), make ray-faults (islands on
# Ray, while 20 nodes and 50 of them are killed).
# PYTHON=python3.12 chooses the Python of .venv, where everything is installed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MAKEFLAGS += --no-print-directory

# The extension is compiled from these; Python files are used where they are (an editable install).
NATIVE := setup.py pyproject.toml $(wildcard libamlz/python/*.py libamlz/include/*.h libamlz/src/*/*)
INSTALL_EDITABLE = $(BIN)/python -m pip install --quiet --editable

.PHONY: help demo test check-library lint docs references install uninstall dist dist-check fuzz mutated kill ray-faults clean

help:
	@sed -n 's/^#   //p' Makefile

# ---------------------------------------------------------------- what is installed, and in which state

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "pyamlz needs Python 3.10 or later")'
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/has-demo: $(NATIVE) | $(VENV)/made
	@echo "installing pyamlz into $(VENV)"
	@$(INSTALL_EDITABLE) .
	@touch $@

$(VENV)/has-test: $(NATIVE) | $(VENV)/made
	@echo "installing pyamlz and what its tests need into $(VENV)"
	@$(INSTALL_EDITABLE) '.[test]'
	@touch $@ $(VENV)/has-demo

$(VENV)/has-dev: pyproject.toml | $(VENV)/made
	@echo "installing ruff, mypy and what else developers need into $(VENV)"
	@$(INSTALL_EDITABLE) '.[test,dev]'
	@touch $@ $(VENV)/has-test $(VENV)/has-demo

$(VENV)/has-wheels: pyproject.toml | $(VENV)/has-demo
	@echo "installing what makes and audits wheels into $(VENV)"
	@$(INSTALL_EDITABLE) '.[wheels]'
	@touch $@

$(VENV)/has-docs: pyproject.toml | $(VENV)/has-demo
	@echo "installing what makes the site into $(VENV)"
	@$(INSTALL_EDITABLE) '.[docs]'
	@touch $@

# ---------------------------------------------------------------- what to do with it

# The same seed gives the same program everywhere.
demo: $(VENV)/has-demo
	@$(BIN)/pyamlz search demo --seed 1

check-library:
	@$(MAKE) -C libamlz check installcheck

# Last, so that its closing line is the last one.
test: check-library $(VENV)/has-test
	@$(BIN)/python -m pytest

lint: $(VENV)/has-dev
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

# Pages and links that are wrong are warnings, which -W makes errors.
docs: $(VENV)/has-docs
	@$(BIN)/sphinx-build -q -W --keep-going -c docs -d build/doctrees . build/site
	@echo "docs: build/site/index.html"

references: $(VENV)/has-demo
	@mkdir -p build
	@for page in ops reference/c reference/cli reference/presets; do \
	    script=docs/make_$$(basename $$page).py; \
	    $(BIN)/python $$script >build/page.md && mv build/page.md docs/$$page.md || exit 1; \
	done
	@$(BIN)/python docs/make_edits.py docs/images/edits
	@$(BIN)/python docs/make_man.py
	@$(BIN)/python tests/tools/abi.py >build/abi.txt && mv build/abi.txt tests/abi.txt

install uninstall fuzz:
	@$(MAKE) -C libamlz $@

dist:
	@$(PYTHON) libamlz/amalgamate.py dist
	@ls dist/amlz*

mutated: $(VENV)/has-test
	@$(BIN)/python tests/fuzz/mutated.py 1000000

kill: $(VENV)/has-test
	@$(BIN)/python tests/tools/kill.py 200
	@$(BIN)/python tests/tools/kill_units.py 200

ray-faults: $(VENV)/has-test
	@PYTHONPATH=tests/python $(BIN)/python tests/tools/kill_ray.py 20 50

# Links with an old C library, whatever there is here, so that the wheel serves all systems since 2014.
ZIG_CC = $(abspath $(BIN)/python) -m ziglang cc -target $(shell uname -m)-linux-gnu.2.17
dist-check: $(VENV)/has-dev $(VENV)/has-wheels
	@rm -rf build/dist && mkdir -p build/dist
	@CC='$(ZIG_CC)' LDSHARED='$(ZIG_CC) -shared' \
	    $(BIN)/python -m build --outdir build/dist . >build/dist/log 2>&1 || { cat build/dist/log; exit 1; }
	@PATH="$(abspath $(BIN)):$$PATH" auditwheel repair --wheel-dir build/dist/wheel build/dist/*.whl
	@$(BIN)/python -m abi3audit --strict build/dist/wheel/*.whl
	@$(PYTHON) -m venv build/dist/venv
	@build/dist/venv/bin/python -m pip install --quiet build/dist/wheel/*.whl pytest hypothesis
	@cd build/dist && venv/bin/pyamlz --version && venv/bin/python -c 'import pyamlz; print(pyamlz.__file__)'
	@build/dist/venv/bin/pytest -q tests/python/program/test_program.py tests/python/archive/test_versions.py

clean:
	@$(MAKE) -C libamlz clean
	rm -rf $(VENV) build dist *.egg-info .tox .pytest_cache .mypy_cache .ruff_cache .hypothesis pyamlz/_ffi.*so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
