/**
 * The demonstration on a screen: lines that stay, and below them one part that is drawn again and again (the table
 * of hosts, what is going on now). Without a terminal only the lines that stay are printed.
 */
import type { DemonstrationEvent, HostRow, LineTone } from '../../lab/index.ts'
import { type Paint, paintFor, widthOf } from '../terminal/paint.ts'
import { formatTable } from '../terminal/table.ts'
import type { Terminal } from '../terminal/terminal.ts'

export interface View {
  show(event: DemonstrationEvent): void
  /** What can be done while it is up. */
  stayUp(lab: { readonly name: string; readonly folder: string; readonly file: string }): void
  close(failures: number): void
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const CLEAR_BELOW = '\u001B[J'
const REDRAW_MS = 100
const INDENT = ' '.repeat(7)

export function makeView(terminal: Terminal): View {
  return new DemonstrationView(terminal)
}

class DemonstrationView implements View {
  readonly #terminal: Terminal
  readonly #paint: Paint
  readonly #startedAt = performance.now()
  #rows: readonly HostRow[] = []
  #progress = ''
  #drawn = 0
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#paint = paintFor(terminal)
    if (terminal.interactive) this.#timer = setInterval(() => this.#redraw(), REDRAW_MS).unref()
  }

  show(event: DemonstrationEvent): void {
    switch (event.kind) {
      case 'step':
        this.#settleHosts()
        return this.#print(`\n${this.#paint.bold(`${event.number}  ${event.title}`)} ${this.#elapsed()}`)
      case 'line':
        return this.#print(this.#line(event.tone, wrap(event.text, this.#terminal.columns)))
      case 'progress':
        this.#progress = event.text
        return this.#redraw()
      case 'hosts':
        this.#rows = event.rows
        return this.#redraw()
      case 'machines':
      case 'up':
      case 'done':
      case 'broken':
    }
  }

  #line(tone: LineTone, text: string): string {
    const { green, red, dim, bold } = this.#paint
    switch (tone) {
      case 'held':
        return `   ${green('ok')}  ${text}`
      case 'failed':
        return ` ${red('FAIL')}  ${text}`
      case 'command':
        return `    ${dim('$')}  ${bold(text)}`
      case 'note':
        return `       ${dim(text)}`
    }
  }

  /** The last state of the table stays. */
  #settleHosts(): void {
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    this.#print(this.#table(rows).trimEnd())
  }

  #table(rows: readonly HostRow[]): string {
    const { green, yellow } = this.#paint
    const cells = rows.map((row) => [
      `       ${row.host}`,
      row.place,
      row.interface,
      row.backend,
      row.peers === 0 ? '' : (row.alive === row.peers ? green : yellow)(`${row.alive} of ${row.peers}`),
      row.lastHandshakeMs === undefined ? '' : agoText(row.lastHandshakeMs),
      row.convergedMs === undefined ? '' : green(`${row.convergedMs} ms`),
    ])
    return formatTable(
      ['       HOST', 'PLACE', 'INTERFACE', 'BACKEND', 'PEERS', 'HANDSHAKE', 'CONVERGED'],
      cells,
      this.#paint,
    )
  }

  #print(text: string): void {
    this.#erase()
    this.#terminal.write(`${text}\n`)
    this.#draw()
  }

  #redraw(): void {
    this.#frame += 1
    this.#erase()
    this.#draw()
  }

  #erase(): void {
    if (this.#drawn > 0) this.#terminal.write(`\u001B[${this.#drawn}A\r${CLEAR_BELOW}`)
    this.#drawn = 0
  }

  /** Lines that would wrap are cut: what is drawn must take as many rows as it has lines, to be erased again. */
  #draw(): void {
    if (!this.#terminal.interactive || this.#timer === undefined) return
    const spinner = SPINNER[this.#frame % SPINNER.length] ?? ''
    const table = this.#rows.length === 0 ? [] : this.#table(this.#rows).trimEnd().split('\n')
    const now =
      this.#progress === '' ? [] : [`    ${this.#paint.yellow(spinner)}  ${this.#paint.dim(this.#progress)}`]
    const lines = [...table, ...now].map((line) => cut(line, this.#terminal.columns))
    this.#terminal.write(lines.map((line) => `${line}\n`).join(''))
    this.#drawn = lines.length
  }

  #elapsed(): string {
    return this.#paint.dim(`(${((performance.now() - this.#startedAt) / 1000).toFixed(1)} s)`)
  }

  stayUp({ name, file }: { name: string; file: string }): void {
    this.#progress = 'up until Ctrl-C'
    this.#print(`
   The network stays up until Ctrl-C. From another terminal:
     ${this.#paint.bold(`bin/warren lab exec ${name} white-amd -- warren show`)}
     ${this.#paint.bold(`bin/warren lab exec ${name} phy01 -- cat /run/warren/agent.log`)}
     ${this.#paint.bold(`bin/warren lab status`)}   ${this.#paint.dim(`(${file})`)}
`)
  }

  close(failures: number): void {
    this.#settleHosts()
    this.#progress = ''
    this.#erase()
    clearInterval(this.#timer)
    this.#timer = undefined
    const { bold, green, red, dim } = this.#paint
    const verdict =
      failures === 0
        ? green('every check held')
        : red(`${failures} check${failures === 1 ? '' : 's'} did not hold`)
    this.#print(`
${bold(verdict)} ${this.#elapsed()}

Next, on your own machine; none of the three changes its network:
  ${bold('bin/warren import')}                                           ${dim('what WireGuard this machine has, as a plan')}
  ${bold('bin/warren plan --live examples/homelab.yaml --node phy01')}   ${dim('what it would take to be phy01 here')}
  ${bold('bin/warren generate examples/homelab.yaml --out ~/wg')}        ${dim('the plan as plain wg-quick files, with new keys')}
`)
  }
}

/** Broken between words, further lines under the first; words longer than a line stay whole. */
function wrap(text: string, columns: number): string {
  const room = Math.max(40, columns - INDENT.length - 1)
  const lines: string[] = []
  for (const given of text.split('\n')) {
    // What another program printed keeps its own indentation.
    const [, margin = '', rest = ''] = /^( *)([^]*)$/.exec(given) ?? []
    let line = ''
    for (const word of rest.split(' ')) {
      if (line !== '' && margin.length + line.length + 1 + word.length > room) {
        lines.push(margin + line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line === '' ? '' : margin + line)
  }
  return lines.join(`\n${INDENT}`)
}

/** The first columns of a line; one that has to be cut loses its colours. */
function cut(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line
  // oxlint-disable-next-line no-control-regex -- the escape character is what we look for
  const plain = Array.from(line.replaceAll(/\u001B\[[\d;]*m/g, ''))
  return `${plain.slice(0, Math.max(0, columns - 1)).join('')}…`
}

function agoText(ms: number): string {
  return `${Math.max(0, Math.round((Date.now() - ms) / 1000))} s ago`
}
