#!/bin/sh
# A page behind a tunnel, and the tunnel, on this machine alone and as a plain user: what the first part of
# docs/guides/userspace-proxy.md does by hand. Ends, with everything that it started, on Ctrl-C, or at once with --once.
#
#   curl ──▶ :8080 warren proxy (here, 10.99.0.2) ══ WireGuard over loopback ══▶ (there, 10.99.0.1) warren proxy ──▶ page
set -eu
here=$(cd "$(dirname "$0")" && pwd)
warren=${WARREN:-$here/../../bin/warren}
port=${PORT:-8080}
folder=$(mktemp -d)
started=
end() {
  # shellcheck disable=SC2086 # words on purpose
  [ -z "$started" ] || kill $started 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT TERM
# Until the proxy $1 says in the log $2 that it has started; when it ends instead, or does not, the log says why.
wait_for() {
  tries=0
  until grep -q '"started"' "$2" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 200 ] || ! kill -0 "$1" 2>/dev/null; then
      cat "$2" >&2
      exit 1
    fi
    sleep 0.1
  done
}

cp "$here/try.yaml" "$folder"
"$warren" generate "$folder/try.yaml" --out "$folder/wg" >"$folder/generate.log" 2>&1 || {
  cat "$folder/generate.log" >&2
  exit 1
}

# What is behind the tunnel: a page that only listens inside of it.
cat >"$folder/index.html" <<'PAGE'
<h1>A page behind the tunnel</h1>
PAGE
"$warren" proxy --config "$folder/wg/there/wg0.conf" --publish "80=127.0.0.1:${PAGE_PORT:-3999}" 2>"$folder/there.log" &
there=$!
started="$started $there"
(cd "$folder" && exec python3 -m http.server "${PAGE_PORT:-3999}" --bind 127.0.0.1 >/dev/null 2>&1) &
started="$started $!"
# Who calls before the other end is there calls again only after five seconds.
wait_for "$there" "$folder/there.log"

"$warren" proxy --config "$folder/wg/here/wg0.conf" --to http://10.99.0.1 --listen "127.0.0.1:$port" \
  2>"$folder/here.log" &
here=$!
started="$started $here"
wait_for "$here" "$folder/here.log"

tries=0
until page=$(curl -sSf --max-time 5 "http://127.0.0.1:$port/index.html" 2>"$folder/curl.log"); do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || { cat "$folder"/*.log >&2; exit 1; }
  sleep 0.2
done
echo "$page"
[ "${1:-}" != --once ] || exit 0
echo "It is served at http://127.0.0.1:$port/ until you press Ctrl-C." >&2
wait
