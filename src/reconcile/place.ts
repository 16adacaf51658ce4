import { log } from '../log.ts'
import { member } from '../values.ts'
import type { Cursor } from './pass.ts'
import { START } from './run.ts'

/** A pass over what was created lately, or over everything. */
export type Kind = 'recent' | 'full'

/** How far a scheduled pass has come. Moments are milliseconds. */
export interface Place {
  pass: string
  beganAt: number
  since: number | null
  /** From when on payments that were credited here are compared with Stripe. */
  paidSince: number | null
  /** The present walk. Null: the first one begins. */
  walk: string | null
  cursor: Cursor
  /** The most objects of a step. */
  page: number
  /** How often the step has failed. */
  failures: number
  looked: number
  found: number
  /** How many of these another pass has to see again. */
  open: number
  /** Walks that were abandoned before their end, and why. */
  unseen: Record<string, string>
}

/** What the database stores between turns, as the cursor of the task. */
export interface State {
  recent: Place | null
  full: Place | null
  dueAt: Record<Kind, number>
  /** When the last two passes over recent objects began. */
  began: number[]
  /** Payments that were credited before this moment are known to be at Stripe. */
  paidUntil: number | null
  /** What could not be seen, as it was last logged, so that it is logged only once. */
  said: Record<Kind, string>
  /** The last pass that saw everything. */
  complete: Partial<Record<Kind, { pass: string; beganAt: number; endedAt: number }>>
}

/** Why a walk is abandoned if the key may not read its list. */
export const DENIED = 'the key may not read this'
/** Why a walk is abandoned if its provider has failed too often, after the provider's name. */
export const NO_ANSWER = 'does not answer'
/** Why a walk is abandoned if the requests of a run do not suffice for one object. */
export const TOO_FEW = 'a run may make too few requests: RUN_SUBREQUESTS'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * The time between the end of a pass over recent objects and the next one: time for the full pass, and for a second
 * look.
 */
const RECENT_EVERY = 20 * MINUTE
const WINDOW = 2 * HOUR
const LONGEST_WINDOW = DAY
/** How far back payments that were credited here are first compared with Stripe: each takes a request. */
const PAID_WINDOW = 30 * DAY

/** Returns the state of the last turn, or the initial one. */
export function stateOf(kept: unknown): State {
  if (member(kept, 'dueAt')) return structuredClone(kept) as State
  return {
    recent: null,
    full: null,
    dueAt: { recent: 0, full: 0 },
    began: [],
    paidUntil: null,
    said: { recent: '', full: '' },
    complete: {},
  }
}

/**
 * Returns the pass that has the next step. Recent objects come first, so that a difference is found within an hour.
 * Null: nothing is due.
 */
export function nextKind({ recent, full, dueAt }: State, now: number): Kind | null {
  if (recent || dueAt.recent <= now) return 'recent'
  return full || dueAt.full <= now ? 'full' : null
}

/**
 * Returns where a pass begins. However long passes take, every object is in the windows of two passes over recent
 * objects, because only a difference that two passes have seen counts.
 */
export function firstPlace({ began, paidUntil }: State, kind: Kind, pass: string, page: number): Place {
  const now = Date.now()
  const recent = Math.max(now - LONGEST_WINDOW, Math.min(now - WINDOW, began[1] ?? now))
  return {
    pass,
    beganAt: now,
    since: kind === 'recent' ? recent : null,
    paidSince: paidUntil ?? now - PAID_WINDOW,
    walk: null,
    cursor: START,
    page,
    failures: 0,
    looked: 0,
    found: 0,
    open: 0,
    unseen: {},
  }
}

export function begun(state: State, kind: Kind, place: Place): void {
  state[kind] = place
  if (kind === 'recent') state.began = [place.beganAt, ...state.began].slice(0, 2)
}

/** Ends a pass. It is complete only if no walk was abandoned. */
export function ended(state: State, kind: Kind): void {
  const place = state[kind] as Place
  const { pass, beganAt, looked, found, open, unseen } = place
  const [now, isComplete] = [Date.now(), Object.keys(unseen).length === 0]
  state[kind] = null
  if (isComplete) state.complete[kind] = { pass, beganAt, endedAt: now }
  if (kind === 'full' && isComplete && open === 0) state.paidUntil = beganAt - HOUR
  state.dueAt[kind] = dueAfter(kind, place, now)
  if (kind === 'recent' && isComplete && state.said.recent !== '') compareAllAgain(state, now)
  const said = Object.keys(unseen).join()
  if (isComplete || said !== state.said[kind]) {
    const minutes = Math.ceil((now - beganAt) / MINUTE)
    const level = isComplete ? 'info' : 'warn'
    log({ message: 'reconcile', level, pass, kind, complete: isComplete, looked, found, minutes, unseen })
  }
  state.said[kind] = said
}

/** Returns when the next pass is due after one that has ended now. */
function dueAfter(kind: Kind, { beganAt, looked, open, unseen }: Place, now: number): number {
  const whys = Object.values(unseen)
  const mayReadNothing = looked === 0 && whys.length > 0 && whys.every((why) => why === DENIED)
  if (mayReadNothing) return now + HOUR
  // Another pass has to confirm what is open.
  if (kind === 'recent' || open > 0) return now + RECENT_EVERY
  const mayPass = whys.some((why) => why === TOO_FEW || why.endsWith(NO_ANSWER))
  return mayPass ? now + HOUR : Math.max(beganAt + DAY, now + HOUR)
}

/**
 * If the comparison of everything left something out, makes it due now. It is called when a recent pass could read what
 * the one before it could not: the key has got new rights.
 */
function compareAllAgain(state: State, now: number): void {
  const isLacking = state.full ? Object.keys(state.full.unseen).length > 0 : state.said.full !== ''
  if (!isLacking) return
  state.full = null
  state.dueAt.full = now
}
