/** `--nat`, `--rate` and `--delay` as a user writes them. */
import type { LineQuality, NatBehaviour, NatDependence } from '../../lab/index.ts'
import type { Problem } from '../../model/index.ts'
import { BadInput } from '../exit.ts'

const DEPENDENCES: readonly NatDependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
]

/** `home-a=endpoint-independent/address-dependent`. */
export function parseNats(texts: readonly string[]): (readonly [string, NatBehaviour])[] {
  return texts.map((text) => {
    const [site = '', behaviour = ''] = text.split('=')
    const [mapping, filtering] = behaviour
      .split('/')
      .map((word) => DEPENDENCES.find((known) => known === word))
    if (site === '' || mapping === undefined || filtering === undefined) {
      throw refuse(
        '--nat',
        `${text} is not SITE=MAPPING/FILTERING`,
        `Each is one of ${DEPENDENCES.join(', ')}.`,
      )
    }
    return [site, { mapping, filtering }] as const
  })
}

const RATE_UNITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 }
const TIME_UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3 }

export function parseLine(o: { rate?: string; delay?: string }): LineQuality {
  return {
    ...(o.rate === undefined ? {} : { rateBitsPerSecond: quantity('--rate', o.rate, RATE_UNITS) }),
    ...(o.delay === undefined ? {} : { delayMs: quantity('--delay', o.delay, TIME_UNITS) }),
  }
}

function quantity(flag: string, text: string, units: Readonly<Record<string, number>>): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text)
  const factor = units[match?.[2] ?? '']
  if (match === null || factor === undefined) {
    throw refuse(
      flag,
      `${text} is no quantity`,
      `Write a number and one of ${Object.keys(units).join(', ')}.`,
    )
  }
  return Number(match[1]) * factor
}

function refuse(path: string, message: string, hint: string): BadInput {
  const problem: Problem = { code: 'InvalidArgument', path, message, hint }
  return new BadInput([problem])
}
