# `make help` lists what there is. Everything sets up what it needs; nothing but Python 3.11 and make is expected.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python
export VIVAVOCE_HOME ?= $(CURDIR)/.vivavoce

.PHONY: help setup weights demo stop test test-fast test-external check format bench evaluate calibrate train-spoof-detector lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## create .venv and install the pinned packages
	@$(PYTHON) deploy/setup_environment.py

weights: setup ## fetch and verify the speech models
	@$(RUN) manage.py fetch_weights

demo: weights ## start everything and play one story through the public API
	@$(RUN) manage.py up --demo
	@$(RUN) -m deploy.demo

stop: ## stop what `make demo` left running
	@if [ -x $(RUN) ]; then $(RUN) manage.py down; else echo "nothing was set up here"; fi

test: weights ## run all tests, in two processes with services of their own
	@$(RUN) -m deploy.run_tests

test-fast: weights ## run the tests that load no large model
	@$(RUN) -m deploy.run_tests -m "not slow"

test-external: weights ## run all tests on the services named by DATABASE_ADMIN_URL and BROKER_URL
	@VIVAVOCE_TEST_EXTERNAL=1 $(RUN) -m pytest

check: setup ## lint, types, import contracts, documentation, migrations, deployment
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy governance voices consent safety watermark synth_adapter audit tenancy deploy
	@.venv/bin/lint-imports
	@$(RUN) -m pytest -q tests/documentation
	@$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@BEHIND_TLS=1 MAIL_BACKEND=smtp SMTP_URL=smtps://mail.invalid $(RUN) manage.py check --deploy --fail-level WARNING

format: setup ## format the code
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

bench: weights ## measure speed and memory, as ratios; writes bench/results.json
	@$(RUN) -m bench.run

evaluate: weights ## measure accuracy on the speech corpus; writes evaluation/results.json
	@$(RUN) manage.py fetch_weights --only piper-joe
	@$(RUN) -m bench.evaluate

train-spoof-detector: weights ## make speech, train and measure the spoof detector (hours; needs flite and espeak-ng)
	@$(RUN) manage.py fetch_weights --only piper-joe
	@$(RUN) -m bench.spoofing

calibrate: weights ## measure anew what comparison scores mean; writes safety/calibrations
	@$(RUN) -m bench.calibrate

lock: ## write requirements.lock anew from pyproject.toml
	@$(PYTHON) deploy/write_lock.py

clean: stop ## remove the environment and all local state (not the verified weights)
	rm -rf .venv .vivavoce .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
