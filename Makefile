# Every target sets up what it needs: Python 3.11 or newer and make are enough.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
RUN := PYTHONPATH=layers/common:. $(VENV)/bin/python
PIP := -m pip --disable-pip-version-check -qq --no-input
READY := $(VENV)/.ready
LOCK := build/lock/.ready
SAM := build/sam/.ready
AXE := build/axe/.ready

.PHONY: help run test lint types check build up down bench faults deploy destroy rebuild backfill doctor reconcile redrive answers explain export erase pause resume health lock layer map preview messages clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand -t 10

run: build ## the demo: embedded AWS, a simulated shop, the inbox page (ONCE=1 ends by itself, SEED=)
	@ONCE="$(ONCE)" SEED="$(SEED)" PORT="$(PORT)" SPEED="$(SPEED)" ORIGIN="$(ORIGIN)" $(RUN) -m infra.local.shop

test: $(READY) $(AXE) ## all tests: unit, integration, end to end, on all cores (ARGS="-k name")
	@$(RUN) -m pytest -n auto --dist loadgroup $(ARGS)

lint: $(READY) ## style, import directions and the CloudFormation templates
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/cfn-lint infra/template.yaml infra/api.yaml infra/mail.yaml infra/tables.yaml infra/watch.yaml infra/day.yaml infra/workflows.yaml

types: $(READY) ## mypy, strict
	@$(VENV)/bin/mypy

check: $(READY) ## check the shop's workflows, e-mails and settings
	@$(RUN) -m tidings.workflow.check workflows

build: $(READY) ## compile workflows and e-mails into state machines and packages
	@$(RUN) -m tidings.workflow.build

messages: $(READY) ## bring the translations' catalogues up to date with the mails (LANGUAGE=de begins one)
	@$(RUN) -m tidings.mail.messages --language "$(LANGUAGE)"

map: $(READY) ## draw every workflow: docs/workflows/*.svg, and all of them on build/map/index.html
	@$(RUN) -m infra.preview.map

preview: $(READY) ## what a customer would live in a workflow, and get to read (WORKFLOW=name, CUSTOMER=file)
	@$(RUN) -m infra.preview "$(WORKFLOW)" $(if $(CUSTOMER),"$(CUSTOMER)")

up: $(READY) ## start the embedded AWS and deploy to it (PORT=, SPEED=, ORIGIN=)
	@PORT="$(PORT)" SPEED="$(SPEED)" ORIGIN="$(ORIGIN)" $(RUN) -m infra.local up

down: $(READY) ## stop the embedded AWS
	@$(RUN) -m infra.local down

bench: $(READY) ## measure start-up times, writes and states per mail
	@$(RUN) -m tests.bench

faults: $(READY) ## kill and throttle run_step at every point of a mail, and count the mails (MAILS=, JOURNEYS=, SEED=)
	@MAILS="$(MAILS)" JOURNEYS="$(JOURNEYS)" SEED="$(SEED)" $(RUN) -m tests.faults

deploy: build layer $(SAM) ## deploy to AWS with SAM (STACK=, PARAMETERS="Name=Value ...")
	@STACK="$(STACK)" PARAMETERS="$(PARAMETERS)" $(RUN) -m infra.deploy deploy

destroy: $(SAM) ## remove the deployed stack from AWS (STACK=)
	@STACK="$(STACK)" $(RUN) -m infra.deploy destroy

rebuild: $(READY) ## fold a customer again from all events (CUSTOMER=id, STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy rebuild "$(CUSTOMER)"

backfill: $(READY) ## bring all customers under new segments, tags and dates (START=1 begins journeys; STACK= for AWS)
	@STACK="$(STACK)" START="$(START)" $(RUN) -m infra.deploy backfill

doctor: $(READY) ## what is wrong with the stack and how to mend it (STACK= for AWS, JSON=1)
	@STACK="$(STACK)" JSON="$(JSON)" $(RUN) -m infra.deploy doctor

reconcile: $(READY) ## fetch what WooCommerce could not deliver (SINCE=2026-03-01T00:00:00Z, WOOCOMMERCE_URL= _KEY= _SECRET=, STACK= for AWS)
	@STACK="$(STACK)" SINCE="$(SINCE)" $(RUN) -m infra.deploy reconcile

redrive: $(READY) ## replay parked and failed events (STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy redrive

answers: $(READY) ## what people wrote on the shop's forms, the latest first (DAYS=30, STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy.answers "$(DAYS)"

explain: $(READY) ## why a customer got a mail, or did not (CUSTOMER=e-mail or id, STACK= for AWS, JSON=1)
	@STACK="$(STACK)" JSON="$(JSON)" $(RUN) -m infra.deploy explain "$(CUSTOMER)"

export: $(READY) ## everything that is kept of a customer, as JSON (CUSTOMER=e-mail or id, STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy export "$(CUSTOMER)"

erase: $(READY) ## erase a customer, and print the receipt (CUSTOMER=e-mail or id; SHOP=1 everybody; STACK= for AWS)
	@STACK="$(STACK)" SHOP="$(SHOP)" CONFIRM="$(CONFIRM)" $(RUN) -m infra.deploy erase "$(CUSTOMER)"

pause: $(READY) ## hold a workflow's marketing mails (WORKFLOW=name, STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy pause "$(WORKFLOW)"

resume: $(READY) ## let a paused workflow's mails out again (WORKFLOW=name, STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy resume "$(WORKFLOW)"

health: $(READY) ## bounces and complaints of each workflow, and what is paused (STACK= for AWS)
	@STACK="$(STACK)" $(RUN) -m infra.deploy health

lock: $(LOCK) ## resolve the dependencies anew and write the hash-locked lists
	@build/lock/bin/python -m infra.deploy.lock

layer: $(READY) ## fetch the layer's dependencies as Lambda's arm64 needs them
	@$(RUN) -m infra.deploy.layer

clean: down ## stop the embedded AWS and remove everything that was built
	@rm -rf build $(VENV)

$(READY): requirements.lock
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found: install it, or name it with PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(VENV)/bin/python && $(VENV)/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf $(VENV); "$(PYTHON)" -m venv $(VENV) >/dev/null; } \
		|| { echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "setting up $(VENV) (once, about a minute)"
	@$(VENV)/bin/python $(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(LOCK): | $(READY)
	@$(VENV)/bin/python -m venv build/lock && build/lock/bin/python $(PIP) install uv && touch $@

$(SAM): infra/deploy/requirements.lock | $(READY)
	@$(VENV)/bin/python -m venv build/sam && build/sam/bin/python $(PIP) install --no-deps --require-hashes -r $< && touch $@

$(AXE): tests/browser/requirements.lock | $(READY)
	@$(VENV)/bin/python $(PIP) install --no-deps --require-hashes --upgrade --target build/axe -r $< && touch $@ \
		|| echo "axe-core could not be fetched: the tests that need it are skipped" >&2
