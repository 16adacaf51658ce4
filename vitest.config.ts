import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { stamp } from './cli/stamp.ts'

// The Worker imports what it writes.
stamp()

export default defineConfig({
  test: {
    globalSetup: './test/support/global-setup.ts',
    reporters: ['default', './local/check/progress.ts'],
    maxWorkers: 2,
    // The Worker logs a line per delivery: shown for the tests that fail.
    silent: 'passed-only',
    expect: { poll: { interval: 20, timeout: 60_000 } },
    projects: [
      {
        extends: true,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            // A queue of workerd's, which takes what Cloudflare's takes. Tests hand its messages to the consumer.
            miniflare: { queueProducers: { SPILL: 'ledgerhook-spill' } },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // Bundled once: the SDK is hundreds of modules, whose source maps name files that it does not ship.
          deps: { optimizer: { ssr: { enabled: true, include: ['stripe', 'svix'] } } },
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
