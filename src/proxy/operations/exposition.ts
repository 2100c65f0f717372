/** Samples → text in Prometheus' exposition format 0.0.4: HELP, TYPE, then the samples of that metric. */
import { type Metric, type MetricName, METRICS } from './metrics.ts'

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Labels = Readonly<Record<string, string>>

export class Exposition {
  readonly #samples = new Map<MetricName, string[]>()

  add(name: MetricName, value: number | undefined, labels: Labels = {}): void {
    if (value !== undefined) this.#push(name, `${name}${formatLabels(labels)} ${formatValue(value)}`)
  }

  /** `counts[i]` observations were at most `bounds[i]`; the last count is of those beyond. Not cumulative. */
  addHistogram(
    name: MetricName,
    labels: Labels,
    { bounds, counts, sum }: { bounds: readonly number[]; counts: readonly number[]; sum: number },
  ): void {
    let total = 0
    for (const [index, count] of counts.entries()) {
      total += count
      const le = formatValue(bounds[index] ?? Number.POSITIVE_INFINITY)
      this.#push(name, `${name}_bucket${formatLabels({ ...labels, le })} ${total}`)
    }
    this.#push(name, `${name}_sum${formatLabels(labels)} ${formatValue(sum)}`)
    this.#push(name, `${name}_count${formatLabels(labels)} ${total}`)
  }

  /** In the order of the table, whatever the order they were added in. */
  text(): string {
    const parts: string[] = []
    for (const [name, { type, help }] of Object.entries<Metric>(METRICS)) {
      const samples = this.#samples.get(name as MetricName)
      if (samples === undefined) continue
      parts.push(`# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples.join('\n')}\n`)
    }
    return parts.join('')
  }

  #push(name: MetricName, line: string): void {
    const lines = this.#samples.get(name)
    if (lines === undefined) this.#samples.set(name, [line])
    else lines.push(line)
  }
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return Number.isNaN(value) ? 'NaN' : String(value)
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"')
