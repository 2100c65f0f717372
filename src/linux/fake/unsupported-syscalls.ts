/** A kernel that can do nothing: every call returns -ENOSYS. The fake overrides what it knows. */
import { ENOSYS } from '../uapi/index.ts'
import type { MessageHeader, Syscalls } from '../syscalls.ts'

const unsupported = (): number => -ENOSYS

export class UnsupportedSyscalls implements Syscalls {
  open: Syscalls['open'] = unsupported
  close: Syscalls['close'] = unsupported
  read: Syscalls['read'] = unsupported
  write: Syscalls['write'] = unsupported
  dup: Syscalls['dup'] = unsupported
  dup3: Syscalls['dup3'] = unsupported
  fcntl: Syscalls['fcntl'] = unsupported
  flock: Syscalls['flock'] = unsupported
  ioctl: Syscalls['ioctl'] = unsupported
  eventfd: Syscalls['eventfd'] = unsupported
  poll: Syscalls['poll'] = unsupported
  socket: Syscalls['socket'] = unsupported
  bind: Syscalls['bind'] = unsupported
  connect: Syscalls['connect'] = unsupported
  listen: Syscalls['listen'] = unsupported
  accept4: Syscalls['accept4'] = unsupported
  shutdown: Syscalls['shutdown'] = unsupported
  getsockname: Syscalls['getsockname'] = unsupported
  setsockopt: Syscalls['setsockopt'] = unsupported
  getsockopt: Syscalls['getsockopt'] = unsupported
  send: Syscalls['send'] = unsupported
  sendto: Syscalls['sendto'] = unsupported
  recv: Syscalls['recv'] = unsupported
  recvfrom: Syscalls['recvfrom'] = unsupported
  sendmsg: Syscalls['sendmsg'] = unsupported
  recvmsg: Syscalls['recvmsg'] = unsupported
  setns: Syscalls['setns'] = unsupported
  unshare: Syscalls['unshare'] = unsupported
  mount: Syscalls['mount'] = unsupported
  umount2: Syscalls['umount2'] = unsupported
  chroot: Syscalls['chroot'] = unsupported
  pivotRoot: Syscalls['pivotRoot'] = unsupported
  sethostname: Syscalls['sethostname'] = unsupported
  prctl: Syscalls['prctl'] = unsupported
  capset: Syscalls['capset'] = unsupported
  capget: Syscalls['capget'] = unsupported

  messageHeader(): MessageHeader {
    throw new Error('the fake kernel has no messages with addresses')
  }
}
