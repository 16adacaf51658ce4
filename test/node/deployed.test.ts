import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// Wrangler changes zod's messages in the whole process, which is one more reason to load it only in this process.
import { unstable_readConfig as readConfig } from 'wrangler'
import { deployedBindings, deployedVars } from '../../cli/shared/deployed.ts'
import { scratchDir } from './command.ts'

const TOML = `name = "any"
compatibility_date = "2026-11-01"
vars = { LOCAL = "here", 'QUOTED' = 'as "is"' }
[[queues.producers]]
binding = "LOCAL_QUEUE"
queue = "here"
[env.production.vars]
PLANS = '{"price_1": {"key": "pro", "credits": 1000}}' # a comment
NUMBER = 40
IS_ON = true
LONG = """
{
  "a": 1
}"""
[[env.production.queues.producers]]
binding = "SPILL"
queue = "ledgerhook-spill"
[[env.production.queues.consumers]]
queue = "ledgerhook-spill"
[[env.production.analytics_engine_datasets]]
binding = "METRICS"
dataset = "ledgerhook"
[env.staging]
name = "staged"
`

describe('what wrangler.toml says', () => {
  it.each([
    [undefined, 2, ['LOCAL_QUEUE']],
    ['production', 4, ['SPILL', 'METRICS']],
    ['staging', 0, []],
  ])('is what wrangler deploys, in the environment %s', (environment, variables, bindings) => {
    const config = join(scratchDir(), 'wrangler.toml')
    writeFileSync(config, TOML)
    const of = { config, ...(environment && { env: environment }) }
    const { vars, queues, analytics_engine_datasets } = readConfig(of, { hideWarnings: true })
    const deployed = Object.entries(vars).map(([name, value]) => [name, String(value)])
    expect(Object.entries(deployedVars(environment, TOML))).toEqual(deployed)
    expect(deployed).toHaveLength(variables)
    const bound = [...(queues.producers ?? []), ...analytics_engine_datasets].map(({ binding }) => binding)
    expect(deployedBindings(environment, TOML)).toEqual(bound)
    expect(bound).toEqual(bindings)
  })

  it('is refused in one line where there is no such environment, or no TOML', () => {
    expect(() => deployedVars('nowhere', TOML)).toThrow(/^wrangler\.toml has no environment nowhere$/)
    expect(() => deployedVars('constructor', TOML)).toThrow(/^wrangler\.toml has no environment constructor$/)
    expect(() => deployedVars(undefined, 'vars = {\n[env')).toThrow(
      /^wrangler\.toml:\d+:\d+ is not TOML: .+$/,
    )
  })
})
