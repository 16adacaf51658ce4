import { styleText } from 'node:util'
import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import type { ProviderName } from '../src/webhook/provider.ts'
import { type Answer, deliver, type SignedRequest, signedRequest } from './deliver.ts'
import { generateSecrets, readSettings } from './dev-vars.ts'
import { randomId } from './ids.ts'
import { buildEvent } from './send/event.ts'
import { type SendFlags, sendFlags } from './send/flags.ts'
import { secretName, signingSecret } from './sign.ts'

const OLD_MS = 10 * 60_000

await runCommand(async () => {
  const flags = sendFlags()
  const event = buildEvent(flags)
  const messageId = flags.event ?? randomId('msg')
  const request = await signedRequest(flags.url, flags.provider, event, {
    secret: secretOf(flags.provider, flags['wrong-secret']),
    messageId,
    signedAt: Date.now() - (flags.old ? OLD_MS : 0),
  })
  if (flags.print) return printRequest(request)

  const id = flags.provider === 'clerk' ? messageId : (event as { id: string }).id
  console.log(styleText('dim', `POST ${request.url}  ${flags.type}  ${id}`))
  const answers = await deliverAll(request, flags)
  if (answers.every((answer) => isExpected(answer, flags.expect))) return
  if (flags.expect !== undefined) console.error(styleText('red', `expected ${flags.expect}`))
  process.exitCode = 1
})

function secretOf(provider: ProviderName, wrong: boolean): string {
  const secret = signingSecret(provider, wrong ? generateSecrets() : readSettings().settings)
  if (secret) return secret
  throw new LocalError(
    `no ${secretName(provider)} to sign with: \`npm run dev\` writes .dev.vars, or set it in the environment`,
  )
}

function printRequest({ url, headers, body }: SignedRequest): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  console.log([`POST ${url}`, ...lines, '', body].join('\n'))
}

async function deliverAll(request: SignedRequest, { times, concurrent }: SendFlags): Promise<Answer[]> {
  const send = async () => {
    const answer = await deliver(request)
    console.log(`${styleText(answer.status < 300 ? 'green' : 'red', String(answer.status))}  ${answer.text}`)
    return answer
  }
  if (concurrent) return await Promise.all(Array.from({ length: times }, send))
  const answers: Answer[] = []
  for (let sent = 0; sent < times; sent++) answers.push(await send())
  return answers
}

function isExpected({ status }: Answer, expected: number | undefined): boolean {
  return expected === undefined ? status >= 200 && status < 300 : status === expected
}
