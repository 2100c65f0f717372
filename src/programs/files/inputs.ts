/**
 * What every command about plans reads: the objects of the files named, and the lock beside the first of them.
 * `home.yaml` has `home.lock.yaml`; what comes from standard input is called `plan`, as `push` calls it. All problems of all files come back together.
 */
import {
  type Allocations,
  NO_ALLOCATIONS,
  parseAllocations,
  parseObjects,
  type Problem,
  type ProblemCode,
  type WarrenObject,
} from '../../model/index.ts'
import { plan } from '../../plan/index.ts'
import { BadInput } from '../exit.ts'
import { readText } from './read-text.ts'

export interface Inputs {
  readonly objects: readonly WarrenObject[]
  readonly allocations: Allocations
  readonly lockFile: string
  /** The lock's text as it is on disk; undefined when there is none yet. */
  readonly lockText: string | undefined
}

export interface LockOption {
  /** Another place for the lock. */
  readonly lock?: string | undefined
}

export interface ReadOptions extends LockOption {
  /** In an agent's folder: a plan that a node has left is a file with a comment in it. */
  readonly mayBeEmpty?: boolean
}

/** Throws BadInput when something is wrong with the files themselves, together with what is then certainly wrong between them. */
export async function readInputs(
  files: readonly string[],
  { lock, mayBeEmpty = false }: ReadOptions = {},
): Promise<Inputs> {
  const problems: Problem[] = []
  const objects: WarrenObject[] = []
  const damaged: WarrenObject[] = []
  for (const file of files) {
    const read = await readText(file)
    if ('problem' in read) {
      problems.push(read.problem)
      continue
    }
    const parsed = parseObjects(read.text, { file })
    objects.push(...parsed.objects)
    problems.push(...parsed.problems)
    damaged.push(...parsed.damaged)
  }
  // An empty file is a pipe that broke or a name mistyped far more often than a plan for nobody.
  if (!mayBeEmpty && problems.length === 0 && objects.length === 0) problems.push(noObjects(files))
  const lockFile = lock ?? lockFileOf(files[0] ?? '-')
  const kept = await readLock(lockFile)
  problems.push(...kept.problems)
  if (hasErrors(problems)) {
    throw new BadInput([...problems, ...certainProblems([...objects, ...damaged], kept.allocations)])
  }
  return { objects, allocations: kept.allocations, lockFile, lockText: kept.text }
}

function noObjects(files: readonly string[]): Problem {
  const names = files.map((file) => (file === '-' ? 'standard input' : file))
  return {
    code: 'NoObjects',
    path: names.join(', '),
    message: `no objects in ${files.length === 1 ? 'it' : 'them'}`,
    hint: 'Check that it is the file you meant, and that what wrote it did not fail.',
  }
}

export function lockFileOf(file: string): string {
  return file === '-' ? 'plan.lock.yaml' : `${file.replace(/\.ya?ml$/i, '')}.lock.yaml`
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity !== 'warning')
}

/** What stays wrong whatever the fields turn out to be that are wrong already. */
const CERTAIN: readonly ProblemCode[] = [
  'DuplicateObject',
  'DuplicateNode',
  'DuplicateLink',
  'DuplicateAddress',
  'DuplicateKey',
  'DuplicateEndpoint',
  'UnknownNode',
  'OverlappingCidrs',
  'AddressReserved',
  'LinkEnds',
  'CrossNamespaceSecret',
  ...(['TypeMismatch', 'VethEnds', 'LinkCycle', 'SeveralMasters'] as const),
  ...(['MixedFamilies', 'VrfTableClash', 'ContainerAmbiguous'] as const),
]

function certainProblems(objects: readonly WarrenObject[], allocations: Allocations): Problem[] {
  return plan(objects, allocations).problems.filter((problem) => CERTAIN.includes(problem.code))
}

/** A lock that is not there yet is an empty one. */
async function readLock(
  file: string,
): Promise<{ allocations: Allocations; problems: readonly Problem[]; text: string | undefined }> {
  const read = await readText(file)
  if ('problem' in read) {
    return { allocations: NO_ALLOCATIONS, problems: read.absent ? [] : [read.problem], text: undefined }
  }
  return { ...parseAllocations(read.text, { file }), text: read.text }
}
