/** Forwarding: for our own interfaces only, and the whole host only with consent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commands, host, node, wg } from './samples.ts'
import { needsIpv6Consent, sysctlsOf } from './sysctl-steps.ts'

const relay = node(wg({ forwards: { inet: true, inet6: true } }))
const SWITCH = { 'net/ipv6/conf/all/force_forwarding': '0' }
const V4 = { 'net/ipv4/conf/wg0/forwarding': '1' }

test('a relay forwards on its own interface', () => {
  assert.deepEqual(commands(relay, host({ sysctls: SWITCH })), [
    'sysctl -w net.ipv4.conf.wg0.forwarding=1',
    'sysctl -w net.ipv6.conf.wg0.force_forwarding=1',
  ])
})

test('without the switch per interface IPv6 forwards only with consent', () => {
  const sysctls = { ...V4, 'net/ipv6/conf/all/forwarding': '0', 'net/ipv6/conf/eth0/accept_ra': '1' }
  const observed = host({ sysctls })
  assert.deepEqual(commands(relay, observed), [])
  assert.equal(needsIpv6Consent(wg({ forwards: { inet: true, inet6: true } }), observed), true)
  assert.deepEqual(commands(relay, observed, { ipv6Consent: true }), [
    'sysctl -w net.ipv6.conf.eth0.accept_ra=2',
    'sysctl -w net.ipv6.conf.all.forwarding=1',
  ])
})

test('router advertisements that are off or already kept are not touched', () => {
  const sysctls = {
    ...V4,
    'net/ipv6/conf/all/forwarding': '0',
    'net/ipv6/conf/eth0/accept_ra': '0',
    'net/ipv6/conf/eth1/accept_ra': '2',
  }
  assert.deepEqual(commands(relay, host({ sysctls }), { ipv6Consent: true }), [
    'sysctl -w net.ipv6.conf.all.forwarding=1',
  ])
})

test('a node that relays no longer stops, unless the whole host forwards by its own choice', () => {
  const off = { ...V4, 'net/ipv4/conf/all/forwarding': '0' }
  const on = { ...V4, 'net/ipv4/conf/all/forwarding': '1' }
  assert.deepEqual(commands(node(wg()), host({ sysctls: off })), ['sysctl -w net.ipv4.conf.wg0.forwarding=0'])
  assert.deepEqual(commands(node(wg()), host({ sysctls: on })), [])
})

test('a name with a dot is written with slashes', () => {
  const dotted = wg({ name: 'wg.7', forwards: { inet: true, inet6: false } })
  assert.ok(commands(node(dotted), host({ links: [] })).includes('sysctl -w net/ipv4/conf/wg.7/forwarding=1'))
})

test('only what a decision needs is read', () => {
  assert.deepEqual(sysctlsOf([], [{ name: 'eth0' }]), [])
  assert.ok(!sysctlsOf([wg()], [{ name: 'eth0' }]).some((p) => p.includes('eth0')))
})
