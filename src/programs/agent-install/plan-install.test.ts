/** Installing, upgrading and uninstalling as the commands that one could type. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installLayout, LAUNCHER_TARGET } from './install-layout.ts'
import { formatInstallStep, type InstallStep } from './install-step.ts'
import {
  planInstall,
  planUninstall,
  planUpgrade,
  type Installed,
  type WantedInstall,
} from './plan-install.ts'

const layout = installLayout('/')
const NOTHING: Installed = { current: undefined, versions: [], unit: undefined, launcher: undefined }
const FIRST = { current: '1-a', versions: ['1-a'], unit: 'unit\n', launcher: LAUNCHER_TARGET }
const WANTED: WantedInstall = {
  version: '1-a',
  files: [{ from: '/new/bin', to: 'bin' }],
  unit: 'unit\n',
  start: true,
  systemd: true,
}
const SECOND = { ...WANTED, version: '2-b' }
const lines = (steps: readonly InstallStep[]): string[] =>
  steps.flatMap((step) => formatInstallStep(step).split('\n'))

test('planInstall() on a bare machine: copy, link, unit, enable and start', () => {
  assert.deepEqual(lines(planInstall(layout, NOTHING, WANTED)), [
    'install -d -m 0755 /etc/warren/plans',
    'cp -rLT /new/bin /usr/local/lib/warren/versions/1-a/bin',
    'chmod -R u=rwX,go=rX,a-s /usr/local/lib/warren/versions/1-a',
    'ln -sfnT versions/1-a /usr/local/lib/warren/current',
    'ln -sfnT ../lib/warren/current/bin/warren /usr/local/bin/warren',
    "cat > /etc/systemd/system/warren-agent.service <<'END'",
    'unit',
    'END',
    'chmod 0644 /etc/systemd/system/warren-agent.service',
    'systemctl daemon-reload',
    'systemctl enable --now warren-agent.service',
  ])
})

test('planInstall() goes on where an installation broke off, and over a whole one only enables', () => {
  const half = { ...NOTHING, versions: ['1-a'], current: '1-a' }
  assert.deepEqual(
    lines(planInstall(layout, half, WANTED))[1],
    'ln -sfnT ../lib/warren/current/bin/warren /usr/local/bin/warren',
  )
  assert.deepEqual(lines(planInstall(layout, FIRST, WANTED)), [
    'install -d -m 0755 /etc/warren/plans',
    'systemctl enable --now warren-agent.service',
  ])
})

test('planInstall() into a tree for another machine runs no systemctl', () => {
  const steps = planInstall(installLayout('/srv/image'), NOTHING, { ...WANTED, systemd: false })
  assert.deepEqual(
    lines(steps).filter((line) => line.startsWith('systemctl') || / \/(usr|etc)/.test(line)),
    [],
  )
})

test('planUpgrade() restarts the agent alone, goes back the same way, and keeps the version before', () => {
  const has = { ...FIRST, versions: ['0-z', '1-a'] }
  const plan = planUpgrade(layout, has, SECOND)
  assert.deepEqual(lines(plan?.forward ?? []), [
    'cp -rLT /new/bin /usr/local/lib/warren/versions/2-b/bin',
    'chmod -R u=rwX,go=rX,a-s /usr/local/lib/warren/versions/2-b',
    'ln -sfnT versions/2-b /usr/local/lib/warren/current',
    'systemctl restart warren-agent.service',
  ])
  assert.deepEqual(lines(plan?.back ?? []), [
    'ln -sfnT versions/1-a /usr/local/lib/warren/current',
    'systemctl restart warren-agent.service',
    'rm -rf /usr/local/lib/warren/versions/2-b',
  ])
  assert.deepEqual(lines(plan?.after ?? []), ['rm -rf /usr/local/lib/warren/versions/0-z'])
})

test('planUpgrade() with another unit writes it, and writes the old one back', () => {
  const plan = planUpgrade(layout, FIRST, { ...SECOND, unit: 'other\n' })
  assert.ok(lines(plan?.forward ?? []).includes('other'))
  assert.ok(lines(plan?.back ?? []).includes('unit'))
  for (const steps of [plan?.forward, plan?.back])
    assert.ok(lines(steps ?? []).includes('systemctl daemon-reload'))
})

test('planUpgrade() to what runs already is nothing', () => {
  assert.equal(planUpgrade(layout, FIRST, WANTED), undefined)
})

test('what is printed is one command whatever a folder is called', () => {
  const steps = planUninstall(installLayout('/srv/my image; x'), FIRST, {
    ...{ removeNetwork: false, purge: false, flags: [], systemd: false },
  })
  assert.ok(lines(steps).includes("rm -rf '/srv/my image; x/run/warren'"))
})

test('planUninstall() keeps network, plans and keys unless told otherwise', () => {
  const o = { removeNetwork: false, purge: false, flags: ['--node', 'a'], systemd: true }
  const kept = lines(planUninstall(layout, FIRST, o))
  assert.deepEqual(kept, [
    'systemctl disable --now warren-agent.service',
    'rm -rf /etc/systemd/system/warren-agent.service',
    'systemctl daemon-reload',
    'rm -rf /usr/local/bin/warren',
    'rm -rf /usr/local/lib/warren',
    'rm -rf /var/cache/warren',
    'rm -rf /run/warren',
  ])
  const all = lines(planUninstall(layout, FIRST, { ...o, removeNetwork: true, purge: true }))
  assert.deepEqual(
    all.filter((line) => !kept.includes(line)),
    [
      '/usr/local/bin/warren agent --node a --once --remove-on-exit --log-level error',
      'rm -rf /etc/warren',
      'rm -rf /var/lib/warren',
    ],
  )
  assert.ok(
    all.findIndex((line) => line.includes('--remove-on-exit')) < all.indexOf('rm -rf /usr/local/lib/warren'),
  )
})

test('planUninstall() leaves a launcher alone that is not ours', () => {
  const o = { removeNetwork: false, purge: false, flags: [], systemd: true }
  const steps = lines(planUninstall(layout, { ...FIRST, launcher: '/opt/other/warren' }, o))
  assert.ok(!steps.includes('rm -rf /usr/local/bin/warren'))
})
