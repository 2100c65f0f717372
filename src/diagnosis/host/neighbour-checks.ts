/** Who else looks after the network of this machine, and what each needs to be told. */
import { type HostCheck, type HostFacts, hostFindings } from './host-facts.ts'

const FORWARD = 2

const runs = ({ managers }: HostFacts, ...names: string[]): boolean =>
  names.some((name) => managers.running.includes(name))

/** networkd.conf(5): ManageForeignRoutes and ManageForeignRoutingPolicyRules are on unless said otherwise. */
export const networkd: HostCheck = (facts) => {
  if (!runs(facts, 'systemd-networkd')) return undefined
  const { ok, warn } = hostFindings('systemd-networkd')
  return facts.managers.networkdKeepsForeign
    ? ok('leaves routes and rules of others alone')
    : warn(
        'removes routes and rules that it did not make, whenever it restarts',
        'printf "[Network]\\nManageForeignRoutes=no\\nManageForeignRoutingPolicyRules=no\\n" > /etc/systemd/networkd.conf.d/warren.conf',
        'systemctl restart systemd-networkd',
      )
}

export const networkManager: HostCheck = (facts) => {
  if (!runs(facts, 'NetworkManager')) return undefined
  return hostFindings('NetworkManager').warn(
    'takes links that appear for its own',
    'printf "[keyfile]\\nunmanaged-devices=interface-name:wg*,type:tun\\n" > /etc/NetworkManager/conf.d/warren.conf',
    'systemctl reload NetworkManager',
  )
}

export const ufw: HostCheck = ({ managers, plan }) => {
  if (!managers.ufwEnabled) return undefined
  const ports = plan?.interfaces.flatMap(({ listenPort }) => listenPort ?? []) ?? []
  return hostFindings('ufw').warn(
    'drops what comes in and what is forwarded, unless it is allowed',
    ...(ports.length === 0 ? ['ufw allow PORT/udp'] : ports.map((port) => `ufw allow ${port}/udp`)),
    'ufw route allow in on wg0 out on wg0    # where it relays',
  )
}

export const firewalld: HostCheck = (facts) => {
  if (!runs(facts, 'firewalld')) return undefined
  const ports = facts.plan?.interfaces.flatMap(({ listenPort }) => listenPort ?? []) ?? []
  return hostFindings('firewalld').warn(
    'drops what no zone allows',
    ...(ports.length === 0 ? [51820] : ports).map(
      (port) => `firewall-cmd --permanent --add-port=${port}/udp`,
    ),
    'firewall-cmd --permanent --zone=trusted --add-interface=wg0 && firewall-cmd --reload',
  )
}

/** Docker sets the policy of FORWARD to drop, which hits everything that a hub relays. */
export const forwardPolicy: HostCheck = (facts) => {
  const { ok, warn } = hostFindings('forward policy')
  const { ruleset, unseen } = facts.firewall
  if (ruleset === null) return warn(`could not be read: ${unseen.join(', ')}`, 'sudo warren doctor')
  const dropping = ruleset.chains.find((one) => one.hook === FORWARD && one.policy === 'drop')
  if (dropping === undefined)
    return unseen.length === 0
      ? ok('nothing drops what is forwarded by default')
      : warn(`not looked at: ${unseen.join(', ')}`, 'iptables-legacy -S FORWARD')
  const chain = `chain ${dropping.name} of table ${dropping.family} ${dropping.table}`
  const docker = runs(facts, 'dockerd') || ruleset.chains.some((one) => one.name === 'DOCKER-USER')
  const relays = facts.plan === null || facts.plan.forwards.inet || facts.plan.forwards.inet6
  const says = `${chain} drops what is forwarded${docker ? ', as docker sets it' : ''}`
  if (!relays) return ok(`${says}; this node relays nothing`)
  return warn(
    `${says}: a hub relays nothing`,
    docker
      ? 'iptables -I DOCKER-USER -i wg0 -o wg0 -j ACCEPT'
      : `nft insert rule ${dropping.family} ${dropping.table} ${dropping.name} iifname "wg0" oifname "wg0" accept`,
  )
}

export const wgQuick: HostCheck = ({ managers, plan }) => {
  const { warn } = hostFindings('wg-quick')
  const names = new Set(plan?.interfaces.map((one) => one.name) ?? managers.wgQuick)
  const clash = managers.wgQuick.find((name) => names.has(name))
  if (clash === undefined) return undefined
  return warn(
    `has a file for ${clash}, and would fight for it`,
    'warren import > here.yaml    # to take its network over',
    `systemctl disable --now wg-quick@${clash}`,
  )
}

export const otherWireGuard: HostCheck = (facts) => {
  const { ok, warn } = hostFindings('other tunnels')
  const names = facts.otherWireGuard.map((one) => one.link)
  const cluster = runs(facts, 'kube-proxy', 'kubelet', 'k3s', 'k3s-server', 'k3s-agent')
  if (names.length > 0)
    return warn(
      `${names.join(', ')} belong to somebody else`,
      'warren import > here.yaml    # to see what they are',
    )
  return cluster
    ? warn('this is a Kubernetes node: its CNI has addresses and rules of its own', 'ip rule')
    : ok('none')
}

export const runtimes: HostCheck = ({ runtimes: found }) =>
  hostFindings('containers').ok(found.length === 0 ? 'no container runtime here' : found.join(', '))
