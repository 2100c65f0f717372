/**
 * The systemd unit of the agent, as text: systemd.exec(5), systemd.service(5), Debian 12's systemd 252 and newer.
 *
 * What it may do is what keeping a network takes, and no more. Processes behind userspace interfaces stay in the
 * unit's control group under the same bounds; KillMode=process is what lets them outlive the agent.
 */
export interface UnitOptions {
  /** What follows `warren agent`. */
  readonly flags: readonly string[]
  /** May it enter the network namespaces of containers? */
  readonly containers: boolean
}

/** CAP_NET_RAW: echo requests. CAP_NET_BIND_SERVICE: listening on 53 or 443, where nothing else gets through. */
const CAPABILITIES = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_NET_BIND_SERVICE']
/** setns(2) takes CAP_SYS_ADMIN; opening /proc/PID/ns/net of what has other privileges takes CAP_SYS_PTRACE. */
const CONTAINER_CAPABILITIES = ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE']
/** Beside @system-service: what Node and V8 ask for, and how a device process gives up its own rights. */
const MORE_CALLS = [
  'membarrier',
  ...['pkey_alloc', 'pkey_free', 'pkey_mprotect'],
  ...['landlock_create_ruleset', 'landlock_add_rule', 'landlock_restrict_self'],
]

export const unitText = ({ flags, containers }: UnitOptions): string => {
  const capabilities = [...CAPABILITIES, ...(containers ? CONTAINER_CAPABILITIES : [])]
  const command = ['/usr/local/bin/warren', 'agent', ...flags.map(quoteWord)].join(' ')
  return `# The agent of this machine, as \`warren agent install\` writes it.
[Unit]
Description=Warren agent: keeps this machine's network as its plan says
# After the firewall's rules and before whoever waits for a network or attaches containers to one of ours.
Wants=network-pre.target
After=network-pre.target
Before=network.target network-online.target docker.service podman.service containerd.service kubelet.service
# However often it fails: a network that is not kept is worse than a log that is long.
StartLimitIntervalSec=0

[Service]
ExecStart=${command}
Restart=always
RestartSec=1
# Only the agent is stopped: processes behind userspace interfaces carry traffic meanwhile, in this same group.
KillMode=process
OOMPolicy=continue
OOMScoreAdjust=-500

RuntimeDirectory=warren
RuntimeDirectoryPreserve=yes
StateDirectory=warren
StateDirectoryMode=0700
CacheDirectory=warren
ConfigurationDirectory=warren
Environment=NODE_COMPILE_CACHE=/var/cache/warren HOME=/var/lib/warren
UMask=0022

CapabilityBoundingSet=${capabilities.join(' ')}
NoNewPrivileges=yes
RestrictNamespaces=${containers ? 'net' : 'yes'}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service ${MORE_CALLS.join(' ')}
SystemCallErrorNumber=EPERM

ProtectSystem=strict
# /run: sockets of interfaces. /proc/sys/net: forwarding and filters of interfaces.
ReadWritePaths=/run /proc/sys/net
ProtectHome=yes
PrivateTmp=yes
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes

[Install]
WantedBy=multi-user.target
`
}

/** systemd's own quoting: specifiers doubled, quotes around what is not plain. */
const quoteWord = (word: string): string => {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w.:/=@,%+-]+$/.test(text) ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
