/**
 * The port for what is worth telling: a constant lower-case message and fields. Key types print as `[redacted]`
 * by themselves; nothing here knows a secret.
 */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface LoggerOptions {
  readonly format: 'text' | 'json'
  readonly level: LogLevel
  write(line: string): void
  /** Milliseconds since the epoch. */
  now(): number
}

const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']

export const createLogger = (o: LoggerOptions): Logger => {
  const enabled = new Set(LEVELS.slice(0, LEVELS.indexOf(o.level) + 1))
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (!enabled.has(level)) return
      const time = new Date(o.now()).toISOString()
      o.write(o.format === 'json' ? `${JSON.stringify({ time, level, message, ...fields })}\n` : '')
      if (o.format === 'text') o.write(`${time} ${level.padEnd(5)} ${message}${textOf(fields)}\n`)
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

const textOf = (fields: LogFields): string =>
  Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('')
