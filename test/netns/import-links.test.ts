/** `warren import` of a bridge, veths and a vxlan as they run. */
import { importTest } from './import-suite.ts'

/*   br0 10.0.0.1/24 ── eth0 (hardware to us: a veth whose other end has no name)
 *    ├ v0 ══ v1 10.0.1.1/24          ├ vx7 over eth0           ── w0 ═══ eth0 in `ip netns web`           */
const BRIDGED = `
ip link add br0 type bridge stp_state 1 forward_delay 400 ageing_time 6000
ip link set br0 address 02:00:00:00:00:01
ip address add 10.0.0.1/24 dev br0
ip address add fd00::1/64 dev br0 nodad
ip link set br0 up
ip link add v0 type veth peer name v1
ip link set v0 master br0 up
ip link set v1 mtu 1400 up
ip address add 10.0.1.1/24 dev v1
ip address add 10.7.0.1 peer 10.7.0.2/32 dev v1
ip route add 10.5.0.0/16 via 10.0.0.9 dev br0 metric 20 proto static
ip route add fd05::/64 via fd00::9 dev br0
ip route add 10.6.0.0/16 dev v1 table 100 mtu 1300
ip link add vx7 type vxlan id 7 local 10.0.0.1 remote 10.0.0.2 dev br0 dstport 4789 nolearning ttl 16
ip link set vx7 up
bridge fdb append 00:00:00:00:00:00 dev vx7 dst 10.0.0.3
ip netns add web
ip link add w0 type veth peer name eth0 netns web
ip -n web address add 10.8.0.2/24 dev eth0
ip -n web link set eth0 up
ip link set w0 up
ip -n web route add default via 10.8.0.1`

importTest('a bridge, veths and a vxlan', {
  commands: BRIDGED,
  kernel: ['bridge', 'veth', 'vxlan'],
  names: ['br0', 'v0', 'vx7', 'w0'],
})
