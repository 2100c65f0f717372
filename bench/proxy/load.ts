/**
 * The client, as a process of its own inside the client's namespace; prints one line of JSON. TO is HOST:PORT.
 *
 *   load.ts get  TO PATH CONNECTIONS SECONDS WARM-UP PIDS          {"bytes":…,"seconds":…,"cpuSeconds":…}
 *   load.ts put  TO PATH CONNECTIONS SECONDS WARM-UP PIDS COUNTER  the same, as the sink at COUNTER counts them
 *   load.ts check-get TO PATH                                      {"bytes":…,"digest":…}
 *   load.ts check-put TO PATH FILE                                 {"digest":…} as the sink saw it
 *   load.ts idle TO PATH CONNECTIONS PIDS                          {"before":…,"after":…} MiB, with that many at rest
 *
 * Bytes are counted between two moments, after the connections have warmed up, and so is the processor time of PIDS
 * (comma-separated) and their children.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { costOf } from './processes.ts'

const BODY_BYTES = 100_000_000
const CHUNK = Buffer.alloc(256 * 1024, 'warren')
const OPENING_AT_ONCE = 100

const [verb = '', to = '', path = '/', ...words] = process.argv.slice(2)
const [connections, seconds, warmUp] = words.map(Number) as [number, number, number]

console.log(JSON.stringify(await run()))
process.exit(0)

async function run(): Promise<object> {
  if (verb === 'get') return download()
  if (verb === 'put') return upload()
  if (verb === 'check-get') return checkDownload()
  if (verb === 'check-put') return checkUpload(words[0] ?? '')
  if (verb === 'idle') return idle()
  throw new Error(`no such verb: ${verb}`)
}

async function download(): Promise<object> {
  let bytes = 0
  for (let index = 0; index < connections; index++)
    void repeat(async () => {
      const socket = await open(to, (length) => (bytes += length))
      socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n`)
      await once(socket, 'close')
    })
  return measure(() => bytes)
}

async function upload(): Promise<object> {
  for (let index = 0; index < connections; index++)
    void repeat(async () => {
      const answered = Promise.withResolvers<void>()
      const socket = await open(to, () => answered.resolve())
      socket.on('close', () => answered.resolve())
      socket.write(`PUT ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`)
      for (let sent = 0; sent < BODY_BYTES && !socket.destroyed; sent += CHUNK.length)
        if (!socket.write(CHUNK.subarray(0, BODY_BYTES - sent)))
          await Promise.race([once(socket, 'drain'), answered.promise])
      await answered.promise
      socket.destroy()
    })
  const counter = words[4] ?? ''
  return measure(async () => Number((await fetchText(counter, `GET ${path}`)).body))
}

/** A connection that fails is opened again, a little later: it counts by what it did not carry. */
async function repeat(once: () => Promise<void>): Promise<never> {
  for (;;) await once().catch(() => pause(50))
}

async function measure(count: () => number | Promise<number>): Promise<object> {
  const pids = (words[3] ?? '').split(',').filter(Boolean).map(Number)
  await pause(warmUp * 1000)
  const [fromBytes, fromMs, fromCpu] = [await count(), performance.now(), costOf(pids).cpuSeconds]
  await pause(seconds * 1000)
  const [toBytes, toMs, toCpu] = [await count(), performance.now(), costOf(pids).cpuSeconds]
  return { bytes: toBytes - fromBytes, seconds: (toMs - fromMs) / 1000, cpuSeconds: toCpu - fromCpu }
}

/** Reads into one buffer, so that the client costs little of what is shared. */
async function open(where: string, onBytes: (length: number, buffer: Uint8Array) => void): Promise<Socket> {
  const [host = '', port = ''] = where.split(':')
  const buffer = Buffer.allocUnsafeSlow(CHUNK.length)
  const callback = (length: number, bytes: Uint8Array): boolean => (onBytes(length, bytes), true)
  const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer, callback } })
  socket.on('error', () => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function fetchText(where: string, line: string): Promise<{ head: string; body: string }> {
  const { head, body } = await exchange(
    where,
    (socket) => void socket.write(`${line} HTTP/1.1\r\nHost: bench\r\n\r\n`),
  )
  return { head, body: Buffer.concat(body).toString() }
}

/** One request, and the whole answer by its length. */
async function exchange(
  where: string,
  send: (socket: Socket) => unknown,
): Promise<{ head: string; body: Buffer[] }> {
  const [body, answered]: [Buffer[], PromiseWithResolvers<void>] = [[], Promise.withResolvers()]
  let [head, missing] = ['', -1]
  const socket = await open(where, (length, buffer) => {
    let bytes = Buffer.from(buffer.subarray(0, length))
    if (missing < 0) {
      const before = head.length
      head += bytes.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      missing = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN)
      bytes = bytes.subarray(end + 4 - before)
      head = head.slice(0, end)
      if (!/^HTTP\/1.1 200 /.test(head)) answered.reject(new Error(head))
    }
    body.push(bytes)
    missing -= bytes.length
    if (missing <= 0 || Number.isNaN(missing)) answered.resolve()
  })
  socket.on('close', () => answered.reject(new Error(`closed with ${missing} bytes missing`)))
  void send(socket)
  await answered.promise
  socket.destroy()
  return { head, body }
}

async function checkDownload(): Promise<object> {
  const { body } = await exchange(to, (socket) => socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`))
  const hash = createHash('sha256')
  for (const bytes of body) hash.update(bytes)
  return { bytes: body.reduce((sum, { length }) => sum + length, 0), digest: hash.digest('hex') }
}

async function checkUpload(file: string): Promise<object> {
  const content = readFileSync(file)
  const { body } = await exchange(to, (socket) => {
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${content.length}\r\n\r\n`)
    socket.write(content)
  })
  return { digest: Buffer.concat(body).toString() }
}

/** Keep-alive connections that have had one answer each and now say nothing. */
async function idle(): Promise<object> {
  const pids = (words[1] ?? '').split(',').map(Number)
  const before = costOf(pids).residentMebibytes
  let answered = 0
  const sockets: Socket[] = []
  while (sockets.length < connections) {
    const batch = Array.from({ length: OPENING_AT_ONCE }, async () => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const [host = '', port = ''] = to.split(':')
      const socket = connect({ host, port: Number(port) })
      socket.once('data', () => resolve()).on('close', () => reject(new Error('an idle client was closed')))
      socket.on('error', reject)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`)
      sockets.push(socket)
      await promise
      answered++
    })
    await Promise.all(batch)
  }
  await pause(1000)
  const open = sockets.filter((socket) => !socket.destroyed).length
  return { before, after: costOf(pids).residentMebibytes, answered, open }
}
