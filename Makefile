# The workflows run these targets. Works with GNU make 3.81 and newer, and any POSIX shell.

.DEFAULT_GOAL := help
STARTED := $(shell date +%s)
BIN := .venv/bin
LOADTEST := $(BIN)/loadtest

# Settings on the command line of make or in the environment; make exports both to the recipes.
# settings: begin (written by `make docs` from loadtest/core/settings.py)
SETTINGS := GATEWAY LOADTEST_HOST DATABASE DATABASE_URL REDIS_URL LOADTEST_GATEWAY_WORKERS BASE \
	LOADTEST_PAIRS_FOR LOADTEST_REPLICAS LOADTEST_PROFILE LOADTEST_USERS LOADTEST_SPAWN_RATE LOADTEST_RUN_TIME \
	LOADTEST_PROCESSES LOADTEST_RATE LOADTEST_REPORTS_DIR LOADTEST_HOME LOADTEST_TOKEN LOADTEST_JWT_SECRET \
	LOADTEST_ADMIN_EMAIL LOADTEST_ADMIN_PASSWORD LOADTEST_MASTER_HOST LOADTEST_MASTER_PORT LOADTEST_MASTER_BIND \
	LOADTEST_EXPECT_WORKERS LOADTEST_WORKERS_WITHIN LOADTEST_BACKENDS_ADDRESS PYTHON
#: GATEWAY                    Gateway to test: version, path:DIR or URL
#: LOADTEST_HOST              Address of a running gateway to test
#: DATABASE                   Database; postgres is that of `make services-up`
#: DATABASE_URL               Database to use instead of DATABASE
#: REDIS_URL                  Redis to use with DATABASE_URL
#: LOADTEST_GATEWAY_WORKERS   Worker processes of the gateway
#: BASE                       Gateway to compare with: version or path:DIR
#: LOADTEST_PAIRS_FOR         Time for calls in pairs with the base
#: LOADTEST_REPLICAS          Gateways to boot; they share the first sweep
#: LOADTEST_PROFILE           Named size of the run: pr, deep, light or soak
#: LOADTEST_USERS             Number of users at the peak
#: LOADTEST_SPAWN_RATE        Users started per second
#: LOADTEST_RUN_TIME          Duration of the load, such as 90s or 1h30m
#: LOADTEST_PROCESSES         Locust processes on this machine
#: LOADTEST_RATE              Scenario starts per second, after the first sweep
#: LOADTEST_REPORTS_DIR       Directory for reports
#: LOADTEST_HOME              Directory of installed gateways and their state
#: LOADTEST_TOKEN             Bearer token of an administrator
#: LOADTEST_JWT_SECRET        Secret that signs the gateway's tokens
#: LOADTEST_ADMIN_EMAIL       Email address of the administrator
#: LOADTEST_ADMIN_PASSWORD    Password of the administrator, for login scenarios
#: LOADTEST_MASTER_HOST       Address of the master, for a worker
#: LOADTEST_MASTER_PORT       Port of the master
#: LOADTEST_MASTER_BIND       Address on which the master listens
#: LOADTEST_EXPECT_WORKERS    Wait for N workers before starting
#: LOADTEST_WORKERS_WITHIN    Timeout waiting for workers
#: LOADTEST_BACKENDS_ADDRESS  Address on which the backends listen
# settings: end
# An empty setting counts as not set and must not replace the default.
$(foreach name,$(SETTINGS),$(if $(strip $(value $(name))),,$(eval unexport $(name))))

# A load test starts a dozen Python processes; without compiled modules each takes one to three seconds longer.
unexport PYTHONDONTWRITEBYTECODE

# Run tests in parallel, except those that need the machine for themselves (tests/conftest.py): one more than there are
# cores, since tests of jobs mostly wait.
PARALLEL = --numprocesses=$$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist=loadgroup

SCHEMA := $(BIN)/check-jsonschema --quiet --builtin-schema

LOCUST = $(if $(strip $(LOCUST_ARGS)),-- $(LOCUST_ARGS))

##@ Set up

