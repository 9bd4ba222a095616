.DEFAULT_GOAL := help
.PHONY: help setup run test check fix bench mutants schema definitions lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## Prepare .venv with the locked packages and the hypertally command

.venv/.ready: pyproject.toml requirements.lock scripts/setup.sh scripts/pip_settings.py
	@PYTHON='$(PYTHON)' scripts/setup.sh

run: setup ## Start everything on the sandbox, in a home of its own, and print the link (ARGS: more options)
	@.venv/bin/hypertally sandbox seed --if-missing
	@.venv/bin/hypertally up --sandbox $(ARGS)

test: setup ## Run all tests: unit, db, flow, security, browser (ARGS: pytest's arguments)
	@scripts/test.sh $(ARGS)

check: setup ## Check style, formatting, types and which module may import which
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/basedpyright
	.venv/bin/lint-imports

fix: setup ## Repair style and formatting
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: setup ## Measure against the alternatives (needs wrk; ARGS: which)
	@command -v wrk >/dev/null || scripts/system_packages.sh wrk
	@.venv/bin/python -m bench $(ARGS)

mutants: setup ## Change one line at a time and say which changes no test notices (ARGS: --only TEXT)
	@.venv/bin/python scripts/mutants.py $(ARGS)

schema: setup ## Write schema.sql and docs/columns.md from the migrations
	.venv/bin/python scripts/schema.py

definitions: setup ## Accept the form that each definition has now (only where digits are the same)
	.venv/bin/python scripts/definitions.py

lock: ## Choose the newest allowed versions and write requirements.lock
	@PYTHON='$(PYTHON)' scripts/setup.sh lock

clean: ## Remove what setup made
	rm -rf .venv .bootstrap
