# Two commands matter: `make demo` shows the whole platform, `make test` proves it. `make help` names the rest.
# Everything runs in .venv, filled from requirements.lock with every hash checked; a second run installs nothing.

PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13,$(if $(shell command -v $(name) 2>/dev/null),$(name))))
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := src tests $(wildcard benchmarks)

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo run test check bench smoke load chaos rolling fuzz scale soak profile eval replay package release-check \
	hooks lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## play a scripted scene through the whole platform and check it
	@$(BIN)/maskarad demo

run: $(INSTALLED) ## start the platform: with the sandbox, or for real once TELEGRAM_BOT_TOKEN is set
	@exec $(BIN)/maskarad run

test: $(INSTALLED) ## run every test, on SQLite and on PostgreSQL
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m pytest -n 2

check: $(INSTALLED) ## style, types, import directions, lock file
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/mypy --explicit-package-bases $(filter-out src,$(SOURCES))
	@$(BIN)/python -m pytest -q tests/test_imports.py tests/test_repository.py

bench: $(INSTALLED) ## measure speed and memory beside a slow bot and two echo bots, write docs/benchmarks.md
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks

smoke: $(INSTALLED) ## the shortest run of every benchmark: that they run, not how fast
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m pytest -q -n 2 $(wildcard tests/test_benchmarks*.py)

load: $(INSTALLED) ## play Telegram at rising rates against a running platform, write docs/load.md
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks.load

chaos: $(INSTALLED) ## kill processes and servers for ten minutes while people talk, write docs/reliability.md
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks.chaos

rolling: $(INSTALLED) ## restart every process by SIGTERM, one after the other, while people talk
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks.rolling

fuzz: $(INSTALLED) ## throw broken and hostile updates at a running platform for five minutes
	@sh tests/support/install_servers.sh
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-50} $(BIN)/python -m pytest -s -q --timeout=3600 tests/security/test_fuzz.py

scale: $(INSTALLED) ## measure what workers add and what a message costs, write docs/scaling.md
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks.scale

soak: $(INSTALLED) ## steady talk, 24 minutes of which ten count: memory, files, loop lag, growth; writes docs/reliability.md
	@sh tests/support/install_servers.sh
	@$(BIN)/python -m benchmarks.soak

profile: $(INSTALLED) ## draw flame graphs of a press and of messages into docs/pictures
	@$(BIN)/python -m benchmarks profile

eval: $(INSTALLED) ## hold the local analyser against labelled sentences: accuracy and confusion tables
	@$(BIN)/python -m benchmarks.evaluation

replay: $(INSTALLED) ## say a chat of three weeks again to a whole platform, write docs/replay.md
	@$(BIN)/python -m benchmarks.replay

package: $(INSTALLED) ## build wheel and sdist into dist
	@rm -rf dist
	@$(BIN)/python -m hatchling build --directory dist --target sdist --target wheel
	@$(BIN)/python -m pytest -q tests/test_package.py

release-check: check test package ## whether this tree may become a release: all tests, packages, version, changelog, tag
	@$(BIN)/python -m tests.support.release

hooks: $(INSTALLED) ## look at every commit before it is made (pre-commit)
	@$(BIN)/pre-commit install

lock: $(INSTALLED) ## resolve the dependencies of pyproject.toml into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
		--quiet -o requirements.lock

clean: ## remove what was made; the data folder stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# uv comes first, hash-checked by pip like everything else, because it fills the rest many times faster. Where only pip
# is set up for the registry at hand, pip does it.
$(INSTALLED): requirements.lock pyproject.toml
	@sh tests/support/check_python.sh "$(PYTHON)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements.lock > $(VENV)/uv.lock.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $(VENV)/uv.lock.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock || \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
