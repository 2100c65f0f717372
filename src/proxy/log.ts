/**
 * What is worth telling, on standard error: a constant lower-case message and fields. Text for people, or JSON lines.
 * Bounded lines, control characters escaped: names in it come from strangers.
 */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

export type LogLevel = keyof Logger

export interface LoggerOptions {
  readonly format: 'text' | 'json'
  readonly level: LogLevel
  write(line: string): void
  /** Milliseconds since the epoch. */
  now(): number
}

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']
/** PIPE_BUF: lines of several processes do not mix. */
const MAX_LINE = 4096

export function createLogger(o: LoggerOptions): Logger {
  const enabled = new Set(LEVELS.slice(0, LEVELS.indexOf(o.level) + 1))
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!enabled.has(level)) return
      const time = new Date(o.now()).toISOString()
      const line =
        o.format === 'json'
          ? escaped(JSON.stringify({ time, level, message, ...shortened(fields) }))
          : `${time} ${level.padEnd(5)} ${message}${textOf(shortened(fields))}`
      o.write(`${line.slice(0, MAX_LINE - 1)}\n`)
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

const MOST_OF_A_FIELD = 500
/** What JSON leaves as it is although a terminal obeys it, or shows the rest of the line elsewhere. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function shortened(fields: LogFields): Record<string, unknown> {
  const some = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    some.map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > MOST_OF_A_FIELD
        ? `${value.slice(0, MOST_OF_A_FIELD)}…`
        : value,
    ]),
  )
}

function textOf(fields: Readonly<Record<string, unknown>>): string {
  const plain = /^[\w.:/@+=,[\]-]+$/
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = typeof value === 'string' && plain.test(value) ? value : escaped(JSON.stringify(value))
      return ` ${name}=${text}`
    })
    .join('')
}

/** Still the same JSON: such characters stand in its strings only. */
export const escaped = (json: string): string =>
  json.replaceAll(UNPRINTABLE, (one) =>
    Array.from(
      { length: one.length },
      (_, at) => `\\u${one.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
