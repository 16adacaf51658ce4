// Repeats one stage of a delivery inside workerd, so that its CPU time can be measured from outside: the clock of a
// Worker stands still while it computes. Requests to the database get a response at once.
import { clerk } from '../../src/clerk/index.ts'
import { connect } from '../../src/db.ts'
import { settingsOf } from '../../src/settings.ts'
import { stripe } from '../../src/stripe/index.ts'
import { commit } from '../../src/webhook/commit.ts'
import { decide } from '../../src/webhook/decide.ts'
import { open } from '../../src/webhook/delivery.ts'
import type { Provider } from '../../src/webhook/provider.ts'
import { receive } from '../../src/webhook/receive.ts'

const ANSWER = JSON.stringify({
  fields: [{ name: 'answer', dataTypeID: 3802, format: 'text' }],
  rows: [['{"outcome": "applied", "reason": null, "user_id": "user_1"}']],
  command: 'SELECT',
  rowCount: 1,
  rowAsArray: true,
})
globalThis.fetch = async () => new Response(ANSWER, { headers: { 'content-type': 'application/json' } })

const providers: Record<string, Provider> = { clerk, stripe }

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const provider = providers[pathname.split('/').at(-1) ?? '']
    if (!provider) return new Response(null, { status: 404 })
    const stage = await stages(provider, request, env)
    const run = stage[searchParams.get('stage') ?? '']
    for (let left = Number(searchParams.get('times')); left > 0; left--) await run?.()
    return Response.json({ outcome: 'done' })
  },
}

async function stages(
  provider: Provider,
  request: Request,
  env: object,
): Promise<Record<string, () => unknown>> {
  const settings = settingsOf(env)
  const db = connect(settings)
  const { headers, url } = request
  const body = await request.text()
  const delivery = await open(provider, headers, body)
  const decision = decide(provider, delivery, settings)
  return {
    verification: () => provider.verify(headers, body, settings, Date.now()),
    parsing: async () => decide(provider, await open(provider, headers, body), settings),
    statement: () => commit(db, delivery, decision, settings),
    delivery: () => receive(provider, new Request(url, { method: 'POST', headers, body }), settings, db),
  }
}
