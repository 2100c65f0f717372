/**
 * Requests that two readers could cut differently, as they are used for smuggling: each is refused, or what reaches the
 * target is cut the same way by readers of every habit. However the bytes are split up on their way, the same happens.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpRig } from '../harness/http-rig.ts'
import { ALL_HABITS, cutRequests } from '../models/slow-http-reader.ts'
import { mulberry32 } from '../sim/wireguard-network.ts'
import { readVectors } from './read-vectors.ts'

type Part = string | { readonly text: string; readonly times: number }

interface RequestVector {
  readonly name: string
  readonly send: string | readonly Part[]
  readonly want:
    | { readonly refused: string; readonly status: number }
    /** Method, target and length of the body of each request that the target gets. */
    | { readonly forwarded: readonly string[] }
}

const { tests } = readVectors<RequestVector>('http-requests.json')
const SEED = 20261121

for (const { name, send, want } of tests) {
  const text = textOf(send)
  const claim = 'refused' in want ? `refused with ${want.status}` : 'passed on in one meaning'
  test(`GL-07 smuggling: ${name}: ${claim}`, async () => {
    const whole = await outcomeOf([text], text.length + 1)
    if ('refused' in want) {
      assert.match(whole.answers.at(-1) ?? '', new RegExp(`^${want.status} ${want.refused} close$`))
      assert.ok(whole.sawEnd, 'the connection is closed')
      assert.deepEqual(whole.requests, [], 'the target has got no whole request')
    } else {
      assert.deepEqual(whole.requests, want.forwarded)
      assert.deepEqual(
        whole.answers,
        want.forwarded.map(() => '200 - keep'),
      )
    }
    assert.deepEqual(await outcomeOf([text], 1), whole, 'in pieces of one byte')
    assert.deepEqual(await outcomeOf([text], 7), whole, 'in pieces of seven bytes')
    const random = mulberry32(SEED)
    for (let round = 0; round < 3; round++) {
      const cuts = Array.from({ length: 4 }, () => Math.floor(random() * text.length)).toSorted(
        (a, b) => a - b,
      )
      const pieces = [0, ...cuts].map((from, index) => text.slice(from, cuts[index] ?? text.length))
      assert.deepEqual(await outcomeOf(pieces, 64 * 1024), whole, `cut at ${cuts.join(', ')}`)
    }
  })
}

interface Outcome {
  /** `METHOD target length` as every reader cuts them. */
  readonly requests: readonly string[]
  /** `status code close|keep` of each answer that the client gets. */
  readonly answers: readonly string[]
  readonly sawEnd: boolean
}

async function outcomeOf(pieces: readonly string[], pieceBytes: number): Promise<Outcome> {
  const rig = new HttpRig({ pieceBytes, capacityBytes: 256 * 1024 })
  const client = rig.client()
  const seen: string[] = []
  for (const piece of pieces) {
    client.send(piece)
    await serve(rig, seen)
  }
  const answers = client.received
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part.startsWith('HTTP/1.1 '))
    .map((part) => {
      const code = /^Warren-Error: (.*)\r$/m.exec(part)?.[1] ?? '-'
      return `${part.slice(9, 12)} ${code} ${/^Connection: close\r$/m.test(part) ? 'close' : 'keep'}`
    })
  return { requests: seen, answers, sawEnd: client.sawEnd }
}

/** Answers whatever arrives whole at the target, on whichever connection. */
async function serve(rig: HttpRig, seen: string[]): Promise<void> {
  for (;;) {
    await rig.settle()
    const [busy] = rig.targets.filter((target) => target.received !== '')
    if (busy === undefined) return
    const cuts = ALL_HABITS.map((habits) => cutRequests(busy.received, habits))
    const [first] = cuts
    for (const cut of cuts) assert.deepEqual(cut, first, 'readers of different habits agree')
    if (first === undefined || first.requests.length === 0) return
    for (const { line, body } of first.requests) {
      const [method, target] = line.split(' ')
      seen.push(`${method} ${target} ${body.length}`)
      busy.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    }
    busy.received = first.rest
  }
}

function textOf(send: RequestVector['send']): string {
  if (typeof send === 'string') return send
  return send.map((part) => (typeof part === 'string' ? part : part.text.repeat(part.times))).join('')
}