.PHONY: help
help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "%s%s\n", blank, substr($$0, 5); blank = "\n" } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@awk 'BEGIN { print "\nSettings, on the command line or in the environment" } \
		sub(/^#: /, "  ")' Makefile
	@printf '\n%s\n' 'Arguments: {RUN,REPORT,LOCUST,PYTEST,LEAKS,MUTATION}_ARGS'

.PHONY: setup
setup: ## Create .venv from the hashed locks, for developers
	@sh scripts/bootstrap.sh dev

.PHONY: runtime
runtime: ## Create .venv with what a load test needs only
	@sh scripts/bootstrap.sh $(if $(strip $(BASE)),base,runtime)

.PHONY: clean
clean: ## Delete reports and caches; keep gateways and .venv
	@rm -rf reports site last-night proposal out dist build release-notes.md .publish .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find loadtest tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Run a load test

.PHONY: load-test-ci
load-test-ci: runtime ## Boot a gateway, run the load, evaluate, report, stop
	@LOADTEST_SETUP_SECONDS=$$(($$(date +%s) - $(STARTED))); export LOADTEST_SETUP_SECONDS; \
		exec $(LOADTEST) run $(RUN_ARGS) $(LOCUST)

.PHONY: load-test-soak
load-test-soak: runtime ## Run load-test-ci with profile soak (30 minutes)
	@LOADTEST_SETUP_SECONDS=$$(($$(date +%s) - $(STARTED))); LOADTEST_PROFILE=soak; \
		export LOADTEST_SETUP_SECONDS LOADTEST_PROFILE; exec $(LOADTEST) run $(RUN_ARGS) $(LOCUST)

.PHONY: load-test-cli
load-test-cli: runtime ## Run Locust only, against LOADTEST_HOST or gateway-up
	@$(LOADTEST) drive $(LOCUST)

.PHONY: load-test-ui
load-test-ui: runtime ## Run Locust only, with its web page
	@$(LOADTEST) drive --ui $(LOCUST)

.PHONY: load-test-light
load-test-light: runtime ## Run Locust only, with profile light (5 users)
	@LOADTEST_PROFILE=light; export LOADTEST_PROFILE; exec $(LOADTEST) drive $(LOCUST)

.PHONY: load-test-master
load-test-master: runtime ## Test LOADTEST_HOST with workers on other machines
	@exec $(LOADTEST) run --master $(RUN_ARGS) $(LOCUST)

.PHONY: load-test-worker
load-test-worker: runtime ## Run a worker for the master at LOADTEST_MASTER_HOST
	@exec $(LOADTEST) work $(LOCUST)

.PHONY: report
report: runtime ## Evaluate reports/run.json again and write the reports
	@$(LOADTEST) report $(REPORT_ARGS)

##@ Gateway and services

.PHONY: gateway-up
gateway-up: runtime ## Boot a gateway and its backends in the background
	@$(LOADTEST) boot --detach

.PHONY: gateway-down
gateway-down: runtime ## Stop the gateway started with gateway-up
	@$(LOADTEST) boot --stop

.PHONY: gateway-status
gateway-status: runtime ## Show the gateway started with gateway-up
	@$(LOADTEST) boot --status

.PHONY: services-up
services-up: runtime ## Start PostgreSQL and Redis for DATABASE=postgres
	@$(LOADTEST) services up

.PHONY: services-down
services-down: runtime ## Stop the services and delete their data
	@$(LOADTEST) services down

.PHONY: services-status
services-status: runtime ## Show the running services
	@$(LOADTEST) services status

##@ Develop

.PHONY: test
test: lint typecheck ## Run lint, type checks and all tests
	@$(BIN)/pytest -m 'not nightly and not load' $(PARALLEL) $(PYTEST_ARGS)
	@$(BIN)/pytest tests/app -m 'load and not nightly' $(PYTEST_ARGS)

.PHONY: test-fast
test-fast: setup ## Run the tests that boot no gateway
	@$(BIN)/pytest -m 'not real and not nightly' $(PARALLEL) $(PYTEST_ARGS)

