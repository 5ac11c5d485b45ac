#!/bin/sh
if [ -z "$1" ] || [ -z "$2" ]; then echo "Usage: $0 <environment> <service>"; exit 1; fi
cd "$(dirname "$0")/.." && PATH="$PWD/.tools/node/bin:$PATH" exec packages/morrow/bin/morrow.js deploy "$@"
