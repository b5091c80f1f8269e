# The project's commands. `make venv` creates or updates .venv; everything else depends on it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: venv demo test test-long lint bench docs demo-archives train-embedded training-data clean

venv: $(STAMP)

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[dev]'
	touch $(STAMP)

demo: venv
	$(BIN)/python -m zimfo_client.demo

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

test: lint
	$(BIN)/python -m pytest -m 'not long'

test-long: venv
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest

bench: venv
	$(BIN)/python -m tests.bench

docs: venv
	$(BIN)/python docs/generate.py

demo-archives: venv
	$(BIN)/zimfo-archives build-wiki archives/sources/wiki -o archives/zimfo_archives/demo/encyclopedia.zim \
		--name zimfo_en_demo --title 'zimfo demo encyclopedia' --creator 'The zimfo developers' --publisher zimfo \
		--description 'Articles on science, history, medicine, people and places'
	$(BIN)/zimfo-archives build-streets archives/sources/maps/peninsula.osm -o archives/zimfo_archives/demo/peninsula.zim \
		--name zimfo_en_demo_peninsula --title 'San Francisco Peninsula' --creator 'The zimfo developers' --publisher zimfo \
		--description 'Places and main roads from San Francisco to Mountain View' \
		--license 'MIT; made by hand from general knowledge, not from OpenStreetMap'

# The data set of the embedded model, its training (at most an hour a leg; RESUME=1 goes on) and its adapter.
training-data: venv
	cd training && ../$(BIN)/python -m zimfo_training.generate --shared "$${ZIMFO_SHARED:-../../shared}"

train-embedded: training-data
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[training]'
	cd training && ../$(BIN)/python -m zimfo_training.train $(if $(RESUME),--resume)
	cd training && ../$(BIN)/python -m zimfo_training.export

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
