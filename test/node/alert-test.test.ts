import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { Webhook } from 'svix'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeScratchDir } from '../../local/scratch.ts'
import { ALERT_KINDS } from '../../src/settings/alerts.ts'
import { start } from './command.ts'

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'

interface Heard {
  headers: IncomingMessage['headers']
  body: string
}

/** Stands in for Slack. */
async function receiver(status: number): Promise<{ url: string; heard: Heard[] }> {
  const heard: Heard[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    heard.push({ headers: request.headers, body })
    response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0KEN`, heard }
}

async function alertTest(args: string[], env: Record<string, string>) {
  const command = start('cli/alert-test.ts', args, makeScratchDir('alert-test'), env)
  return { code: await command.ended, output: command.output() }
}

describe('npm run alert-test', () => {
  it('sends one of each, signed, and says so without the address’s path', async () => {
    const { url, heard } = await receiver(200)
    const run = await alertTest([], { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: SECRET })
    expect(run.code).toBe(0)
    expect(run.output).not.toContain('T0KEN')
    const bodies = heard.map(({ headers, body }) => {
      new Webhook(SECRET).verify(body, headers as Record<string, string>)
      return JSON.parse(body) as { text: string; data: { alert: string } }
    })
    expect(bodies.map(({ data }) => data.alert)).toEqual(Object.keys(ALERT_KINDS))
    for (const { text } of bodies) expect(text).toMatch(/^⚪ Ledgerhook: .* is tested\. /)
    for (const alert of Object.keys(ALERT_KINDS)) expect(run.output).toContain(`${alert}: accepted`)
  })

  it('exits with 1 if one was not accepted', async () => {
    const { url } = await receiver(404)
    const run = await alertTest(['--only', 'silence', '--json'], { ALERT_WEBHOOK_URL: url })
    expect(run.code).toBe(1)
    expect(JSON.parse(run.output)).toMatchObject({ sent: [{ alert: 'silence', taken: false, status: 404 }] })
  })

  it('says why nothing came back, by the code of the underlying error', async () => {
    const hangsUp = createTcpServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(hangsUp, 'listening')
    onTestFinished(() => void hangsUp.close())
    const url = `http://127.0.0.1:${(hangsUp.address() as AddressInfo).port}/x`
    const run = await alertTest(['--only', 'silence'], { ALERT_WEBHOOK_URL: url })
    expect([run.code, run.output]).toEqual([
      1,
      expect.stringMatching(/nothing came back \((UND_ERR_|E)[A-Z]+\)/),
    ])
  })

  it.each([
    [[], {}, 'ALERT_WEBHOOK_URL is not set, so alerts are sent to nobody: name it in the'],
    [[], { ALERT_WEBHOOK_URL: 'http://10.0.0.1/x' }, 'ALERT_WEBHOOK_URL: takes an https URL'],
    [['--only', 'noise'], {}, "there is no alert 'noise'"],
  ] as const)('%s %s: %s', async (args, env, says) => {
    const run = await alertTest([...args], env)
    expect([run.code, run.output]).toEqual([1, expect.stringContaining(says)])
    expect(run.output.trim().split('\n')).toHaveLength(1)
  })
})
