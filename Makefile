# make help        what there is
# ARGS=...         is handed to demo, rehearse, test and bench
# PYTHON=...       the Python that .venv is made from (3.11 to 3.13)

BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo test mutations simulate check chaos crash-matrix compose-test docs up rehearse bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv from requirements.lock; does nothing when it is up to date
	@.ci/setup

demo: setup ## Mirror a few deals in front of you, between two simulated exchanges
	@$(BIN)/recomma demo $(ARGS)

# A file's tests stay in one process, so that what a file starts is started once. The slowest files
# begin first (tests/conftest.py); xdist would have those with the most tests begin.
test: setup ## Run all tests (with an embedded Postgres and Redis)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

mutations: setup ## Take out each defence, one at a time, and see its test fail (slow)
	@$(BIN)/python -m tests.mutations $(ARGS)

simulate: setup ## Play random runs on all cores: SEEDS=2000, from FIRST=100; one alone: SEED=123
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100) --first $(or $(FIRST),0)) $(ARGS)

check: setup ## Look for mistakes without running anything: style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict recomma workers beat_schedule.py tests
	@$(BIN)/lint-imports --no-logo

chaos: setup ## Break everything at random under a market: make chaos SEED=7 MINUTES=2
	@$(BIN)/python -m tests.chaos.director $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

crash-matrix: setup ## Kill at each crash point, and write the table into docs/reliability.md
	@$(BIN)/python -m tests.chaos.crash_matrix --write docs/reliability.md $(ARGS)

compose-test: setup ## Try docker compose for real, the demo and a dead letter (needs Docker)
	@RECOMMA_COMPOSE_TEST=1 $(BIN)/python -m pytest tests/acceptance/test_compose_demo.py $(ARGS)

docs: setup ## Write the pages that are made from the code again
	@$(BIN)/python -m tests.docs_generators

up: ## Run the real thing in containers (needs Docker)
	@command -v docker >/dev/null || { echo "recomma: make up needs Docker with Compose." >&2; exit 2; }
	docker compose up --build

rehearse: setup ## Replay recorded deals: make rehearse DIR=folder
	@test -n "$(DIR)" || { echo "recomma: name the recorded deals, as in make rehearse DIR=folder." >&2; exit 2; }
	@$(BIN)/recomma rehearse "$(DIR)" $(ARGS)

bench: setup ## Measure how fast it is
	@$(BIN)/python -m bench $(ARGS)

# Not pip-compile: uv's lock names no index, and one file serves every platform.
lock: ## Choose the newest allowed versions and write requirements.lock (needs uv)
	@command -v uv >/dev/null || { echo "recomma: make lock needs uv (https://docs.astral.sh/uv)." >&2; exit 2; }
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal \
		--python-version 3.11 --generate-hashes --all-extras --no-emit-index-url \
		pyproject.toml -o requirements.lock

clean: ## Remove everything that can be made again
	@rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
