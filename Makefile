# Alert Desk: every command of the project. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-playground test check format bench soak dist lock clean

# The first of these that is Python 3.11 to 3.13; `make PYTHON=/path/to/python …` overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
SOAK_KILLS ?= 300
SOAK_ARGS ?=

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## create .venv with everything locked (quick when nothing changed)
	@if [ -z "$(PYTHON)" ]; then echo "Alert Desk needs Python 3.11, 3.12 or 3.13 on the PATH (or: make PYTHON=/path/to/python …)." >&2; exit 1; fi
	@$(PYTHON) tools/setup.py

demo: setup ## the bot and a Microsoft cloud in a sandbox, with a Teams-like page to try it in
	@$(BIN)/python -m bot demo

demo-playground: setup ## the same bot with the Microsoft 365 Agents Playground as its Teams client
	@$(BIN)/python -m bot demo --playground

test: setup ## every test, a real PostgreSQL and a real Chromium included
	@$(BIN)/python -m pytest -n auto --dist loadscope $(PYTEST_ARGS)

check: setup ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: setup ## lay the code out and mend what ruff can mend
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: setup ## measure the bot beside its peers
	@$(BIN)/python -m tests.performance

soak: setup ## kill the bot some hundred times, and count what was lost or done twice (SOAK_KILLS=300)
	@$(BIN)/python -m tests.soak --kills $(SOAK_KILLS) $(SOAK_ARGS)

dist: setup ## the wheel and the source archive in dist/, without the sandbox
	@$(BIN)/python tools/dist.py

lock: setup ## resolve pyproject.toml anew into requirements.lock (UPGRADE=1: newest versions)
	@$(BIN)/python tools/lock.py

clean: ## remove everything that the other commands made
	rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov test-results bot/sandbox/node/node_modules
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
