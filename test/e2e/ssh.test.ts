/**
 * docs/guides/first-network.md, played through: the guide's own plan becomes the hosts of a lab (ssh-lab.ts), every
 * command is run on the machine in its prompt, over Debian's own ssh and sshd, and must print what the guide shows.
 *
 * The guide starts agents with systemctl; these machines have no systemd, so they are started here beforehand.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { eventually } from '../harness/eventually.ts'
import { readGuide, withoutAccidents } from './play-guide.ts'
import { type Name, SSH_LAB_NEEDS, sshLab } from './ssh-lab.ts'

const GUIDE = new URL('../../docs/guides/first-network.md', import.meta.url)

test(
  'the first network of the guide, over real SSH, prints what the guide shows',
  SSH_LAB_NEEDS,
  async (t) => {
    const guide = readGuide(readFileSync(GUIDE, 'utf8'))
    const { run } = await sshLab(t, guide.files)
    const played = guide.commands.filter(
      (one) => !/^(?:apt|git|cd|npm|bin\/warren agent install)\b/.test(one.command),
    )
    assert.ok(played.length > 8, `${played.length} commands`)
    for (const { machine, command, output } of played) {
      const play = async (): Promise<string> => {
        const { status, output: said } = await run(machine as Name, command)
        return `${withoutAccidents(said)}${status === 0 ? '' : `(status ${status})`}`
      }
      let got = await play()
      // A reader takes a breath between two commands; what only looks may be looked at again.
      const look = async (): Promise<boolean> => got === output || (got = await play()) === output
      if (/^(?:ping|warren (?:node|show))/.test(command))
        await eventually(look, { timeoutMs: 20_000 }).catch(() => {})
      assert.equal(got, output, `${machine}$ ${command}`)
    }
  },
)
