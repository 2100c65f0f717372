/** Tables → transactions: their order, and one rule down to its bytes (layout of <linux/netfilter/nf_tables.h>). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MessageWriter } from '../netlink/message-writer.ts'
import { writeAttributes } from './attribute.ts'
import { accept, destinationPort } from './clause.ts'
import * as n from './numbers.ts'
import { replaceTable, type Table } from './ruleset.ts'

const TABLE: Table = {
  family: 'inet',
  name: 't',
  sets: [{ name: 's', key: ['ipv4_addr', 'inet_service'], value: ['inet_service'], size: 8 }],
  chains: [
    {
      name: 'c',
      type: 'filter',
      hook: 'input',
      priority: -5,
      policy: 'drop',
      rules: [[destinationPort('udp', 51820), accept()]],
    },
  ],
}

function bytesOf(index: number): string {
  const writer = new MessageWriter()
  writeAttributes(writer, replaceTable(TABLE)[index]?.attributes ?? [])
  return Buffer.from(writer.bytes).toString('hex')
}

test('a table is made, deleted and made again, so that replacing works whether it was there or not', () => {
  assert.deepEqual(
    replaceTable(TABLE).map((request) => request.message),
    [
      n.NFT_MSG_NEWTABLE,
      n.NFT_MSG_DELTABLE,
      n.NFT_MSG_NEWTABLE,
      n.NFT_MSG_NEWSET,
      n.NFT_MSG_NEWCHAIN,
      n.NFT_MSG_NEWRULE,
    ],
  )
})

test('a map has the types of a concatenation six bits a part, and each part as wide as a register', () => {
  const hex = bytesOf(3)
  assert.ok(hex.includes('0800030000000028'), 'flags: map, filled by rules')
  assert.ok(hex.includes('08000400000001cd'), 'key type: 7 << 6 | 13')
  assert.ok(hex.includes('0800050000000008'), 'key length')
  assert.ok(hex.includes('0800070000000002'), 'data length')
})

test('a priority below zero is a big-endian two’s complement', () => {
  assert.ok(bytesOf(4).includes('08000200fffffffb'))
})

test('a rule is the list of its expressions, ports in network order', () => {
  const hex = bytesOf(5)
  const at = ['meta', 'cmp', 'payload', 'cmp', 'immediate'].map((name) =>
    Buffer.from(`${name}\0`).toString('hex'),
  )
  const places = at.reduce<number[]>(
    (found, name) => [...found, hex.indexOf(name, (found.at(-1) ?? -1) + 1)],
    [],
  )
  assert.ok(
    places.every((place, index) => place > (places[index - 1] ?? 0)),
    'in this order',
  )
  assert.ok(hex.includes('06000100ca6c'), '51820 as a value of two bytes')
})
