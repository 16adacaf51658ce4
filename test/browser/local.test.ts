import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query } from '../../local/postgres/query.ts'
import { type Running, set, startRunning, stripeOf } from '../node/doctor-support.ts'
import { browserPath } from './find.ts'
import { accessibility, inEachWindow, open, overflowOf, startBrowser } from './support.ts'

let running: Running
let browser: Browser
let stripe: Stripe
let customer: string

/** Returns by how many pixels the widest table is wider than the window. */
const WIDER =
  '[0, ...[...document.querySelectorAll(".wide")].map((wide) => wide.scrollWidth - wide.clientWidth)].sort((a, b) => a - b).pop()'

const metadata = { user_id: 'user_ada', credits: '500' }
/** Opens a checkout for 500 credits or for the plan. Returns the address of its payment page. */
async function checkout(of: 'pack' | 'plan'): Promise<string> {
  const product_data = { name: '500 credits' }
  const { url } = await stripe.checkout.sessions.create({
    customer,
    metadata,
    success_url: `${running.settings.APP_URL}/billing?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${running.settings.APP_URL}/billing`,
    ...(of === 'pack'
      ? {
          mode: 'payment',
          line_items: [{ price_data: { currency: 'usd', unit_amount: 500, product_data }, quantity: 1 }],
        }
      : {
          mode: 'subscription',
          line_items: [{ price: 'price_pro_monthly', quantity: 1 }],
          subscription_data: { metadata: { user_id: 'user_ada' } },
        }),
  })
  return String(url)
}

async function paid(of: 'pack' | 'plan'): Promise<void> {
  const url = await checkout(of)
  await set(running.stripeUrl, `sessions/${url.split('/').at(-1)}/pay`, {})
}

/** Puts something into every list: open, paid and refunded objects. */
async function fill(): Promise<void> {
  await set(running.clerkUrl, 'users/user_ada/create', { email_address: ['ada@example.com'] })
  await set(running.clerkUrl, 'users/user_bob/create', { email_address: ['bob@example.com'] })
  customer = (await stripe.customers.create({ metadata: { user_id: 'user_ada' } })).id
  await paid('plan')
  await paid('pack')
  const [charge] = (await (await fetch(`${running.stripeUrl}/test/charges`)).json()) as { id: string }[]
  await set(running.stripeUrl, `charges/${charge?.id}/refund`, {})
  await set(running.stripeUrl, `charges/${charge?.id}/dispute`, {})
  await checkout('pack')
}

/** Runs on a new page, and fails if the browser complains. */
async function visit(
  url: string,
  act: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const { page, complaints, close } = await open(browser, new URL(url).origin, options)
  try {
    await page.goto(url)
    await act(page)
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([])
  } finally {
    await close()
  }
}

/** Presses the first button with this name in the table with this caption, and waits until the page shows this text. */
async function press(page: Page, table: string, name: string, says: RegExp): Promise<void> {
  await page.getByRole('region', { name: table }).getByText(name, { exact: true }).first().click()
  await page.getByRole('status').filter({ hasText: says }).waitFor()
}

const isDark = (page: Page) =>
  page.evaluate<boolean>(
    'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => Number(part) < 100)',
  )

async function balance(): Promise<number> {
  const sql = "select balance::int from ledgerhook.wallets where user_id = 'user_ada'"
  const [row] = (await query(running.databaseUrl, sql)) as { balance: number }[]
  return row?.balance ?? Number.NaN
}

