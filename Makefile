# Needs make and Python 3.11 or newer; everything else is installed into .venv from constraints.txt.

VENV  := .venv
BIN   := $(VENV)/bin
READY := $(VENV)/.ready
PIP   := $(BIN)/python -m pip -qq --disable-pip-version-check

PYTHON := $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test fuzz bench bench-quick torture torture-quick check format lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## .venv, with exactly the packages of constraints.txt

# The lock holds a hash for every package, pip's hash mode takes no editable project: so two steps, the second without the network.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "watcher needs Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python || echo "setting up $(VENV) with $(PYTHON), once: a minute or less …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@$(PIP) install --require-hashes -r constraints.txt || { \
		echo "The packages of constraints.txt could not be installed; pip says why above." >&2; exit 1; }
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## the daemon against simulated APIs, nothing to configure (ARGS="--speed 10 --for 60")
	@$(BIN)/watcher demo $(ARGS)

test: $(READY) ## every test (ARGS="-k name")
	@$(BIN)/python -m pytest $(ARGS)

fuzz: $(READY) ## the tests that invent their examples, with other ones each time, ten times (ROUNDS=100 ARGS="-k replay")
	@for round in $$(seq $(or $(ROUNDS),10)); do WATCHER_FUZZ=1 $(BIN)/python -m pytest -q -m hypothesis $(ARGS) || exit 1; done

bench: $(READY) ## measure everything beside its goals and peers, and write docs/performance.md (ARGS="--only poll": print that alone)
	@$(BIN)/python -m benchmarks --write $(ARGS)

bench-quick: $(READY) ## the same in two minutes: fewer rows, no peers, nothing written
	@$(BIN)/python -m benchmarks --quick $(ARGS)

torture: $(READY) ## kill, starve and mislead the daemon, count what that cost, and write docs/reliability.md (ARGS="--only R1": that alone, anew; ARGS="--jobs 2")
	@$(BIN)/python -m torture --write $(ARGS)

torture-quick: $(READY) ## the same in some three minutes: fewer of everything, nothing written; part of every check of a change
	@$(BIN)/python -m torture --quick --jobs 2 $(ARGS)

check: $(READY) ## style, types, layers and house rules
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Not formatted: run 'make format'." >&2; exit 1; }
	@$(BIN)/mypy --strict --no-error-summary watcher tests benchmarks torture
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }
	@$(BIN)/python -m pytest -q tests/test_house.py

format: $(READY) ## let ruff format the code and mend what it can
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

lock: $(READY) ## write constraints.txt anew from pyproject.toml (ARGS="--upgrade")
	@test -x $(BIN)/uv || $(PIP) install uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
		$(ARGS) --output-file constraints.txt pyproject.toml

clean: ## remove .venv, caches and build results
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .bench .import_linter_cache .hypothesis ./*.egg-info
	@find watcher tests benchmarks torture -name __pycache__ -type d -prune -exec rm -rf {} +
