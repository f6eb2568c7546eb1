PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test fast check fix bench docs clean

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: .venv/installed  ## build .venv and install everything (needs a network once)

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,dev]'
	touch $@

demo: setup  ## the whole line on the Game of Life, in a few minutes
	$(BIN)/tenth demo --out tenth-demo

test: setup  ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

fast: setup  ## the tests that take no longer than a few seconds
	$(BIN)/python -m pytest -m "not slow"

check: setup  ## format, lint, types, import rules, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/codespell

fix: setup  ## repair what the formatter and the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup  ## measure, and write docs/results (an hour and more); PAIRS=FOLDER: keep's speed on fine-tunes, too
	$(BIN)/python bench/life.py
	$(BIN)/python bench/digits.py
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/memory.py
	$(BIN)/python bench/plan_validation.py
	$(BIN)/python bench/plan.py
	$(BIN)/python bench/judge.py models build/judge
	$(BIN)/python bench/judge.py verdicts build/judge
	$(BIN)/python bench/judge.py pairs
	$(BIN)/python bench/keep_failures.py
	$(if $(PAIRS),$(BIN)/python bench/keep_speed.py $(PAIRS),@echo 'bench/keep_speed.py is left out: it wants PAIRS=FOLDER')
	$(BIN)/python bench/readme.py

docs: setup  ## make the tables of the documentation anew from docs/results
	$(BIN)/python bench/readme.py

clean:  ## remove what was built, not what was measured
	rm -rf .venv tenth-demo build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
