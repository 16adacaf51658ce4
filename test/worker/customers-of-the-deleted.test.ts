import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { leave, link, signedUp, signUp } from './people.ts'
import { balance, deliver, query, runScheduled, said } from './support.ts'

const env = { PLANS: '{"price_pro": {"key": "pro", "credits": 100}}' }
const pay = async (user: string, customer: string) =>
  said(await deliver('stripe', checkoutEvent('checkout.session.completed', { user, session: { customer } })))

describe('a payment by a customer whose user is being deleted', () => {
  it.each(['deactivate', 'delete'])(
    'is credited to who paid, whichever comes first (%s)',
    async (USER_DELETION) => {
      for (const first of ['payment', 'deletion']) {
        const [former, next] = [await signedUp(), await signedUp()]
        const customer = `cus_${former}`
        await link(former, customer)
        if (first === 'deletion') await leave(former, { env: { USER_DELETION } })
        expect(await pay(next, customer)).toBe(
          first === 'deletion' ? 'applied' : 'rejected customer_mismatch',
        )
        if (first === 'payment') await leave(former, { env: { USER_DELETION } })
        expect([first, await balance(next)]).toEqual([first, 540])
      }
    },
  )

  it('is credited by the scheduled run where the customer is not the linked one', async () => {
    const [former, next] = [await signedUp(), await signedUp()]
    await link(former, `cus_1_${former}`)
    await pay(former, `cus_2_${former}`)
    expect(await pay(next, `cus_2_${former}`)).toBe('rejected customer_mismatch')
    await leave(former)
    await runScheduled()
    expect(await balance(next)).toBe(540)
  })

  it('is credited once the customer is gone', async () => {
    const [holder, payer] = [await signedUp(), await signedUp()]
    await link(holder, `cus_${holder}`)
    expect(await pay(payer, `cus_${holder}`)).toBe('rejected customer_mismatch')
    await deliver('stripe', billingEvent('customer.deleted', { id: `cus_${holder}` }))
    expect(await balance(payer)).toBe(540)
  })
})

describe('an invoice that names a user who is not here yet, of a customer that somebody else has', () => {
  it('is for the one it names, whichever comes first', async () => {
    for (const first of ['invoice', 'user']) {
      const [holder, named] = [await signedUp(), randomId('user')]
      await link(holder, `cus_${holder}`)
      const names = { invoice: `in_${named}`, subscription: `sub_${named}`, customer: `cus_${holder}` }
      const event = invoiceEvent('invoice.paid', { ...names, user: named, price: 'price_pro' })
      if (first === 'user') await signUp(named)
      await deliver('stripe', event, { env })
      if (first === 'invoice') await signUp(named)
      expect([first, await balance(holder), await balance(named)]).toEqual([first, 40, 140])
    }
  })

  it('is for the customer’s user where it names somebody by an id of the app’s own', async () => {
    const holder = await signedUp()
    await link(holder, `cus_${holder}`)
    const names = { invoice: `in_${holder}`, subscription: `sub_${holder}`, customer: `cus_${holder}` }
    const event = invoiceEvent('invoice.paid', { ...names, user: '4711', price: 'price_pro' })
    expect(said(await deliver('stripe', event, { env }))).toBe('applied')
    expect(await balance(holder)).toBe(140)
    expect(await query('select user_id from payments where stripe_payment_id = $1', [names.invoice])).toEqual(
      [{ user_id: holder }],
    )
  })
})
