import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type * as miniflare from 'miniflare'
import { tools } from '../../cli/shared/project.ts'
import type { Vars } from '../../local/dev-vars.ts'
import type { Part } from './ground.ts'
import { compatibilityDate } from './workerd.ts'

const QUEUE = 'ledgerhook-spill'

/**
 * Runs a bundle in workerd with the queue `SPILL`, which is Miniflare's: it keeps messages in memory, and hands over one
 * batch after another. Cloudflare's hands over up to four at a time, and stores each message before `send` resolves.
 */
export async function startWithQueue(bundlePath: string, settings: Vars): Promise<Part & { url: string }> {
  // The one that wrangler has.
  const { convertV4MiniflareOptions, Miniflare, Log, LogLevel } = createRequire(tools.wrangler)(
    'miniflare',
  ) as typeof miniflare
  const options = convertV4MiniflareOptions({
    ...{ host: '127.0.0.1', port: 0, log: new Log(LogLevel.NONE), cf: false },
    ...{ name: 'ledgerhook', compatibilityDate, bindings: settings },
    modules: [{ type: 'ESModule', path: 'index.js', contents: readFileSync(bundlePath, 'utf8') }],
    queueProducers: { SPILL: QUEUE },
    queueConsumers: { [QUEUE]: { maxBatchSize: 50, maxBatchTimeout: 1, maxRetries: 100 } },
  })
  const worker = new Miniflare({ ...options, handleStructuredLogs: () => {} })
  const url = (await worker.ready).origin
  return { url, stop: () => worker.dispose() }
}
