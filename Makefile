# Every target makes its own environment first (yizhou/local). Needs only Python 3.11 or newer.
#   make demo [SCALE=full] [PORT=8010]    make test [ARGS="tests/grid -k visit"]
PYTHON ?= python3
ARGS ?=

.PHONY: demo test setup check fix bench docs diagram manage

demo test setup check fix bench docs diagram manage:
	@exec $(PYTHON) -m yizhou.local.bootstrap $@ $(ARGS)
