# make run and make test need Python 3.11 and nothing else; both may be run again at any time.

PYTHON_IN = .venv/bin/python
PYTEST_ARGS =

NAME = hilum-base

.PHONY: help run test study lint format docs constraints wheel clean clean-all

help:
	@echo 'make run          install the torch-free station, screen twelve made films, write the report to out/'
	@echo 'make test         install what the tests need and run them all; PYTEST_ARGS="-k zones" runs some'
	@echo 'make lint         ruff, mypy, import-linter, codespell'
	@echo 'make study        from raw films to evaluation and bundle by configs/NAME.toml; NAME=hilum-base'
	@echo 'make format       let ruff lay out the code and mend what it can'
	@echo 'make docs         write docs/reference from the code and the commands'"'"' own help'
	@echo 'make constraints  choose the newest versions again, into constraints.txt'
	@echo 'make wheel        build the wheel into dist/'
	@echo 'make clean        remove out/, dist/, and the caches; make clean-all removes .venv too'

run:
	@scripts/install station
	@scripts/example

test:
	@scripts/install test
	@$(PYTHON_IN) -m pytest $(PYTEST_ARGS)

study:
	@scripts/install test
	@scripts/study $(NAME)

lint:
	@scripts/install test
	$(PYTHON_IN) -m ruff check .
	$(PYTHON_IN) -m ruff format --check .
	$(PYTHON_IN) -m mypy
	.venv/bin/lint-imports
	$(PYTHON_IN) -m codespell_lib $$(git ls-files)

format:
	@scripts/install test
	$(PYTHON_IN) -m ruff check --fix .
	$(PYTHON_IN) -m ruff format .

docs:
	@scripts/install test
	$(PYTHON_IN) scripts/write_reference.py
	$(PYTHON_IN) scripts/write_conformance.py
	$(PYTHON_IN) scripts/write_openapi.py

constraints:
	@scripts/install test
	@scripts/constraints

wheel:
	@scripts/install test
	$(PYTHON_IN) -m uv build --wheel

clean:
	rm -rf out dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

clean-all: clean
	rm -rf .venv
