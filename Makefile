.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SYSTEM_LIBRARIES := libusb-1.0-0 libgl1 libgomp1

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP)  ## make a virtual environment in .venv and install everything into it

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; name one with PYTHON=/path/to/python"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

system-libraries:  # Open3D, which only tests use, loads these; see CONTRIBUTING.md
	@ldconfig -p 2>/dev/null | grep -q libusb-1.0 && ldconfig -p 2>/dev/null | grep -q 'libGL.so.1' \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq >/dev/null && apt-get install -y -qq $(SYSTEM_LIBRARIES) >/dev/null; } \
	|| echo "Open3D's system libraries are missing, its tests will skip. Install: sudo apt-get install $(SYSTEM_LIBRARIES)"

demo: $(STAMP)  ## walk into a real photograph; ends with a WORLD folder and a contact sheet
	rm -rf demo_world
	$(BIN)/voyager-lite explore --sample motorcycle --path orbit:20deg,forward:0.4 --frames 49 --output demo_world

test: $(STAMP) system-libraries  ## everything that must pass: style, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto -m 'not slow and not gpu'

test-slow: $(STAMP) system-libraries  ## the long tests as well
	$(BIN)/pytest -n auto -m 'not gpu'

check: $(STAMP)  ## style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)  ## time ratios against named baselines
	$(BIN)/voyager-lite bench

.PHONY: help setup system-libraries demo test test-slow check bench
