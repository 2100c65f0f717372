/** Options that several commands share, said once. */
import { InvalidArgumentError, Option } from 'commander'

export function lockOption(): Option {
  return new Option('--lock <file>', 'the lock, when it is not beside the first file')
}

export function outputOption(...formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print it').choices(formats).default(formats[0])
}

export function viaOption(): Option {
  return new Option('--via <command>', "how to run a command on a node, as in 'ssh root@{node}'")
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a number of 1 or more.')
  return Number(text)
}
