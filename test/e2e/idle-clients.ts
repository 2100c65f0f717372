/**
 * Clients that have had one answer each and then say nothing, as a program for a namespace:
 *
 *   idle-clients.ts HOST PORT COUNT     prints how many of them are open once all were answered; at SIGUSR2, how many
 *                                       are open still, and what the first and the last are answered now
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const AT_ONCE = 100
const REQUEST = 'GET / HTTP/1.1\r\nHost: idle\r\n\r\n'

const [host = '', port = '0', count = '0'] = process.argv.slice(2)
const clients: Socket[] = []

while (clients.length < Number(count)) {
  const more = Math.min(AT_ONCE, Number(count) - clients.length)
  clients.push(...(await Promise.all(Array.from({ length: more }, open))))
}
console.log(JSON.stringify({ open: openNow() }))
process.on('SIGUSR2', () => {
  const [first, last] = [clients.at(0), clients.at(-1)]
  void Promise.all([ask(first), ask(last)]).then((answers) =>
    console.log(JSON.stringify({ open: openNow(), answers })),
  )
})

async function open(): Promise<Socket> {
  const client = connect({ host, port: Number(port) })
  client.on('error', () => client.destroy())
  await once(client, 'connect')
  const answer = await ask(client)
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(answer)
  return client
}

/** Small answers come in one piece. */
async function ask(client: Socket | undefined): Promise<string> {
  if (client === undefined || client.destroyed) return 'closed'
  client.write(REQUEST)
  const [bytes] = (await Promise.race([once(client, 'data'), once(client, 'close')])) as [Buffer | boolean]
  return bytes instanceof Buffer ? bytes.toString('latin1') : 'closed'
}

function openNow(): number {
  return clients.filter((client) => !client.destroyed).length
}
