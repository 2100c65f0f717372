/**
 * The real kernel behind the Syscalls port: libc's wrappers called through koffi on the calling thread.
 *
 * Never use koffi's asynchronous calls for these: setns and unshare would poison a thread of the pool, and a
 * call costs 20 µs instead of 0.2. Declarations follow the C prototypes of x86-64 and arm64 Linux, where a
 * variadic function (open, ioctl, fcntl, prctl) takes its arguments like any other.
 */
import { koffi, processSymbols, type KoffiLibrary } from './koffi-library.ts'
import { PinnedMessageHeader } from './message-header.ts'
import type { Bytes, MessageBuffers, MessageHeader, SocketAddressSpace, Syscalls } from './syscalls.ts'

type Pointer = Bytes | Int32Array | null

interface Libc {
  open(path: string, flags: number, mode: number): number
  close(fd: number): number
  read(fd: number, buffer: Bytes, size: number): number
  write(fd: number, buffer: Bytes, size: number): number
  dup(fd: number): number
  dup3(from: number, to: number, flags: number): number
  fcntl(fd: number, command: number, argument: number): number
  flock(fd: number, operation: number): number
  ioctlPointer(fd: number, request: number, argument: Bytes): number
  ioctlNumber(fd: number, request: number, argument: number): number
  eventfd(initial: number, flags: number): number
  poll(fds: Bytes, count: number, timeoutMs: number): number
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Bytes, length: number): number
  connect(fd: number, address: Bytes, length: number): number
  listen(fd: number, backlog: number): number
  accept4(fd: number, address: Pointer, length: Pointer, flags: number): number
  shutdown(fd: number, how: number): number
  getsockname(fd: number, address: Pointer, length: Pointer): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  setsockopt(fd: number, level: number, name: number, value: Bytes, length: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  getsockopt(fd: number, level: number, name: number, value: Bytes, length: Int32Array): number
  send(fd: number, buffer: Bytes, size: number, flags: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  sendto(fd: number, buffer: Bytes, size: number, flags: number, to: Bytes, length: number): number
  recv(fd: number, buffer: Bytes, size: number, flags: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  recvfrom(fd: number, buffer: Bytes, size: number, flags: number, from: Pointer, length: Pointer): number
  sendmsg(fd: number, header: Bytes, flags: number): number
  recvmsg(fd: number, header: Bytes, flags: number): number
  setns(fd: number, type: number): number
  unshare(flags: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  mount(source: string, target: string, type: string | null, flags: number, data: string | null): number
  umount2(target: string, flags: number): number
  chroot(path: string): number
  sethostname(name: string, length: number): number
  // oxlint-disable-next-line eslint/max-params -- the C prototype
  prctl(option: number, a: number, b: number, c: number, d: number): number
  capset(header: Bytes, data: Bytes): number
  capget(header: Bytes, data: Bytes): number
  syscallPaths(number: number, a: string, b: string): number
}

/** pivot_root has no wrapper in glibc. */
const SYS_pivot_root = process.arch === 'arm64' ? 41 : 155

const bindLibc = (library: KoffiLibrary): Libc => {
  const f = (prototype: string) => library.func(prototype)
  return {
    open: f('int open(const char *path, int flags, unsigned int mode)'),
    close: f('int close(int fd)'),
    read: f('int64_t read(int fd, void *buffer, size_t size)'),
    write: f('int64_t write(int fd, const void *buffer, size_t size)'),
    dup: f('int dup(int fd)'),
    dup3: f('int dup3(int from, int to, int flags)'),
    fcntl: f('int fcntl(int fd, int command, long argument)'),
    flock: f('int flock(int fd, int operation)'),
    ioctlPointer: f('int ioctl(int fd, unsigned long request, void *argument)'),
    ioctlNumber: f('int ioctl(int fd, unsigned long request, long argument)'),
    eventfd: f('int eventfd(unsigned int initial, int flags)'),
    poll: f('int poll(void *fds, unsigned long count, int timeout)'),
    socket: f('int socket(int domain, int type, int protocol)'),
    bind: f('int bind(int fd, const void *address, unsigned int length)'),
    connect: f('int connect(int fd, const void *address, unsigned int length)'),
    listen: f('int listen(int fd, int backlog)'),
    accept4: f('int accept4(int fd, void *address, void *length, int flags)'),
    shutdown: f('int shutdown(int fd, int how)'),
    getsockname: f('int getsockname(int fd, void *address, void *length)'),
    setsockopt: f('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)'),
    getsockopt: f('int getsockopt(int fd, int level, int name, void *value, void *length)'),
    send: f('int64_t send(int fd, const void *buffer, size_t size, int flags)'),
    sendto: f(
      'int64_t sendto(int fd, const void *buffer, size_t size, int flags, const void *to, unsigned int l)',
    ),
    recv: f('int64_t recv(int fd, void *buffer, size_t size, int flags)'),
    recvfrom: f('int64_t recvfrom(int fd, void *buffer, size_t size, int flags, void *from, void *length)'),
    sendmsg: f('int64_t sendmsg(int fd, const void *header, int flags)'),
    recvmsg: f('int64_t recvmsg(int fd, void *header, int flags)'),
    setns: f('int setns(int fd, int type)'),
    unshare: f('int unshare(int flags)'),
    mount: f(
      'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
    ),
    umount2: f('int umount2(const char *target, int flags)'),
    chroot: f('int chroot(const char *path)'),
    sethostname: f('int sethostname(const char *name, size_t length)'),
    prctl: f('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
    capset: f('int capset(void *header, const void *data)'),
    capget: f('int capget(void *header, void *data)'),
    syscallPaths: f('long syscall(long number, const char *a, const char *b)'),
  }
}

/** prctl(2) by option: a koffi `unsigned long` takes negative numbers only as their two's complement. */
const unsigned = (value: number | undefined): number => (value === undefined ? 0 : value >>> 0)

class KoffiSyscalls implements Syscalls {
  readonly #libc = bindLibc(processSymbols())
  readonly #errno = koffi().errno
  readonly #address = koffi().address
  readonly #optionLength = new Int32Array(1)
  readonly #optionNumber = new Int32Array(1)
  readonly #optionBytes = new Uint8Array(this.#optionNumber.buffer)

  #result(value: number): number {
    return value < 0 ? -this.#errno() : value
  }

  open(path: string, flags: number, mode = 0): number {
    return this.#result(this.#libc.open(path, flags, mode))
  }
  close(fd: number): number {
    return this.#result(this.#libc.close(fd))
  }
  read(fd: number, buffer: Bytes): number {
    return this.#result(this.#libc.read(fd, buffer, buffer.byteLength))
  }
  write(fd: number, buffer: Bytes): number {
    return this.#result(this.#libc.write(fd, buffer, buffer.byteLength))
  }
  dup(fd: number): number {
    return this.#result(this.#libc.dup(fd))
  }
  dup3(from: number, to: number, flags: number): number {
    return this.#result(this.#libc.dup3(from, to, flags))
  }
  fcntl(fd: number, command: number, argument: number): number {
    return this.#result(this.#libc.fcntl(fd, command, argument))
  }
  flock(fd: number, operation: number): number {
    return this.#result(this.#libc.flock(fd, operation))
  }
  ioctl(fd: number, request: number, argument: Bytes | number): number {
    return this.#result(
      typeof argument === 'number'
        ? this.#libc.ioctlNumber(fd, request >>> 0, argument)
        : this.#libc.ioctlPointer(fd, request >>> 0, argument),
    )
  }
  eventfd(initial: number, flags: number): number {
    return this.#result(this.#libc.eventfd(initial, flags))
  }
  poll(fds: Bytes, timeoutMs: number): number {
    return this.#result(this.#libc.poll(fds, Math.floor(fds.byteLength / 8), timeoutMs))
  }

  socket(domain: number, type: number, protocol: number): number {
    return this.#result(this.#libc.socket(domain, type, protocol))
  }
  bind(fd: number, address: Bytes): number {
    return this.#result(this.#libc.bind(fd, address, address.byteLength))
  }
  connect(fd: number, address: Bytes): number {
    return this.#result(this.#libc.connect(fd, address, address.byteLength))
  }
  listen(fd: number, backlog: number): number {
    return this.#result(this.#libc.listen(fd, backlog))
  }
  accept4(fd: number, flags: number, from?: SocketAddressSpace): number {
    return this.#result(this.#libc.accept4(fd, from?.bytes ?? null, from?.length ?? null, flags))
  }
  shutdown(fd: number, how: number): number {
    return this.#result(this.#libc.shutdown(fd, how))
  }
  getsockname(fd: number, space: SocketAddressSpace): number {
    return this.#result(this.#libc.getsockname(fd, space.bytes, space.length))
  }
  setsockopt(fd: number, level: number, name: number, value: Bytes | number): number {
    if (typeof value !== 'number') {
      return this.#result(this.#libc.setsockopt(fd, level, name, value, value.byteLength))
    }
    this.#optionNumber[0] = value
    return this.#result(this.#libc.setsockopt(fd, level, name, this.#optionBytes, 4))
  }
  getsockopt(fd: number, level: number, name: number, value: Bytes): number {
    this.#optionLength[0] = value.byteLength
    const result = this.#result(this.#libc.getsockopt(fd, level, name, value, this.#optionLength))
    return result < 0 ? result : (this.#optionLength[0] ?? 0)
  }
  send(fd: number, buffer: Bytes, flags: number): number {
    return this.#result(this.#libc.send(fd, buffer, buffer.byteLength, flags))
  }
  sendto(fd: number, buffer: Bytes, flags: number, to: Bytes): number {
    return this.#result(this.#libc.sendto(fd, buffer, buffer.byteLength, flags, to, to.byteLength))
  }
  recv(fd: number, buffer: Bytes, flags: number): number {
    return this.#result(this.#libc.recv(fd, buffer, buffer.byteLength, flags))
  }
  recvfrom(fd: number, buffer: Bytes, flags: number, from: SocketAddressSpace): number {
    return this.#result(this.#libc.recvfrom(fd, buffer, buffer.byteLength, flags, from.bytes, from.length))
  }
  messageHeader(buffers: MessageBuffers): MessageHeader {
    return new PinnedMessageHeader(buffers, this.#address)
  }
  sendmsg(fd: number, message: MessageHeader, flags: number): number {
    return this.#result(this.#libc.sendmsg(fd, pinned(message), flags))
  }
  recvmsg(fd: number, message: MessageHeader, flags: number): number {
    return this.#result(this.#libc.recvmsg(fd, pinned(message), flags))
  }

  setns(fd: number, type: number): number {
    return this.#result(this.#libc.setns(fd, type))
  }
  unshare(flags: number): number {
    return this.#result(this.#libc.unshare(flags))
  }
  mount(target: string, options: { source?: string; type?: string; flags?: number; data?: string }): number {
    const { source = 'none', type = null, flags = 0, data = null } = options
    return this.#result(this.#libc.mount(source, target, type, flags, data))
  }
  umount2(target: string, flags: number): number {
    return this.#result(this.#libc.umount2(target, flags))
  }
  chroot(path: string): number {
    return this.#result(this.#libc.chroot(path))
  }
  pivotRoot(newRoot: string, putOld: string): number {
    return this.#result(this.#libc.syscallPaths(SYS_pivot_root, newRoot, putOld))
  }
  sethostname(name: string): number {
    return this.#result(this.#libc.sethostname(name, new TextEncoder().encode(name).length))
  }

  prctl(option: number, ...args: readonly number[]): number {
    const [a, b, c, d] = args
    return this.#result(this.#libc.prctl(option, unsigned(a), unsigned(b), unsigned(c), unsigned(d)))
  }
  capset(header: Bytes, data: Bytes): number {
    return this.#result(this.#libc.capset(header, data))
  }
  capget(header: Bytes, data: Bytes): number {
    return this.#result(this.#libc.capget(header, data))
  }
}

const pinned = (message: MessageHeader): Uint8Array => {
  if (message instanceof PinnedMessageHeader) return message.bytes
  throw new TypeError('a message header of another implementation')
}

let shared: Syscalls | undefined

/** Loads native code on the first call; the same object afterwards. */
export const loadSyscalls = (): Syscalls => {
  shared ??= new KoffiSyscalls()
  return shared
}
