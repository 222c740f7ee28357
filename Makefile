PYTHON ?= python3
BIN = .venv/bin

.PHONY: all setup check test docs docs-pages bench soak golden corpus

all: setup check test

setup:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'

check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/house/figures.py --check
	$(BIN)/harness check data experiments

test:
	$(BIN)/python -m pytest

docs:
	$(BIN)/python tests/docs/pages.py --check
	$(BIN)/zensical build --clean --strict
	$(BIN)/python tests/docs/check_site.py site

docs-pages:
	$(BIN)/python tests/docs/pages.py
	git diff --stat -- docs

bench:
	$(BIN)/python -m pytest tests/benchmarks -n 0 --benchmark-only --benchmark-enable
	$(BIN)/python tests/benchmarks/interval_coverage.py

soak:
	$(BIN)/python -m pytest -m soak -n 0 --hypothesis-profile=default
	$(BIN)/python tests/soak/kill_labeling.py 500
	$(BIN)/python tests/soak/kill_commands.py
	$(BIN)/python tests/soak/fuzz_readers.py

golden:
	$(BIN)/python -m pytest tests/golden tests/docs/test_tutorials.py --snapshot-update -n 0
	git diff -- tests/golden docs/tutorials