# Without the tests in a browser, which run the script of the page, and those that measure time, which coverage distorts.
.PHONY: coverage
coverage: setup ## Measure the coverage of the fast tests, with its floor
	@COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")'); \
		export COVERAGE_CORE; \
		exec $(BIN)/pytest -m 'not real and not nightly and not browser and not load' $(PARALLEL) --cov --cov-report=term $(PYTEST_ARGS)

.PHONY: test-real
test-real: setup ## Run the tests that boot a gateway
	@$(BIN)/pytest -m 'real and not nightly' $(PARALLEL) $(PYTEST_ARGS)

.PHONY: test-faults
test-faults: setup ## Test every way in which a job can end, with a stub
	@$(BIN)/pytest tests/faults -m 'not real' --numprocesses=logical $(PYTEST_ARGS)

.PHONY: test-faults-real
test-faults-real: setup ## Test every ending with a real gateway, one at a time
	@$(BIN)/pytest tests/faults -m real $(PYTEST_ARGS)

.PHONY: test-nightly
test-nightly: setup ## Run the tests that are too slow for every change
	@$(BIN)/pytest -m nightly $(PARALLEL) $(PYTEST_ARGS)
	@LOADTEST_FUZZ=20; export LOADTEST_FUZZ; exec $(BIN)/pytest tests/cli/test_fuzz.py $(PARALLEL) $(PYTEST_ARGS)

.PHONY: test-distributed
test-distributed: setup ## Test with network namespaces as machines; needs root
	@LOADTEST_NEEDS_NAMESPACES=1; export LOADTEST_NEEDS_NAMESPACES; exec $(BIN)/pytest tests/app/test_machines.py $(PYTEST_ARGS)

.PHONY: mutation
mutation: setup ## Measure which faults of a gateway a load detects
	@exec $(LOADTEST) mutate $(MUTATION_ARGS)

.PHONY: cover
cover: setup ## Record with which scenarios the first sweep begins
	@exec $(BIN)/python scripts/record_cover.py

.PHONY: calibrate-base
calibrate-base: setup ## Compare the newest gateway with itself, repeatedly
	@exec $(BIN)/python scripts/calibrate_base.py $(CALIBRATION_ARGS)

.PHONY: conformance
conformance: setup ## Run the MCP conformance suite; needs Node.js 22
	@exec $(BIN)/python scripts/conformance/conformance.py

.PHONY: test-browser
test-browser: setup ## Test report.html in Chromium or Chrome
	@LOADTEST_NEEDS_BROWSER=1; export LOADTEST_NEEDS_BROWSER; exec $(BIN)/pytest -m 'not nightly' tests/browser $(PYTEST_ARGS)

.PHONY: test-leaks
test-leaks: setup ## Test leak detection; LEAKS_ARGS="--only memory"
	@PYTHONPATH=tests; export PYTHONPATH; exec $(BIN)/python -m leaks.prove $(LEAKS_ARGS)

.PHONY: lint
lint: lint-python lint-shell lint-github ## Check Python, shell, workflows and the action

.PHONY: lint-python
lint-python: setup ## Run ruff
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet

.PHONY: lint-shell
lint-shell: setup ## Run shellcheck
	@$(BIN)/shellcheck scripts/*.sh scripts/github/*.sh tests/*/*.sh .ci/run

