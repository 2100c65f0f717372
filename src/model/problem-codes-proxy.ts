/** Problems of what `warren proxy` is told: by flags, by the environment, by a TunnelProxy file, by the files they name. */
export const PROXY_PROBLEMS = {
  UnsupportedScheme: {
    means: 'A target has a scheme that the proxy does not speak. Nothing was opened.',
    remedy: 'Use http:// or https://. For anything else forward the bytes, with `tcp` or `--tcp`.',
  },
  InvalidTarget: {
    means: 'A target is not a URL, or not HOST:PORT where bytes are forwarded.',
    remedy: 'Write http://ollama.internal:11434/base, or db.internal:5432, IPv6 in brackets.',
  },
  InvalidListen: {
    means: 'An address to listen on is malformed.',
    remedy: 'Write :8080 for every address of this machine, 127.0.0.1:8080 or [::1]:8080 for one.',
  },
  DuplicateListen: {
    means: 'Two entries listen on the same address and port.',
    remedy: 'Give one of them another port.',
  },
  UnknownTunnel: {
    means: 'An entry names a tunnel that is not in the list, or names none where there are several.',
    remedy: 'Write one of the names under `tunnels`.',
  },
  NoRoutes: {
    means: 'The proxy was told no target, so that it would do nothing.',
    remedy: 'Add --to URL (or PROXY_TO), --route, --tcp, --udp, --publish or --socks.',
  },
  NoTunnel: {
    means: 'The proxy was told no WireGuard configuration.',
    remedy: 'Add --config FILE, or WIREGUARD_CONFIG_FNAME to the environment.',
  },
  InvalidCertificate: {
    means: 'A certificate or its key cannot be used: not PEM, or they do not belong together.',
    remedy: 'Give the chain as PEM, the server’s own certificate first, and the key that belongs to it.',
  },
  ReadableByOthers: {
    means: 'A file with a secret in it can be read by others on this machine. A warning.',
    remedy: 'chmod 600 it. In Kubernetes set `defaultMode: 0400` on the volume.',
  },
  OpenToAll: {
    means: 'SOCKS without a password listens where others reach it: they all reach the tunnel. A warning.',
    remedy: 'Listen on 127.0.0.1, or name `users`.',
  },
  OutsideTunnel: {
    means:
      'A target cannot be reached by what the tunnel’s file says: its address is in no peer’s AllowedIPs, or it is a name and there are no DNS servers. A warning.',
    remedy: 'Add the address to AllowedIPs, or a `DNS =` line; or write another target.',
  },
  NotSent: {
    means:
      'A part of a target’s URL means nothing to the proxy: a user, a password or a fragment. A warning.',
    remedy: 'Take it out of the URL.',
  },
} as const
