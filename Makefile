# Everything is done through here; CONTRIBUTING.md says what each target is for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CONFIG ?= config.toml

.PHONY: run test check lint types imports unit fault fuzz soak bench gpu gpu-packages lock docs clean

run: $(RUN_READY)
	@mkdir -p data/inbox
	@$(BIN)/ingestd run -c $(CONFIG)

# The whole suite, in two processes: what starts daemons waits most of the time.
PROCESSES ?= 2
test: lint types imports
	$(BIN)/python -m pytest tests --ignore=tests/gpu -m "not gpu and not soak and not bench" \
	  -n $(PROCESSES) --dist loadgroup

# What takes seconds: lint, types, import contracts, unit tests.
check: lint types imports unit

lint: $(DEV_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell ingestd tests docs bench systemd README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md

types: $(DEV_READY)
	$(BIN)/mypy

imports: $(DEV_READY)
	$(BIN)/lint-imports

unit: $(DEV_READY)
	$(BIN)/python -m pytest -q tests/unit

fault: $(DEV_READY)
	$(BIN)/python -m pytest -q tests/fault

# Random files beside other readers, then the splitter, guided by coverage.
FUZZ_SECONDS ?= 300
fuzz: $(DEV_READY)
	$(PIP_INSTALL) -e ".[fuzz]"
	$(BIN)/python -m tests.fuzz.differential --minutes $$(($(FUZZ_SECONDS) / 60))
	$(BIN)/python -m tests.fuzz.guided --seconds $(FUZZ_SECONDS) --corpus .fuzz

# At least 50 SIGKILLs at random moments over the whole process tree, on live input.
soak: $(DEV_READY)
	$(BIN)/python -m tests.soak.kill

bench: $(DEV_READY)
	$(BIN)/python -m bench.run

# Where a GPU is: the engines' conformance suite and tests/gpu on it, and its benchmark;
# elsewhere a line that says so. PACKAGES is a folder of wheels, or of unpacked packages, for a
# machine that reaches no index (docs/gpu.md).
PACKAGES ?=
GPU_OUT ?= build/gpu
gpu:
	@bench/gpu.sh "$(PYTHON)" "$(PACKAGES)" "$(GPU_OUT)"

# The wheels that `make gpu PACKAGES=…` needs, for this Python and this kind of machine.
gpu-packages: | $(BIN)/python
	$(BIN)/python -m pip download --quiet --dest $(or $(PACKAGES),build/packages) \
	  --only-binary=:all: ".[cuda13,dev]" "setuptools>=77"

docs: $(DEV_READY)
	$(BIN)/python -m ingestd.config.reference > docs/config.md
	$(BIN)/python -m ingestd.observe.reference > docs/events.md

# Exact versions with hashes, and no index address: any index that has them serves.
lock: $(DEV_READY)
	$(PIP_INSTALL) "uv>=0.13"
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	  -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	  --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN_READY): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing ingestd and its libraries into $(VENV) (a minute, once)"
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps -e .
	@touch $@

$(DEV_READY): requirements-dev.lock $(RUN_READY)
	@echo "installing the tools for tests into $(VENV)"
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
