/**
 * systemd-networkd beside what the agent makes, in a machine that booted systemd: what it takes away unless told
 * otherwise, and that the settings of docs/guides/coexistence.md are enough. The links are made by hand, so that no
 * agent repairs what networkd breaks.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { eventually } from '../../harness/eventually.ts'

/** Somebody's catch-all file, as many images have one. */
const CATCH_ALL = '[Match]\nName=*\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n'

const run = (line: string): string => {
  const [program = '', ...args] = line.split(' ')
  return execFileSync(program, args, { encoding: 'utf8' })
}

const ours = (): { address: boolean; route: boolean; rule: boolean } => ({
  address: run('ip address show dev wg7').includes('10.77.0.1/24'),
  route: run('ip route show proto 87').includes('10.99.0.0/16'),
  rule: run('ip rule show').includes('lookup 87'),
})

const makeOurs = (): void => {
  for (const line of [
    'link add wg7 type wireguard',
    'address add 10.77.0.1/24 dev wg7',
    'link set wg7 up',
    'route add 10.99.0.0/16 dev wg7 proto 87',
    'rule add fwmark 7 lookup 87 pref 87 protocol 87',
  ])
    run(`ip ${line}`)
}

/** Its socket listens to netlink and would start it again at the next change. */
const stopNetworkd = (): void => {
  run('systemctl stop systemd-networkd.socket systemd-networkd.service')
}

/** The texts of the guide: what is between the command that names the file and its end. */
const fromGuide = (file: string): string => {
  const guide = readFileSync('docs/guides/coexistence.md', 'utf8')
  return (
    guide.split(`cat > ${file} <<'END'\n`)[1]?.split('END\n')[0] ?? assert.fail(`${file} is not in the guide`)
  )
}

const networkdSees = (state: string) => () => {
  const line = run('networkctl list --no-legend --no-pager')
    .split('\n')
    .find((l) => / wg7 /.test(l))
  return line?.trim().endsWith(state)
}

test('systemd-networkd with a file for every link takes our addresses, routes and rules away', async () => {
  for (const unit of ['systemd-udevd.service', 'systemd-udevd-kernel.socket', 'systemd-udevd-control.socket'])
    run(`systemctl unmask ${unit}`)
  run('systemctl unmask systemd-networkd.service')
  run('systemctl start systemd-udevd.service')
  makeOurs()
  mkdirSync('/etc/systemd/network', { recursive: true })
  writeFileSync('/etc/systemd/network/80-all.network', CATCH_ALL)
  run('systemctl start systemd-networkd.service')
  await eventually(() => Object.values(ours()).every((there) => !there), {
    what: 'networkd takes them away',
    timeoutMs: 20_000,
  })
})

test('with the settings of the guide, systemd-networkd leaves our links, routes and rules alone', async () => {
  stopNetworkd()
  run('ip link delete wg7')
  makeOurs()
  mkdirSync('/etc/systemd/networkd.conf.d', { recursive: true })
  for (const file of ['/etc/systemd/networkd.conf.d/warren.conf', '/etc/systemd/network/05-warren.network'])
    writeFileSync(file, fromGuide(file))
  run('systemctl start systemd-networkd.service')
  const looked = { what: 'networkd has looked at wg7', timeoutMs: 20_000 }
  await eventually(networkdSees('unmanaged'), looked).catch((error: unknown) => {
    const journal = run('journalctl --no-pager --lines=30 --unit=systemd-networkd.service')
    throw new Error(`${run('networkctl list --no-pager')}${journal}`, { cause: error })
  })
  assert.deepEqual(ours(), { address: true, route: true, rule: true })
  stopNetworkd()
})
