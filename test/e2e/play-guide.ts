/**
 * Reads a guide as a script: the fenced blocks of commands with the machine in the prompt (`desk$ warren …`) and
 * the output that the reader is promised below each. Blocks of files are named in the line above them.
 */

export interface GuideCommand {
  readonly machine: string
  readonly command: string
  /** What the guide shows, without what differs from run to run. */
  readonly output: string
}

export interface Guide {
  readonly commands: readonly GuideCommand[]
  /** By name: the text of blocks introduced by `` `NAME`: ``. */
  readonly files: ReadonlyMap<string, string>
}

export function readGuide(markdown: string): Guide {
  const commands: GuideCommand[] = []
  const files = new Map<string, string>()
  for (const [, before = '', kind = '', text = ''] of markdown.matchAll(/(.*)\n\n```(\w+)\n([^]*?)```/g)) {
    if (kind === 'console') commands.push(...commandsOf(text))
    const name = /`([^`]+)`:$/.exec(before)?.[1]
    if (name !== undefined) files.set(name, text)
  }
  return { commands, files }
}

function commandsOf(block: string): GuideCommand[] {
  const commands: { machine: string; command: string; output: string }[] = []
  for (const line of block.trimEnd().split('\n')) {
    const prompt = /^(\w+)[$#] (.*)$/.exec(line)
    const last = commands.at(-1)
    if (prompt) commands.push({ machine: prompt[1] ?? '', command: prompt[2] ?? '', output: '' })
    else if (last) last.output += `${line}\n`
  }
  return commands.map((one) => ({ ...one, output: withoutAccidents(one.output) }))
}

/** Keys, times, amounts and the order in which machines happened to answer are another each time. */
export function withoutAccidents(output: string): string {
  return output
    .replaceAll(/[\w+/]{43}=/g, 'KEY')
    .replaceAll(/[\w+/]{8}…/g, 'KEY…')
    .replaceAll(/\d+(?:\.\d+)? ?(?:s ago|ms|B|KiB)/g, 'N')
    .replaceAll(/\[\d+\/(\d+)\]/g, '[N/$1]')
    .replaceAll(/fe80::[\da-f:]+\/64/g, 'fe80::/64')
    .replaceAll(/mdev = .*/g, 'mdev')
    .replaceAll(/ {2,}/g, '  ')
    .replaceAll(/fe80::\/64 +/g, 'fe80::/64  ')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .map((line, index, all) => ({
      line,
      order: line.startsWith('[N/') ? all.findIndex((one) => one.startsWith('[N/')) : index,
    }))
    .toSorted((a, b) => a.order - b.order || (a.line < b.line ? -1 : 1))
    .map(({ line }) => `${line}\n`)
    .join('')
}
