/**
 * docs/acceptance.md names, for each row of what the project promises, the tests that show it. This reads the page
 * and fails unless they exist; at the end of a whole run scripts/test.ts runs it again with WARREN_TEST_RESULTS, and
 * then each of them must have passed in that very run, on this kernel or in the VM, but for those that are left to
 * `--all`. Only where it is not CI, a row whose tests had to be skipped is itself skipped.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestResult } from '../scripts/testing/results.ts'
import { LEFT_TO_ALL } from '../scripts/vm/kernels.ts'
import { importsOf } from './harness/source-files.ts'
import { parseAcceptanceRows, type Evidence } from './harness/acceptance-rows.ts'

const PROMISED = [
  ...[
    'GC-01',
    'GC-02',
    'GC-03',
    'GC-04',
    'GC-05',
    'GC-06',
    'GC-07',
    'GC-08',
    'GC-09',
    'GC-10',
    'GC-11',
    'GC-12',
    'GC-13',
    'GC-15',
    'GC-16',
    'GC-17',
    'GC-19',
    'GC-20',
  ],
  ...[
    'GL-01',
    'GL-02',
    'GL-03',
    'GL-04',
    'GL-05',
    'GL-06',
    'GL-07',
    'GL-08',
    'GL-09',
    'BS-01',
    'BS-02',
    'BS-08',
    'HC-01',
  ],
]

const rows = parseAcceptanceRows(readFileSync('docs/acceptance.md', 'utf8'))
/** A plain user's machine cannot run every test; one that claims to must not skip what a row rests on. */
const EVERYTHING_RUNS = process.env['CI'] === 'true'
const resultsPath = process.env['WARREN_TEST_RESULTS']

if (resultsPath === undefined) {
  test('every promised row of docs/acceptance.md names a test', () => {
    const shown = rows.filter((row) => row.evidence.length > 0).map((row) => row.id)
    assert.deepEqual(
      PROMISED.filter((id) => !shown.includes(id)),
      [],
    )
  })

  for (const { id, evidence } of rows) {
    test(`${id}: the tests that docs/acceptance.md names exist`, () => {
      assert.deepEqual(evidence.filter((one) => !isWritten(one)).map(describe), [])
    })
  }
} else {
  const results = JSON.parse(readFileSync(resultsPath, 'utf8')) as readonly TestResult[]
  for (const { id, evidence } of rows) {
    test(`${id}: the tests that docs/acceptance.md names passed in this run`, (t) => {
      const wrong = evidence
        .map((one) => ({ one, how: outcomeOf(one, results) }))
        .filter((o) => o.how !== 'passed' && o.how !== `skipped ${LEFT_TO_ALL}`)
      if (!EVERYTHING_RUNS && wrong.length > 0 && wrong.every(({ how }) => how.startsWith('skipped'))) {
        t.skip(`${wrong.length} of its tests could not run here`)
        return
      }
      assert.deepEqual(
        wrong.map(({ one, how }) => `${describe(one)}: ${how}`),
        [],
      )
    })
  }
}

/**
 * The name may be written with a part that is filled in at run time: then its constant pieces must be there. A suite
 * that several files share is written where they import it from.
 */
function isWritten({ file, name }: Evidence): boolean {
  if (!existsSync(file)) return false
  const shared = importsOf(file).flatMap(({ path }) => (path?.startsWith('test/') ? [path] : []))
  const text = [file, ...shared].map((path) => readFileSync(path, 'utf8').replaceAll(`\\'`, `'`)).join('\n')
  const own = name.split(' > ').at(-1) ?? name
  return text.includes(own) || templatesOf(text).some((template) => template.test(own))
}

function templatesOf(text: string): RegExp[] {
  return [...text.matchAll(/\b(?:test|it|suite|describe)\(\s*`([^`]+)`/g)].map(([, template = '']) => {
    const pieces = template.split(/\$\{[^}]*\}/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${pieces.join('.*')}$`)
  })
}

function outcomeOf({ file, name }: Evidence, results: readonly TestResult[]): string {
  const found = results.filter(
    (result) => result.file === file && (result.name === name || result.name.endsWith(` > ${name}`)),
  )
  if (found.length === 0) return 'did not run'
  const bad = found.find((result) => result.status !== 'passed')
  return bad === undefined ? 'passed' : `${bad.status} ${bad.reason ?? ''}`.trim()
}

function describe({ file, name }: Evidence): string {
  return `${file}: ${name}`
}
