import { afterEach, expect, it, vi } from 'vitest'
import { progress } from '../../cli/shared/progress.ts'

afterEach(() => vi.useRealTimers())

it('progress is printed after two seconds, with one delivery told apart from several', () => {
  vi.useFakeTimers()
  const said: string[] = []
  vi.spyOn(console, 'error').mockImplementation((line) => void said.push(line))
  const say = progress('delivery', 'deliveries')
  const compared = progress()
  say('played', 1)
  vi.advanceTimersByTime(2_000)
  say('played', 1)
  compared('customers', 1200)
  say('played', 2)
  vi.advanceTimersByTime(2_000)
  say('played', 4217)
  expect(said).toEqual(['played: 1 delivery …', 'customers: 1,200 compared …', 'played: 4,217 deliveries …'])
})