describe.skipIf(browserPath === undefined)('the pages of npm run dev in a browser', () => {
  beforeAll(async () => {
    ;[running, browser] = await Promise.all([startRunning(), startBrowser()])
    stripe = stripeOf(running)
    await fill()
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await running?.stop()
  })

  it('axe-core finds nothing, and nothing is too wide: light, dark and narrow', async () => {
    const { stripeUrl, clerkUrl, worker } = running
    const urls = [
      `${worker.url}/`,
      `${stripeUrl}/?said=renew`,
      `${clerkUrl}/?said=ban`,
      await checkout('pack'),
      `${stripeUrl}/app/billing?session_id=cs_test_${'a'.repeat(58)}`,
      `${stripeUrl}/portal/${customer}`,
      `${stripeUrl}/pay/cs_nothing`,
    ]
    for (const url of urls)
      await visit(url, async (page) => {
        expect(await page.getAttribute('html', 'lang')).toBe('en')
        await inEachWindow(page, async ({ colorScheme, width }) => {
          const found = [await accessibility(page), await overflowOf(page), await isDark(page)]
          expect([url, width, ...found]).toEqual([url, width, [], 0, colorScheme === 'dark'])
          // No button is out of sight.
          expect([url, width, await page.evaluate<number>(WIDER)]).toEqual([url, width, 0])
        })
      })
  })

  it('the page of the API draws itself in every window, and asks nobody else', async () => {
    await visit(
      `${running.worker.url}/api/docs`,
      async (page) => {
        await page.getByRole('heading', { name: 'The signed-in user' }).waitFor()
        await inEachWindow(page, async (window) => {
          // It continues to draw after its headings are there, so what is wrong counts only if it stays.
          const wrong = async () => [await overflowOf(page), await accessibility(page)]
          await expect.poll(wrong, { message: JSON.stringify(window) }).toEqual([0, []])
        })
      },
      { reducedMotion: 'reduce' },
    )
  })

  it('`/` of the Worker leads to each of them', async () => {
    const { stripeUrl, clerkUrl, worker } = running
    await visit(worker.url, async (page) => {
      const links = await page.getByRole('link').all()
      const hrefs = await Promise.all(links.map((link) => link.getAttribute('href')))
      expect(hrefs).toEqual(['/api/docs', '/ops', stripeUrl, clerkUrl])
    })
  })

  it('a person pays by keyboard, first with a card that is declined', async () => {
    const before = await balance()
    await visit(await checkout('pack'), async (page) => {
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
      await page.getByRole('button', { name: 'Try a card that is declined' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('status').filter({ hasText: 'Your card was declined.' }).waitFor()
      expect(await balance()).toBe(before)
      await page.getByRole('button', { name: 'Pay by card' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Your app' }).waitFor()
    })
    expect(await balance()).toBe(before + 500)
  })

  it('the page of a Payment Link asks for what its buyer chooses', async () => {
    await set(running.stripeUrl, 'prices/price_any/create', { type: 'one_time' })
    const { url } = await stripe.paymentLinks.create({
      line_items: [{ price: 'price_any', quantity: 1, adjustable_quantity: { enabled: true, maximum: 3 } }],
      shipping_options: [{ shipping_rate: 'shr_1' }],
    })
    await visit(url, async (page) => {
      await page.getByLabel('Quantity').fill('4')
      await page.getByLabel('Amount').fill('50')
      await page.getByLabel('Shipping').fill('200')
      await page.getByRole('button', { name: 'Pay by card' }).click()
      await page.getByRole('status').filter({ hasText: 'cannot be chosen' }).waitFor()
      await page.getByLabel('Quantity').fill('3')
      await page.getByLabel('Amount').fill('50')
      await page.getByLabel('Shipping').fill('200')
      await page.getByRole('button', { name: 'Pay by card' }).click()
      await page.getByRole('heading', { name: 'Your app' }).waitFor()
    })
    const [newest] = (await stripe.checkout.sessions.list({ limit: 1 })).data
    expect(newest).toMatchObject({ payment_status: 'paid', amount_total: 350 })
  })

  it('the local Stripe has buttons for what can happen, without JavaScript', async () => {
    const pressed = async (page: Page) => {
      const before = await balance()
      await press(page, 'Subscriptions', 'Renew', /: .*invoice\.paid 200 applied/)
      expect(await balance()).toBe(before + 1000)
      await press(page, 'Payments', 'Refund', /: .*refund\.created 200/)
      await press(page, 'Payments', 'Dispute', /: .*charge\.dispute\.created 200/)
      await press(page, 'Disputes', 'Lose', /: .*charge\.dispute\.closed 200/)
      await press(page, 'Subscriptions', 'Renew, card declined', /: .*invoice\.payment_failed/)
      await press(page, 'Open invoices', 'Pay', /: .*invoice\.paid 200 applied/)
      await press(page, 'Subscriptions', 'Pause', /: .*customer\.subscription\.paused 200/)
      await press(page, 'Subscriptions', 'Resume', /: .*customer\.subscription\.resumed 200/)
      await press(page, 'Events', 'Send again', /^resend: \S+ 200 (applied|duplicate|stale|ignored)/)
      await press(page, 'Subscriptions', 'End now', /: .*customer\.subscription\.deleted 200/)
      expect(await page.getByRole('region', { name: 'Subscriptions' }).getByRole('button').all()).toEqual([])
    }
    await visit(`${running.stripeUrl}/`, pressed, { javaScriptEnabled: false })
  })

  it('an action that is too late is refused in words', async () => {
    await visit(`${running.stripeUrl}/`, async (page) => {
      const url = await checkout('pack')
      await page.reload()
      await set(running.stripeUrl, `sessions/${url.split('/').at(-1)}/pay`, {})
      await press(page, 'Open checkouts', 'Pay by card', /^pay: refused\. .*complete/)
    })
  })

  it('says why nothing has come of a webhook, and refuses an id that is taken', async () => {
    const signUp = async (page: Page, user: string, email: string, says: RegExp) => {
      await page.getByLabel('User id').fill(user)
      await page.getByLabel('Email address').fill(email)
      await page.getByRole('button', { name: 'Sign up' }).click()
      await page.getByRole('status').filter({ hasText: says }).waitFor()
    }
    await visit(`${running.clerkUrl}/`, async (page) => {
      await signUp(page, 'user_dora', '', /^create: user\.created 400 rejected \/ missing_email$/)
      await signUp(
        page,
        'user_ada',
        'other@example.com',
        /^create: refused\. There is a user user_ada already/,
      )
    })
    const sql = "select email from ledgerhook.users where id = 'user_ada'"
    expect(await query(running.databaseUrl, sql)).toEqual([{ email: 'ada@example.com' }])
  })

  it('the local Clerk signs people up, bans and deletes them, and tells the Worker', async () => {
    const act = async (page: Page) => {
      await page.getByLabel('User id').fill('user_cleo')
      await page.getByLabel('Email address').fill('cleo@example.com')
      await page.getByRole('button', { name: 'Sign up' }).click()
      await page
        .getByRole('status')
        .filter({ hasText: /^create: user\.created 200 applied$/ })
        .waitFor()
      await press(page, 'Users', 'Ban', /^ban: user\.updated 200 applied$/)
      await press(page, 'Users', 'Lift the ban', /^unban: user\.updated 200 applied$/)
      await press(page, 'Events', 'Send again', /^resend: user\.updated 200 duplicate \/ already_processed$/)
      await press(page, 'Users', 'Delete', /^delete: user\.deleted 200 applied$/)
    }
    await visit(`${running.clerkUrl}/`, act, { javaScriptEnabled: false })
    const sql = "select id from ledgerhook.users where id = 'user_cleo' and deactivated_at is null"
    expect(await query(running.databaseUrl, sql)).toEqual([])
  })
})
