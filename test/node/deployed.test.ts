import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// It changes what zod says in the whole process: a reason more to have it in none of ours but this one.
import { unstable_readConfig as readConfig } from 'wrangler'
import { varsIn } from '../../cli/shared/deployed.ts'
import { scratchDir } from './command.ts'

describe('the variables of wrangler.toml', () => {
  const TOML = `name = "any"
compatibility_date = "2026-11-01"
vars = { LOCAL = "here", 'QUOTED' = 'as "is"' }
[env.production.vars]
PLANS = '{"price_1": {"key": "pro", "credits": 1000}}' # a comment
NUMBER = 40
IS_ON = true
LONG = """
{
  "a": 1
}"""
[env.staging]
name = "staged"
`

  it.each([undefined, 'production', 'staging'])('are those that wrangler deploys: %s', (environment) => {
    const config = join(scratchDir(), 'wrangler.toml')
    writeFileSync(config, TOML)
    const { vars } = readConfig({ config, ...(environment && { env: environment }) }, { hideWarnings: true })
    const deployed = Object.entries(vars).map(([name, value]) => [name, String(value)])
    expect(Object.entries(varsIn(TOML, environment))).toEqual(deployed)
    expect(deployed.length).toBe({ production: 4, staging: 0 }[String(environment)] ?? 2)
  })

  it('are refused in one line where there is no such environment, or no TOML', () => {
    expect(() => varsIn(TOML, 'nowhere')).toThrow(/^wrangler\.toml has no environment nowhere$/)
    expect(() => varsIn(TOML, 'constructor')).toThrow(/^wrangler\.toml has no environment constructor$/)
    expect(() => varsIn('vars = {\n[env', undefined)).toThrow(/^wrangler\.toml:\d+:\d+ is not TOML: .+$/)
  })
})
