import type { Arena } from '../arena/arena.ts'
import { type Event, signUp, topUp } from '../arena/deliveries.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { median } from '../statistics.ts'

/** Top-ups per second, many at a time: all for one user, and each for another. */
export interface Wallets {
  one: number
  many: number
  /** The median of the ratios of neighbouring blocks. */
  oneOfMany: number
}

/** Sends top-ups of users whose customers are linked. Blocks of the two sides alternate; the first is a warm-up. */
export async function measureWallets(
  arena: Arena,
  { blocks, perBlock }: { blocks: number; perBlock: number },
): Promise<Wallets> {
  const rates: { one: number; many: number }[] = []
  for (let block = 0; block <= blocks; block++) {
    const [hot = '', ...others] = newUsers(perBlock + 1)
    for (const before of [signUp, (user: string) => topUp(user, 0)])
      await rateOf([hot, ...others].map(before), arena)
    const events = {
      one: others.map((_, n) => topUp(hot, n + 1)),
      many: others.map((user) => topUp(user, 1)),
    }
    const rate = { one: 0, many: 0 }
    for (const side of block % 2 === 0 ? (['one', 'many'] as const) : (['many', 'one'] as const))
      rate[side] = await rateOf(events[side], arena)
    if (block > 0) rates.push(rate)
  }
  return {
    one: median(rates.map(({ one }) => one)),
    many: median(rates.map(({ many }) => many)),
    oneOfMany: median(rates.map(({ one, many }) => one / many)),
  }
}

/** Returns deliveries per second. */
async function rateOf(events: Event[], { corners }: Arena): Promise<number> {
  const { answers, ms } = await deliver(events, corners.ledgerhook, AT_A_TIME)
  assertOutcome('wallets', 'applied', answers)
  return (events.length / ms) * 1000
}
