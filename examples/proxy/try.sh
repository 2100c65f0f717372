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

cp "$here/try.yaml" "$folder"
"$warren" generate "$folder/try.yaml" --out "$folder/wg" >/dev/null 2>&1

# What is behind the tunnel: a page that only listens inside of it.
cat >"$folder/index.html" <<'PAGE'
<h1>A page behind the tunnel</h1>
PAGE
"$warren" proxy --config "$folder/wg/there/wg0.conf" --publish "80=127.0.0.1:${PAGE_PORT:-3999}" 2>"$folder/there.log" &
started="$started $!"
(cd "$folder" && exec python3 -m http.server "${PAGE_PORT:-3999}" --bind 127.0.0.1 >/dev/null 2>&1) &
started="$started $!"
# Who calls before the other end is there calls again only after five seconds.
tries=0
until grep -q '"started"' "$folder/there.log" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || { cat "$folder/there.log" >&2; exit 1; }
  sleep 0.1
done

"$warren" proxy --config "$folder/wg/here/wg0.conf" --to http://10.99.0.1 --listen "127.0.0.1:$port" \
  2>"$folder/here.log" &
started="$started $!"

tries=0
until page=$(curl -sS --max-time 5 "http://127.0.0.1:$port/index.html" 2>"$folder/curl.log"); do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || { cat "$folder"/*.log >&2; exit 1; }
  sleep 0.2
done
echo "$page"
[ "${1:-}" != --once ] || exit 0
echo "It is served at http://127.0.0.1:$port/ until you press Ctrl-C." >&2
wait
