# Everything a developer types. A fresh machine needs Python 3.11 or newer and make; Java with Maven and a Redis are used
# by the tests where they are there.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := build/compiled
AS_COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/$(COMPILED)/site:$(CURDIR)
ARGS ?=

# What Python has compiled it keeps, whatever the environment says: tests start the service hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers generated behaviours deployment compiled fix run bench idle calendar \
	choosing triggers limits simulation storm charts mutants lock clean

help: ## Show what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "no venv module (on Debian: apt-get install python3-venv)"; exit 1; }
	@echo "installing dependencies into $(VENV) (once)"
	@if uv --version >/dev/null 2>&1; then \
		uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt \
		&& uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt \
		&& $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $@

demo: $(STAMP) ## Two thousand CRM events become assignments, all inside one process
	@$(BIN)/fairlead demo $(ARGS)

test: $(STAMP) ## Run the tests (ARGS="-k turns" for some)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

check: ## Everything the integration run does
	@$(MAKE) --no-print-directory -j 2 $(COMPILED)/site lint types layers generated behaviours deployment
	@$(MAKE) --no-print-directory compiled test

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports --no-logo --no-cache

generated: $(STAMP)
	$(BIN)/python -m schemas --check

deployment: $(STAMP)
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

behaviours: $(STAMP) ## List the behaviours no test names; fail for one that is declared done
	$(BIN)/python -m tests.behaviours

$(COMPILED)/site: $(STAMP) $(shell find service schemas -name '*.py')
	@cc --version >/dev/null 2>&1 || { echo "a C compiler is needed (on Debian: apt-get install gcc)"; exit 1; }
	@echo "compiling what runs for every event (some minutes)"
	@rm -rf $(COMPILED)
	@$(BIN)/python -m hatchling build -t sdist -d $(COMPILED) >/dev/null
	@HATCH_BUILD_HOOKS_ENABLE=1 $(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation \
		--wheel-dir $(COMPILED) $(COMPILED)/*.tar.gz # not from here: compiled modules would stay beside their sources
	@$(BIN)/python -m zipfile -e $(COMPILED)/*.whl $@

compiled: $(COMPILED)/site ## Test the core as it is in the image: compiled
	$(AS_COMPILED) FAIRLEAD_COMPILED=1 $(BIN)/python -m pytest --import-mode=importlib -q -p no:cacheprovider \
		-n 2 --dist loadgroup --no-loadscope-reorder tests/language tests/core tests/wire tests/lane tests/rehearsal tests/simulation $(ARGS)

fix: $(STAMP) ## Format, repair what a machine can, write the generated files again
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m schemas

run: $(STAMP) ## Run the service on embedded back ends with the example configuration (nothing is kept)
	$(BIN)/fairlead run --embedded deploy/config $(ARGS)

limits: $(STAMP) ## Run everything at all declared limits at once, and tell how long it took
	FAIRLEAD_TEST_LIMITS=1 $(BIN)/python -m pytest -q -s -p no:cacheprovider tests/limits $(ARGS)

bench: $(COMPILED)/site ## Measure the compiled service against a copy loop, a naive service and Kafka Streams, on one broker
	$(AS_COMPILED) $(BIN)/python -m tests.bench --growth $(ARGS)

idle: $(STAMP) ## Measure what a service costs that has nothing to do, and how fast it wakes
	$(BIN)/python -m tests.bench.idle $(ARGS)

simulation: $(STAMP) ## Simulate many seeds of whatever may go wrong (ARGS="--seeds 5000 --first 200")
	$(BIN)/python -m tests.simulation $(ARGS)

storm: $(STAMP) ## Every kind of fault in an order drawn from a seed (ARGS="--minutes 60 --seed 7"), then figures
	$(BIN)/python -m tests.survival $(ARGS)

calendar: $(STAMP) ## Hold the look-up of working hours against a walk through every minute of a year, in ten zones
	$(BIN)/python -m tests.calendar $(ARGS)

choosing: $(COMPILED)/site ## Measure what a choice costs among 10, 100 and 1,000 members, with hours and limits
	$(AS_COMPILED) $(BIN)/python -m tests.bench.choosing $(ARGS)

triggers: $(COMPILED)/site ## Measure what workflows cost: none, one, and a thousand of which one acts
	$(AS_COMPILED) $(BIN)/python -m tests.bench.triggers $(ARGS)

charts: $(STAMP) ## Draw the charts of the pages for users, by the code that decides
	$(BIN)/python -m tests.charts

mutants: $(STAMP) ## Plant mistakes in a copy, one at a time; each must be noticed by the tests named beside it
	$(BIN)/python -m tests.mutants

lock: ## Choose dependency versions again (needs uv)
	@for name in runtime embedded build dev; do \
		case $$name in \
			runtime) choice="pyproject.toml" ;; \
			embedded) choice="pyproject.toml --extra embedded" ;; \
			build) choice="--group build" ;; \
			dev) choice="pyproject.toml --extra embedded --extra holidays --group dev" ;; \
		esac; \
		uv pip compile -q $$choice --universal --python-version 3.11 --upgrade --generate-hashes \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
			-o requirements/$$name.txt || exit 1; \
	done

clean: ## Remove what was installed and cached
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
