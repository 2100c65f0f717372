/** Where labs are noted outside: never a folder that somebody else could have filled. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { LabRefusal } from '../topology/lab-refusal.ts'
import {
  isAlive,
  labNames,
  type LabState,
  makeLabFolder,
  readLabState,
  refuseForeign,
  removeLabFolder,
  writeLabState,
} from './lab-folder.ts'
import { startTimeOf } from './keeper.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warren-lab-folder-'))
  process.env['WARREN_LAB_RUN'] = folder
})
afterEach(() => {
  delete process.env['WARREN_LAB_RUN']
  rmSync(folder, { recursive: true, force: true })
})

function stateOf(pid: number): LabState {
  const machine = { name: 'phy01', role: 'host', site: undefined, addresses: [], pid: 7 }
  const startTime = startTimeOf(pid) ?? ''
  return { name: 'x', file: 'x.yaml', pid, startTime, startedAt: '', machines: [machine] }
}

test('a lab is noted in a folder of its own that nobody else enters, and is gone with it', () => {
  const own = makeLabFolder('x')
  assert.equal(statSync(own).mode & 0o777, 0o700)
  writeLabState(stateOf(process.pid))
  assert.equal(readLabState('x')?.machines[0]?.name, 'phy01')
  assert.deepEqual(labNames(), ['x'])
  removeLabFolder('x')
  assert.deepEqual(labNames(), [])
})

test('two labs of one name are one too many', () => {
  makeLabFolder('x')
  assert.throws(() => makeLabFolder('x'), { code: 'EEXIST' })
})

test('a folder that others may enter is refused: they could have put anything there', () => {
  chmodSync(folder, 0o755)
  assert.throws(() => makeLabFolder('x'), LabRefusal)
})

test('a lab whose process number belongs to somebody else by now is not alive', () => {
  const state = stateOf(process.pid)
  assert.equal(isAlive(state), true)
  assert.equal(isAlive({ ...state, startTime: '1' }), false)
})

test('a note that is not finished is none', () => {
  makeLabFolder('x')
  assert.equal(readLabState('x'), undefined)
})

test('a folder of labs that somebody else made or may write to, or that is a link, is refused', () => {
  const labs = join(folder, 'labs')
  refuseForeign(labs)
  mkdirSync(labs, { mode: 0o700 })
  refuseForeign(labs)
  chmodSync(labs, 0o777)
  assert.throws(() => refuseForeign(labs), /somebody else/)
  chmodSync(labs, 0o700)
  symlinkSync(labs, join(folder, 'link'))
  writeFileSync(join(folder, 'file'), '')
  for (const other of ['link', 'file']) {
    assert.throws(() => refuseForeign(join(folder, other)), /somebody else/)
  }
  if (process.getuid?.() !== 0) return
  chownSync(labs, 65534, 65534)
  assert.throws(() => refuseForeign(labs), /somebody else/)
})
