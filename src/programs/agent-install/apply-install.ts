/** Does the steps of an installation, one after the other. Files and links change whole or not at all. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MissingHere } from '../exit.ts'
import { formatInstallStep, type InstallStep, type PlacedFile } from './install-step.ts'

export const applyInstall = (steps: readonly InstallStep[]): void => {
  for (const step of steps) {
    try {
      applyStep(step)
    } catch (error) {
      throw new MissingHere(`cannot ${nameOf(step)}: ${reasonOf(error)}`, { cause: error })
    }
  }
}

const applyStep = (step: InstallStep): void => {
  switch (step.kind) {
    case 'folder':
      mkdirSync(step.path, { recursive: true, mode: step.mode })
      return
    case 'place':
      placeFiles(step.path, step.files)
      return
    case 'write':
      makeFolder(dirname(step.path))
      writeFileSync(beside(step.path), step.text, { mode: step.mode })
      chmodSync(beside(step.path), step.mode)
      renameSync(beside(step.path), step.path)
      return
    case 'point':
      makeFolder(dirname(step.path))
      rmSync(beside(step.path), { force: true })
      symlinkSync(step.target, beside(step.path))
      renameSync(beside(step.path), step.path)
      return
    case 'delete':
      rmSync(step.path, { recursive: true, force: true })
      return
    case 'run':
      run(step.command, step.mayFail === true)
  }
}

const placeFiles = (path: string, files: readonly PlacedFile[]): void => {
  const half = beside(path)
  rmSync(half, { recursive: true, force: true })
  for (const { from, to } of files) {
    makeFolder(dirname(join(half, to)))
    cpSync(from, join(half, to), { recursive: true, dereference: true, mode: constants.COPYFILE_FICLONE })
  }
  for (const name of ['.', ...readdirSync(half, { recursive: true, encoding: 'utf8' })])
    ownedMode(join(half, name))
  renameSync(half, path)
}

const makeFolder = (path: string): void => void mkdirSync(path, { recursive: true, mode: 0o755 })

/** Root will run it: whoever could write it where it came from cannot write it here, and nothing is set-user-ID. */
const ownedMode = (path: string): void => {
  const stat = statSync(path)
  chmodSync(path, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644)
}

const run = ([program = '', ...args]: readonly string[], mayFail: boolean): void => {
  try {
    execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    if (!mayFail) throw error
  }
}

const beside = (path: string): string => join(dirname(path), `.${basename(path)}.new`)

const nameOf = (step: InstallStep): string =>
  step.kind === 'place' || step.kind === 'write' ? `make ${step.path}` : `do '${formatInstallStep(step)}'`

const reasonOf = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: Buffer; message?: string }
  const said = stderr?.toString().trim() ?? ''
  return said === '' ? (message ?? String(error)) : said
}
