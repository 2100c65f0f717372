/**
 * The system calls of stream sockets and of epoll, by address: no view, no closure and no object per call. Results
 * are those of syscalls.ts: a count, or a negative errno. What happens once per connection uses Syscalls instead.
 */
import { koffi, processSymbols } from './koffi-library.ts'
import { addressOf } from './native-memory.ts'
import type { Bytes } from './syscalls.ts'

export interface StreamCalls {
  /** True for as long as somebody holds the memory. */
  addressOf(memory: Bytes): number
  recv(fd: number, address: number, size: number, flags: number): number
  send(fd: number, address: number, size: number, flags: number): number
  /** For memory whose address nobody knows. */
  sendBytes(fd: number, bytes: Bytes, flags: number): number
  /** `header`: the address of a struct msghdr. */
  sendmsg(fd: number, header: number, flags: number): number
  shutdown(fd: number, how: number): number
  close(fd: number): number
  epollCreate(flags: number): number
  /** `event`: the address of a struct epoll_event. */
  epollControl(epoll: number, operation: number, fd: number, event: number): number
  /** Never waits. `events`: the address of `count` struct epoll_event. */
  epollTake(epoll: number, events: number, count: number): number
}

interface Bound {
  recv(fd: number, address: number, size: number, flags: number): number
  send(fd: number, address: number, size: number, flags: number): number
  sendBytes(fd: number, bytes: Bytes, size: number, flags: number): number
  sendmsg(fd: number, header: number, flags: number): number
  shutdown(fd: number, how: number): number
  close(fd: number): number
  epollCreate(flags: number): number
  epollControl(epoll: number, operation: number, fd: number, event: number): number
  epollWait(epoll: number, events: number, count: number, timeoutMs: number): number
}

function bind(): Bound {
  const library = processSymbols()
  const f = (prototype: string) => library.func(prototype)
  return {
    recv: f('intptr_t recv(int fd, intptr_t buffer, size_t size, int flags)'),
    send: f('intptr_t send(int fd, intptr_t buffer, size_t size, int flags)'),
    sendBytes: f('intptr_t send(int fd, const void *buffer, size_t size, int flags)'),
    sendmsg: f('intptr_t sendmsg(int fd, intptr_t header, int flags)'),
    shutdown: f('int shutdown(int fd, int how)'),
    close: f('int close(int fd)'),
    epollCreate: f('int epoll_create1(int flags)'),
    epollControl: f('int epoll_ctl(int epoll, int operation, int fd, intptr_t event)'),
    epollWait: f('int epoll_wait(int epoll, intptr_t events, int count, int timeout)'),
  }
}

class KoffiStreamCalls implements StreamCalls {
  readonly #bound = bind()
  readonly #errno = koffi().errno

  addressOf(memory: Bytes): number {
    return addressOf(memory)
  }
  recv(fd: number, address: number, size: number, flags: number): number {
    const result = this.#bound.recv(fd, address, size, flags)
    return result < 0 ? -this.#errno() : result
  }
  send(fd: number, address: number, size: number, flags: number): number {
    const result = this.#bound.send(fd, address, size, flags)
    return result < 0 ? -this.#errno() : result
  }
  sendBytes(fd: number, bytes: Bytes, flags: number): number {
    const result = this.#bound.sendBytes(fd, bytes, bytes.byteLength, flags)
    return result < 0 ? -this.#errno() : result
  }
  sendmsg(fd: number, header: number, flags: number): number {
    const result = this.#bound.sendmsg(fd, header, flags)
    return result < 0 ? -this.#errno() : result
  }
  shutdown(fd: number, how: number): number {
    const result = this.#bound.shutdown(fd, how)
    return result < 0 ? -this.#errno() : result
  }
  close(fd: number): number {
    const result = this.#bound.close(fd)
    return result < 0 ? -this.#errno() : result
  }
  epollCreate(flags: number): number {
    const result = this.#bound.epollCreate(flags)
    return result < 0 ? -this.#errno() : result
  }
  epollControl(epoll: number, operation: number, fd: number, event: number): number {
    const result = this.#bound.epollControl(epoll, operation, fd, event)
    return result < 0 ? -this.#errno() : result
  }
  epollTake(epoll: number, events: number, count: number): number {
    const result = this.#bound.epollWait(epoll, events, count, 0)
    return result < 0 ? -this.#errno() : result
  }
}

let shared: StreamCalls | undefined

/** Loads native code on the first call; the same object afterwards. */
export const loadStreamCalls = (): StreamCalls => {
  shared ??= new KoffiStreamCalls()
  return shared
}
