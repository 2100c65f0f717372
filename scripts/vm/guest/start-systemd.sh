# Sourced by first-process.sh: hands over to systemd, which starts no more than it takes to have a service manager, and
# then the command as a service. Units of this host that would take long under emulation are masked.
units=/etc/systemd/system
: >/etc/fstab
$bb mkdir -p $units /run/systemd
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service systemd-udevd-control.socket \
  systemd-udevd-kernel.socket systemd-hwdb-update.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  systemd-random-seed.service systemd-update-utmp.service systemd-modules-load.service systemd-sysusers.service \
  systemd-remount-fs.service systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-sysctl.service \
  systemd-machine-id-commit.service systemd-boot-system-token.service systemd-pstore.service apparmor.service \
  ldconfig.service systemd-firstboot.service systemd-resolved.service systemd-timesyncd.service keyboard-setup.service \
  console-setup.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-config.mount \
  sys-fs-fuse-connections.mount kmod-static-nodes.service systemd-journal-flush.service getty.target \
  systemd-networkd.service networking.service ssh.service cron.service; do
  $bb ln -sf /dev/null "$units/$unit"
done
cat >$units/machine.target <<END
[Unit]
Requires=basic.target machine-command.service
After=basic.target machine-command.service
AllowIsolate=yes
END
cat >$units/machine-command.service <<END
[Unit]
After=basic.target
[Service]
Environment=WARREN_JOB=$WARREN_JOB
ExecStart=/bin/busybox sh $WARREN_JOB/run-command.sh
TimeoutStartSec=infinity
KillMode=none
END
$bb umount /sys/fs/cgroup 2>/dev/null
export container=
exec /lib/systemd/systemd --unit=machine.target --log-target=kmsg --log-level=notice --show-status=no
