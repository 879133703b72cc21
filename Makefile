# Every target does the set-up that it needs by itself; done twice, set-up costs nothing.
# Arguments go through variables: make demo DEMO_ARGS="--duration 60 --report demo.json"

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo stack test check setup setup-kafka setup-prometheus bench bench-api bench-detection bench-guard faults fuzz fmt lock clean distclean

BIN := .venv/bin
# Tests start hundreds of programs: none of them should compile what another has compiled already.
unexport PYTHONDONTWRITEBYTECODE
# Most tests of a worker wait for it: several side by side, even on two cores. Each has its own Kafka.
TEST_PROCESSES ?= 4

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

demo: ## broker, worker, simulator and a live board in one terminal (DEMO_ARGS)
	@tools/setup.sh runtime
	@$(BIN)/pulse demo $(DEMO_ARGS)

stack: ## Kafka, two workers, api, Prometheus, Alertmanager, simulator as processes (STACK_ARGS)
	@tools/setup.sh dev kafka prometheus
	@$(BIN)/python -m stack $(STACK_ARGS)

test: ## all tests, on a real Kafka (PYTEST_ARGS; TEST_PROCESSES=0 for one after another)
	@tools/setup.sh all
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: ## formatting, lint, types, and the three rings
	@tools/setup.sh dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: ## format, and mend what lint can mend
	@tools/setup.sh dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: ## throughput and latency on a real Kafka (BENCH_ARGS, --help tells)
	@tools/setup.sh compiled kafka
	@$(BIN)/python -m bench $(BENCH_ARGS)

bench-api: ## what the API takes for many creators and listeners, on a real Kafka (API_ARGS)
	@tools/setup.sh dev kafka
	@$(BIN)/python -m bench.api $(API_ARGS)

bench-guard: ## has the hot path become slower than recorded? No Kafka (GUARD_ARGS)
	@tools/setup.sh dev
	@$(BIN)/python -m bench.guard $(GUARD_ARGS)

bench-detection: ## how good alerts are, on lives no rule was tuned on (DETECTION_ARGS)
	@tools/setup.sh dev
	@$(BIN)/python -m bench.detection $(DETECTION_ARGS)

faults: ## the exactness campaign: workers killed and frozen under load (FAULTS_ARGS)
	@tools/setup.sh dev kafka
	@$(BIN)/python -m tests.faults $(FAULTS_ARGS)

fuzz: ## a million hostile inputs for decoders and shard, and floods (FUZZ_ARGS)
	@tools/setup.sh dev
	@$(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

setup: ## everything that development needs: Python packages, Kafka, Java, Prometheus, Chromium
	@tools/setup.sh all

setup-kafka: ## only Python packages and the tests' Kafka
	@tools/setup.sh dev kafka

setup-prometheus: ## only Prometheus, Alertmanager and their tools
	@tools/setup.sh prometheus

lock: ## resolve the dependencies anew (LOCK_ARGS=--upgrade for newer versions)
	@tools/lock.sh $(LOCK_ARGS)

clean: ## remove caches
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .grimp_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +

distclean: clean ## remove caches and all that set-up made
	rm -rf .venv .tools
