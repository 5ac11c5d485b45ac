#!/bin/sh
# Says in one sentence why a verb cannot do its work yet, and fails.
echo "make $1: $2" >&2
exit 1
