/**
 * Source addresses that no honest host sends from (RFC 1122 §3.2.1.3, RFC 4291 §2.5 and §2.7, RFC 6890): nothing of
 * them may be answered, or the answer hits somebody else.
 */
export function isBadSource(source: Uint8Array): boolean {
  const first = source[0]!
  // 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4; of 240.0.0.0/4 only the broadcast address.
  if (source.length === 4)
    return (
      first === 0 || first === 127 || (first >= 224 && first < 240) || (first === 255 && isBroadcast(source))
    )
  if (first === 0xff) return true
  if (first !== 0) return false
  // Unspecified, loopback, and IPv4 addresses in the clothes of IPv6 (RFC 4291 §2.5.5).
  for (let index = 1; index < 10; index++) if (source[index] !== 0) return false
  return (source[10] === 0xff && source[11] === 0xff) || (source[10] === 0 && source[11] === 0)
}

function isBroadcast(source: Uint8Array): boolean {
  return source[1] === 255 && source[2] === 255 && source[3] === 255
}
