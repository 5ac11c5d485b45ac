# Where the machine's Node is older than 24, `make setup` gets one for this folder only.
export PATH := $(CURDIR)/.tools/node/bin:$(PATH)

.PHONY: setup
setup:
	@sh scripts/setup-node.sh
