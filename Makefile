.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SYSTEM_LIBRARIES := libusb-1.0-0 libgl1 libgomp1
AS_ROOT := [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq >/dev/null

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

system-libraries:  # for tests only: what Open3D loads, and a browser for the app; see CONTRIBUTING.md
	@ldconfig -p 2>/dev/null | grep -q libusb-1.0 && ldconfig -p 2>/dev/null | grep -q 'libGL.so.1' \
	|| { $(AS_ROOT) && apt-get install -y -qq $(SYSTEM_LIBRARIES) >/dev/null; } \
	|| echo "Open3D's system libraries are missing, its tests will skip. Install: sudo apt-get install $(SYSTEM_LIBRARIES)"
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { $(AS_ROOT) && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	|| echo "No browser is here, the app's tests in one will skip. Install: sudo apt-get install chromium"

demo: $(STAMP)  ## walk into a real photograph; ends with a WORLD folder and a contact sheet
	rm -rf demo_world
	$(BIN)/voyager-lite explore --sample motorcycle --path orbit:20deg,forward:0.4 --frames 49 --output demo_world

test: $(STAMP) system-libraries  ## everything that must pass: style, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto --dist loadgroup -m 'not slow and not gpu'

test-slow: $(STAMP) system-libraries  ## the long tests as well
	$(BIN)/pytest -n auto --dist loadgroup -m 'not gpu'

check: $(STAMP)  ## style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)  ## time ratios against named baselines
	$(BIN)/voyager-lite bench

screenshots: $(STAMP) system-libraries  ## the pictures of docs/app, from the app in a browser
	$(BIN)/python tests/app/screenshots.py

.PHONY: help setup system-libraries demo test test-slow check bench screenshots
