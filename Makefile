# make demo         set up what is missing, load the demonstration year, serve it on PORT
# make demo-reset   the same, from the beginning
# make test         every test;  make check: format, types, import contract, migrations, texts
# make bench, make storm   how fast it is; what many clerks at once can do to it
# make clean        forget what was set up (data stay)

SHELL := /bin/bash
BIN := .venv/bin
PORT ?= 8000

.PHONY: demo demo-reset test check bench storm clean setup retry system

demo: ready
	@$(serving) $(BIN)/grants demo

demo-reset: ready
	@$(serving) $(BIN)/grants demo --reset

serving = GRANTS_PORT=$${GRANTS_PORT:-$(PORT)} GRANTS_PUBLIC_URL=$${GRANTS_PUBLIC_URL:-http://127.0.0.1:$(PORT)}

test: ready
	@browser=$$(.ci/setup browser) && $(BIN)/pytest -n auto --dist loadfile --ignore tests/browser \
	    && GRANTS_BROWSER="$$browser" $(BIN)/pytest tests/browser

check: ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src
	$(BIN)/lint-imports
	$(BIN)/grants check migrations
	$(BIN)/grants check catalogues

bench: ready
	@$(BIN)/python -m tests.bench

storm: ready
	@$(BIN)/pytest tests/storm --storm

clean:
	@if [ -x $(BIN)/python ] && [ -d data ]; then $(BIN)/python -c \
	    'from grants.platform.embedded import stop_cluster; from grants.settings import settings; stop_cluster(settings.data_dir)'; fi
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@echo "The folder data stays; delete it yourself if you mean to."

# Set-up: each part leaves a stamp, so that a second run begins at once.
setup: retry ready

retry:
	@rm -f .venv/.apt-failed .venv/.browser-failed

.PHONY: ready
ready: .venv/.ready node_modules/.ready

system:
	@.ci/setup system

.venv/.ready: requirements.lock .ci/setup | system
	@echo "Installing Python packages" && .ci/setup python

node_modules/.ready: package-lock.json .venv/.ready
	@echo "Installing browser packages" && .ci/setup node
