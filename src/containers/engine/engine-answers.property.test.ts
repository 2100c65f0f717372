/** What an engine says is a stranger's JSON: read or refused, never thrown over, however it is cut or bent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readEvent, readInspected, readMessage } from './engine-answers.ts'
import { jsonLines, LineTooLong } from './json-lines.ts'

const ID = '629aa6c999ca18999452854c04e39ea00f94b3ac30e98413d7bb80946bb1aa57'
const inspected = (state: object): unknown => ({
  Id: ID,
  Name: '/web',
  State: { Running: true, Pid: 7, ...state },
})

test('any JSON is an answer or undefined', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      readInspected(json)
      readEvent(json)
      readMessage(json)
    }),
  )
})

test('an inspection bent in one place is refused or still a pid and an id', () => {
  const places = fc.constantFrom('Id', 'Running', 'Pid', 'Status')
  fc.assert(
    fc.property(places, fc.jsonValue(), (place, value) => {
      const json =
        place === 'Id' ? { ...(inspected({}) as object), Id: value } : inspected({ [place]: value })
      const read = readInspected(json)
      if (read === undefined) return
      assert.ok(Number.isSafeInteger(read.pid) && read.pid >= 0)
      assert.match(read.id, /^[0-9a-f]+$/)
    }),
  )
})

test('readInspected() takes what docker and podman say', () => {
  const want = { id: ID, name: 'web', running: true, status: 'paused', pid: 7 }
  assert.deepEqual(readInspected(inspected({ Status: 'paused', Paused: true })), want)
  for (const pid of [-1, 1.5, '7', null, Number.MAX_VALUE])
    assert.equal(readInspected(inspected({ Pid: pid })), undefined)
})

test('readEvent() knows both names of a renaming, and leaves out what changes nothing', () => {
  const event = (Action: string, Attributes: object): unknown => ({
    ...{ Type: 'container', Action },
    Actor: { ID, Attributes },
  })
  const renamed = readEvent(event('rename', { name: 'other', oldName: '/web' }))
  assert.deepEqual(renamed, { ids: [ID], names: ['other', 'web'] })
  assert.deepEqual(readEvent(event('died', { name: 'web' })), { ids: [ID], names: ['web'] })
  for (const action of ['exec_create: /bin/sh', 'health_status: healthy', 'top', 'attach'])
    assert.equal(readEvent(event(action, {})), undefined, action)
  assert.equal(readEvent({ ...(event('start', {}) as object), Type: 'network' }), undefined)
})

test('jsonLines() puts lines together however they are cut, and leaves out what is no JSON', async () => {
  const values = fc.array(fc.oneof(fc.jsonValue(), fc.constant('not json')), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(values, fc.integer({ min: 1, max: 9 }), async (given, size) => {
      const text = given.map((value) => `${value === 'not json' ? '{' : JSON.stringify(value)}\n`).join('')
      const read = await collect(jsonLines(cut(text, size), { limitBytes: 1 << 20 }))
      const want = given.filter((value) => value !== 'not json')
      assert.deepEqual(read, JSON.parse(JSON.stringify(want)))
    }),
  )
})

test('jsonLines() ends at a line that is too long, finished or not', async () => {
  for (const text of ['1\n"aaaaaaaaaaaa"\n', '1\n"aaaaaaaaaaaaaaaaaaaaaaa'])
    await assert.rejects(collect(jsonLines(cut(text, 3), { limitBytes: 8 })), LineTooLong)
})

async function* cut(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

async function collect(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const value of values) all.push(value)
  return all
}
