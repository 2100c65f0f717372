/**
 * diff(wanted × observed) → ordered steps, over the node's own namespace and every container:
 *
 *   names given back ▸ stale rules and routes ▸ removals, dependants first ▸ each link after what it stands on ▸ rules
 *
 * What is no longer wanted goes first, so that ports, prefixes and names are free. Each link then is made and
 * settled in its own order (wireguard-steps.ts, link-steps.ts). Routes come after `up` because the kernel refuses
 * them before; rules after the routes they lead to, so that no packet is sent to an empty table. Only what is marked
 * as ours is changed (ownership.ts).
 */
import type { Step } from '../model/index.ts'
import { ruleSteps, staleRoutes } from './address-steps.ts'
import { dependantsIn } from './dependants.ts'
import type { Difference, DiffInput, LinkConflict, Waiting } from './difference.ts'
import { addLink, markStep, settleLink } from './link-steps.ts'
import { inOrder, otherEndOf } from './order.ts'
import { listingsOf } from './ports.ts'
import type { Listings } from './ports.ts'
import { removeAll, staleIn } from './removals.ts'
import { renameSteps } from './renames.ts'
import { render } from './render.ts'
import { away, Judge } from './verdict.ts'
import type { Verdict } from './verdict.ts'
import { awayIn, sceneOf } from './wanted.ts'
import type { Scene, Wanted } from './wanted.ts'
import { imagineWireguard, makeWireguard, settleWireguard } from './wireguard-steps.ts'

/** What is being put together. */
interface Draft {
  readonly steps: Step[]
  readonly conflicts: LinkConflict[]
  readonly waiting: Waiting[]
  readonly adoptions: Step[]
}

/** While something is left alone nothing is removed for being wanted no more; rules do not even say whose they are. */
export const diff = (input: DiffInput): Difference => {
  const scene = sceneOf(input)
  const places = [...new Set(scene.places.values())]
  const draft: Draft = { steps: [], conflicts: [], waiting: [], adoptions: [] }
  const clean = (input.leave?.size ?? 0) === 0
  const renames = renameSteps({ places, clean })
  const dependants = dependantsIn(places)
  const stale = clean ? removeAll(places.flatMap(staleIn), dependants) : []
  const judge = new Judge(scene, dependants)
  const verdicts = new Map([...scene.wanted.values()].map((w) => [w, judge.of(w)]))
  const replaced = [...verdicts].flatMap(([w, v]) => (v.action === 'replace' ? [w] : []))
  const removals = [...stale, ...removeAll(replaced, dependants)]
  const rules = places.map(ruleSteps)
  draft.steps.push(
    ...renames,
    ...(clean ? rules.flatMap((r) => r.stale) : []),
    ...places.flatMap((place) => staleRoutes(place, { onlyWanted: !clean })),
    ...removals,
  )
  settleAll(scene, verdicts, draft)
  draft.steps.push(...rules.flatMap((r) => r.missing))
  return draft
}

const settleAll = (scene: Scene, verdicts: ReadonlyMap<Wanted, Verdict>, draft: Draft): void => {
  for (const { id, netns } of scene.elsewhere) {
    const { waiting } = away(id, awayIn(scene, netns))
    if (waiting !== undefined) draft.waiting.push(waiting)
  }
  for (const link of scene.twice)
    draft.conflicts.push({
      ...{ link, message: `${link} is wanted twice: its namespace is also known by another name` },
      ...{ hint: 'Give one of the two another name.', wouldBe: [] },
    })
  const links = [...scene.wanted.values()].filter((w) => w.kind === 'link')
  const listings = listingsOf(links)
  for (const wanted of inOrder(scene.wanted, listings)) {
    const verdict = verdicts.get(wanted)
    if (verdict !== undefined) settleOne(wanted, { verdict, scene, listings, draft })
  }
}

interface Settling {
  readonly verdict: Verdict
  readonly scene: Scene
  readonly listings: Listings
  readonly draft: Draft
}

const settleOne = (wanted: Wanted, o: Settling): void => {
  const { verdict, draft } = o
  const { name, place, id } = wanted
  if (verdict.waiting !== undefined) draft.waiting.push(verdict.waiting)
  if (verdict.action === 'none') {
    if (verdict.conflict !== undefined) draft.conflicts.push({ link: id, ...verdict.conflict, wouldBe: [] })
    return
  }
  // Gone with the link below it, and the one that is to be below it is missing.
  if (!place.links.has(name)) return verdict.withParent ? make(wanted, o) : undefined
  if (verdict.claim === 'foreign') return notOurs(wanted, o)
  const { steps, waiting } = settle(wanted, o)
  draft.waiting.push(...waiting)
  if (verdict.claim === 'adopted' && steps.length === 0) draft.adoptions.push(markStep(wanted))
  else draft.steps.push(...(verdict.claim === 'ours' ? [] : [markStep(wanted)]), ...steps)
}

const make = (wanted: Wanted, o: Settling): void => {
  const { scene, draft } = o
  if (wanted.kind === 'wireguard') {
    const own = scene.places.get('')
    if (own !== undefined) draft.steps.push(...makeWireguard(wanted, scene.input, own))
    return imagineWireguard(wanted)
  }
  const other = otherEndOf(wanted, scene.wanted)
  draft.steps.push(...addLink(wanted, other?.kind === 'link' ? other : undefined))
  const { steps, waiting } = settle(wanted, o)
  draft.steps.push(...steps)
  draft.waiting.push(...waiting)
}

const settle = (wanted: Wanted, o: Settling): { readonly steps: Step[]; readonly waiting: Waiting[] } => {
  const { scene, listings, verdict } = o
  const have = wanted.place.links.get(wanted.name)
  if (have === undefined) return { steps: [], waiting: [] }
  if (wanted.kind === 'link') return settleLink(wanted, have, { listings, withParent: verdict.withParent })
  const steps = settleWireguard(wanted, have, scene.input)
  imagineWireguard(wanted)
  return { steps, waiting: [] }
}

/** Somebody else's link: fine as long as it is as wanted, as after an import; never changed. */
const notOurs = (wanted: Wanted, o: Settling): void => {
  const { name, place, id } = wanted
  const before = new Map(place.links)
  const { steps: wouldBe } = settle(wanted, o)
  for (const [other, link] of before) place.links.set(other, link)
  if (wouldBe.length === 0 && o.verdict.conflict === undefined) return
  const message = `${name} exists, differs, and was not made by Warren (protocol 87, altname)`
  const hint = `Hand it over with: ${render(markStep(wanted))}`
  o.draft.conflicts.push({ link: id, message, hint, ...o.verdict.conflict, wouldBe })
}
