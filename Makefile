# Every target makes what it needs; a fresh machine with Python 3.11 or newer and make is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# How many pages `make simulate` lets live and die; a failure prints the seed that lives it again.
N ?= 100000

.PHONY: demo test long check bench simulate chaos format clean

demo: $(INSTALLED)
	@$(BIN)/nightbell demo

# The chaos by itself, since what it holds in real seconds is the product's, and not that of what runs beside it; then
# two at a time, each with a PostgreSQL of its own: half the time on two cores.
test: $(INSTALLED)
	$(BIN)/python -m pytest tests/chaos
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/chaos

# What `make test` asks a part of, asked whole.
long: $(INSTALLED)
	NIGHTBELL_LONG_TESTS=1 $(BIN)/python -m pytest tests/routing/test_one_answer.py tests/chaos

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nightbell migrate --check

bench: $(INSTALLED)
	$(BIN)/python -m bench

simulate: $(INSTALLED)
	$(BIN)/python -m simulation $(N)

chaos: $(INSTALLED)
	$(BIN)/python -m chaos

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .data build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The pins in constraints.txt are for everybody: the same versions here, in CI and in the container.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Nightbell needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "pip>=25.1"
	@# An editable installation from this very folder is meant, and setuptools need not warn of it.
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	  --editable '.[parquet]' --group dev
	@touch $@
