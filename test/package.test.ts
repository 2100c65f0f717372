/**
 * What the package promises before any code runs: exact versions, a lock file that serves both machines we support,
 * and scripts that name files that exist.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version: string
        readonly integrity?: string
        readonly os?: string[]
        readonly cpu?: string[]
      }
    >
  >
}

test('every dependency has an exact version, and the lock file agrees', () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }
  for (const [name, version] of Object.entries(all)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name)
    assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
  }
})

test('the lock file pins by its hash each package that Debian installs', () => {
  const loose = Object.entries(lock.packages)
    .filter(([path, { os = ['linux'], cpu = ['x64'] }]) => path !== '' && os.includes('linux') && isOurs(cpu))
    .filter(([path, { integrity }]) => !path.endsWith('-musl') && !integrity)
  assert.deepEqual(
    loose.map(([path]) => path),
    [],
  )
})

test('the lock file has the runtime and the native code for x64 and arm64', () => {
  for (const architecture of ['x64', 'arm64']) {
    for (const name of [`node-linux-${architecture}`, `@koromix/koffi-linux-${architecture}`]) {
      assert.ok(lock.packages[`node_modules/${name}`], name)
    }
  }
})

test('every file that an npm script names exists', () => {
  const named = Object.values(manifest.scripts).flatMap(
    (line) => line.match(/[\w./-]+\.(?:ts|sh|json)\b/g) ?? [],
  )
  assert.deepEqual(
    named.filter((path) => !existsSync(path)),
    [],
  )
})

function isOurs(cpu: readonly string[]): boolean {
  return cpu.includes('x64') || cpu.includes('arm64')
}
