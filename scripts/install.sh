#!/bin/sh
# Installs what a verb needs: `all`, or `demo` (only what ships). A second run does nothing: a stamp in
# node_modules holds the lockfile that it was installed from.
set -eu
cd "$(dirname "$0")/.."

what=${1:-all}
stamp=node_modules/.installed

# A full installation serves the demo too.
for have in "$what" all; do
  if cmp -s package-lock.json "$stamp-$have"; then exit 0; fi
done

quiet='--no-audit --no-fund --loglevel=error'
# `ci` takes the lockfile exactly but throws away what is there; with something there, only the difference is got.
if [ -d node_modules ] && [ -z "${CI:-}" ]; then verb=install; else verb=ci; fi

if [ "$what" = demo ]; then
  echo 'install: getting the few packages that the demo needs …' >&2
  parts=''
  for part in packages/morrow app/backend; do
    if [ -f "$part/package.json" ]; then parts="$parts --workspace $part"; fi
  done
  # shellcheck disable=SC2086
  npm $verb $quiet $parts >&2
else
  echo 'install: getting the packages that tests and linters need …' >&2
  # shellcheck disable=SC2086
  npm $verb $quiet >&2
fi
rm -f "$stamp"-*
cp package-lock.json "$stamp-$what"
echo 'install: done.' >&2
