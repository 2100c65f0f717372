/** Every option is used exactly when both ends asked for it, in each combination and both roles: RFC 7323, RFC 2018. */
import { test } from 'node:test'
import { parseScript } from './script/parse-script.ts'
import { runScenario } from './script/run-scenario.ts'

const YES_NO = [true, false]

/** Bits: SACK, timestamps, window scale. */
const words = (sack: boolean, stamps: boolean, scale: boolean, of: { ts: string; scale: string }): string =>
  [
    ...['mss 1460', ...(sack ? ['sackOK'] : []), ...(stamps ? [of.ts] : [])],
    ...(scale ? [of.scale] : []),
  ].join(', ')

const on = (yes: boolean): string => (yes ? 'on' : 'off')

for (const [role, lines] of [
  ['the one that opens', opens],
  ['the one that listens', listens],
] as const) {
  test(`${role} uses what both offer and nothing else, in all combinations`, () => {
    for (const ours of combinations()) for (const theirs of combinations()) run(lines(ours, theirs))
  })
}

type Offer = readonly [sack: boolean, stamps: boolean, scale: boolean]

function combinations(): Offer[] {
  return YES_NO.flatMap((sack) => YES_NO.flatMap((ts) => YES_NO.map((scale) => [sack, ts, scale] as const)))
}

function run(text: string): void {
  for (const scenario of parseScript(text)) runScenario(scenario, { file: `${text}\nline ` })
}

function settings([sack, stamps, scale]: Offer): string {
  return `settings sack=${on(sack)} timestamps=${on(stamps)} windowScaling=${on(scale)}`
}

function opens(ours: Offer, theirs: Offer): string {
  return `scenario opens
    ${settings(ours)}
    connect
    > S 0:0(0) <${words(...ours, { ts: 'ts * 0', scale: 'wscale *' })}>
    < S. 0:0(0) ack 1 win 4000 <${words(...theirs, { ts: 'ts 7 *', scale: 'wscale 3' })}>
    > . 1:1(0) ack 1 <${ours[1] && theirs[1] ? 'ts * 7' : 'none'}>
    ${afterwards(ours, theirs)}`
}

function listens(ours: Offer, theirs: Offer): string {
  const both = ours.map((yes, index) => yes && theirs[index]) as unknown as Offer
  return `scenario listens
    ${settings(ours)}
    listen
    < S 0:0(0) win 4000 <${words(...theirs, { ts: 'ts 7 0', scale: 'wscale 3' })}>
    > S. 0:0(0) ack 1 <${words(...both, { ts: 'ts * 7', scale: 'wscale *' })}>
    < . 1:1(0) ack 1 win 4000 <${both[1] ? 'ts 8 *' : 'none'}>
    ${afterwards(ours, theirs)}`
}

/** The window is scaled or not, a hole is told of or not, and every segment carries timestamps or none does. */
function afterwards(ours: Offer, theirs: Offer): string {
  const [sack, stamps, scale] = ours.map((yes, index) => yes && theirs[index])
  const answer = [...(stamps ? ['ts * *'] : []), ...(sack ? ['sack 101:201'] : [])].join(', ')
  return `< . 1:1(0) ack 1 win 1000 <${stamps ? 'ts 9 *' : 'none'}>
    expect info sendWindowBytes = ${scale ? 8000 : 1000}
    < . 101:201(100) ack 1 <${stamps ? 'ts 9 *' : 'none'}>
    > . 1:1(0) ack 1 <${answer || 'none'}>`
}
