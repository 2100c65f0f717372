#!/bin/sh
# npm start: sets itself up (npm ci, once per lock file) and shows the main job on throwaway machines. Needs no Debian
# package beyond the base system; what it lacks beside that (user namespaces, /dev/net/tun) it names itself.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup.sh
install_node_modules
exec bin/warren start "$@"
