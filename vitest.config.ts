import { join } from 'node:path'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { SDKS } from './cli/sdk/write.ts'
import { projectDir } from './cli/shared/project.ts'
import { stamp } from './cli/stamp.ts'
import LongestFirst from './local/check/longest-first.ts'
import { originalLines } from './local/check/original-lines.ts'
import { WORKERS } from './local/check/progress.ts'

// The Worker imports what it writes, and runs on SDKs as they are deployed.
await stamp()
const sdks = Object.entries(SDKS).map(([name, { file }]) => ({
  find: new RegExp(`^${name}$`),
  replacement: join(projectDir, file),
}))

// Packages of many files, which workerd would be sent one by one for each test file.
const BUNDLED = [
  'svix',
  'fast-check',
  'zod',
  'zod/mini',
  'zod/locales',
  '@clerk/backend',
  '@clerk/backend/jwt',
]

export default defineConfig({
  // By default it is below node_modules, which copies of this project may share.
  cacheDir: '.local/vite',
  test: {
    globalSetup: './test/support/global-setup.ts',
    reporters: ['default', './local/check/progress.ts'],
    maxWorkers: WORKERS,
    sequence: { sequencer: LongestFirst },
    // The Worker logs a line per delivery: shown for the tests that fail.
    silent: 'passed-only',
    expect: { poll: { interval: 20, timeout: 60_000 } },
    // A list of what is missing is printed with its names, not as `[ 'one', …(3) ]`.
    chaiConfig: { truncateThreshold: 200 },
    projects: [
      {
        extends: true,
        resolve: { alias: sdks },
        plugins: [
          originalLines,
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            // A queue of workerd's, which takes what Cloudflare's takes. Tests hand its messages to the consumer.
            miniflare: { queueProducers: { SPILL: 'ledgerhook-spill' } },
          }),
        ],
        test: {
          name: 'worker',
          // Files share a workerd, and nothing else: see the setup file.
          isolate: false,
          setupFiles: ['./test/support/fresh-file.ts'],
          include: ['test/worker/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          deps: { optimizer: { ssr: { enabled: true, include: BUNDLED } } },
        },
      },
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/{node,gateway,browser}/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
