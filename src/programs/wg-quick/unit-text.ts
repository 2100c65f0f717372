/**
 * A systemd unit that brings up one wg-quick file. Like the wg-quick@.service of wireguard-tools, but it may not
 * run beside an agent, and it takes over the link that an agent left. Pure.
 */
export function formatUnit(interfaceName: string): string {
  return `[Unit]
Description=WireGuard interface ${interfaceName}, as Warren left it
Documentation=man:wg-quick(8)
Wants=network-online.target
After=network-online.target nss-lookup.target
Conflicts=warren-agent.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=-/usr/sbin/ip link delete dev ${interfaceName}
ExecStart=/usr/bin/wg-quick up ${interfaceName}
ExecStop=/usr/bin/wg-quick down ${interfaceName}

[Install]
WantedBy=multi-user.target
`
}