.PHONY: lint-github
lint-github: setup ## Check the schemas of GitHub's files; run zizmor
	@$(SCHEMA) vendor.github-workflows .github/workflows/*.yml
	@$(SCHEMA) vendor.github-actions action.yml
	@$(SCHEMA) vendor.dependabot .github/dependabot.yml
	@$(SCHEMA) vendor.github-issue-forms .github/ISSUE_TEMPLATE/*-re*.yml
	@$(SCHEMA) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/zizmor --quiet --offline --no-progress --persona=pedantic .github action.yml

.PHONY: typecheck
typecheck: setup ## Run mypy
	@$(BIN)/mypy

.PHONY: docs
docs: setup ## Write generated documentation and settings
	@$(BIN)/python scripts/docs/write_pages.py

.PHONY: goldens
goldens: setup ## Write the stored reports in tests/data; review the diff
	@$(BIN)/pytest --quiet tests/reports/formats/test_goldens.py --update-goldens

.PHONY: site
site: setup ## Build the documentation as a website into site/
	@$(BIN)/python scripts/docs/website.py site

.PHONY: screenshots
screenshots: setup ## Take the README's screenshots; RUN=reports/run.json
	@$(BIN)/python scripts/docs/screenshots.py "$${RUN:-reports/run.json}" docs/images

.PHONY: bench
bench: setup ## Measure the cost of load generator and reports
	@$(BIN)/python benchmarks/generator_cost.py
	@$(BIN)/python benchmarks/reports_scale.py

##@ Versions and releases

.PHONY: lock
lock: setup ## Update requirements/*.lock
	@$(BIN)/python scripts/resolve_locks.py

.PHONY: gateway
gateway: setup ## Add gateway VERSION: lock, data file, changes
	@$(LOADTEST) adopt $(if $(strip $(SUMMARY)),--summary "$$SUMMARY") -- "$$VERSION"
	@$(BIN)/python scripts/docs/document_faults.py
	@$(BIN)/python scripts/docs/document_categories.py

.PHONY: lock-gateway
lock-gateway: setup ## Update the lock of gateway VERSION
	@$(BIN)/python -m loadtest.adoption.releases $(VERSION)

.PHONY: contract-gateway
contract-gateway: setup ## Update the stored contract of gateway VERSION
	@$(BIN)/python -m loadtest.adoption.stored_contract $(VERSION)

.PHONY: build
build: setup ## Build sdist and wheel into dist/
	@$(BIN)/python -m build --no-isolation

##@ On GitHub only

.PHONY: github-report
github-report: ## Write annotations, job summary and outputs
	@$(BIN)/python scripts/github/github_report.py "$${LOADTEST_REPORTS_DIR:-reports}"

.PHONY: github-page
github-page: ## Name the report page for its upload
	@$(BIN)/python scripts/github/github_report.py --page "$${LOADTEST_REPORTS_DIR:-reports}"

.PHONY: publish-comment
publish-comment: ## Comment on the pull request of the downloaded REPORTS
	@exec python3 scripts/github/publish_comment.py "$$REPORTS"

.PHONY: soak-matrix
soak-matrix: runtime ## Plan the nightly soak from the workflow's inputs
	@$(BIN)/python scripts/github/soak_matrix.py

.PHONY: last-night
last-night: runtime ## Download the soak ARTIFACT of the last nights
	@$(BIN)/python scripts/github/last_night.py last-night

.PHONY: soak-trend
soak-trend: ## Extend the history of a soak and show the last nights
	@exec python3 scripts/github/nights.py "$${LOADTEST_REPORTS_DIR:-reports}" last-night

.PHONY: soak-issue
soak-issue: ## Open, update or close the issue on the soak REPORTS
	@exec python3 scripts/github/soak_issue.py "$$REPORTS"

.PHONY: newer-gateway
newer-gateway: runtime ## Print VERSION, or the newest release if it is not known
	@releases="$${VERSION:-$$($(LOADTEST) gateways --newer $(NEWER_ARGS))}" && \
		printf 'version=%s\n' "$${releases%%[!0-9a-z.]*}" | tee -a "$${GITHUB_OUTPUT:-/dev/null}"

.PHONY: propose-gateway
propose-gateway: ## Open or update the pull request of a gateway PROPOSAL
	@exec python3 scripts/github/propose_gateway.py "$$PROPOSAL"

.PHONY: propose-locks
propose-locks: ## Open or update the pull request of the LOCKS
	@exec python3 scripts/github/propose_locks.py "$$LOCKS"

.PHONY: release-check
release-check: setup ## Check dist/ and CHANGELOG.md against TAG; write notes
	@$(BIN)/python scripts/github/release_check.py "$$TAG" dist release-notes.md

.PHONY: publish
publish: ## Upload dist/ to PyPI by trusted publishing
	@python3 -m venv .publish
	@.publish/bin/pip install --quiet --require-hashes --requirement requirements/bootstrap.lock
	@.publish/bin/uv publish --trusted-publishing always
