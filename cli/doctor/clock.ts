import { dateOf } from '../../src/stripe/client.ts'
import { type Check, fail, pass, warn } from './check.ts'
import { dateOfClerk } from './clerk-api.ts'
import type { Context } from './context.ts'
import { ask } from './probe.ts'

/** The providers and the Worker refuse a signature that is more than 5 minutes away from their clock. */
const WARN_S = 60
const FAIL_S = 240

/**
 * Compares this machine's clock with three others, by the `Date` header of their responses. Three are enough to see
 * which clock is wrong.
 */
export const clock: Check = {
  group: 'worker',
  name: 'worker-clock',
  costs: 'signatures are refused as too old, or as dated ahead',
  async run(context) {
    const read: { name: string; seconds: number }[] = []
    for (const [name, readDate] of clocks(context)) {
      const before = context.now()
      const date = Date.parse((await readDate().catch(() => null)) ?? '')
      const middle = (before + context.now()) / 2
      if (!Number.isNaN(date)) read.push({ name, seconds: Math.round((date - middle) / 1000) })
    }
    if (read.length === 0) return warn('no response has a date', 'see which of them can be reached')
    const apart = read.filter(({ seconds }) => Math.abs(seconds) >= WARN_S)
    const names = read.map(({ name }) => name).join(', ')
    if (apart.length === 0) return pass(`this clock is that of ${names}`)
    const found = apart.some(({ seconds }) => Math.abs(seconds) >= FAIL_S) ? fail : warn
    const said = apart.map(({ name, seconds }) => `${name} is ${inWords(seconds)}`).join(', ')
    return found(
      `compared with this clock, ${said}`,
      'set the clock that differs: where all do, that of this machine',
    )
  },
}

const inWords = (seconds: number) => `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`

type Clock = [name: string, readDate: () => Promise<string | null>]

function clocks(context: Context): Clock[] {
  const { STRIPE_SECRET_KEY, CLERK_SECRET_KEY } = context.settings
  const list: Clock[] = [
    ['the Worker', async () => (await ask(`${context.url}/api/health`))?.headers.get('date') ?? null],
  ]
  if (STRIPE_SECRET_KEY) list.push(['Stripe', () => dateOfStripe(context)])
  if (CLERK_SECRET_KEY) list.push(['Clerk', () => dateOfClerk(context)])
  return list
}

async function dateOfStripe({ stripe }: Context): Promise<string | null> {
  return dateOf(await stripe().accounts.retrieveCurrent())
}
