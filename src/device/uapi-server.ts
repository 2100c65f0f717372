/**
 * The UAPI socket, `DIR/IFACE.sock`: for root only, as private keys go over it. Standard tools (`wg`) find the
 * interface by this file, in /run/wireguard.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { type UapiHandler, UapiSession } from './uapi-session.ts'

export const uapiSocketPath = (directory: string, name: string): string => join(directory, `${name}.sock`)

/** Whoever holds the TUN may take the path: a socket left there is a dead process's. */
export async function serveUapi(path: string, handler: UapiHandler): Promise<Server> {
  const server = createServer((connection) => serve(connection, handler))
  rmSync(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  chmodSync(path, 0o600)
  return server
}

export function makeUapiDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
}

function serve(connection: Socket, handler: UapiHandler): void {
  const session = new UapiSession(handler)
  connection.setEncoding('latin1')
  connection.on('data', (text: string) => {
    const { answer, close } = session.receive(text)
    if (answer !== '') connection.write(answer, 'latin1')
    if (close) connection.end()
  })
  // A client that goes away in the middle is its own affair.
  connection.on('error', () => connection.destroy())
}
