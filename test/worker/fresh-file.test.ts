import { expect, it, vi } from 'vitest'
import * as z from 'zod/mini'
import { takeTally, tally } from '../../src/tally.ts'

const first = Date.now()

it('what a file has left behind is gone when the next one begins', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(5)
  z.config({ localeError: () => 'in a language of this file' })
  tally('stripe', 'ignored', 'ping')
  await import('../support/fresh-file.ts')

  expect(Date.now()).toBeGreaterThanOrEqual(first)
  const next = { z: await import('zod/mini'), ...(await import('../../src/tally.ts')) }
  expect(next.z.string().safeParse(1).error?.issues[0]?.message).toBe('Invalid input')
  expect([next.takeTally(), takeTally()]).toEqual([undefined, expect.anything()])
})
