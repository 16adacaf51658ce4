import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { differences, summary } from '../../local/demo/compare.ts'
import { footnote, type Line } from '../../local/demo/table.ts'
import { run, scratchDir, start } from './command.ts'

describe('npm run demo', () => {
  test.for(['webhooks', 'metered', 'refunds', 'changes', 'outage', 'drift'])(
    'tells the story of %s, and every line is as promised',
    { timeout: 300_000 },
    async (story) => {
      const { code, output } = await run('local/demo.ts', ['--story', story], scratchDir())
      expect({ code, output }).toMatchObject({
        code: 0,
        output: expect.stringMatching(/all \d+ lines are as promised/),
      })
      expect(output).not.toContain('✗')
      const table = output.split('\n\n').find((text) => text.startsWith('  what happens')) ?? ''
      const widths = table.split('\n').filter((line) => !line.startsWith('  …'))
      // Every line ends where the heading of the balance ends.
      expect(widths.length).toBeGreaterThan(5)
      expect(widths.filter((line) => line.length !== widths[0]?.length)).toEqual([])
    },
  )

  // Its app listens from the beginning, and would keep the process alive.
  test.skipIf(process.platform === 'win32')('ends on Ctrl-C while it is still starting', async () => {
    const demo = start('local/demo.ts', ['--story', 'metered'], scratchDir())
    await demo.printed('PostgreSQL')
    demo.process.kill('SIGINT')
    expect(await demo.ended).toBe(130)
  })

  test('fails, and says how, when one promise is not kept', async () => {
    const copy = copyOfTheProject()
    const story = join(copy, 'local/demo/story.ts')
    writeFileSync(story, readFileSync(story, 'utf8').replace(', 790)', ', 791)'))

    const { code, output } = await run(join(copy, 'local/demo.ts'), [], copy)
    expect(code).toBe(1)
    expect(output.match(/✗ .*/g)).toHaveLength(1)
    expect(output).toContain('the balance is 790, promised was 791')
    expect(output).toContain('1 of 23 lines not as promised')
  })
})

function copyOfTheProject(): string {
  const copy = scratchDir()
  for (const part of [
    'assets',
    'cli',
    'dist',
    'local',
    'src',
    'migrations',
    'package.json',
    'tsconfig.json',
    'wrangler.toml',
  ]) {
    cpSync(join(projectDir, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(projectDir, 'node_modules'), join(copy, 'node_modules'), 'junction')
  return copy
}

describe('a step is compared with what is promised', () => {
  const promised = { answers: ['200 applied', '200 duplicate'], balance: 540, requests: 2, name: 'Ada' }

  test('in any order of simultaneous answers', () => {
    expect(differences(promised, { ...promised, answers: ['200 duplicate', '200 applied'] })).toEqual([])
  })

  test.for([
    [
      { answers: ['200 applied', '200 applied'] },
      'the responses are 2 × 200 applied, promised was 200 applied, 200 duplicate',
    ],
    [{ balance: null }, 'the balance is null, promised was 540'],
    [{ requests: 3 }, 'database requests: 3, promised was 2'],
    [{ name: 'Eve' }, 'the name is Eve, promised was Ada'],
  ] as const)('and %j is noticed', ([seen, difference]) => {
    expect(differences(promised, { ...promised, ...seen } as typeof promised)).toEqual([difference])
  })

  test('the name counts only where the step is about it', () => {
    const { name: _, ...nameless } = promised
    expect(differences(nameless, promised)).toEqual([])
  })

  test('explains an abbreviation only if a line contains it', () => {
    const [checkout, refund] = ['checkout.session.completed', 'refund.created'].map((sent) => ({
      says: '',
      sent,
    }))
    expect(footnote([refund, checkout] as Line[])).toContain('… stands for checkout.session.')
    expect(footnote([refund] as Line[])).toBe('')
  })

  test('equal answers are counted', () => {
    expect(summary(['b', 'a', 'b'])).toBe('a, 2 × b')
  })
})
