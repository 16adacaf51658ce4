import { type Event, signUp, topUp } from '../deliveries.ts'
import type { Arena } from '../ground/arena.ts'
import { median } from '../statistics.ts'
import { AT_A_TIME, deliver, newUsers } from '../subjects.ts'

/** Top-ups per second, many at a time: all for one user, and each for another. */
export interface Wallets {
  one: number
  many: number
  /** The median of the ratios of neighbouring blocks. */
  oneOfMany: number
}

export async function measureWallets(
  arena: Arena,
  { blocks, perBlock }: { blocks: number; perBlock: number },
): Promise<Wallets> {
  const rates: { one: number; many: number }[] = []
  const rateOf = async (events: Event[]) => {
    const { ms } = await deliver(events, arena.corners.ledgerhook, AT_A_TIME)
    return (events.length / ms) * 1000
  }
  for (let block = 0; block < blocks; block++) {
    const [hot = '', ...others] = newUsers(perBlock + 1)
    await deliver([hot, ...others].map(signUp), arena.corners.ledgerhook, AT_A_TIME)
    rates.push({
      one: await rateOf(others.map((_, n) => topUp(hot, n))),
      many: await rateOf(others.map((user) => topUp(user, 1))),
    })
  }
  return {
    one: median(rates.map(({ one }) => one)),
    many: median(rates.map(({ many }) => many)),
    oneOfMany: median(rates.map(({ one, many }) => one / many)),
  }
}
