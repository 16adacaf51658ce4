import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Running, startRunning } from '../node/doctor-support.ts'
import { browserPath } from './find.ts'
import { accessibility, open, overflowOf, startBrowser } from './support.ts'

const WINDOWS: Record<string, BrowserContextOptions> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  narrow: { colorScheme: 'light', viewport: { width: 375, height: 800 } },
}

describe.skipIf(browserPath === undefined)('GET /api/docs', () => {
  let running: Running
  let browser: Browser

  beforeAll(async () => {
    ;[running, browser] = await Promise.all([startRunning(), startBrowser()])
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await running?.stop()
  })

  it.each(Object.entries(WINDOWS))(
    'draws itself in every window, and asks nobody else: %s',
    async (_, window) => {
      const { page, complaints, close } = await open(browser, running.worker.url, {
        ...window,
        reducedMotion: 'reduce',
      })
      await page.goto('/api/docs')
      await page.getByRole('heading', { name: 'The signed-in user' }).waitFor()
      expect(await overflowOf(page)).toBe(0)
      // Scalar continues to draw after its headings are there, so a violation counts only if it stays.
      await expect.poll(() => accessibility(page), { timeout: 20_000, interval: 250 }).toEqual([])
      expect(complaints).toEqual([])
      await close()
    },
  )
})
