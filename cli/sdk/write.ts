import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectDir } from '../shared/project.ts'
import { cutDriver, driverSource } from './driver.ts'
import { cutStripe, stripeSource } from './stripe.ts'

/**
 * The files that the Worker is bundled with instead of two whole SDKs, by the package that each replaces: the `alias`
 * of `wrangler.toml`. Commands and the local stand-ins use the unchanged packages.
 */
export const SDKS = {
  '@neondatabase/serverless': { file: 'dist/neon.js', cut: cutDriver, source: driverSource },
  stripe: { file: 'dist/stripe.js', cut: cutStripe, source: stripeSource },
}

const OWN = ['driver.ts', 'imported.ts', 'reachable.ts', 'stripe.ts', 'write.ts']

/** Writes the files, unless they already match the installed packages and this code. */
export async function writeSdks(): Promise<void> {
  const own = OWN.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  for (const [name, { file, cut, source }] of Object.entries(SDKS)) {
    const path = join(projectDir, file)
    const hash = createHash('sha256')
      .update([...own, source()].join('\0'))
      .digest('hex')
      .slice(0, 16)
    const head = `// Cut from ${name} by cli/sdk before each build. Never committed. ${hash}\n`
    if (existsSync(path) && readFileSync(path, 'utf8').startsWith(head)) continue
    mkdirSync(dirname(path), { recursive: true })
    // So a bundler that runs at the same time never reads an incomplete file.
    writeFileSync(`${path}.${process.pid}`, head + (await cut()))
    renameSync(`${path}.${process.pid}`, path)
  }
}
