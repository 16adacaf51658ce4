import type { Arena } from '../arena/arena.ts'
import { type HotCall, hotCalls, requestOf } from '../arena/calls.ts'
import { signUp, topUp } from '../arena/deliveries.ts'
import { type Answered, postAll } from '../arena/load.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { median } from '../statistics.ts'

/** Calls per second, of Ledgerhook and of the floor. */
export interface CallRates {
  ledgerhook: number
  floor: number
  /** The median of the ratios of neighbouring blocks. */
  ofFloor: number
}

export interface CallsRow {
  call: string
  /** Every call is for another wallet. */
  many: CallRates
  /** All calls are for one wallet. */
  one: CallRates
  /** Requests and statements that the database sees, per call. */
  requests: number
  statements: number
}

const SIDES = ['many', 'one'] as const
const CONTENDERS = ['ledgerhook', 'callsFloor'] as const
type Pair = Record<(typeof CONTENDERS)[number], number>

/**
 * Makes many calls at a time, for as many wallets and for one. Blocks of the two sides alternate; the first is a
 * warm-up.
 */
export async function measureCalls(
  arena: Arena,
  { blocks, perBlock }: { blocks: number; perBlock: number },
  onStep: (says: string) => void,
): Promise<CallsRow[]> {
  const rows: CallsRow[] = []
  for (const call of hotCalls) {
    const rates = { many: [] as Pair[], one: [] as Pair[] }
    const seen = { requests: 0, statements: 0, calls: 0 }
    for (let block = 0; block <= blocks; block++) {
      const [hot = '', ...others] = newUsers(perBlock + 1)
      await bringWallets([hot, ...others], arena)
      for (const side of SIDES) {
        const users = side === 'many' ? others : others.map(() => hot)
        const rate = await measureBlock(call, users, arena, seen, block % 2 === 0)
        if (block > 0) rates[side].push(rate)
      }
    }
    const { requests, statements, calls } = seen
    const perCall = { requests: requests / calls, statements: statements / calls }
    rows.push({ call: call.name, many: summary(rates.many), one: summary(rates.one), ...perCall })
    onStep(`${AT_A_TIME} at a time: ${call.name}`)
  }
  return rows
}

/** Gives each wallet 540 credits: the signup bonus and a top-up. */
async function bringWallets(users: string[], { corners }: Arena): Promise<void> {
  for (const before of [signUp, (user: string) => topUp(user, 0)]) {
    const { answers } = await deliver(users.map(before), corners.ledgerhook, AT_A_TIME)
    assertOutcome('wallets', 'applied', answers)
  }
  await corners.callsFloor.database.query('insert into wallets select unnest($1::text[]), 540', [users])
}

async function measureBlock(
  call: HotCall,
  users: string[],
  arena: Arena,
  seen: { requests: number; statements: number; calls: number },
  floorFirst: boolean,
): Promise<Pair> {
  const rate: Pair = { ledgerhook: 0, callsFloor: 0 }
  const answers: Record<keyof Pair, Answered[]> = { ledgerhook: [], callsFloor: [] }
  for (const contender of floorFirst ? CONTENDERS.toReversed() : CONTENDERS) {
    const corner = { ...arena.corners[contender], sessionKey: arena.sessionKey }
    const requests = (one: HotCall) => Promise.all(users.map((user, n) => requestOf(one, user, n, corner)))
    for (const before of call.before) await postAll(await requests(before), AT_A_TIME)
    const measured = await requests(call)
    await arena.takeStats()
    const made = await postAll(measured, AT_A_TIME)
    const stats = await arena.takeStats()
    rate[contender] = (users.length / made.ms) * 1000
    answers[contender] = made.answers
    if (contender !== 'ledgerhook') continue
    seen.requests += stats.requests
    seen.statements += stats.statements
    seen.calls += users.length
  }
  assertSameBalances(call, answers.ledgerhook, answers.callsFloor)
  return rate
}

/** Throws when the results differ, because a Worker that did not do its work must not look fast. */
function assertSameBalances({ name }: HotCall, ours: Answered[], floors: Answered[]): void {
  const balances = (answers: Answered[]) => answers.map(({ balance }) => balance).sort((a, b) => a - b)
  const [some, others] = [balances(ours), balances(floors)].map(String)
  if (some !== others || ours.some(({ balance }) => !Number.isFinite(balance)))
    throw new Error(`${name}: the floor's balances are others`)
}

function summary(rates: Pair[]): CallRates {
  return {
    ledgerhook: median(rates.map(({ ledgerhook }) => ledgerhook)),
    floor: median(rates.map(({ callsFloor }) => callsFloor)),
    ofFloor: median(rates.map(({ ledgerhook, callsFloor }) => ledgerhook / callsFloor)),
  }
}
