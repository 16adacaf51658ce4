import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Event, signUp, topUp } from '../../bench/arena/deliveries.ts'
import { hangUp } from '../../bench/arena/load.ts'
import { assertOutcome, deliver, newUsers } from '../../bench/arena/subjects.ts'
import { type Ground, prepareGround } from '../../bench/ground/ground.ts'
import { heldBytes } from '../../bench/ground/heap.ts'
import { startWorkerd } from '../../bench/ground/workerd.ts'
import { openWorld } from '../../bench/soak/world.ts'
import { makeScratchDir } from '../../local/scratch.ts'

let ground: Ground

beforeAll(async () => {
  ground = await prepareGround(() => {})
}, 300_000)

afterAll(async () => {
  hangUp()
  await ground.stop()
})

describe('the heap of a Worker, once its garbage is collected', () => {
  /** Returns by how many bytes the Worker's heap grows over this many requests. */
  async function grownBy(script: string, requests: number): Promise<number> {
    const dir = makeScratchDir('test')
    const bundlePath = join(dir, 'index.js')
    await writeFile(bundlePath, script)
    const worker = ground.holds(await startWorkerd({ bundlePath, settings: {}, inspector: true }))
    const send = async () => await (await fetch(worker.url)).text()
    try {
      await send()
      const before = await heldBytes(worker, send)
      for (let sent = 0; sent < requests; sent++) await send()
      return (await heldBytes(worker, send)) - before
    } finally {
      await worker.stop()
      await rm(dir, { recursive: true })
    }
  }

  it('holds what each request leaves behind, and no garbage', async () => {
    const made = 'const made = new Array(1_000).fill(Math.random())'
    const keeps = `const all = []; export default { fetch() { ${made}; all.push(made); return new Response() } }`
    const forgets = `export default { fetch() { ${made}; return new Response(String(made[0])) } }`
    expect(await grownBy(keeps, 200)).toBeGreaterThan(200 * 8_000)
    expect(await grownBy(forgets, 200)).toBeLessThan(200 * 2_000)
  })

  it('is not known of a Worker that ends meanwhile', async () => {
    const dir = makeScratchDir('test')
    const bundlePath = join(dir, 'index.js')
    await writeFile(bundlePath, 'export default { fetch: () => new Response() }')
    const worker = await startWorkerd({ bundlePath, settings: {}, inspector: true })
    const wake = async () => {
      await worker.stop()
      await fetch(worker.url)
    }
    await expect(heldBytes(worker, wake)).rejects.toThrow('fetch failed')
    await expect(heldBytes(worker, wake)).rejects.toThrow('fetch failed')
    await rm(dir, { recursive: true })
  })

  it('is as large after 900 more deliveries: Ledgerhook keeps nothing of one', {
    timeout: 300_000,
  }, async () => {
    const world = await openWorld(ground, 'heap')
    const users = newUsers(300)
    const send = async (events: Event[]) => {
      const { answers } = await deliver(events, { url: world.url(), secrets: world.secrets }, 8)
      assertOutcome('heap', 'applied', answers)
    }
    await send(users.map(signUp))
    await send(users.map((user) => topUp(user, 1)))
    const before = await world.heldBytes()
    for (const n of [2, 3, 4]) await send(users.map((user) => topUp(user, n)))
    // A body alone has 2.5 KB. V8 also compiles some more code meanwhile.
    expect((await world.heldBytes()) - before).toBeLessThan(900 * 1_500)
    await world.stop()
  })
})
