import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { query } from '../../local/postgres/query.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { sign } from '../../local/sign.ts'
import { type Running, startRunning } from '../node/doctor-support.ts'
import { browserPath, NO_BROWSER } from './find.ts'
import { accessibility, inEachWindow, type Opened, open, overflowOf, startBrowser } from './support.ts'

let running: Running
let browser: Browser
let url: string
const token = () => String(running.settings.OPS_TOKEN)

async function deliver(provider: 'clerk' | 'stripe', event: object): Promise<void> {
  const body = JSON.stringify(event)
  const secret = String(running.settings[`${provider.toUpperCase()}_WEBHOOK_SECRET`])
  const headers = await sign(provider, body, { secret })
  const response = await fetch(`${url}/api/webhooks/${provider}`, { method: 'POST', headers, body })
  expect(response.status).toBe(200)
}

const COMPLETED = 'checkout.session.completed'
const signUp = (user: string) =>
  deliver('clerk', { ...clerkEvent('user.created', { user }), instance_id: 'ins_local' })
const topUp = (user: string, event: string, session: Record<string, unknown> = {}) =>
  deliver('stripe', checkoutEvent(COMPLETED, { user, event, payment: `pi_${event}`, session }))
/** A top-up whose metadata has no valid number of credits, so it is rejected. */
const wrongTopUp = (user: string, event: string) =>
  topUp(user, event, { metadata: { user_id: user, credits: 'many' } })

/** A user who paid before signing up. Nothing releases the payment except the operator's action "look again". */
async function overlooked(user: string, event: string): Promise<void> {
  await topUp(user, event)
  await query(running.databaseUrl, 'delete from ledgerhook.waiting where event_id = $1', [event])
  await signUp(user)
}

async function fill(): Promise<void> {
  await signUp('user_ada')
  await topUp('user_ada', 'evt_applied', { amount_total: 1000 })
  await deliver('stripe', reversalEvent('refund.created', { payment: 'pi_evt_applied', amount: 400 }))
  await wrongTopUp('user_ada', 'evt_wrong')
  await topUp('user_nobody', 'evt_parked')
  // The deliveries are counted.
  await running.worker.runScheduled()
}

/** What each page shows after `fill`. */
const PAGES = [
  '/ops',
  '/ops/deliveries',
  '/ops/deliveries?outcome=rejected',
  '/ops/deliveries/stripe/evt_applied',
  '/ops/deliveries/stripe/evt_wrong',
  '/ops/bulk?outcome=rejected&reason=invalid_metadata',
  '/ops/find?id=user_ada',
  '/ops/find?id=nothing',
  '/ops/actions',
  '/ops/nowhere',
]

/** Runs in a new page as a signed-in operator, and fails if the browser complains. */
async function signedIn(
  act: (page: Page, opened: Opened) => Promise<void>,
  { path = '/ops', ...options }: BrowserContextOptions & { path?: string } = {},
): Promise<void> {
  const opened = await open(browser, url, options)
  try {
    await opened.page.goto(path)
    await opened.page.getByLabel('Token (OPS_TOKEN)').fill(token())
    await press(opened.page, 'Sign in')
    await loaded(opened.page, opened.page.getByRole('button', { name: /^Sign out/ }))
    await act(opened.page, opened)
    expect(opened.complaints.filter((text) => !text.includes('404'))).toEqual([])
  } finally {
    await opened.close()
  }
}

