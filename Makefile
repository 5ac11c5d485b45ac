# The verbs of Morrow's repository. `make help` lists them. Written for make 3.81, which macOS has.
# Where the machine's Node is older than 24, one of this folder's own (scripts/setup-node.sh) comes first.
export PATH := $(CURDIR)/.tools/node/bin:$(PATH)
# Make 3.81 looks a plain command up on its own PATH, not on this one, unless the shell is not the usual one.
SHELL := $(shell command -v bash || echo /bin/sh)
BIN := node_modules/.bin
NAME ?=

.PHONY: help setup install install-demo dev test test-quick lint format security-audit build push-to-ecr \
	deploy-staging smoke-test-staging deploy-production smoke-test-production demo bench clean

help: ## List the verbs
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile

setup: ## Get Node 24 into .tools/node, where the machine's is older
	@sh scripts/setup-node.sh

install: setup ## Install everything that tests and linters need (a second run does nothing)
	@sh scripts/install.sh all

install-demo: setup
	@sh scripts/install.sh demo

dev: ## Live reload on this machine
	@sh scripts/not-yet.sh dev 'live reload comes with the Morrow app; until then `npx morrow up` runs the services on this machine.'

test: install ## Run every test; MORROW_REQUIRE=docker,… turns a skip for want of it into a failure
	@$(BIN)/vitest run

test-quick: install ## Run the quick tests only
	@$(BIN)/vitest run --project quick

lint: install ## Run every linter and the architecture rules
	@node tools/lint/main.ts

format: install ## Put every file in its one format
	@$(BIN)/biome check --write .

security-audit: install ## Look up known vulnerabilities of what is shipped
	@node tools/security-audit.ts

build: install ## Build the package that `npm publish` would ship, into dist/
	@mkdir -p dist && npm pack --workspace packages/morrow --pack-destination dist --loglevel=error

push-to-ecr: ## Push the images to ECR
	@sh scripts/not-yet.sh push-to-ecr 'there is nothing to push yet: images come with the AWS platform.'

deploy-staging: ## Roll out to staging
	@sh scripts/not-yet.sh deploy-staging 'staging runs on AWS, a platform that Morrow does not have yet; `npx morrow deploy development` ships on this machine.'

smoke-test-staging: ## Try staging from outside
	@sh scripts/not-yet.sh smoke-test-staging 'staging runs on AWS, a platform that Morrow does not have yet.'

deploy-production: ## Roll out to production
	@sh scripts/not-yet.sh deploy-production 'production runs on AWS, a platform that Morrow does not have yet; `npx morrow deploy development` ships on this machine.'

smoke-test-production: ## Try production from outside
	@sh scripts/not-yet.sh smoke-test-production 'production runs on AWS, a platform that Morrow does not have yet.'

demo: install-demo ## See a revision promoted and a broken one taken back, in two minutes (KEEP=1 leaves it running)
	@node demo/run.ts

bench: install ## Measure and print a table: make bench NAME=edge (QUICK=1: shorter)
	@node bench/run.ts $(NAME) $(if $(QUICK),--quick)

clean: ## Remove what was built and installed; what runs is not stopped (npx morrow down does that)
	@rm -rf dist packages/*/dist coverage node_modules packages/*/node_modules app/*/node_modules .tools
