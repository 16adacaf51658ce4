import { afterEach, describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { count, logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { leave, linked, signedUp } from './people.ts'
import { type Env, holdOpen, query, said, user } from './support.ts'

const erasing: Env = { USER_DELETION: 'delete' }

/** A table of an app that refers to the users, against the advice. */
const notes = (onDelete: string) =>
  query(
    `create table public.notes (user_id text references ledgerhook.users on delete ${onDelete}, body text)`,
  )
const write = (id: string, number = 1) =>
  query(`insert into public.notes select $1, 'a note' from generate_series(1, $2::integer)`, [id, number])

afterEach(async () => {
  await query('drop table if exists public.notes')
})

const done = async (id: string) =>
  (
    await query<{ done: boolean }>('select done_at is not null as done from erasures where user_id = $1', [
      id,
    ])
  )[0]?.done
async function erase() {
  await makeOnlyDue('erase_payloads')
  return await logged(() => scheduled(erasing))
}

describe('a foreign key of an app on the users', () => {
  it.each(['no action', 'restrict', 'cascade', 'set null'])(
    '%s: deletion commits, the emptied row stays and is reported, and the app keeps its rows',
    async (onDelete) => {
      await notes(onDelete)
      const { id } = await linked({ id: randomId('user'), customer: randomId('cus') })
      await write(id)
      expect(said(await leave(id, { env: erasing }))).toBe('applied')
      expect(await erase()).toContainEqual(expect.objectContaining({ message: 'row kept empty', user: id }))
      expect(await done(id)).toBe(true)
      expect(await user(id)).toMatchObject({ email: null, name: null, stripe_customer_id: null })
      expect((await user(id))?.deactivated_at).not.toBeNull()
      expect(await count('public.notes', 'user_id = $1', [id])).toBe(1)
      expect(await count('webhook_events', 'user_id = $1 and payload is not null', [id])).toBe(0)
    },
  )

  it('with a million rows of that user delays neither the deletion nor the erasure of anybody', async () => {
    await notes('cascade')
    const [id, next] = [await signedUp(), await signedUp()]
    await query('alter table public.notes disable trigger all')
    await write(id, 1_000_000)
    await query('alter table public.notes enable trigger all')
    for (const one of [id, next]) expect(said(await leave(one, { env: erasing }))).toBe('applied')
    const startedAt = Date.now()
    await erase()
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect([await done(id), await done(next)]).toEqual([true, true])
    expect(await count('public.notes')).toBe(1_000_000)
  })

  it('held by an open transaction of the app keeps nobody from leaving, nor their payloads from being erased', async () => {
    await notes('no action')
    const { id } = await linked({ id: randomId('user'), customer: randomId('cus') })
    const next = await signedUp()
    const commit = await holdOpen([`insert into public.notes values ($1, 'still writing')`, [id]])
    for (const one of [id, next]) expect(said(await leave(one, { env: erasing }))).toBe('applied')
    await erase()
    expect(await count('webhook_events', 'user_id = any ($1) and payload is not null', [[id, next]])).toBe(0)
    expect([await user(id), await done(next)]).toMatchObject([{ email: null, name: null }, true])
    await commit()
    await erase()
    expect([await done(id), (await user(id))?.stripe_customer_id]).toEqual([true, null])
  })
})

describe('an open transaction of an app that has locked the row itself', () => {
  it('delays the removal of that row, and no other', async () => {
    const [id, next] = [await signedUp(), await signedUp()]
    for (const one of [id, next]) await leave(one, { env: erasing })
    const commit = await holdOpen(['select from users where id = $1 for update', [id]])
    await erase()
    expect([await done(id), await done(next)]).toEqual([false, true])
    expect(await count('webhook_events', 'user_id = any ($1) and payload is not null', [[id, next]])).toBe(0)
    await commit()
    await erase()
    expect([await done(id), await user(id)]).toEqual([true, undefined])
  })
})
