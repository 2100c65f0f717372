/**
 * What servers of the DNS may send: messages, what follows from them for a question, and names in both spellings.
 */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { isAnswerTo, judge } from '../../../src/protocols/dns/judge-answer.ts'
import { decodeMessage } from '../../../src/protocols/dns/message.ts'
import { decodeName, encodeName } from '../../../src/protocols/dns/name.ts'
import { TcpMessageReader } from '../../../src/protocols/dns/tcp-framing.ts'
import { dnsMessage, type SlowMessage, wireName } from '../../models/dns-messages.ts'
import type { FuzzTarget } from '../target.ts'

const ASKED = { id: 0x1234, name: 'www.example', type: 1, class: 1, edns: true }
const question = { name: 'www.example', type: 1 }
const answer = (change: Partial<SlowMessage>): Buffer =>
  dnsMessage({ id: 0x1234, flags: 0x8180, question, compress: true, ...change })
const soa = { name: 'example', type: 'SOA', ttl: 60, data: '30' } as const

const MESSAGES = [
  answer({ answers: [{ name: 'www.example', type: 'A', data: '10.0.0.1' }] }),
  answer({
    answers: [
      { name: 'www.example', type: 'CNAME', data: 'cdn.example' },
      { name: 'cdn.example', type: 'A', data: '10.0.0.2' },
    ],
    additional: [{ name: '', type: 'OPT', data: '0' }],
  }),
  answer({ answers: [{ name: 'www.example', type: 'CNAME', data: 'other.example' }] }),
  answer({ answers: [{ name: 'www.example', type: 'CNAME', data: 'www.example' }] }),
  answer({ flags: 0x8183, authorities: [soa] }),
  answer({ authorities: [soa] }),
  answer({ flags: 0x8182 }),
  answer({ flags: 0x8181, question: undefined }),
  answer({ flags: 0x8380 }),
  answer({ additional: [{ name: '', type: 'OPT', data: '1' }] }),
  dnsMessage({ id: 0x1234, flags: 0x0100, question }),
]

export const dnsTargets: readonly FuzzTarget[] = [
  {
    name: 'dns-answer',
    kind: 'bytes',
    seeds: () => MESSAGES,
    run(input) {
      const message = decodeMessage(input)
      if (message === undefined) return 'no message'
      assert.ok(
        message.questions.length * 5 + message.answers.length * 11 <= input.length,
        'more than there is',
      )
      if (!isAnswerTo(message, ASKED, false)) return 'somebody else’s'
      const verdict = judge(message, ASKED)
      if (verdict.kind === 'addresses') {
        assert.ok(verdict.addresses.length > 0 && verdict.addresses.every((address) => isIP(address) === 4))
        assert.ok(verdict.ttlSeconds >= 0 && verdict.ttlSeconds <= 0x7fff_ffff)
      }
      if (verdict.kind === 'alias')
        assert.ok(encodeName(verdict.target), 'an alias that can not be asked for')
      return message.isTruncated ? `${verdict.kind}, cut` : verdict.kind
    },
  },
  {
    name: 'dns-name',
    kind: 'bytes',
    seeds: () => [wireName('www.example'), wireName(''), Buffer.from([1, 0x5c, 3, 0x2e, 0x20, 0xff, 0])],
    run(input) {
      const decoded = decodeName(input, 0)
      if (decoded === undefined) return 'no name'
      assert.ok(decoded.end > 0 && decoded.end <= input.length)
      const wire = encodeName(decoded.name)
      assert.ok(wire, 'a name that can not be written')
      assert.equal(decodeName(wire, 0)?.name, decoded.name)
      return `${Math.min(decoded.name.split('.').length, 5)} labels`
    },
  },
  {
    name: 'dns-over-tcp',
    kind: 'bytes',
    seeds: () =>
      MESSAGES.slice(0, 2).map((message) => Buffer.concat([Buffer.from([0, message.length]), message])),
    run(input) {
      const reader = new TcpMessageReader()
      let messages = 0
      let bytes = 0
      for (let at = 0, size = 1; at < input.length; size = (size % 7) + 1) {
        const taken = reader.push(input.subarray(at, at + size))
        at += taken
        const message = reader.take()
        assert.ok(taken > 0 || message !== undefined, 'it goes round for ever')
        if (message === undefined) continue
        messages += 1
        bytes += message.length + 2
      }
      assert.ok(bytes <= input.length)
      return messages === 0 ? 'none' : messages === 1 ? 'one' : 'many'
    },
  },
]
