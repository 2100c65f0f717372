/** Options that several commands share, said once. */
import { type Command, InvalidArgumentError, Option } from 'commander'

export function lockOption(): Option {
  return new Option('--lock <file>', 'the lock, when it is not beside the first file')
}

export function outputOption(...formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(formats).default(formats[0])
}

/** Where things are, for tests and throwaway hosts that keep them elsewhere; the agent reads the same names. */
export function env(name: string, otherwise: string): string {
  return process.env[name] ?? otherwise
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a number of 1 or more.')
  return Number(text)
}

/** How to reach nodes, for the commands that do. */
export function addFleetOptions(command: Command): Command {
  return command
    .requiredOption('--via <command>', "how to run a command on a node, as in 'ssh root@{node}'")
    .option('--remote-command <command>', 'how to run warren there', 'warren')
    .option('--parallel <number>', 'how many nodes at a time', positiveInteger, 8)
    .option('--timeout <seconds>', 'how long a node may take for one answer', positiveInteger, 60)
}

/** Kept as text, because it goes on to another machine's command line. */
export function secondsText(text: string): string {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('Expected a number of seconds.')
  return text
}

/** `60`, `60s`, `2m`: whole seconds, as text. */
export function durationText(text: string): string {
  const [, number = '', unit = 's'] = /^(\d{1,5})(s|m)?$/.exec(text) ?? []
  const seconds = Number(number) * (unit === 'm' ? 60 : 1)
  if (number === '' || seconds < 1 || seconds > 86_400)
    throw new InvalidArgumentError('Expected a time as in 60s or 2m.')
  return String(seconds)
}

/** A word for one change; it goes on to another machine's command line. */
export function changeName(text: string): string {
  if (!/^[a-z0-9]{1,64}$/.test(text)) throw new InvalidArgumentError('Expected letters and digits.')
  return text
}

/** An option that may be said several times, where words that follow it are not its own. */
export function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}
