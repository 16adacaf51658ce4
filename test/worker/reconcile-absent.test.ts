import { describe, expect, it } from 'vitest'
import { clerkEvent, randomId } from '../../local/events.ts'
import { closeUser } from '../../src/reconcile/clerk-walks.ts'
import { leave, signedUp } from './people.ts'
import { linesOf, passOver, reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtClerk, json, type World } from './reconcile-world.ts'
import { query, user } from './support.ts'

const ACTIVE = { deactivated_at: null }
const noteEarlier = (minutes: number) =>
  query(`update differences set first_seen_at = now() - $1::int * interval '1 minute'`, [minutes])

/** Users here. Clerk has all of them except those that are left out. */
async function people(count: number, world: World = emptyWorld()) {
  await query(`update users set deactivated_at = now() where deactivated_at is null`)
  await query('delete from differences')
  const ids: string[] = []
  for (let number = 0; number < count; number++) {
    const id = await signedUp()
    ids.push(id)
    happenAtClerk(world, clerkEvent('user.created', { user: id, at: Date.now() + number }))
  }
  return { world, ids }
}
const clerkOnly = (world: World, more = {}) => reconcile(world, { only: 'clerk', fixes: true, ...more })
const suspected = async (world: World, more = {}) =>
  (await clerkOnly(world, more)).found.filter(({ kind }) => kind === 'user_deleted')

describe('who is not at Clerk', () => {
  it('is a suspicion at first, and certain once a second look, an hour later, finds nobody', async () => {
    const { world, ids } = await people(3)
    const gone = ids[1] as string
    world.users.delete(gone)
    expect(await suspected(world)).toMatchObject([{ object: gone, confirmed: false }])
    expect(await suspected(world)).toMatchObject([{ object: gone, confirmed: false }])
    await noteEarlier(61)
    expect(await suspected(world)).toMatchObject([{ object: gone, confirmed: true, fixed: false }])
    expect(await user(gone)).toMatchObject(ACTIVE)
    expect(await closeUser(passOver(world), gone)).toMatchObject([{ kind: 'user_deleted', fixed: true }])
    expect(await user(gone)).toMatchObject({ deactivated_at: expect.anything() })
    expect(await suspected(world)).toEqual([])
  })

  it('is nobody’s suspicion any more once Clerk has the user again', async () => {
    const { world, ids } = await people(2)
    const [gone = '', other = ''] = ids
    const kept = world.users.get(gone)
    world.users.delete(gone)
    await suspected(world)
    await noteEarlier(61)
    if (kept) world.users.set(gone, kept)
    expect(await suspected(world)).toEqual([])
    world.users.delete(gone)
    expect(await suspected(world)).toMatchObject([{ object: gone, confirmed: false }])
    expect(await user(other)).toMatchObject(ACTIVE)
  })
})

describe('nobody counts as deleted', () => {
  it('by a page of 10, the default, of 30 users', async () => {
    const { world } = await people(30)
    const { fetch } = world
    world.fetch = async (input, init) => {
      const url = new URL(String(input))
      if (url.searchParams.has('user_id')) url.searchParams.set('limit', '10')
      return await fetch(url, init)
    }
    expect(await suspected(world)).toEqual([])
  })

  it('by an empty page, where nobody of the request came back', async () => {
    const { world, ids } = await people(3)
    world.users.clear()
    expect(await suspected(world)).toEqual([])
    for (const id of ids) expect(await user(id)).toMatchObject(ACTIVE)
  })

  it('by a key of another instance, which brings nobody either', async () => {
    const { world, ids } = await people(2)
    const stranger = randomId('user')
    happenAtClerk(world, clerkEvent('user.created', { user: stranger }))
    world.users.delete(ids[0] as string)
    world.instance = 'ins_another'
    const report = await clerkOnly(world)
    expect(report.found).toEqual([])
    expect(report.unseen.map(({ walk }) => walk)).toEqual(['users', 'users here'])
    expect(await user(stranger)).toBeUndefined()
  })

  it('without CLERK_INSTANCE_ID', async () => {
    const { world, ids } = await people(2)
    world.users.delete(ids[0] as string)
    const report = await clerkOnly(world, { env: { CLERK_INSTANCE_ID: '', CLERK_API_BASE: '' } })
    expect(report.found).toEqual([])
    expect(report.unseen).toMatchObject([{ walk: 'users here' }])
  })

  it('at the local Clerk, which does not know whom `npm run send` has made up: nothing is missing there', async () => {
    const { world, ids } = await people(2)
    world.users.delete(ids[0] as string)
    const report = await clerkOnly(world, { env: { CLERK_INSTANCE_ID: '' } })
    expect(report).toMatchObject({ found: [], unseen: [] })
  })

  it.each([
    ['a 500', () => json({ errors: [{ code: 'internal' }] }, 500)],
    ['a 404 that is not Clerk’s', () => json({ message: 'no such route' }, 404)],
    ['something that is no list', () => json({ data: [] })],
  ])('by %s: the pass ends, or goes on once it has passed', async (_name, fault) => {
    const { world, ids } = await people(2)
    const isOfIds = (url: URL) => url.searchParams.has('user_id')
    const { fetch } = world
    let faults = 2
    world.fetch = async (input, init) =>
      isOfIds(new URL(String(input))) && faults-- > 0 ? fault() : await fetch(input, init)
    expect(await suspected(world)).toEqual([])
    faults = 1_000
    await expect(clerkOnly(world)).rejects.toMatchObject({ name: 'ProviderTrouble', kind: 'unavailable' })
    for (const id of ids) expect(await user(id)).toMatchObject(ACTIVE)
  })
})

describe('everybody at Clerk', () => {
  it('is reached once, by windows of when they signed up, also many of one moment', async () => {
    const { world } = await people(0)
    const at = Date.now() - 86_400_000
    const ids = Array.from({ length: 1_203 }, (_, number) => {
      const id = randomId('user')
      const email = number % 100 === 0 ? undefined : null
      happenAtClerk(
        world,
        clerkEvent('user.created', {
          user: id,
          ...(email === null && { email }),
          at: at + Math.floor(number / 600),
        }),
      )
      return id
    })
    const report = await reconcile(world, { only: 'clerk' })
    expect(new Set(report.found.map(({ object }) => object))).toEqual(new Set(ids))
    expect(world.requests.filter((path) => path.startsWith('/v1/users?')).length).toBeLessThan(8)
  })

  it('gets the bonus where they signed up late enough, and all of them where somebody says so', async () => {
    const { world } = await people(0)
    const id = randomId('user')
    happenAtClerk(world, clerkEvent('user.created', { user: id, at: Date.parse('2019-01-01') }))
    expect(linesOf(await reconcile(world, { only: 'clerk' }), id)).toEqual([`user_missing ${id} applied 0`])
    const env = { SIGNUP_BONUS_SINCE: '1970-01-01T00:00:00Z' }
    expect(linesOf(await reconcile(world, { only: 'clerk', env }), id)).toEqual([
      `user_missing ${id} applied 40`,
    ])
  })

  it('who was deleted here stays deleted, though Clerk still has the user', async () => {
    const { world, ids } = await people(1)
    const [id = ''] = ids
    await leave(id)
    expect((await clerkOnly(world)).found).toEqual([])
    expect(await user(id)).toMatchObject({ deactivated_at: expect.anything() })
  })
})
