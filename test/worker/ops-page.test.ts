import { describe, expect, it } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { paymentIntentEvent } from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { unsettledReasons } from '../../src/webhook/outcome.ts'
import { logged } from './engine-support.ts'
import { hiddenIn, type Operator, saidBy, see, signedIn, submit, text } from './ops-support.ts'
import { linked, signedUp, signUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  ledger,
  query,
  request,
  runScheduled,
  send,
  settings,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const NAMED = { OPS_TOKEN: `ada:${settings.OPS_TOKEN}` }
const ada = () => signedIn(settings.OPS_TOKEN, NAMED)

/** A session whose metadata has no valid number of credits. */
async function rejectedTopUp(user: string, payment = `pi_${user}`) {
  const session = { metadata: { user_id: user, credits: 'many' } }
  const event = checkoutEvent(COMPLETED, { user, payment, session })
  await deliver('stripe', event)
  return event
}
const at = (event: { id: string }) => `/ops/deliveries/stripe/${event.id}`
const seen = async (operator: Operator, path: string) => text(await see(operator, path))

/** Returns the recorded actions on an event or a user, the newest first. */
const recorded = async (id: string) =>
  await query<{ operator: string; action: string; note: string | null; amount: string | null }>(
    'select operator, action, note, amount from operator_actions where $1 in (event_id, user_id) order by id desc',
    [id],
  )

describe('the overview', () => {
  it('counts what waits, says what it means, and which build runs on which migration', async () => {
    await rejectedTopUp(await signedUp())
    const operator = await ada()
    const { result, requests } = await counted(() => seen(operator, '/ops'))
    expect(requests).toBe(1)
    expect(result).toMatch(
      /rejected invalid_metadata [1-9]\d* .*it names no user, or no valid number of credits/,
    )
    expect(result).toMatch(/Build [\da-f]{12} .*Newest migration \d{4}_/)
  })

  it('has the rates and the credits of 24 hours and of 30 days, and which secrets have matched', async () => {
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
    await deliver('stripe', event)
    await runScheduled({}, 'roll_up')
    const html = await see(await ada(), '/ops')
    const [numbers] = await query<{ applied: string; credits: string }>(
      `select (select sum(count) from rates where outcome = 'applied') as applied,
        (select sum(amount) from credit_ledger where amount > 0) as credits`,
    )
    const sums = ['The last 24 hours', 'The last 30 days'].map((caption) => {
      const [, table = ''] = html.split(`<caption>${caption}</caption>`)
      const rows = [...(table.split('</table>')[0] ?? '').matchAll(/<tr><td>.*?(?=<tr>|$)/gs)].map(([row]) =>
        row
          .split('<td>')
          .slice(2)
          .map((cell) => Number(text(cell))),
      )
      const sum = (column: number) => rows.reduce((all, row) => all + (row[column] ?? 0), 0)
      return { rows: rows.length, applied: sum(0), credits: sum(9) }
    })
    const both = { applied: Number(numbers?.applied), credits: Number(numbers?.credits) }
    expect(sums).toEqual([
      { rows: 24, ...both },
      { rows: 30, ...both },
    ])
    expect(both.applied).toBeGreaterThan(0)
    expect(text(html)).toMatch(/stripe 1 of 1 [1-9]\d* /)
  })

  it('names who is behind what else needs attention, and leads from each hour to its deliveries', async () => {
    const [paying, leaving] = [await signedUp(), await signedUp()]
    for (const user of [paying, leaving]) {
      const subscription = randomId('sub')
      const known = { subscription, customer: `cus_${user}` }
      await linked({ id: user, customer: known.customer })
      await deliver('stripe', subscriptionEvent('customer.subscription.created', known))
      const column = user === paying ? 'double_since' : 'cancel_due_at'
      await query(`update subscriptions set ${column} = now() where id = $1`, [subscription])
    }
    await query(`insert into erasures (user_id, asked_at) values ($1, now() - interval '2 hours')`, [leaving])
    await query(
      `insert into outgoing_events (id, user_id, sequence, type, fact, data, state, ended_at)
       values ($1, $2, 1, 'user.created', $1, '{}', 'undelivered', now())`,
      [randomId('out'), paying],
    )
    const html = await see(await ada(), '/ops')
    const [, behind = ''] = html.split('<caption>Who is behind these numbers</caption>')
    const rows = text(behind.split('</table>')[0] ?? '')
    expect(rows).toMatch(new RegExp(`double_subscription ${paying} sub_`))
    expect(rows).toMatch(new RegExp(`live_subscription_of_deleted_user ${leaving} sub_`))
    expect(rows).toMatch(new RegExp(`unfinished_erasure ${leaving} `))
    expect(rows).toMatch(new RegExp(`undelivered_event ${paying} out_`))
    expect(behind).toContain(`<a href="/ops/find?id=${paying}">`)

    const event = await rejectedTopUp(await signedUp())
    const [, hour = ''] = /href="(\/ops\/deliveries\?since=[^"]+)"/.exec(html) ?? []
    expect(await seen(await ada(), hour.replaceAll('&amp;', '&'))).toContain(event.id)
    await query(`delete from erasures where user_id = $1`, [leaving])
  })

  it('says of a secret that has matched whether it is still set', async () => {
    const env = { STRIPE_WEBHOOK_SECRET: `whsec_the_new_one,${settings.STRIPE_WEBHOOK_SECRET}` }
    await deliver('stripe', checkoutEvent(COMPLETED, { user: await signedUp() }), { env })
    await runScheduled({}, 'roll_up')
    expect(await seen(await signedIn(settings.OPS_TOKEN, env), '/ops')).toMatch(/stripe 2 of 2 1 /)
    expect(await seen(await ada(), '/ops')).toMatch(/stripe 2, no longer set 1 /)
  })

  it('lists alerts, the open ones with what they mean', async () => {
    await query(
      `insert into alerts (name, about, state, critical, value, threshold, details, since, opened_at)
       values ('error_rate', '', 'open', true, 0.5, 0.1, '{}', now(), now()) on conflict do nothing`,
    )
    expect(await seen(await ada(), '/ops')).toMatch(
      /critical: error_rate open Share of the requests .*: 0\.5 0\.1/,
    )
    await query(`delete from alerts where name = 'error_rate'`)
  })

  it('lists the differences from Stripe, with the user and the credits', async () => {
    const user = randomId('user')
    await query(
      `insert into differences (provider, object, kind, user_id, credits, first_pass, reported_at)
       values ('stripe', $1, 'paid_not_credited', $2, 500, 'pass', now())`,
      [`cs_${user}`, user],
    )
    const html = await see(await ada(), '/ops')
    expect(text(html)).toContain(`cs_${user} paid, not credited ${user} 500`)
    expect(html).not.toContain(`name="object" value="cs_${user}"`)
  })

  it('settles a difference that only a person can deal with: with a note, and once', async () => {
    const object = `pi_${randomId('user')}`
    await query(
      `insert into differences (provider, object, kind, user_id, credits, first_pass, reported_at)
       values ('stripe', $1, 'no_such_payment', $2, -500, 'pass', now())`,
      [object, `user_of_${object}`],
    )
    const operator = await ada()
    expect(await see(operator, '/ops')).toContain(`name="object" value="${object}"`)
    const settle = async (note: string, about = object) =>
      saidBy(await submit(operator, '/ops/differences', { object: about, note }))
    expect(await settle(' ')).toMatch(/^A note is required/)
    expect(await settle('Ticket 18')).toMatch(`Settled: ${object} is not reported any more`)
    expect(await seen(operator, '/ops')).not.toContain(object)
    expect(await settle('Ticket 18')).toMatch(/^It was settled already/)
    expect(await settle('Ticket 18', 'pi_unknown')).toMatch(/^It does not differ any more/)
    expect(await recorded(object)).toMatchObject([
      { operator: 'ada', action: 'settle_difference', note: 'Ticket 18' },
    ])
    expect(await see(operator, '/ops/actions')).toContain(`/ops/find?id=${object}`)
  })
})

