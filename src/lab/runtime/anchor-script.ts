/**
 * What the first process of a machine does, in the shell and mount(8) that every Debian has: make its own file
 * tree, say `ready`, and then wait on its standard input. When whoever holds the other end dies, so does it, and
 * with it, once its processes are gone, the machine's namespaces.
 *
 * The machine sees the real file system except: /run, /var/lib/warren, /etc/warren, /etc/wireguard, /etc/hosts
 * and the host's name. Directories are never made in the real tree, not even to mount on: /etc and /var/lib are
 * therefore small file systems of links to the real entries (/run/lab/usr and the like are for links that go
 * up and over, such as os-release). Bind mounts are recursive because a user namespace
 * may not show what a mount hides (mount_namespaces(7)).
 */

/** Arguments: the machine's name, and `1` if it forwards. */
export const ANCHOR_SCRIPT = `
set -eu
mount -t tmpfs -o mode=755,nosuid,nodev lab-run /run
mkdir -p /run/lab /run/lock /run/wireguard
chmod 700 /run/wireguard
shadow() {
  mkdir "/run/lab/$2"
  mount --rbind "$1" "/run/lab/$2"
  mount -t tmpfs -o mode=755,nosuid,nodev "lab-$2" "$1"
  ln -s "/run/lab/$2"/* "$1/"
}
for tree in usr lib proc; do ln -s "/$tree" "/run/lab/$tree"; done
shadow /etc etc
shadow /var/lib var-lib
rm -rf /etc/hosts /etc/hostname /etc/warren /etc/wireguard /var/lib/warren
mkdir -p /etc/warren/plans /var/lib/warren
mkdir -m 700 /etc/wireguard
chmod 700 /var/lib/warren
ln -sfn /proc/self/mounts /etc/mtab
echo "127.0.0.1 localhost" > /etc/hosts
echo "$1" > /etc/hostname
hostname "$1" 2>/dev/null || true
mount -t sysfs sysfs /sys 2>/dev/null || true
set_if_there() { [ ! -e "$1" ] || echo "$2" > "$1"; }
for scope in all default; do
  set_if_there "/proc/sys/net/ipv6/conf/$scope/accept_dad" 0
  set_if_there "/proc/sys/net/ipv6/conf/$scope/accept_ra" 0
done
for kind in iptables ip6tables arptables; do
  set_if_there "/proc/sys/net/bridge/bridge-nf-call-$kind" 0
done
if [ "$2" = 1 ]; then
  echo 1 > /proc/sys/net/ipv4/ip_forward
  set_if_there /proc/sys/net/ipv6/conf/all/forwarding 1
fi
echo ready
read -r _ || true
`
