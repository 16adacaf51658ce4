import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { browserPath, NO_BROWSER } from './find.ts'

export async function startBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error(NO_BROWSER)
  // Without a screen nothing has to be drawn by a graphics card, or in place of one.
  const args = ['--disable-dev-shm-usage', '--disable-gpu', '--disable-software-rasterizer']
  return await chromium.launch({ executablePath: browserPath, args })
}

/** The windows in which every page has to look right. */
const WINDOWS = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 375 },
  { colorScheme: 'dark', width: 375 },
] as const

/** Shows a loaded page in each of the windows, one after the other. */
export async function inEachWindow(
  page: Page,
  look: (window: (typeof WINDOWS)[number]) => Promise<void>,
): Promise<void> {
  for (const window of WINDOWS) {
    await page.emulateMedia({ colorScheme: window.colorScheme })
    await page.setViewportSize({ width: window.width, height: 800 })
    await look(window)
  }
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
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe.source)
  // What passes and what does not apply is not asked for: to describe it takes most of the time.
  const violations = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
    'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)',
  )
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Returns by how many pixels the page is wider than its window. */
export const overflowOf = (page: Page) =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth')
