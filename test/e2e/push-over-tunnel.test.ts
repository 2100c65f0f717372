/**
 * A plan pushed over the very tunnel that it breaks, over Debian's own ssh and sshd: it comes back by itself, and the
 * machine is reachable again where it was. One that breaks nothing is confirmed at once; one that could, and is not to
 * be confirmed, is refused by the node.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { SSH_LAB_NEEDS, sshLab } from './ssh-lab.ts'

const plan = (vps: string): string => `apiVersion: warren.dev/v1alpha1
kind: WireGuardNetworkPlan
metadata: { name: first }
spec:
  cidrs: [10.77.0.0/24]
  hubs: [vps]
  interface: { name: wg0 }
  nodes:
    - { name: vps, endpoint: "203.0.113.10:51820", addresses: [${vps}] }
    - { name: nas, site: home, localEndpoint: 192.168.1.20, addresses: [10.77.0.3] }
    - { name: desk, site: home, localEndpoint: 192.168.1.21, addresses: [10.77.0.2] }
`
/** Nobody who calls vps by its address finds it any more. */
const MISTYPED = plan('10.77.0.11')
const OVER_TUNNEL = `--via 'ssh -o ConnectTimeout=5 root@{node}.wg'`

test('a plan pushed over the tunnel that it breaks comes back by itself', SSH_LAB_NEEDS, async (t) => {
  const { run } = await sshLab(
    t,
    new Map([
      ['first.yaml', plan('10.77.0.1')],
      ['mistyped.yaml', MISTYPED],
    ]),
  )
  const desk = async (command: string): Promise<string> => (await run('desk', command)).output
  const succeeds = async (command: string): Promise<boolean> => (await run('desk', command)).status === 0
  const planOf = (node: string): Promise<string> => desk(`ssh root@${node} cat /etc/warren/plans/first.yaml`)

  const first = await run('desk', `warren push first.yaml --via 'ssh root@{node}'`)
  assert.equal(first.status, 0, first.output)
  assert.match(first.output, /ok vps: converged, confirmed/)
  await eventually(() => succeeds('ssh -o ConnectTimeout=5 root@vps.wg true'), { timeoutMs: 60_000 })

  await t.test('a plan that breaks nothing is confirmed over the tunnel', async () => {
    await run('desk', `sed -i 's/name: nas,/name: nas, labels: { kind: disk },/' first.yaml`)
    const { status, output } = await run('desk', `warren push first.yaml ${OVER_TUNNEL}`)
    assert.equal(status, 0, output)
    assert.match(output, /ok vps: converged, confirmed/)
    assert.match(
      await desk(`ssh root@vps.wg warren confirm`),
      /no change waits to be confirmed on this machine/,
    )
  })
  const good = await planOf('vps')

  await t.test('one that does is taken back everywhere, and the tunnel is as it was', async () => {
    const command = `cp first.lock.yaml mistyped.lock.yaml && warren push mistyped.yaml --name first ${OVER_TUNNEL}`
    const { status, output } = await run('desk', `${command} --confirm-within 20s --timeout 30`)
    assert.equal(status, 1, output)
    assert.match(output, /failed vps: took the plan back: nobody confirmed it within 20 s/)
    assert.match(output, /0 of 3 nodes have the plan; taken back: vps, /)
    await eventually(() => succeeds('ssh -o ConnectTimeout=5 root@vps.wg true'), { timeoutMs: 60_000 })
    for (const node of ['vps', 'nas', 'desk'])
      await eventually(async () => !(await planOf(node)).includes('10.77.0.11'), {
        timeoutMs: 60_000,
        what: node,
      })
    assert.equal(await planOf('vps'), good)
    assert.match(
      await desk('ssh root@vps.wg warren node status'),
      /taken back: .* nobody confirmed it within 20 s/,
    )
  })

  await t.test(
    'also when the agent is killed while it waits, by the one that is started after it',
    async () => {
      const pushing = run(
        'desk',
        `warren push mistyped.yaml --name first ${OVER_TUNNEL} --confirm-within 20s --timeout 30`,
      )
      const status = async (): Promise<string> => (await run('vps', 'warren node status')).output
      await eventually(async () => (await status()).includes('nobody has confirmed it yet'), {
        timeoutMs: 60_000,
      })
      await run('vps', `kill -9 $(sed -n 's/.*"pid":\\([0-9]*\\),.*/\\1/p' /run/warren/agent.json)`)
      assert.match(await status(), /No agent runs on this machine/)
      await run('vps', '(setsid warren agent > /dev/null 2>&1 < /dev/null &)')
      const { output } = await pushing
      assert.match(output, /failed vps: took the plan back/)
      await eventually(() => succeeds('ssh -o ConnectTimeout=5 root@vps.wg true'), { timeoutMs: 60_000 })
      assert.equal(await planOf('vps'), good)
    },
  )

  await t.test('one that is not to be confirmed is refused by the node that it would cut off', async () => {
    const { status, output } = await run(
      'desk',
      `warren push mistyped.yaml --name first ${OVER_TUNNEL} --no-confirm`,
    )
    assert.equal(status, 1, output)
    assert.match(
      output,
      /failed vps: refuses the plan: .*could cut this machine off from 10\.77\.0\.2: it is reached through wg0/,
    )
    assert.ok(await succeeds('ssh -o ConnectTimeout=5 root@vps.wg true'))
  })

  await t.test('and the plan before is pushed again over the same way', async () => {
    const { status, output } = await run('desk', `warren push first.yaml ${OVER_TUNNEL}`)
    assert.equal(status, 0, output)
  })
})
