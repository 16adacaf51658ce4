import { askStripe, type Pass, type Walk } from '../../src/reconcile/pass.ts'
import { compareObjects, readOne, readPage } from '../../src/reconcile/stripe-walks.ts'
import type { Difference } from '../../src/reconcile/words.ts'
import { isOfOtherApp, tagged } from '../../src/stripe/app-tag.ts'
import type { Read } from '../../src/stripe/read.ts'
import { idOf, member } from '../../src/values.ts'
import { readCsvFile } from '../shared/csv.ts'
import { connectToRead } from '../shared/database.ts'
import { LocalError } from '../shared/errors.ts'
import { few, linesOf } from './file.ts'

/**
 * A user and one of their customers, from a file or found by address. The customer's metadata need not name the user.
 */
interface Link {
  user: string
  customer: string
}

/** A link with the customer as Stripe has it, and Stripe's time when it was read. */
export type ReadLink = Link & Read

/** Where the links come from. */
export type Source = { file: string } | 'by-email'

const COLUMNS = 'user_id,stripe_customer_id'

/**
 * Reads `user_id,stripe_customer_id`. A customer belongs to one user; a user may have several. @throws LocalError that
 * names every line that is wrong
 */
export function readLinks(text: string): Link[] {
  const { lines, problems } = linesOf(text, COLUMNS)
  const [links, owners] = [new Map<string, Link>(), new Map<string, number>()]
  for (const { line, fields } of lines) {
    const [user = '', customer = ''] = fields.map((field) => field.trim())
    if (fields.length !== 2) problems.push(`line ${line}: it has ${fields.length} fields, not 2`)
    else if (idOf(user) === null) problems.push(`line ${line}: user_id names no user`)
    else if (!/^cus_\w{1,250}$/.test(customer))
      problems.push(`line ${line}: stripe_customer_id is not one, such as cus_NffrFeUfNV2Hib`)
    else if (links.has(customer) && links.get(customer)?.user !== user)
      problems.push(`line ${line}: ${customer} stands on line ${owners.get(customer)} for another user`)
    else {
      links.set(customer, { user, customer })
      if (!owners.has(customer)) owners.set(customer, line)
    }
  }
  if (problems.length === 0 && links.size === 0) problems.push('there is no line after the first one')
  if (problems.length > 0) throw new LocalError(few(problems).join('\n'))
  return [...links.values()]
}

/**
 * Returns the links to make, after it has checked that all of them are possible. @throws LocalError, ProviderTrouble
 */
export async function linksOf(source: Source, pass: Pass, databaseUrl: string): Promise<ReadLink[]> {
  if (source === 'by-email') return await linksByEmail(pass, databaseUrl)
  const [links, problems]: [ReadLink[], string[]] = [[], []]
  for (const { user, customer } of readLinks(await readCsvFile(source.file))) {
    const read = await readOne(pass, 'customers', customer)
    const named = member(member(read?.body, 'metadata'), 'user_id')
    if (!read || member(read.body, 'deleted') === true)
      problems.push(`${customer}: Stripe does not have it, in the mode of this key`)
    else if (named !== undefined && named !== user)
      problems.push(`${customer}: its metadata names ${named}, and not ${user}`)
    else if (isOfAnother(read.body, pass))
      problems.push(`${customer}: its metadata names another app, and not ${pass.settings.APP_TAG}`)
    else links.push({ user, customer, ...read })
  }
  if (problems.length > 0) throw new LocalError(`nothing is linked: ${few(problems).join('\n')}`)
  return links
}

const isOfAnother = (customer: unknown, { settings }: Pass) =>
  isOfOtherApp({ data: { object: customer } }, settings)

/**
 * Returns links for customers that have paid and whose address belongs to exactly one living user, is verified at
 * Clerk, and belongs to no other customer. People type an address at Stripe and nobody verifies it, so a person looks
 * at the list first.
 * @throws LocalError, ProviderTrouble
 */
async function linksByEmail(pass: Pass, databaseUrl: string): Promise<ReadLink[]> {
  const byAddress = new Map<string, { customer: string; isNamed: boolean }[]>()
  for await (const body of customersOf(pass)) {
    const [customer, address] = [member(body, 'id'), member(body, 'email')]
    if (typeof customer !== 'string' || typeof address !== 'string') continue
    const isNamed = member(member(body, 'metadata'), 'user_id') !== undefined || isOfAnother(body, pass)
    const key = address.trim().toLowerCase()
    byAddress.set(key, [...(byAddress.get(key) ?? []), { customer, isNamed }])
  }
  const alone = [...byAddress].flatMap(([address, [first, ...others]]) =>
    first && others.length === 0 && !first.isNamed ? [{ address, customer: first.customer }] : [],
  )
  const links: ReadLink[] = []
  for (const link of await usersOf(alone, databaseUrl)) {
    const read = (await hasPaid(pass, link.customer)) && (await readOne(pass, 'customers', link.customer))
    if (read) links.push({ ...link, ...read })
  }
  return links
}

async function* customersOf(pass: Pass) {
  let next: Awaited<ReturnType<typeof readPage>>['next'] = {}
  while (next) {
    const page = await readPage(pass, '/v1/customers', new URLSearchParams(), next)
    yield* page.objects
    next = page.next
  }
}

/** Finds users without a customer. Only customers that no user has or had are linked. */
const USERS = `
  select u.id as "user", given.customer
  from unnest($1::text[], $2::text[]) given(address, customer)
  join ledgerhook.users u on lower(u.email) = given.address and u.deactivated_at is null and u.email_verified
  where u.stripe_customer_id is null
    and not exists (select from ledgerhook.stripe_customers known where known.id = given.customer)
    and not exists (select from ledgerhook.stripe_customers other where other.user_id = u.id)
  order by u.id`

async function usersOf(alone: { address: string; customer: string }[], url: string): Promise<Link[]> {
  const client = await connectToRead(url)
  try {
    const given = [alone.map(({ address }) => address), alone.map(({ customer }) => customer)]
    return (await client.query<Link>(USERS, given)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

async function hasPaid(pass: Pass, customer: string): Promise<boolean> {
  const { body } = await askStripe(pass, `/v1/charges?${new URLSearchParams({ customer, limit: '100' })}`)
  const charges = member(body, 'data')
  return Array.isArray(charges) && charges.some((charge) => member(charge, 'paid') === true)
}

const PAGE = 100

/** Links each customer as if its metadata named the user and our app: by the same verb, with the same refusals. */
export const linkWalk = (links: ReadLink[]): Walk => ({
  name: 'customers to link',
  provider: 'stripe',
  async step(pass, { from = 0 }) {
    const page = links.slice(Number(from), Number(from) + PAGE)
    const found: Difference[] = []
    let looked = 0
    for (const { user: user_id, body, at } of page) {
      const customer = { ...(body as object), metadata: { user_id, ...tagged(pass.settings) } }
      const compared = await compareObjects(pass, 'customers', { objects: [customer], at }, true)
      found.push(...compared.found)
      looked += compared.looked
    }
    return { found, looked, next: page.length === PAGE ? { from: Number(from) + PAGE } : null }
  },
})
