import { describe, expect, it } from 'vitest'
import { described } from '../../../local/openapi/described.ts'
import { openapi } from '../../../local/openapi/openapi.ts'
import { routes } from '../../../src/api/routes.ts'
import { PROVIDED_BY } from '../../../src/ops/waits-for.ts'
import { OUTCOMES, unsettledReasons } from '../../../src/webhook/outcome.ts'
import { functions } from './functions.ts'
import { documented, read, sources } from './sources.ts'

const LIST = 'src/webhook/outcome.ts'
const listed = Object.entries(OUTCOMES).flatMap(([outcome, reasons]) =>
  ['', ...Object.keys(reasons)].map((reason) => ({ outcome, reason, verdict: inWords(outcome, reason) })),
)

function inWords(outcome: string, reason?: string) {
  return reason ? `${outcome} / ${reason}` : outcome
}

const found = (text: string, pattern: RegExp, outcome?: string) =>
  [...text.matchAll(pattern)].map(([, first = '', second]) =>
    outcome === undefined ? inWords(first, second) : inWords(outcome, first),
  )

const sql = functions.map(({ body }) => body.replaceAll(/--[^\n]*/g, '')).join('\n')
const typescript = sources.filter((path) => path !== LIST).map(read)

/** The functions that decide why something is not applied. Their callers decide whether it is parked or rejected. */
const objections = [
  ...sql.matchAll(/\bobjection := '(\w+)'/g),
  ...functions
    .filter(({ name }) => name.startsWith('why_') || name === 'owner_unknown')
    .flatMap(({ body }) => [...body.matchAll(/\bthen '(\w+)'/g)]),
].map(([, reason = '']) => reason)

const produced = new Set([
  ...found(sql, /\bverdict\('(\w+)', (?:null|'(\w+)')/g),
  ...found(sql, /\bwaits\('(\w+)', '(\w+)'/g),
  ...found(sql, /\basks\('(\w+)'/g, 'parked'),
  ...found(sql, /\boutcome = '(\w+)', reason = '(\w+)'/g),
  ...typescript.flatMap((text) => found(text, /\boutcome: '(\w+)',\s+reason: (?:null|'(\w+)')/g)),
  // The facts of `asks(f.unknown, …)`. The type lists their possible values.
  ...typescript.flatMap((text) =>
    [...text.matchAll(/\bunknown: ((?:'\w+' \| )+)null/g)].flatMap(([, type = '']) =>
      found(type, /'(\w+)'/g, 'parked'),
    ),
  ),
  // A list's own type checks these: `const UNREADABLE: Verdict = …`.
  ...objections.flatMap((reason) => ['parked', 'rejected'].map((outcome) => inWords(outcome, reason))),
])

describe('every outcome and reason of the list', () => {
  it.each(listed)('$verdict is in the documents', ({ outcome, reason }) => {
    const quoted = [...documented.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
    const name = new RegExp(`\\b${reason || outcome}\\b`)
    expect(quoted.some((text) => name.test(text))).toBe(true)
  })

  it.each(unsettledReasons)('$outcome / $reason has an entry that says what to do', ({ outcome, reason }) => {
    const [, section = ''] = read('docs/troubleshooting.md').split(new RegExp(`^### ${outcome}:`, 'im'))
    const [entries = ''] = section.split(/^###? /m)
    const heads = entries.match(/^- \*\*[^:]+:/gm) ?? []
    expect(heads.some((head) => head.includes(`**\`${reason}\`**`))).toBe(true)
  })

  it.each(listed)('$verdict is in the API’s document', ({ outcome, reason }) => {
    const { responses } = openapi([...routes, ...described]).paths['/api/webhooks/stripe']?.post ?? {}
    const answer = responses?.[200]?.content['application/json'].schema.properties as Record<string, object>
    expect(JSON.stringify(reason ? answer.reason : answer.outcome)).toContain(`"${reason || outcome}"`)
  })

  it.each(listed.filter(({ outcome, reason }) => reason || outcome === 'applied'))(
    '$verdict is what something comes to',
    ({ verdict }) => {
      expect([...produced]).toContain(verdict)
    },
  )
})

describe('what is produced', () => {
  const known = listed.map(({ verdict }) => verdict)

  it('is in the list', () => {
    const objected = objections.flatMap((reason) => [inWords('parked', reason), inWords('rejected', reason)])
    expect(
      [...produced].filter((verdict) => !known.includes(verdict) && !objected.includes(verdict)),
    ).toEqual([])
  })

  it('as an objection is a reason to park or to reject', () => {
    const reasons = [OUTCOMES.parked, OUTCOMES.rejected].flatMap((of) => Object.keys(of))
    expect(objections).not.toEqual([])
    expect(objections.filter((reason) => !reasons.includes(reason))).toEqual([])
  })
})

describe('what operators read', () => {
  it('says what provides every kind of subject that a delivery may wait for', () => {
    const calls = [...sql.matchAll(/\b(?:waits|asks)\([^;]*;/g)].map(([call]) => call)
    const kinds = new Set(calls.flatMap((call) => [...call.matchAll(/'(\w+):'/g)].map(([, kind]) => kind)))
    for (const kind of ['user', 'payment', 'customer']) expect([...kinds]).toContain(kind)
    expect([...kinds].filter((kind = '') => !(kind in PROVIDED_BY))).toEqual([])
  })
})
