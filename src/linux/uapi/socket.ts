/** Numbers of <linux/socket.h>, <asm/socket.h>, <linux/in.h>, <asm/fcntl.h>, <linux/sched.h> and <linux/mount.h>, by the kernel's names (x86-64 and arm64 agree on these). */

export const AF_UNSPEC = 0
export const AF_UNIX = 1
export const AF_INET = 2
export const AF_BRIDGE = 7
export const AF_INET6 = 10
export const AF_NETLINK = 16
export const AF_PACKET = 17

export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
export const SOCK_RAW = 3
export const SOCK_NONBLOCK = 0o4000
export const SOCK_CLOEXEC = 0o2000000

export const SOL_SOCKET = 1
export const SO_REUSEADDR = 2
export const SO_ERROR = 4
export const SO_SNDBUF = 7
export const SO_RCVBUF = 8
export const SO_SNDBUFFORCE = 32
export const SO_RCVBUFFORCE = 33
export const SO_REUSEPORT = 15
export const SO_MARK = 36
export const SO_BINDTODEVICE = 25

export const IPPROTO_ICMP = 1
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_ICMPV6 = 58
export const SOL_IP = 0
export const SOL_IPV6 = 41
export const IPV6_V6ONLY = 26

export const MSG_PEEK = 0x2
export const MSG_CTRUNC = 0x8
export const MSG_TRUNC = 0x20
export const MSG_DONTWAIT = 0x40
export const MSG_NOSIGNAL = 0x4000

export const O_RDONLY = 0
export const O_WRONLY = 1
export const O_RDWR = 2
export const O_CREAT = 0o100
export const O_EXCL = 0o200
export const O_NONBLOCK = 0o4000
export const O_CLOEXEC = 0o2000000
export const EFD_NONBLOCK = 0o4000
export const EFD_CLOEXEC = 0o2000000

export const POLLIN = 0x1
export const POLLOUT = 0x4
export const POLLERR = 0x8
export const POLLHUP = 0x10

export const CLONE_NEWNS = 0x00020000
export const CLONE_NEWUTS = 0x04000000
export const CLONE_NEWUSER = 0x10000000
export const CLONE_NEWPID = 0x20000000
export const CLONE_NEWNET = 0x40000000

export const MS_RDONLY = 1
export const MS_NOSUID = 2
export const MS_NODEV = 4
export const MS_NOEXEC = 8
export const MS_BIND = 4096
export const MS_REC = 16384
export const MS_PRIVATE = 1 << 18
export const MS_SLAVE = 1 << 19
export const MS_SHARED = 1 << 20
export const MNT_DETACH = 2

export const LOCK_EX = 2
export const LOCK_NB = 4
export const LOCK_UN = 8

/** Positive errno values, for comparing with the port's negative results. */
export const EPERM = 1
export const ENOENT = 2
export const EINTR = 4
export const EAGAIN = 11
export const ENOMEM = 12
export const EACCES = 13
export const EBUSY = 16
export const EEXIST = 17
export const ENODEV = 19
export const EINVAL = 22
export const ENOSYS = 38
export const EMSGSIZE = 90
export const EOPNOTSUPP = 95
export const EADDRINUSE = 98
export const EADDRNOTAVAIL = 99
export const ENOBUFS = 105
export const ECONNREFUSED = 111
export const ECANCELED = 125
