/** What people are told of a plan that wg-quick cannot make whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects } from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { whatWgQuickLacks } from './what-is-missing.ts'

const HEAD = 'apiVersion: warren.dev/v1alpha1\n'
const lackOf = (text: string): string => {
  const { objects, problems } = parseObjects(text, { file: 'x.yaml' })
  assert.deepEqual(problems, [])
  return whatWgQuickLacks([...plan(objects, { networks: {} }).intents.values()])
}

test('links of other kinds and interfaces in containers are named', () => {
  const wireguard = `${HEAD}kind: WireGuardInterface\nmetadata: { name: w }\nspec: { node: a, interfaceName: wg0`
  const bridge = `---\n${HEAD}kind: NetlinkInterface\nmetadata: { name: br0 }\nspec: { node: a, type: bridge }\n`
  assert.equal(lackOf(`${wireguard} }\n`), '')
  assert.equal(
    lackOf(`${wireguard}, container: { pid: 7 } }\n${bridge}`),
    'Left out, since wg-quick makes WireGuard only: a/br0.\nMade on the machine itself, since wg-quick knows no containers: a/wg0.\n',
  )
})
