import { call } from '../db.ts'
import { ProviderTrouble, unlessMissing } from '../provider-trouble.ts'
import { type Decided, decideObject, type KindName, kindOf, kinds, pathOf } from '../stripe/objects.ts'
import type { Read } from '../stripe/read.ts'
import { member } from '../values.ts'
import { compare } from './compare.ts'
import type { Item } from './item.ts'
import { askStripe, type Cursor, type Pass, type Step, type Walk } from './pass.ts'

const PAGE = 100

export function itemOf(pass: Pass, { object, state, event, ...decided }: Decided): Item {
  return { provider: 'stripe', object, eventId: `reconcile:${pass.id}:${object}:${state}`, event, ...decided }
}

/** Goes through a list of Stripe's, one page per step, the newest first. */
export const listWalk = (kind: KindName): Walk => ({
  name: kind,
  provider: 'stripe',
  async step(pass, cursor) {
    const { path, query, isWindowed } = kinds[kind]
    const isWhole = !isWindowed && !pass.recent
    const asked = new URLSearchParams({ ...query, ...(isWhole ? {} : createdSince(pass.since)) })
    const page = await readPage(pass, path, asked, cursor)
    return { ...(await compareObjects(pass, kind, page)), next: page.next }
  },
})

export const createdSince = (since: Date | null): Record<string, string> =>
  since ? { 'created[gte]': String(Math.floor(since.getTime() / 1000)) } : {}

export interface Page {
  objects: unknown[]
  at: Date
  next: Cursor | null
}

/** Reads one page of a list. @throws ProviderTrouble */
export async function readPage(
  pass: Pass,
  path: string,
  asked: URLSearchParams,
  cursor: Cursor,
): Promise<Page> {
  asked.set('limit', String(pass.page ?? PAGE))
  if (typeof cursor.after === 'string') asked.set('starting_after', cursor.after)
  const { body, at } = await askStripe(pass, `${path}?${asked}`)
  const objects = member(body, 'data')
  if (!Array.isArray(objects)) throw new ProviderTrouble('unavailable', 'no list')
  const last = member(objects.at(-1), 'id')
  const goesOn = member(body, 'has_more') === true && typeof last === 'string'
  return { objects, at, next: goesOn ? { ...cursor, after: last } : null }
}

/** Compares objects with what is here. @param isAsked whether they are listed even if their owner is not known */
export async function compareObjects(
  pass: Pass,
  kind: KindName,
  { objects, at }: Omit<Page, 'next'>,
  isAsked = false,
) {
  const decided = objects
    .map((object) => decideObject(kind, object, at, pass.settings))
    .filter((one) => one !== null)
  for (const { object } of decided) pass.seen?.add(object)
  const items = decided.map((one) => ({
    ...itemOf(pass, isAsked ? { ...one, isOurs: true } : one),
    again: () => readItem(pass, kind, one.object),
  }))
  return { found: await compare(pass, items), looked: objects.length }
}

async function readItem(pass: Pass, kind: KindName, object: string): Promise<Item | null> {
  const read = await readOne(pass, kind, object)
  const decided = read && decideObject(kind, read.body, read.at, pass.settings)
  return decided && itemOf(pass, decided)
}

/** Reads and compares one object. Null if Stripe does not have it. @throws ProviderTrouble */
export async function compareOne(pass: Pass, kind: KindName, object: string) {
  const read = await readOne(pass, kind, object)
  return read && (await compareObjects(pass, kind, { objects: [read.body], at: read.at }))
}

/** Reads one object. Null if Stripe does not have it. @throws ProviderTrouble */
export const readOne = (pass: Pass, kind: KindName, object: string): Promise<Read | null> =>
  unlessMissing(askStripe(pass, pathOf(kind, object)))

/**
 * Goes through the objects here that may still change, and reads each from Stripe, however old it is. No list of
 * Stripe's filters by the time of a change, so a window misses late bank debits, failed refunds and closed disputes.
 */
export const unsettledWalk: Walk = {
  name: 'not at rest here',
  provider: 'stripe',
  async step(pass, { after = null, todo = null }): Promise<Step> {
    if (Array.isArray(todo) && todo.length > 0) {
      const [object = '', ...rest] = todo
      const kind = kindOf(object)
      const compared = kind && !pass.seen?.has(object) ? await compareOne(pass, kind, object) : null
      const next = rest.length > 0 || after !== null ? { after, todo: rest } : null
      return { found: compared?.found ?? [], looked: compared?.looked ?? 0, next }
    }
    const facts = { after: after as string[] | null, most: 500 }
    const slice = await call<{ objects: string[]; after: string[] | null }>(pass.db, 'our_unsettled', [facts])
    const next = slice.objects.length > 0 || slice.after ? { after: slice.after, todo: slice.objects } : null
    return { found: [], looked: 0, next }
  },
}
