/**
 * The documents keep their promises: links lead somewhere, files they name exist, and nothing in the repository
 * speaks of a place that only one machine has.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { anchorsOf, documents, linksOf, pathsNamedIn } from './harness/documents.ts'

const files = documents()

test('every link inside the documents leads to a file, and to a heading where it names one', () => {
  const dead = files.flatMap(linksOf).filter(({ file, target }) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const to = path === '' ? file : normalize(join(dirname(file), path))
    if (!existsSync(to)) return true
    return anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).has(anchor)
  })
  assert.deepEqual(
    dead.map(({ file, target }) => `${file} → ${target}`),
    [],
  )
})

test('every path that the documents name in code exists', () => {
  const named = files.flatMap((file) => pathsNamedIn(file).map((path) => ({ file, path })))
  const missing = named.filter(({ path }) => !existsSync(path))
  assert.deepEqual(
    missing.map(({ file, path }) => `${file}: ${path}`),
    [],
  )
})

test('every guide, decision and reference page is named by another document', () => {
  const links = files
    .flatMap(linksOf)
    .map(({ file, target }) => join(dirname(file), target.split('#')[0] ?? ''))
  const linked = new Set([...links.map(normalize), ...files.flatMap(pathsNamedIn)])
  const folders = [...linked].filter((path) => existsSync(path) && statSync(path).isDirectory())
  const orphans = files
    .filter((file) => file.startsWith('docs/'))
    .filter((file) => !linked.has(file) && !folders.some((folder) => file.startsWith(join(folder, '/'))))
  assert.deepEqual(orphans, [])
})

test('nothing in the repository names a private path', () => {
  // The escapes keep this file from finding itself.
  const privatePlaces = /\/work\/(?:main|shared)|\/tmp\/w\//
  const patterns = ['*', '{src,test,scripts,bench,docs,examples,bin,.ci}/**/*']
  const all = patterns.flatMap((pattern) => globSync(pattern)).filter((file) => statSync(file).isFile())
  assert.deepEqual(
    all.filter((file) => privatePlaces.test(readFileSync(file, 'latin1'))),
    [],
  )
})
