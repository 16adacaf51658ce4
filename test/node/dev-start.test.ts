import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { assertNeonResolves } from '../../local/dev/given-database.ts'
import { describe as describeStack } from '../../local/dev/ready.ts'
import { strayLines } from '../../local/dev/stray-lines.ts'
import type { Stack } from '../../local/stack.ts'

describe('a Neon database whose host has no address', () => {
  const lacking = (code: string) => async () => {
    throw Object.assign(new Error(code), { code })
  }

  it.each(['ENOTFOUND', 'EAI_AGAIN'])('is one sentence, before anything starts: %s', async (code) => {
    await expect(assertNeonResolves('ep-x.eu.neon.tech:5432', lacking(code))).rejects.toThrow(
      `there is no host ep-x.eu.neon.tech:5432 (${code}): correct DATABASE_URL`,
    )
  })

  it('is asked for without the port', async () => {
    const asked: string[] = []
    await assertNeonResolves('ep-x.eu.neon.tech:5432', async (host) => void asked.push(host))
    expect(asked).toEqual(['ep-x.eu.neon.tech'])
  })
})

describe('what npm run dev says once everything is up', () => {
  const stack = {
    worker: { url: 'http://127.0.0.1:8787' },
    isOwnDatabase: true,
    databaseUrl: 'postgres://postgres:postgres@127.0.0.1:25432/ledgerhook',
  } as Stack

  it('names the page of operators only if a token opens it', async () => {
    expect(await describeStack(stack, { OPS_TOKEN: 'x' }, 25432)).toMatch(/^ops .*OPS_TOKEN of \.dev\.vars$/m)
    const ofThisRun = (OPS_TOKEN: string) => describeStack(stack, { OPS_TOKEN }, 25432, ['OPS_TOKEN'])
    expect(await ofThisRun('z')).toMatch(/^ops .*with the OPS_TOKEN of this run$/m)
    expect(await ofThisRun('')).not.toMatch(/^ops /m)
  })

  it.each([
    ['a pack', { CREDIT_PACKS: `{"bob's": {"credits": 10, "price": "price_1"}}` }, `'{"pack":"bob'\\''s"}'`],
    [
      'a plan where there are no packs',
      { CREDIT_PACKS: '', PLANS: '{"price_1": {"key": "pro", "credits": 1}}' },
      `'{"plan":"price_1"}'`,
    ],
  ])('buys what is sold: %s', async (_what, settings, body) => {
    const said = await describeStack({ ...stack, stripeUrl: 'http://127.0.0.1:25434' }, settings, 25432)
    expect(said).toContain(`-d ${body} http://127.0.0.1:8787/api/checkout\npay `)
  })

  it.each([
    ['nothing is sold', { CREDIT_PACKS: '{}', PLANS: '' }],
    ['what is sold cannot be read', { CREDIT_PACKS: '{"ten"', PLANS: '{}' }],
  ])('prints no line to buy if %s', async (_what, settings) => {
    const said = await describeStack({ ...stack, stripeUrl: 'http://127.0.0.1:25434' }, settings, 25432)
    expect(said).toMatch(/^stripe /m)
    expect(said).not.toMatch(/^(buy|pay) /m)
  })
})

describe('lines of .dev.vars that set nothing', () => {
  it('are found by their numbers', () => {
    const text = [
      '# a comment with = and "quotes"',
      '',
      'OPS_TOKEN=a # b',
      'OPS_TOKEN',
      'export  APP_URL = http://localhost',
      'CLERK_JWT_KEY="-----BEGIN PUBLIC KEY-----',
      'MIIB',
      '-----END PUBLIC KEY-----"',
      '  # indented',
      '=nothing',
      "PLANS='{",
      "}'",
      'EMPTY=',
      'APP_ORIGINS: http://localhost:3000\r',
      'OPEN="never closed',
      'stray',
    ].join('\n')
    expect(strayLines(text)).toEqual([4, 10, 14, 16])
    expect(strayLines('')).toEqual([])
    const without = text.split('\n').filter((_, index) => !strayLines(text).includes(index + 1))
    expect(parseEnv(without.join('\n'))).toEqual(parseEnv(text))
  })
})
