/** What a truthful server of the DNS says to a query as bytes: names to addresses, everything else does not exist. */
import { decodeMessage } from '../../src/protocols/dns/message.ts'
import { dnsMessage, type SlowRecord } from '../models/dns-messages.ts'

export type Zone = Readonly<Record<string, readonly string[]>>

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' }
/** RFC 1035 §2.3.4, without EDNS: what is longer is truncated over UDP. */
const MAX_UDP_BYTES = 512
const [RESPONSE, TRUNCATED, NO_SUCH_NAME] = [0x8180, 0x0200, 3]

export function answerDns(zone: Zone, query: Uint8Array, o: { overTcp: boolean }): Buffer | undefined {
  const message = decodeMessage(query)
  const question = message?.questions[0]
  if (message === undefined || question === undefined) return undefined
  const name = question.name.toLowerCase().replace(/\.$/, '')
  const type = TYPES[question.type]
  const found = (zone[name] ?? []).filter((address) => address.includes(':') === (type === 'AAAA'))
  const answers = type === undefined ? [] : found.map((data): SlowRecord => ({ name, type, ttl: 60, data }))
  const authorities: SlowRecord[] =
    found.length > 0 ? [] : [{ name: 'internal', type: 'SOA', ttl: 60, data: '30' }]
  const flags = RESPONSE | (zone[name] === undefined ? NO_SUCH_NAME : 0)
  const whole = dnsMessage({ id: message.id, flags, question, answers, authorities })
  if (o.overTcp || whole.length <= MAX_UDP_BYTES) return whole
  return dnsMessage({ id: message.id, flags: flags | TRUNCATED, question, answers: [] })
}
