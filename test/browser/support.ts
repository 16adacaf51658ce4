import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { browserPath, NO_BROWSER } from './find.ts'

export async function startBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error(NO_BROWSER)
  return await chromium.launch({ executablePath: browserPath, args: ['--disable-dev-shm-usage'] })
}

export interface Opened {
  page: Page
  /** The complaints of the browser: a script that failed, a file that was refused or is missing. */
  complaints: string[]
  close(): Promise<void>
}

/** Opens a new page with separate cookies. A request to another origin fails, and is a complaint. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ baseURL: url, ...options })
  const complaints: string[] = []
  await context.route(
    (asked) => asked.origin !== new URL(url).origin,
    async (route) => {
      complaints.push(`asks ${route.request().url()}`)
      await route.abort()
    },
  )
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (line) => {
    // A visitor who is not signed in gets the form and a 401.
    if (line.type() === 'error' && !line.text().includes('401')) complaints.push(line.text())
  })
  return { page, complaints, close: () => context.close() }
}

/** Returns the violations that axe-core finds on a page. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
    'axe.run().then(({ violations }) => violations)',
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Returns by how many pixels the page is wider than its window. */
export const overflowOf = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
