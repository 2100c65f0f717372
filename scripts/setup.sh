# Sourced by scripts/test.sh and .ci/run: what the tests need from npm and from Debian. POSIX sh.

# package:file that shows it is there. With --no-install-recommends: wireguard-tools would otherwise bring a kernel.
DEBIAN_PACKAGES='
  qemu-system-x86:qemu-system-x86_64
  qemu-system-common:/usr/lib/qemu/virtiofsd
  busybox-static:busybox
  cpio:cpio
  kmod:modprobe
  xz-utils:xz
  systemd:systemd
  udev:udevadm
  wireguard-tools:wg
  wireguard-go:wireguard-go
  nftables:nft
  iproute2:ip
  iputils-ping:ping
  iperf3:iperf3
  openssh-server:sshd
  openssh-client:ssh
  util-linux:unshare
  curl:curl
  openssl:openssl
  python3:python3'

# Root-only folders may be missing from a plain user's PATH.
has() {
  case $1 in
    /*) [ -x "$1" ] ;;
    *) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing_debian_packages() {
  for pair in $DEBIAN_PACKAGES; do
    has "${pair#*:}" || printf '%s ' "${pair%%:*}"
  done
}

# npm ci once per lock file: node_modules/.package-lock.json is npm's own note of what it installed.
install_node_modules() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo 'npm ci' >&2
    npm ci --no-audit --no-fund --loglevel=error >&2
    touch node_modules/.package-lock.json
  fi
  PATH=$PWD/node_modules/.bin:$PATH
  export PATH
}

offer_debian_packages() {
  missing=$(missing_debian_packages)
  [ -n "$missing" ] || return 0
  command="apt-get install --yes --no-install-recommends $missing"
  if ! has apt-get; then
    echo "The tests also use: $missing(Debian's names; this system has no apt-get). Those that need them are skipped." >&2
    return 0
  fi
  echo "The tests also need:  $command" >&2
  if [ "$(id -u)" != 0 ]; then
    echo 'Not root, so not installed: the tests that need them are skipped and say so.' >&2
    return 0
  fi
  if [ -t 0 ]; then
    printf 'Run it now? [y/N] ' >&2
    read -r answer
    case $answer in y* | Y*) ;; *) return 0 ;; esac
  fi
  # A failed installation is not the end: the tests that lack a tool skip with that reason, and CI fails on a skip.
  without_starting_daemons install || { apt-get update >&2 && without_starting_daemons install; } ||
    echo 'Not all of them could be installed.' >&2
}

install() {
  DEBIAN_FRONTEND=noninteractive $command >&2 </dev/null
}

# The tests run sshd in their own namespaces; installing it must not open a port of this machine.
without_starting_daemons() {
  policy=/usr/sbin/policy-rc.d
  if [ -e $policy ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  status=0
  "$@" || status=$?
  rm -f $policy
  return $status
}