describe('the deliveries', () => {
  const rows = async (filter: Record<string, string>) => {
    const html = await see(await ada(), `/ops/deliveries?${new URLSearchParams(filter)}`)
    return [...html.matchAll(/<tr><td.*?(?=<tr>|<\/table>)/gs)].map(([row]) => text(row))
  }
  const events = async (filter: Record<string, string>) =>
    (await rows(filter)).map((row) => /(?:evt|msg)_\w+/.exec(row)?.[0])

  it('are found by provider, type, outcome, reason, user, time, and id, the newest first', async () => {
    const user = await signedUp()
    const applied = checkoutEvent(COMPLETED, { user, payment: `pi_1_${user}` })
    await deliver('stripe', applied)
    const rejected = await rejectedTopUp(user, `pi_2_${user}`)
    const all = await rows({ user_id: user })
    expect(all.map((row) => row.split(' ').at(2))).toEqual(['stripe', 'stripe', 'clerk'])
    expect(await events({ user_id: user, provider: 'stripe' })).toEqual([rejected.id, applied.id])
    expect(await events({ user_id: user, type: 'user.created' })).toHaveLength(1)
    expect(await events({ user_id: user, outcome: 'rejected' })).toEqual([rejected.id])
    expect(await events({ user_id: user, reason: 'invalid_metadata' })).toEqual([rejected.id])
    expect((await events({ outcome: 'rejected', reason: 'invalid_metadata' }))[0]).toBe(rejected.id)
    expect((await events({ outcome: 'rejected' }))[0]).toBe(rejected.id)
    expect((await events({}))[0]).toBe(rejected.id)
    expect((await events({ type: COMPLETED })).slice(0, 2)).toEqual([rejected.id, applied.id])
    expect((await events({ outcome: 'applied', type: COMPLETED }))[0]).toBe(applied.id)
    expect(await events({ id: applied.id })).toEqual([applied.id])
    expect(await events({ id: `pi_2_${user}` })).toEqual([rejected.id])
    expect(await events({ user_id: user, until: '2020-01-01T00:00' })).toEqual([])
    expect(await events({ user_id: user, since: '2020-01-01T00:00' })).toHaveLength(3)
    expect(await events({ outcome: 'parked', user_id: user })).toEqual([])
  })

  it('come in pages that leave nothing out and say nothing twice, in each way of looking', async () => {
    const user = await signedUp()
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, about, received_at)
       select 'stripe', 'evt_' || n || '_' || $1, 'paged.type', 'rejected', 'payment_mismatch', $1, array['pi_' || $1],
         now() - interval '1 minute' * (n / 3) from generate_series(1, 120) n`,
      [user],
    )
    const operator = await ada()
    for (const filter of [
      `user_id=${user}`,
      `id=pi_${user}`,
      'outcome=rejected&reason=payment_mismatch',
      'type=paged.type',
    ]) {
      const ids: string[] = []
      let path: string | undefined = `/ops/deliveries?${filter}&type=paged.type`
      while (path) {
        const html: string = await see(operator, path)
        ids.push(...[...html.matchAll(/evt_\d+_user_\w+(?=<\/a>)/g)].map(([id]) => id))
        const older = /<a href="([^"]+)">Older/.exec(html)?.[1]
        path = older && `/ops/deliveries${older.replaceAll('&amp;', '&')}`
      }
      expect([ids.length, new Set(ids).size]).toEqual([120, 120])
    }
  })

  it('say which value of a filter cannot be read, and nothing is logged as a failure', async () => {
    const operator = await ada()
    const get = async (path: string) => {
      const response = await request(path, { headers: { cookie: operator.cookie } }, NAMED)
      return [response.status, text(await response.text())]
    }
    const lines = await logged(async () => {
      expect(await get('/ops/deliveries?since=yesterday&until=2026-02-30')).toEqual([
        400,
        expect.stringMatching(/since takes a moment in ISO 8601.* until takes a moment/),
      ])
      expect(await get('/ops/find?id=')).toEqual([400, expect.stringContaining('id is required')])
    })
    expect(lines).toEqual([])
    const forged = { outcome: 'rejected', reason: 'invalid_metadata', until: 'x', do: 'look_again' }
    const refused = await logged(async () => {
      expect(text(await submit(operator, '/ops/bulk', forged))).toContain('The database refused')
    })
    expect(refused).toMatchObject([{ message: 'refused', level: 'warn', cause: '22007' }])
  })

  it('say what each waits for, and what would release it', async () => {
    const user = randomId('user')
    const parked = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
    await deliver('stripe', parked)
    expect((await rows({ id: parked.id }))[0]).toContain(
      `parked / unknown_user ${user} user ${user} , which comes with an event of Clerk’s about the user, or with the user’s first visit`,
    )
    const refund = reversalEvent('refund.created', { payment: `pi_2_${user}`, amount: 1 })
    await deliver('stripe', refund)
    expect((await rows({ id: refund.id }))[0]).toContain(
      `payment pi_2_${user} , which comes with the event that reports it`,
    )
    const payment = `pi_3_${user}`
    const unlinked = paymentIntentEvent({ payment, user: await signedUp() })
    await deliver('stripe', unlinked)
    expect((await rows({ id: unlinked.id }))[0]).toMatch(
      new RegExp(`payment ch_${payment} , which Stripe is asked about, tried again at [\\d-]+`),
    )
    const rejected = await rejectedTopUp(await signedUp())
    expect((await rows({ id: rejected.id }))[0]).toContain('a person, who removes the cause and looks again')
  })
})

describe('one delivery', () => {
  it('has its attempts, its entries, a link to its provider, and no payload', async () => {
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
    await deliver('stripe', event)
    await deliver('stripe', event)
    const operator = await ada()
    const { result, requests } = await counted(() => see(operator, at(event)))
    expect(requests).toBe(1)
    expect(text(result)).toMatch(/Outcome applied .*Attempts 2 .*\+500 540 500 credits bought/)
    expect(result).toContain(`<a href="${settings.STRIPE_API_BASE}">the local Stripe</a>`)
    const real = { ...operator, env: { ...operator.env, STRIPE_API_BASE: '' } }
    expect(await see(real, at(event))).toContain(`https://dashboard.stripe.com/test/events/${event.id}`)
    expect(result).not.toContain('customer_details')
    expect(result).not.toContain('Look again')
  })

  it('shows its payload at a second click, and records who has read it', async () => {
    const user = await signedUp()
    const event = await rejectedTopUp(user)
    const operator = await ada()
    const html = await submit(operator, at(event), { do: 'payload' })
    expect(text(html)).toContain('&quot;credits&quot;: &quot;many&quot;')
    expect(await recorded(event.id)).toMatchObject([{ operator: 'ada', action: 'read_payload' }])
    expect(text(html)).toMatch(/ada read_payload/)
  })

  it('shows no payload of a user who is erased, and one that nests as deep as it is', async () => {
    const user = await signedUp()
    const event = await rejectedTopUp(user)
    await query('insert into erasures (user_id) values ($1)', [user])
    const operator = await ada()
    expect(await seen(operator, at(event))).toContain('Its payload is not stored.')
    expect(await submit(operator, at(event), { do: 'payload' })).not.toContain('&quot;credits&quot;')

    const deep = `{"id":"evt_deep_${user}","type":"user.created","object":"event","data":${'[{"a":'.repeat(2_000)}1${'}]'.repeat(2_000)}}`
    await send('stripe', deep)
    const shown = await submit(operator, `/ops/deliveries/stripe/evt_deep_${user}`, { do: 'payload' })
    expect(shown.length).toBeLessThan(200_000)
  })

  it('is not there where it is not stored', async () => {
    const { cookie } = await ada()
    for (const path of ['/ops/deliveries/stripe/evt_nobody', '/ops/deliveries/other/evt_1'])
      expect((await request(path, { headers: { cookie } }, NAMED)).status).toBe(404)
  })

  it('shows what a stranger has put into it as text', async () => {
    const id = `<script>alert(1)</script>${randomId('evt')}`
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason) values ('stripe', $1, '<b>"', 'ignored', 'not_ours')`,
      [id],
    )
    const html = await see(await ada(), `/ops/deliveries/stripe/${encodeURIComponent(id)}`)
    expect(html).not.toContain('<script>alert')
    expect(html).toContain('&lt;b&gt;&quot;')
  })
})

describe('looking again', () => {
  it('runs what waits with an effect, shows the outcome, and records who and why', async () => {
    const user = randomId('user')
    const event = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
    await deliver('stripe', event)
    const operator = await ada()
    const again = (note: string) => submit(operator, at(event), { do: 'look_again', note })
    expect(saidBy(await again('ticket 7'))).toBe('Looked again: parked / unknown_user.')
    // Nothing releases it except the action "look again".
    await query('delete from waiting where event_id = $1', [event.id])
    await signUp(user)
    expect(await balance(user)).toBe(40)
    expect(saidBy(await again(''))).toBe('Looked again: applied.')
    expect([await balance(user), await eventRow(event.id)]).toMatchObject([540, { outcome: 'applied' }])
    expect(await recorded(event.id)).toEqual([
      { operator: 'ada', action: 'look_again', note: null, amount: null },
      { operator: 'ada', action: 'look_again', note: 'ticket 7', amount: null },
    ])
    expect(saidBy(await again(''))).toBe('Its outcome is final: nothing was changed.')
    expect(await recorded(event.id)).toHaveLength(2)
  })

  it('decides anew on what was rejected, from its payload, and once', async () => {
    const holder = randomId('user')
    const user = await signedUp()
    await linked({ id: holder, customer: `cus_${user}` })
    const event = checkoutEvent(COMPLETED, {
      user,
      payment: `pi_${user}`,
      session: { customer: `cus_${user}` },
    })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'rejected', reason: 'customer_mismatch' })
    const operator = await ada()
    expect(await seen(operator, at(event))).toContain('which is another user’s: a person decides')
    await query('update stripe_customers set user_id = $1 where id = $2', [user, `cus_${user}`])
    await query('update users set stripe_customer_id = null where id = $1', [holder])
    const both = await Promise.all(
      [1, 2].map(() => submit(operator, at(event), { do: 'look_again', note: 'Customer corrected' })),
    )
    expect(both.map(saidBy)).toContain('Looked again: applied.')
    expect(await balance(user)).toBe(540)
  })

  it('credits nothing of another app of the account, though its effect is kept for the day it is known', async () => {
    const user = await signedUp()
    const env = { ...NAMED, APP_TAG: 'shop' }
    const event = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
    expect(await deliver('stripe', event, { env })).toMatchObject({ reason: 'other_app' })
    const again = async (env: typeof NAMED) =>
      saidBy(await submit(await signedIn(settings.OPS_TOKEN, env), at(event), { do: 'look_again' }))
    expect(await again(env)).toBe('Looked again: ignored / other_app.')
    expect([await balance(user), await eventRow(event.id)]).toMatchObject([40, { outcome: 'ignored' }])
    // Without the setting, every payment is ours.
    expect(await again(NAMED)).toBe('Looked again: applied.')
    expect(await balance(user)).toBe(540)
  })

  it.each(['alone', 'with all of its reason'])(
    'lets in who has no address, %s, once none is asked for',
    async (how) => {
      const user = randomId('user')
      const data = { email_addresses: [], primary_email_address_id: null }
      await deliver('clerk', clerkEvent('user.created', { user, data }))
      const [row] = await query<{ event_id: string }>(
        'select event_id from webhook_events where user_id = $1',
        [user],
      )
      const ada = await signedIn(settings.OPS_TOKEN, { ...NAMED, REQUIRE_EMAIL: 'false' })
      const seen = await see(ada, `/ops/deliveries/clerk/${row?.event_id}`)
      expect(text(seen)).toContain('has no address: a person decides')
      const all = { outcome: 'rejected', reason: 'missing_email', until: new Date().toISOString() }
      const [path, fields] =
        how === 'alone' ? [`/ops/deliveries/clerk/${row?.event_id}`, {}] : ['/ops/bulk', all]
      await submit(ada, path, { ...fields, do: 'look_again', note: '' })
      expect(await balance(user)).toBe(40)
    },
  )

  it('is refused where nothing says any more what it was', async () => {
    const event = await rejectedTopUp(await signedUp())
    await query('update webhook_events set payload = null where event_id = $1', [event.id])
    const said = saidBy(await submit(await ada(), at(event), { do: 'look_again', note: '' }))
    expect(said).toBe('It cannot be looked at again: neither its effect nor its payload is stored.')
  })
})

describe('settling', () => {
  it('closes the fact as npm run settle does, by the name of the operator, and needs a note', async () => {
    const user = await signedUp()
    const event = await rejectedTopUp(user)
    const operator = await ada()
    expect(saidBy(await submit(operator, at(event), { do: 'settle', note: ' ' }))).toMatch(
      /^A note is required/,
    )
    expect(saidBy(await submit(operator, at(event), { do: 'settle', note: 'Ticket 17' }))).toMatch(
      new RegExp(`^Settled, and with it .*payment pi_${user}`),
    )
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'settled_by_hand' })
    const facts = await query('select settled_by, note from settled_facts where event_id = $1', [event.id])
    expect(facts[0]).toEqual({ settled_by: 'ada', note: 'Ticket 17' })
    expect(await recorded(event.id)).toMatchObject([{ operator: 'ada', action: 'settle', note: 'Ticket 17' }])
    expect(saidBy(await submit(operator, at(event), { do: 'settle', note: 'again' }))).toMatch(
      /^Its outcome is final/,
    )
    expect(await recorded(event.id)).toHaveLength(1)
  })
})

describe('all of one reason', () => {
  const reason = (name: string) => ({ outcome: 'rejected', reason: name })
  const count = async (name: string) =>
    Number(
      (await query<{ n: string }>('select count(*) as n from webhook_events where reason = $1', [name]))[0]
        ?.n,
    )

  async function several(name: string, number: number) {
    const user = await signedUp()
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, about, payload, received_at)
       select 'stripe', 'evt_' || n || '_' || $1, 'refund.created', 'rejected', $2, $1, array['re_' || n || $1], $4,
         now() - interval '1 second' * n from generate_series(1, $3::integer) n`,
      [
        user,
        name,
        number,
        JSON.stringify(reversalEvent('refund.created', { payment: `pi_of_${user}`, amount: 1 })),
      ],
    )
    return user
  }

  it('are counted first, and settled as counted: what has come since stays', async () => {
    const user = await several('reference_mismatch', 3)
    const operator = await ada()
    const html = await see(operator, '/ops/bulk?outcome=rejected&reason=reference_mismatch')
    expect(text(html)).toMatch(/Deliveries 3 .*Settle all 3 by hand/)
    const until = hiddenIn(html, 'until')
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, received_at)
       values ('stripe', $1, 'x', 'rejected', 'reference_mismatch', now() + interval '1 second')`,
      [`evt_later_${user}`],
    )
    const fields = { ...reason('reference_mismatch'), until, do: 'settle' }
    expect(saidBy(await submit(operator, '/ops/bulk', { ...fields, note: '' }))).toMatch(
      /^A note is required/,
    )
    expect(saidBy(await submit(operator, '/ops/bulk', { ...fields, note: 'All paid out' }))).toBe(
      'Settled: 3.',
    )
    expect(await count('reference_mismatch')).toBe(1)
    expect(await recorded(user)).toEqual(
      [1, 2, 3].map(() => ({ operator: 'ada', action: 'settle', note: 'All paid out', amount: null })),
    )
  })

  it('are looked at again in bites, each of them once, with what became of them', async () => {
    const user = await several('currency_mismatch', 30)
    const operator = await ada()
    const path = '/ops/bulk?outcome=rejected&reason=currency_mismatch'
    let html = await see(operator, path)
    expect(text(html)).toContain('Look again at the first 11 of 30')
    const fields = {
      ...reason('currency_mismatch'),
      until: hiddenIn(html, 'until'),
      do: 'look_again',
      note: '',
    }
    const said: string[] = []
    let more: Record<string, string> = {}
    do {
      html = await submit(operator, '/ops/bulk', { ...fields, ...more })
      said.push(saidBy(html))
      more = { after_at: hiddenIn(html, 'after_at'), after_id: hiddenIn(html, 'after_id') }
    } while (more.after_at)
    expect(said).toEqual([11, 11, 8].map((n) => `Looked again at ${n}: ${n} parked / unknown_payment.`))
    expect(await count('currency_mismatch')).toBe(0)
    expect(await recorded(user)).toHaveLength(30)
  })

  it('of a reason that nothing has, are none', async () => {
    for (const { outcome, reason } of unsettledReasons.slice(0, 2)) {
      await query('delete from waiting')
      await query(
        'update webhook_events set outcome = $3, reason = null where outcome = $1 and reason = $2',
        [outcome, reason, 'applied'],
      )
      const html = await see(await ada(), `/ops/bulk?outcome=${outcome}&reason=${reason}`)
      expect(text(html)).toContain('Deliveries 0')
      expect(html).not.toContain('value="settle"')
    }
  })
})

describe('a user', () => {
  it('has the balance, the entries, the payments with what came back, subscriptions, and what waits', async () => {
    const user = randomId('user')
    await linked({ id: user, customer: `cus_${user}` })
    const payment = `pi_${user}`
    await deliver('stripe', checkoutEvent(COMPLETED, { user, payment, session: { amount_total: 1000 } }))
    await deliver('stripe', reversalEvent('refund.created', { payment, amount: 400 }))
    await deliver(
      'stripe',
      subscriptionEvent('customer.subscription.created', {
        subscription: `sub_${user}`,
        customer: `cus_${user}`,
      }),
    )
    await rejectedTopUp(user, `pi_2_${user}`)
    const operator = await ada()
    const { result, requests } = await counted(() => seen(operator, `/ops/find?id=${user}`))
    expect(requests).toBe(1)
    expect(result).toContain(`Email ${user}@example.com Balance, credits 340`)
    expect(result).toMatch(new RegExp(`-200 340 200 credits taken back: money of ${payment} was refunded`))
    expect(result).toMatch(new RegExp(`${payment} [\\d: -]+ 500 10\\.00 USD refund succeeded 4\\.00 USD`))
    expect(result).toContain(`sub_${user}`)
    expect(result).toMatch(/Waiting deliveries .* rejected \/ invalid_metadata a person/)
    const ofPayment = await seen(operator, `/ops/find?id=${payment}`)
    expect(ofPayment).toContain(`payment ${payment} User ${user}`)
    expect(ofPayment).not.toContain('Adjust the balance')
    expect(await seen(operator, `/ops/find?id=${randomId('user')}`)).toContain('Nothing is known about')
  })

  it('is adjusted with a note, once per form, and it is recorded by whom', async () => {
    const user = await signedUp()
    const operator = await ada()
    const html = await see(operator, `/ops/find?id=${user}`)
    const fields = { user_id: user, key: hiddenIn(html, 'key'), amount: '-15', note: 'Given twice' }
    const twice = await Promise.all([1, 2].map(() => submit(operator, '/ops/adjust', fields)))
    expect(twice.map(saidBy).sort()).toEqual([
      'Adjusted. Balance after it: 25 credits.',
      'This form had adjusted it already. Balance after it: 25 credits.',
    ])
    expect(await balance(user)).toBe(25)
    expect((await ledger(user)).at(-1)).toMatchObject({
      kind: 'adjustment',
      amount: '-15',
      note: 'Given twice',
    })
    expect(await recorded(user)).toEqual([
      { operator: 'ada', action: 'adjust', note: 'Given twice', amount: '-15' },
    ])
    for (const [wrong, says] of [
      [{ note: '' }, /^A note is required/],
      [{ amount: 'many' }, /^A number of credits is required/],
      [{ amount: '0' }, /^A number of credits is required/],
      [{ amount: '1000000000001' }, /^At most 1000000000000 credits: nothing was changed/],
      [{ amount: '5' }, /^This form has made another adjustment/],
      [{ user_id: randomId('user'), key: 'other' }, /^There is no wallet of this user/],
    ] as const)
      expect(saidBy(await submit(operator, '/ops/adjust', { ...fields, ...wrong }))).toMatch(says)
    expect([await balance(user), (await recorded(user)).length]).toEqual([25, 1])
  })

  it('has older entries on further pages', async () => {
    const user = await signedUp()
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key)
       select $1, 'grant', 1, 'paged:' || n || $1 from generate_series(1, 150) n`,
      [user],
    )
    const operator = await ada()
    const first = await see(operator, `/ops/find?id=${user}`)
    const older = /<a href="([^"]+)">Older entries/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await see(operator, `/ops/find${older}`)
    const entries = (html: string) => html.match(/credits? (granted|given as)/g)?.length
    expect([entries(first), entries(second)]).toEqual([100, 51])
  })
})

