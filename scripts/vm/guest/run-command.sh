# Runs $WARREN_JOB/command.sh in the machine; its output and status leave by three virtio ports, and then all is over.
bb=/bin/busybox
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
