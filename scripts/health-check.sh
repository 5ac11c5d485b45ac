#!/bin/sh
if [ -z "$1" ]; then echo "Usage: $0 <endpoint>"; exit 1; fi
cd "$(dirname "$0")/.." && PATH="$PWD/.tools/node/bin:$PATH" exec packages/morrow/bin/morrow.js health "$@"