describe('a note', () => {
  it('has at most 500 characters, as everywhere: a longer one changes nothing', async () => {
    const user = await signedUp()
    const event = await rejectedTopUp(user)
    const operator = await ada()
    const found = await see(operator, `/ops/find?id=${user}`)
    const adjusting = { user_id: user, key: hiddenIn(found, 'key'), amount: '5' }
    const many = { outcome: 'rejected', reason: 'invalid_metadata', until: new Date().toISOString() }
    const forms: [string, Record<string, string>][] = [
      ['/ops/adjust', adjusting],
      [at(event), { do: 'settle' }],
      [at(event), { do: 'look_again' }],
      ['/ops/bulk', { ...many, do: 'settle' }],
      ['/ops/bulk', { ...many, do: 'look_again' }],
      ['/ops/differences', { object: `pi_${user}` }],
    ]
    for (const [path, fields] of forms) {
      const { result, requests } = await counted(() =>
        submit(operator, path, { ...fields, note: 'é'.repeat(501) }),
      )
      expect([path, text(result), requests]).toEqual([
        path,
        expect.stringContaining('note takes at most 500 characters: nothing was changed'),
        0,
      ])
    }
    expect([await balance(user), await recorded(user), await recorded(event.id)]).toEqual([40, [], []])
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'rejected' })
    for (const html of [
      found,
      await see(operator, at(event)),
      await see(operator, `/ops/bulk?${new URLSearchParams(many)}`),
    ])
      expect(html).toMatch(/<input name="note" [^>]*pattern="\.\{0,500\}" title="At most 500 characters"/)

    const note = 'n'.repeat(500)
    expect(saidBy(await submit(operator, '/ops/adjust', { ...adjusting, note }))).toMatch(/^Adjusted/)
    expect((await ledger(user)).at(-1)).toMatchObject({ amount: '5', note })
  })

  it('is booked under the key of a form, which is as short as every key', async () => {
    const user = await signedUp()
    const operator = await ada()
    for (const key of ['', 'k'.repeat(256), 'k'.repeat(5_000)])
      expect(
        saidBy(await submit(operator, '/ops/adjust', { user_id: user, key, amount: '5', note: 'Ticket 17' })),
      ).toBe('Nothing was changed: load the form again.')
    expect(await balance(user)).toBe(40)
  })
})

