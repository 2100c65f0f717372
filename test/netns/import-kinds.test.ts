/** `warren import` of the other kinds. Alone in its file, because where it has to run, in the VM, time is dear. */
import { importTest } from './import-suite.ts'

const OTHERS = `
ip link add d0 type dummy
ip link set d0 mtu 9000 up
ip link add link d0 name d0.7 type vlan id 7 protocol 802.1ad
ip link set d0.7 mtu 1400 up
ip link add blue type vrf table 100
ip link set blue up
ip link set d0.7 master blue
ip address add 10.2.0.1/24 dev d0.7
ip link add m0 link d0 type macvlan mode private
ip link add t0 type ipip local 192.0.2.1 remote 192.0.2.2 ttl 64
ip link add t1 type gre local 192.0.2.1 remote 192.0.2.3 key 7
ip link add t2 type gretap local 192.0.2.1 remote 192.0.2.4 ikey 1 okey 2
ip link add t3 type ip6tnl local 2001:db8::1 remote 2001:db8::2
ip link add t4 type ip6gre local 2001:db8::1 remote 2001:db8::3
ip link set t1 up`

importTest('dummy, VLAN, VRF, macvlan and tunnels', {
  commands: OTHERS,
  kernel: ['dummy', 'vlan', 'vrf', 'macvlan', 'ipip', 'gre', 'ip6tnl', 'ip6gre'],
  names: ['blue', 'd0', 'd0.7', 'm0', 't0', 't1', 't2', 't3', 't4'],
})
