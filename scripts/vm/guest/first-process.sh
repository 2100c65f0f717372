# PID 1 of the machine once the host's root is there (busybox sh; under emulation every dynamic program costs 0.1 s,
# so busybox does everything). What follows is run-command.sh, by itself or as a service of systemd.
bb=/bin/busybox
busy_mount() { $bb mount -t "$1" "$1" "$2" 2>/dev/null; }
busy_mount sysfs /sys
busy_mount tmpfs /run
$bb mkdir -p /dev/pts /dev/shm /dev/net /run/lock /run/netns
$bb mount -t devpts -o ptmxmode=666 devpts /dev/pts
busy_mount tmpfs /dev/shm
busy_mount cgroup2 /sys/fs/cgroup
busy_mount tracefs /sys/kernel/tracing
$bb ln -sf /proc/self/fd /dev/fd
[ -e /dev/net/tun ] || $bb mknod -m 666 /dev/net/tun c 10 200
$bb mount --make-rshared /

read -r modules <"$WARREN_JOB/modules-folder"
release=${modules##*/}
[ -e "/lib/modules/$release" ] || { $bb mkdir -p /lib/modules && $bb ln -s "$modules" "/lib/modules/$release"; }
[ -e "/boot/config-$release" ] || $bb ln -s "${modules%/lib/modules/*}/boot/config-$release" "/boot/config-$release"
$bb ifconfig lo up
$bb hostname machine
echo 1 >/proc/sys/kernel/printk

# With a real service manager, the command is a service of it.
[ ! -e "$WARREN_JOB/systemd" ] || . "$WARREN_JOB/start-systemd.sh"
exec $bb sh "$WARREN_JOB/run-command.sh"
