# PID 1 of the machine once the host's root is there (busybox sh; under emulation every dynamic program costs 0.1 s,
# so busybox does everything). Runs $WARREN_JOB/command.sh; its output and status leave by three virtio ports.
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

# A virtio port can be opened only once: pipes let every child of the command share it.
$bb mkfifo /run/stdout /run/stderr
$bb cat /run/stdout >/dev/vport0p1 &
out=$!
$bb cat /run/stderr >/dev/vport0p2 &
err=$!
# Not busybox's own shell: that would prefer its small programs to the real ones.
$bb setsid /bin/sh "$WARREN_JOB/command.sh" </dev/null >/run/stdout 2>/run/stderr
status=$?
# A daemon that the command left behind may hold the pipes; it gets two seconds.
($bb sleep 2 && $bb kill $out $err) 2>/dev/null &
wait $out $err
echo $status >/dev/vport0p3
$bb reboot -f
