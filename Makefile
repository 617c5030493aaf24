# Every target prints what it does; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
RELEASE := .build/release/kintsugi
DEBUG := .build/debug/kintsugi

.PHONY: help demo run install test lint format bench screenshots clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RELEASE) ## watch tasks fail and heal: real agents, a throw-away folder
	@$(RELEASE) demo

run: $(RELEASE) ## a server on ./data
	@$(RELEASE) serve --data ./data

install: $(RELEASE) ## put the binary into PREFIX/bin (default /usr/local)
	@install -D -m 0755 $(RELEASE) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/kintsugi
	@echo "Installed $(DESTDIR)$(or $(PREFIX),/usr/local)/bin/kintsugi"

test: ## everything: format, unit, contract, engine, API, agents from hell, crashes
	@scripts/test

lint: ## format and tidiness, nothing changed
	@scripts/lint

format: ## write all Swift files in the project's format
	@swift format --in-place --recursive --parallel Sources Tests Package.swift && echo "Formatted."

bench: $(RELEASE) ## measure this machine, then peers beside us, into Benchmarks/RESULTS.md
	@$(RELEASE) bench
	@scripts/install-tools peers
	@.venv-peers/bin/python Benchmarks/peers.py --kintsugi $(RELEASE) --output Benchmarks/RESULTS.md

screenshots: ## every screen of the dashboard, light and dark, wide and narrow, into ./screenshots
	@scripts/screenshots

clean: ## remove what was built
	@rm -rf .build .venv .venv-peers && echo "Removed .build, .venv and .venv-peers"

.PHONY: FORCE
$(RELEASE): FORCE
	@scripts/install-tools build
	@echo "Building the release binary (a first build takes some minutes) …"
	@swift build -c release --product kintsugi 2>&1 | scripts/quiet-build
