#!/bin/sh
# Runs a command with a Node that is new enough, the machine's or the one in .tools/node.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/scripts/setup-node.sh"
PATH=$root/.tools/node/bin:$PATH exec "$@"
