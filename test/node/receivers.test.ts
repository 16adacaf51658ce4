import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import type { OutgoingEvent } from '../../src/db.ts'
import { sendEvent } from '../../src/outgoing/send-event.ts'
import type { Settings } from '../../src/settings.ts'
import { read } from './house/sources.ts'

const SECRET = `whsec_${'AbCd'.repeat(8)}`
const NEWER = `whsec_${'EfGh'.repeat(8)}`
const EVENT: OutgoingEvent = {
  id: 'out_1',
  type: 'credits.low',
  user_id: 'user_ada',
  sequence: 3,
  data: { entry: 7, threshold: 20, balance: 5 },
  created_at: '2026-11-25T09:30:00.123456+00:00',
  tries: 1,
}

/** The receivers in the document, unchanged: Hono's and Next's. */
const blocks = [...read('docs/outgoing-events.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, code = '']) => code,
)
const names = ['hono', 'next'] as const

interface Receivers {
  hono: { app: { request(url: string, init?: RequestInit): Promise<Response> } }
  next: { POST(request: Request): Promise<Response> }
}

let dir: string
const handled = vi.fn(async (_id: unknown, _event: unknown) => {})
let receive: Record<(typeof names)[number], (url: string, init?: RequestInit) => Promise<Response>>

beforeAll(async () => {
  // Inside the project, where its packages are found.
  mkdirSync(join(projectDir, '.local'), { recursive: true })
  dir = mkdtempSync(join(projectDir, '.local', 'receivers-'))
  const given = 'declare function handleOnce(id: string | null | undefined, event: unknown): Promise<void>'
  for (const [n, name] of names.entries()) {
    const exported = name === 'hono' ? 'export { app }' : ''
    writeFileSync(join(dir, `${name}.ts`), [blocks[n], given, exported].join('\n'))
  }
  writeFileSync(join(dir, 'tsconfig.json'), '{"extends": "../../tsconfig.json", "include": ["*.ts"]}')
  Object.assign(globalThis, { handleOnce: handled })
  vi.stubEnv('EVENTS_SECRET', SECRET)
  const { app }: Receivers['hono'] = await import(join(dir, 'hono.ts'))
  const { POST }: Receivers['next'] = await import(join(dir, 'next.ts'))
  receive = {
    hono: async (url, init) => await app.request(url, init),
    next: async (url, init) => await POST(new Request(url, init)),
  }
})

afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true })
})

const sendTo = (name: (typeof names)[number], secrets: string[]) =>
  sendEvent(
    EVENT,
    { EVENTS_URL: 'https://app.example.com/hooks/ledgerhook', EVENTS_SECRET: secrets } as Settings,
    ((url: string, init: RequestInit) => receive[name](url, init)) as typeof fetch,
  )

describe('the receivers in docs/outgoing-events.md', () => {
  it('are two, of ten lines at most', () => {
    expect(blocks).toHaveLength(2)
    for (const block of blocks)
      expect(block.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10)
  })

  it('have no error of types', async () => {
    const tsc = join(projectDir, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', dir])
    expect(stdout).toBe('')
  })

  it.each(names)(
    'in %s takes what the Worker sends, also while its secret is being rotated',
    async (name) => {
      for (const secrets of [[SECRET], [NEWER, SECRET]]) {
        handled.mockClear()
        expect(await sendTo(name, secrets)).toMatchObject({ good: true, status: 204 })
        const data = { user_id: 'user_ada', sequence: 3, ...EVENT.data }
        expect(handled.mock.calls).toEqual([
          ['out_1', { type: 'credits.low', timestamp: '2026-11-25T09:30:00.123Z', data }],
        ])
      }
    },
  )

  it.each(names)('in %s refuses what somebody else has signed, and what nobody has', async (name) => {
    handled.mockClear()
    expect(await sendTo(name, [NEWER])).toMatchObject({ good: false, refused: true, status: 401 })
    const url = 'https://app.example.com/hooks/ledgerhook'
    expect((await receive[name](url, { method: 'POST', body: '{}' })).status).toBe(401)
    expect(handled).not.toHaveBeenCalled()
  })
})
