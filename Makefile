# make demo · make test · make cover · make test-all · make check · make bench · make clean
# PYTHON=/path/to/python picks the interpreter. A key is never used, and the
# network only to install what setup.cfg names.

NEW_ENOUGH = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; \
	do $$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done; true)
# Every supported Python of this machine that really runs, oldest first. (The closing
# `true` is for make, which throws the output away where the last one was not found.)
PYTHONS = $(or $(shell for version in 3.11 3.12 3.13 3.14; do \
	for python in python$$version $$HOME/.pyenv/versions/$$version.*/bin/python; do \
	$$python -c '' 2>/dev/null && echo $$python && break; done; done; true),$(PYTHON))

RUN = .venv/bin/python -m
RUN_BENCH = .venv/bench/bin/python -m
PYTEST = pytest -n logical --dist loadfile
FAST = -m "not slow"
COVERAGE = --cov --cov-report=term-missing
# uv installs in seconds what takes pip a minute. Where it cannot (it does not read
# pip's settings), pip does. $(1): a Python; $(2): what to install.
install = .venv/bin/uv pip install --quiet --compile-bytecode --python $(1) $(2) 2>/dev/null \
	|| { echo 'Installing with pip, since uv cannot.'; $(1) -m pip install --quiet $(2); }
WHEEL_HOLDS = replay replay_backends replay_plugins
export CHAT_REPLAY_SHARED ?= $(abspath ../shared)
# As many workers as processors that this process may use.
export PYTEST_XDIST_AUTO_NUM_WORKERS ?= $(shell nproc 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_USER = 0
unexport PYTHONHOME PYTHONPATH PYTEST_ADDOPTS

.PHONY: demo test test-all cover check lint imports types docs wheel check-oldest \
	check-newest bench bench-test clean

demo: .venv/installed
	.venv/bin/replay transcript examples/two_turns.json

test: .venv/installed-test
	$(RUN) $(PYTEST) $(FAST)

# With what takes long: hostile megabytes, flat memory, kills, batches end to end.
test-all: .venv/installed-test
	$(RUN) $(PYTEST)

cover: .venv/installed-test
	$(RUN) $(PYTEST) $(FAST) $(COVERAGE)

check: lint imports types docs wheel check-oldest check-newest

lint: .venv/installed-check
	$(RUN) ruff check
	$(RUN) ruff format --check

imports: .venv/installed-check
	.venv/bin/lint-imports --no-cache

types: .venv/installed-check
	$(RUN) mypy

docs: .venv/installed-check
	$(RUN) sphinx --fail-on-warning --keep-going --nitpicky --fresh-env \
		--quiet docs build/docs

wheel: .venv/installed-check
	rm -rf dist
	$(RUN) build --quiet --outdir dist
	@holds=$$($(RUN) zipfile --list dist/*.whl \
		| sed -n 's|/.*||p' | grep -v dist-info | sort -u | xargs); \
	test "$$holds" = '$(WHEEL_HOLDS)' \
		|| { echo >&2 "The wheel's top level is '$$holds', not '$(WHEEL_HOLDS)'."; exit 1; }

# The oldest Python runs with the oldest dependencies that install_requires allows, and
# says what the tests cover; `make cover` says it of the sources.
check-oldest: wheel
	mkdir -p build
	sed -n '/^install_requires/,/^$$/s/>=/==/p' setup.cfg >build/oldest.txt
	$(call test-wheel,$(firstword $(PYTHONS)),--constraint build/oldest.txt,$(FAST) $(COVERAGE))

# What takes long runs here, once.
check-newest: wheel
	$(call test-wheel,$(lastword $(PYTHONS)),,)

# Test what is installed, with the sources out of reach: the tests come from the
# source distribution, less the packages. mypy and pyright look at it as a user's do,
# with no settings. $(1): a Python; $(2): options for pip; $(3): options for pytest.
define test-wheel
	@set -e; away=$$(mktemp -d); trap 'rm -rf "$$away"' EXIT; chmod 755 "$$away"; \
	$(1) -c 'import sys; print("The wheel, tested on Python", sys.version)'; \
	tar -xf dist/*.tar.gz -C "$$away" --strip-components 1; \
	rm -r "$$away"/replay "$$away"/backends/replay_* "$$away"/plugins/replay_*; \
	$(1) -m venv "$$away/.venv"; python="$$away/.venv/bin/python"; \
	{ $(call install,"$$python",$(2) "$$(echo dist/*.whl)[test]"); }; \
	checks="$$PWD/.venv/bin"; cd "$$away"; \
	"$$checks/mypy" --config-file=/dev/null --python-executable "$$python" \
		-c "import replay, replay.testing, replay_plugins.redact"; \
	"$$checks/mypy" --config-file=/dev/null --python-executable "$$python" \
		tests/types/user_script.py; \
	"$$checks/pyright" --pythonpath "$$python" tests/types/user_script.py; \
	"$$python" -m $(PYTEST) $(3)
endef

# ARGS=--full measures all sizes; docs/explanation/speed.md has the other options.
bench: .venv/installed-bench
	$(RUN_BENCH) benchmarks $(ARGS)

bench-test: .venv/installed-bench
	$(RUN_BENCH) pytest tests/benchmarks

clean:
	rm -rf .venv build dist *.egg-info .coverage* .*_cache .hypothesis docs/_build

.venv/bin/python:
	@'$(PYTHON)' -c '$(NEW_ENOUGH)' 2>/dev/null || { echo >&2 \
		'Python 3.11 or later is needed: install it, or name it: make PYTHON=…'; exit 1; }
	'$(PYTHON)' -m venv --clear .venv

.venv/bin/uv: .venv/bin/python
	$(RUN) pip install --quiet uv || true

.venv/installed: .venv/bin/python setup.cfg pyproject.toml
	$(RUN) pip install --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed | .venv/bin/uv
	$(call install,.venv/bin/python,--editable '.[test]')
	touch $@

# Apart, since where orjson is installed mypy writes its cache with it, and crashes at
# halves of surrogate pairs.
.venv/installed-bench: .venv/bin/python setup.cfg pyproject.toml | .venv/bin/uv
	.venv/bin/python -m venv --clear .venv/bench
	$(call install,.venv/bench/bin/python,--editable '.[bench]')
	touch $@

.venv/installed-check: .venv/installed-test
	$(call install,.venv/bin/python,--editable '.[check]')
	touch $@
