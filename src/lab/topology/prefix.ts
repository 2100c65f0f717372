/** The little arithmetic on IPv4 and IPv6 text that laying out a lab needs. */

/** `192.168.1.20` in a prefix of 24 → `192.168.1.0/24`; IPv4 only, at byte borders. */
export function lanPrefixOf(address: string): string {
  return `${address.split('.').slice(0, 3).join('.')}.0/24`
}

/** Host `number` of a `/24`. */
export function hostIn(prefix: string, number: number): string {
  const [network = ''] = prefix.split('/')
  return `${network.split('.').slice(0, 3).join('.')}.${number}`
}

export function isIPv6(address: string): boolean {
  return address.includes(':')
}

export function isIPv4(address: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(address)
}
