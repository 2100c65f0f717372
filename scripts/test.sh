#!/bin/sh
# npm test: makes sure of the packages (npm's and Debian's) and hands over to scripts/test.ts.
# Starts with any Node or none in node_modules; `npm ci` brings the Node that runs TypeScript.
# Debian's packages are installed by root when nobody is at the terminal, or after a yes; otherwise the tests that
# need them skip with that reason.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
install_node_modules
offer_debian_packages
exec node --disable-warning=ExperimentalWarning scripts/test.ts "$@"
