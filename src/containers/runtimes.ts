/**
 * The runtimes of this host, each loaded when the first of its containers is asked about, and followed from then on
 * for as long as somebody watches.
 */
import type { ContainerRef } from '../model/index.ts'
import { deadline } from './deadline.ts'
import type { Speaker } from './failure.ts'
import type { RuntimeRef } from './kernel/on-this-host.ts'
import type { Closeable, Unknown } from './resolver.ts'
import type { Located, Runtime, RuntimeEvent } from './runtime.ts'
import { placeOf } from './sockets.ts'
import type { ContainerSockets, RuntimeName } from './sockets.ts'

export interface RuntimesOptions {
  readonly sockets: ContainerSockets
  readonly env: Readonly<Record<string, string | undefined>>
  /** How long one may take to answer. One that took longer is left alone for twice as long. */
  readonly answerWithinMs: number
  /** Something happened to containers of these kinds; to which, when the event says so. */
  readonly onEvent: (kinds: readonly ContainerRef['kind'][], event?: RuntimeEvent) => void
  /** Nothing is heard of these kinds any more. */
  readonly onSilence: (kinds: readonly ContainerRef['kind'][]) => void
}

interface Opened {
  readonly name: RuntimeName
  readonly runtime: Runtime
  following: Closeable | undefined
  connected: boolean
  /** It did not answer: what to say until it is asked again. */
  silent: { readonly untilMs: number; readonly answer: Unknown } | undefined
}

const RUNTIME_OF = {
  docker: 'docker',
  podman: 'podman',
  containerd: 'containerd',
  cri: 'cri',
  pod: 'cri',
} as const
const KINDS_OF: Readonly<Record<RuntimeName, readonly ContainerRef['kind'][]>> = {
  docker: ['docker'],
  podman: ['podman'],
  containerd: ['containerd'],
  cri: ['cri', 'pod'],
}

export class Runtimes {
  readonly #o: RuntimesOptions
  readonly #opened = new Map<RuntimeName, Promise<Opened | Unknown>>()
  #watched = false

  constructor(options: RuntimesOptions) {
    this.#o = options
  }

  /**
   * A runtime that hangs would otherwise cost as much waiting as there are containers, and whoever asks has other
   * things to repair.
   */
  async locate(ref: RuntimeRef, signals: readonly AbortSignal[]): Promise<Located> {
    const opened = await this.#open(RUNTIME_OF[ref.kind])
    if (!('runtime' in opened)) return opened
    if (opened.silent !== undefined && performance.now() < opened.silent.untilMs) return opened.silent.answer
    const { signal, isOver, clear } = deadline(this.#o.answerWithinMs, signals)
    const located = await opened.runtime.locate(ref, signal).finally(clear)
    const untilMs = performance.now() + 2 * this.#o.answerWithinMs
    opened.silent = located.kind === 'unknown' && isOver() ? { untilMs, answer: located } : undefined
    return located
  }

  /** Whether changes of this one would be heard of now. */
  async hearsOf(ref: RuntimeRef): Promise<boolean> {
    const opened = await this.#open(RUNTIME_OF[ref.kind])
    return 'runtime' in opened && opened.connected
  }

  follow(): void {
    this.#watched = true
    this.#each((opened) => this.#follow(opened))
  }

  unfollow(): void {
    this.#watched = false
    this.#each((opened) => {
      opened.following?.close()
      opened.following = undefined
      opened.connected = false
    })
  }

  close(): void {
    this.unfollow()
    this.#each(({ runtime }) => runtime.close())
  }

  #each(run: (opened: Opened) => void): void {
    for (const opening of this.#opened.values())
      void opening.then((opened) => 'runtime' in opened && run(opened))
  }

  #open(name: RuntimeName): Promise<Opened | Unknown> {
    const before = this.#opened.get(name)
    if (before !== undefined) return before
    const opening = this.#load(name)
    this.#opened.set(name, opening)
    return opening
  }

  async #load(name: RuntimeName): Promise<Opened | Unknown> {
    const place = placeOf(name, this.#o.sockets, this.#o.env)
    if ('remote' in place) return notOfThisHost(name, place.remote)
    const runtime = await loadRuntime(name, place.speaker)
    const opened: Opened = { name, runtime, following: undefined, connected: false, silent: undefined }
    this.#follow(opened)
    return opened
  }

  #follow(opened: Opened): void {
    if (!this.#watched || opened.following !== undefined) return
    const kinds = KINDS_OF[opened.name]
    opened.following = opened.runtime.follow({
      onOpen: () => {
        opened.connected = true
        this.#o.onEvent(kinds)
      },
      onEvent: (event) => this.#o.onEvent(kinds, event),
      onEnd: () => {
        opened.connected = false
        this.#o.onSilence(kinds)
      },
    })
  }
}

const loadRuntime = async (name: RuntimeName, speaker: Speaker): Promise<Runtime> => {
  switch (name) {
    case 'docker':
    case 'podman':
      return (await import('./engine/engine-runtime.ts')).openEngine(speaker)
    case 'containerd':
      return (await import('./grpc/containerd-runtime.ts')).openContainerd(speaker)
    case 'cri':
      return (await import('./grpc/cri-runtime.ts')).openCri(speaker)
  }
}

const notOfThisHost = (name: RuntimeName, where: string): Unknown => ({
  kind: 'unknown',
  message: `Cannot ask ${name}: ${where} is not a socket of this host`,
  hint: 'only unix:///… can be used: containers of another host have no network here',
})
