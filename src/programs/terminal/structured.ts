/** Results for programs: JSON with two spaces, or the same as YAML. Secrets print as `[redacted]` in both. */
export async function formatStructured(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(value, undefined, 2)}\n`
  const { stringify } = await import('yaml')
  // JSON first: that is where secrets turn into their placeholder.
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 0 })
}