/** Waits until a page with this text is completely loaded, because a click does not wait for the next page. */
async function loaded(page: Page, sign: Locator): Promise<void> {
  await sign.waitFor()
  await page.waitForLoadState()
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click()
const text = async (page: Page, selector = 'main') =>
  ((await page.locator(selector).textContent()) ?? '').replaceAll(/\s+/g, ' ')
const backgroundOf = (page: Page) => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
/** Returns the captions of tables that are wider than the window: all but those of the numbers that are drawn. */
const cutTables = (page: Page) =>
  page.evaluate<string[]>(
    `[...document.querySelectorAll('.wide:not(:has([data-plot]))')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((region) => region.getAttribute('aria-label'))`,
  )
async function said(page: Page): Promise<string> {
  await loaded(page, page.getByRole('status'))
  return await text(page, '[role=status]')
}

describe.skipIf(browserPath === undefined)('the page /ops in a browser', () => {
  beforeAll(async () => {
    ;[running, browser] = await Promise.all([startRunning(), startBrowser()])
    url = running.worker.url
    await fill()
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await running?.stop()
  })

  it('lets nobody in but by a token, leads to the page that was asked for, and out again', async () => {
    const { page, complaints, close } = await open(browser, url)
    await page.goto('/ops/deliveries?outcome=rejected')
    expect(await accessibility(page)).toEqual([])
    await page.getByLabel('Token (OPS_TOKEN)').fill('wrong-token-of-somebody')
    await press(page, 'Sign in')
    expect(await said(page)).toBe('This token is not valid')
    await page.getByLabel('Token (OPS_TOKEN)').fill(token())
    await press(page, 'Sign in')
    await page.waitForURL('**/ops/deliveries?outcome=rejected')
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({
      name: '__Host-ops',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'Strict',
    })
    await press(page, /^Sign out/)
    await loaded(page, page.getByLabel('Token (OPS_TOKEN)'))
    expect([await page.context().cookies(), complaints]).toEqual([[], []])
    await close()
  })

  it('draws the numbers of its tables, and closes them', async () => {
    await signedIn(async (page) => {
      // Outcomes, rates, the database, credits and the oldest parked, for 24 hours and for 30 days.
      await page.waitForFunction('document.querySelectorAll("canvas").length === 10')
      expect(await page.locator('details[open]').count()).toBe(0)
      await page.locator('summary').first().click()
      expect(await page.locator('details table tbody').first().locator('tr').count()).toBe(24)
    })
  })

  it('finds deliveries by its filters', async () => {
    await signedIn(async (page) => {
      await page.goto('/ops/deliveries')
      await page.getByLabel('Outcome').selectOption('rejected')
      await page.getByLabel('User', { exact: true }).fill('user_ada')
      await press(page, 'Filter')
      await page.waitForURL(/outcome=rejected/)
      expect(await page.locator('tbody tr').count()).toBe(1)
      expect(await page.getByLabel('Outcome').inputValue()).toBe('rejected')
      await page.getByRole('link', { name: 'evt_wrong' }).click()
      await page.waitForURL('**/evt_wrong')
      expect(await text(page)).toContain('rejected / invalid_metadata')
    })
  })

  it('looks at a delivery again, and shows the outcome and who has done it', async () => {
    await overlooked('user_bob', 'evt_bob')
    await signedIn(async (page) => {
      await page.goto('/ops/deliveries/stripe/evt_bob')
      expect(await text(page)).toContain('parked / unknown_user')
      await page.getByLabel('Note (optional)').fill('Ticket 3')
      await press(page, 'Look again')
      expect(await said(page)).toBe('Looked again: applied.')
      expect(await text(page)).toMatch(/\+500.*look_again.*Ticket 3/)
    })
  })

  it('shows a payload at the second click, and settles with a note alone, also all of a reason', async () => {
    for (const event of ['evt_s1', 'evt_s2']) await wrongTopUp('user_ada', event)
    await signedIn(async (page) => {
      await page.goto('/ops/deliveries/stripe/evt_s1')
      expect(await page.locator('pre').count()).toBe(0)
      await press(page, 'Show the payload')
      expect(await text(page, 'pre')).toContain('"credits": "many"')
      await press(page, 'Settle by hand')
      // The browser asks for the note.
      expect(await page.locator('main input:invalid').count()).toBe(1)
      await page.getByLabel('Note (required)').fill('Paid out')
      await press(page, 'Settle by hand')
      expect(await said(page)).toMatch(/^Settled, and with it payment /)

      await page.goto('/ops')
      await page
        .getByRole('row', { name: /invalid_metadata/ })
        .getByRole('link')
        .click()
      await page.waitForURL(/bulk/)
      const count = /Deliveries ?(\d+)/.exec(await text(page, 'dl'))?.[1]
      await page.getByLabel('Note (required)').fill('All paid out')
      await press(page, `Settle all ${count} by hand`)
      expect(await said(page)).toBe(`Settled: ${count}.`)
    })
    await wrongTopUp('user_ada', 'evt_wrong_again')
  })

  it('finds a user, and adjusts the balance with a note', async () => {
    await signedIn(async (page) => {
      await page.getByRole('search').getByRole('textbox').fill('user_ada')
      await press(page, 'Find')
      await page.waitForURL(/find/)
      expect(await text(page)).toMatch(/Balance, credits ?340.*money of pi_evt_applied was refunded/)
      await page.getByLabel('Credits, such as').fill('-15')
      await page.getByLabel(/^Note/).fill('Given twice')
      await press(page, 'Adjust the balance')
      expect(await said(page)).toBe('Adjusted. Balance after it: 325 credits.')
      expect(await text(page)).toMatch(/-15 ?325 ?15 credits taken by a person: Given twice/)
    })
  })

  it('is used by the keyboard alone', async () => {
    const { page, complaints, close } = await open(browser, url)
    await page.goto('/ops/deliveries/stripe/evt_parked')
    // The field has the focus.
    await page.keyboard.type(token())
    await page.keyboard.press('Enter')
    await loaded(page, page.getByRole('button', { name: /^Sign out/ }))
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    for (let tabs = 0; tabs < 30; tabs++) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate('document.activeElement.textContent')) === 'Look again') break
    }
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Enter')
    expect([await said(page), complaints]).toEqual(['Looked again: parked / unknown_user.', []])
    await close()
  })

  it('works without JavaScript', async () => {
    await overlooked('user_eve', 'evt_eve')
    await signedIn(
      async (page) => {
        expect(await text(page)).toContain('Waiting deliveries')
        expect(await page.locator('canvas').count()).toBe(0)
        expect(await page.locator('details[open] tbody tr').count()).toBe(24 + 30)
        await page.goto('/ops/deliveries/stripe/evt_eve')
        await press(page, 'Look again')
        expect(await said(page)).toBe('Looked again: applied.')
      },
      { javaScriptEnabled: false },
    )
  })

  it('a row is a list on a telephone, each value with its heading', async () => {
    await signedIn(
      async (page) => {
        await page.goto('/ops/deliveries?id=evt_parked')
        const cells = await page.evaluate<string[]>(
          `[...document.querySelectorAll('tbody td')].map((cell) => getComputedStyle(cell, '::before').content)`,
        )
        expect(cells).toEqual(
          ['Received (UTC)', 'Event', 'Outcome', 'User', 'Waits for'].map((head) =>
            expect.stringContaining(head),
          ),
        )
      },
      { viewport: { width: 375, height: 800 } },
    )
  })

  it('every page is accessible and fits: light and dark, wide and narrow', async () => {
    await signedIn(async (page) => {
      for (const path of PAGES) {
        await page.goto(path)
        await inEachWindow(page, async ({ colorScheme, width }) => {
          const background = colorScheme === 'dark' ? 'rgb(22, 22, 22)' : 'rgb(255, 255, 255)'
          const seen = [await backgroundOf(page), await accessibility(page), await overflowOf(page)]
          expect([path, width, ...seen]).toEqual([path, width, background, [], 0])
          if (width === 375) expect([path, await cutTables(page)]).toEqual([path, []])
        })
      }
    })
  })
})

it.skipIf(browserPath !== undefined)('a browser is there, where one is asked for', () => {
  expect(process.env.BROWSER_TESTS, NO_BROWSER).not.toBe('required')
})
