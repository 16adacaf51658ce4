import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { GRANTS, grant } from './account-support.ts'
import { allCommitted, TELLING as env, heardOf, receiver, sendAll } from './outgoing-support.ts'
import { signUp } from './people.ts'
import { playing } from './random-histories.ts'
import { deliver, failNext, query } from './support.ts'

const app = receiver()

/** The events of one user in order, concurrent with those of the others. */
interface Act {
  what: 'top-up' | 'grant'
  /** The gateway's faults meanwhile. */
  fault: 'none' | 'before' | 'after_commit'
}

/** The receiver's responses to one user's attempts, repeated. They do not depend on the order of users. */
const responses = fc
  .array(fc.constantFrom(200, 500), { minLength: 2, maxLength: 5 })
  .filter((all) => all.includes(200) && all.includes(500))
const acts = fc.array(
  fc.record<Act>({
    what: fc.constantFrom('top-up', 'grant', 'grant'),
    fault: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'before', 'after_commit'),
  }),
  { minLength: 6, maxLength: 12 },
)
const users = fc.array(fc.record({ acts, responses }), { minLength: 4, maxLength: 4 })

async function happen(id: string, n: number, { what, fault }: Act): Promise<void> {
  if (fault !== 'none') await failNext(fault)
  const gift = { user_id: id, amount: 3, idempotency_key: `${n}-${id}`, note: 'More' }
  const { status } =
    what === 'top-up'
      ? await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id }), { env })
      : await grant(gift, { ...GRANTS, ...env })
  expect([200, 503]).toContain(status)
}

/** Every test begins with new users, and without unsent events. */
async function newUsers(count: number): Promise<string[]> {
  await query('delete from outgoing_events')
  Object.assign(app, { took: [], sent: [], says: () => new Response(null, { status: 200 }) })
  const ids = Array.from({ length: count }, () => randomId('user'))
  for (const id of ids) expect((await signUp(id, {}, { env })).status).toBe(200)
  return ids
}

it('random histories with a receiver that fails at random end with every event taken, in order for each user, and none invented', {
  // Waits only for conditions, so it takes longer on a busy machine.
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(users, async (users) => {
      const ids = await newUsers(users.length)
      const tries = new Map<unknown, number>()
      app.says = ({ data: { user_id } }) => {
        const tried = tries.get(user_id) ?? 0
        tries.set(user_id, tried + 1)
        const said = users[ids.indexOf(String(user_id))]?.responses ?? [200]
        return new Response(null, { status: said[tried % said.length] as number })
      }
      await Promise.all(
        ids.flatMap((id, user) => (users[user]?.acts ?? []).map((act, n) => happen(id, n, act))),
      )
      await allCommitted()
      await sendAll(env)

      for (const id of ids) {
        const first = [...new Map(heardOf(app, id).map((one) => [one.id, one])).values()]
        const written = await query<{ id: string }>(
          'select id from outgoing_events where user_id = $1 order by sequence',
          [id],
        )
        expect(first.map(({ id }) => id)).toEqual(written.map(({ id }) => id))
        expect(first.map(({ data }) => data.sequence)).toEqual(first.map((_, n) => n + 1))
        const entries = await query<{ id: string }>(
          'select id from credit_ledger where user_id = $1 order by id',
          [id],
        )
        expect(first[0]?.type).toBe('user.created')
        expect(first.slice(1).map(({ data }) => data.entry)).toEqual(entries.map(({ id }) => Number(id)))
      }
    }),
    playing(5),
  )
})