describe('what operators have done', () => {
  it('stays as it was recorded, whoever writes', async () => {
    await ada()
    for (const statement of ['update operator_actions set note = null', 'delete from operator_actions'])
      await expect(query(statement)).rejects.toThrow('append-only')
    await expect(query('truncate operator_actions')).rejects.toThrow('append-only')
  })

  it('is listed, the newest first, in pages', async () => {
    await query(
      `insert into operator_actions (operator, action, note) select 'ben', 'settle', 'n' || n from generate_series(1, 120) n`,
    )
    const operator = await ada()
    const first = await see(operator, '/ops/actions')
    expect(text(first)).toMatch(/ada sign_in .*ben settle n120/)
    const older = /<a href="([^"]+)">Older/.exec(first)?.[1] ?? ''
    expect(await seen(operator, `/ops/actions${older}`)).toMatch(/ben settle n20/)
  })
})

describe('while the database is away', () => {
  it('the page says so, and to look whether a change was made', async () => {
    const { cookie } = await ada()
    const env = { ...NAMED, NEON_FETCH_ENDPOINT: 'http://127.0.0.1:1/sql' }
    const response = await request('/ops', { headers: { cookie } }, env)
    expect([response.status, text(await response.text())]).toEqual([
      503,
      expect.stringContaining('look whether it was done, then try again.'),
    ])
  })
})
