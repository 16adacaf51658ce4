import type { Database } from '../db.ts'
import { log } from '../log.ts'
import { ProviderTrouble } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { isLiveKey } from '../stripe/key.ts'
import { isOther } from '../users/stripe-account.ts'
import { idOf, member } from '../values.ts'
import { askStripe, type Pass, passId, type Step } from './pass.ts'
import { paymentsWalk } from './payments-walk.ts'
import {
  begun,
  DENIED,
  ended,
  firstPlace,
  type Kind,
  NO_ANSWER,
  nextKind,
  type Place,
  type State,
  stateOf,
  TOO_FEW,
} from './place.ts'
import { START, walksOf, whyNot } from './run.ts'
import { beginPass } from './watch.ts'
import { KINDS } from './words.ts'

/** What a turn works with. */
export interface Turn {
  settings: Settings
  /** Each of its requests is counted. */
  db: Database
  requests: { readonly forTasks: number; readonly refused: boolean; readonly fetch: typeof fetch }
}

/** The longest turn, in milliseconds, because the other tasks of the run need time too. No step begins after it. */
const TURN_MS = 15_000
/** Requests that one object may need: to read it, compare it, ask for what it lacks, and correct it. */
const EACH_STEP = 6
/** The most objects of a step. If the requests do not suffice, it is halved until they do. */
const PAGE = 100
/**
 * How often a provider may fail, or the requests not suffice for one object, before a walk is abandoned. Recent
 * differences have to be found within an hour, including those of the other provider.
 */
const TRIES: Record<Kind, number> = { recent: 3, full: 8 }
const AGAIN_S = 60
const LONGEST_WAIT_S = 600

/**
 * Makes a turn of the scheduled comparison: of recent objects if that is due, else of everything. Returns where the
 * next turn goes on, and in how many seconds.
 * @param kept the cursor that the last turn returned
 * @throws DatabaseUnavailable
 */
export async function reconcileInTurn(turn: Turn, kept: unknown): Promise<{ cursor: State; inS: number }> {
  const until = Date.now() + TURN_MS
  const state = stateOf(kept)
  for (let steps = 0; Date.now() < until; steps++) {
    const kind = nextKind(state, Date.now())
    if (kind === null) break
    if (steps > 0 && turn.requests.forTasks < EACH_STEP) return { cursor: state, inS: 0 }
    const waitS = state[kind] ? await goOn(turn, state, kind, steps === 0) : await begin(turn, state, kind)
    if (waitS !== null) return { cursor: state, inS: waitS }
  }
  if (nextKind(state, Date.now())) return { cursor: state, inS: 0 }
  const dueAt = Math.min(state.dueAt.recent, state.dueAt.full)
  return { cursor: state, inS: Math.max(AGAIN_S - 10, Math.ceil((dueAt - Date.now()) / 1_000)) }
}

/** Begins a pass, unless the key is of another account or mode than this database serves. */
async function begin(turn: Turn, state: State, kind: Kind): Promise<number | null> {
  const served = await beginPass(turn.db)
  const place = firstPlace(state, kind, passId(), PAGE)
  const livemode = isLiveKey(turn.settings)
  try {
    const mayDiffer = served.account !== null && served.livemode === livemode
    const account = mayDiffer ? await accountOf(passAt(turn, place, kind)) : null
    if (isOther(served, account, livemode)) leaveUnbegun(state, kind)
    else begun(state, kind, place)
    return null
  } catch (error) {
    if (turn.requests.refused) return 0
    if (error instanceof ProviderTrouble) return error.retryAfterS ?? AGAIN_S
    throw error
  }
}

/** Returns the key's account, or null if the key may not read it. */
async function accountOf(pass: Pass): Promise<string | null> {
  try {
    return idOf(member((await askStripe(pass, '/v1/account')).body, 'id'))
  } catch (error) {
    if (error instanceof ProviderTrouble && (error.kind === 'denied' || error.kind === 'missing')) return null
    throw error
  }
}

/** Postpones the pass. The hourly attention already reports the reason, as `wrong_stripe_key`. */
function leaveUnbegun(state: State, kind: Kind): void {
  state.dueAt[kind] = Date.now() + 3_600_000
}

function passAt({ settings, db, requests }: Turn, place: Place, kind: Kind): Pass {
  const from = place.walk === paymentsWalk.name ? place.paidSince : place.since
  return {
    id: place.pass,
    settings,
    db,
    fetch: requests.fetch,
    page: place.page,
    seen: null,
    uncredited: null,
    since: from === null ? null : new Date(from),
    recent: kind === 'recent',
    fixes: settings.RECONCILE === 'fix',
    watches: true,
  }
}

/**
 * Makes one step of a pass. Returns in how many seconds it is to go on. Null: at once.
 * @param isFresh whether the turn still has all of its requests
 */
async function goOn(turn: Turn, state: State, kind: Kind, isFresh: boolean): Promise<number | null> {
  const place = state[kind] as Place
  const walks = walksOf({ recent: kind === 'recent' }, turn.settings)
  const at = Math.max(
    0,
    walks.findIndex(({ name }) => name === place.walk),
  )
  const walk = walks[at] as (typeof walks)[number]
  place.walk = walk.name
  const leave = (why: string | null) => {
    if (why !== null) place.unseen[walk.name] = why
    const next = walks[at + 1]
    Object.assign(place, { walk: next?.name ?? null, cursor: START, page: PAGE, failures: 0 })
    if (!next) ended(state, kind)
    return null
  }
  const pass = passAt(turn, place, kind)
  try {
    const why = await whyNot(pass, walk)
    if (why !== null) return leave(why)
    const step = await walk.step(pass, place.cursor)
    tell(place, step)
    if (turn.requests.refused) return spent(place, isFresh, kind, leave)
    place.looked += step.looked
    if (step.next === null) return leave(null)
    Object.assign(place, { cursor: step.next, page: Math.min(PAGE, place.page * 2), failures: 0 })
    return null
  } catch (error) {
    if (turn.requests.refused) return spent(place, isFresh, kind, leave)
    if (!(error instanceof ProviderTrouble)) throw error
    if (error.kind === 'denied') return leave(DENIED)
    if (error.kind === 'missing') return leave(`${walk.provider} does not have it (${error.message})`)
    place.failures++
    if (place.failures >= TRIES[kind]) return leave(`${walk.provider} ${NO_ANSWER}`)
    const waitS = Math.min(LONGEST_WAIT_S, AGAIN_S * 2 ** (place.failures - 1))
    if (error.kind !== 'busy')
      log({ message: 'reconcile waits', level: 'warn', walk: walk.name, cause: error.message })
    return error.retryAfterS ?? waitS
  }
}

/** Lets the step be repeated: with the requests of a whole turn, or with fewer objects. */
function spent(place: Place, isFresh: boolean, kind: Kind, leave: (why: string) => null): number {
  if (isFresh && place.page === 1) place.failures++
  else if (isFresh) place.page = Math.ceil(place.page / 2)
  if (place.failures >= TRIES[kind]) leave(TOO_FEW)
  return 0
}

/** Reports once each difference that another pass has seen before, and counts those that still need another pass. */
function tell(place: Place, { found }: Step): void {
  for (const { first, fixed, confirmed, known, settled, charge: _, ...difference } of found) {
    if (difference.kind === 'busy' || known || settled) continue
    place.found++
    if (!confirmed) place.open++
    if (!first && !fixed) continue
    const { says } = KINDS[difference.kind]
    log({ message: 'difference', level: 'warn', pass: place.pass, says, ...difference, fixed })
  }
}
