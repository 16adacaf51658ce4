import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { projectDir, tools } from '../../cli/shared/project.ts'

export interface Bundle {
  /** What `wrangler deploy` would upload. */
  path: string
  text: string
  /** The source map that esbuild wrote. */
  mapPath: string
}

/** Bundles a worker as it is deployed: with wrangler and the settings of `wrangler.toml`. Needs no account. */
export async function bundleWorker(entry: string, scratchDir: string, signal: AbortSignal): Promise<Bundle> {
  const name = basename(entry, '.ts')
  const outDir = join(scratchDir, name)
  // Named, for the entry may be elsewhere.
  const config = ['--config', join(projectDir, 'wrangler.toml')]
  await promisify(execFile)(
    process.execPath,
    [tools.wrangler, 'deploy', join(projectDir, entry), ...config, '--dry-run', '--outdir', outDir],
    {
      signal,
      cwd: projectDir,
      env: {
        ...process.env,
        ...{ WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
        // The build command runs npm, which would leave its cache in the temporary directory.
        NODE_DISABLE_COMPILE_CACHE: '1',
      },
    },
  )
  const path = join(outDir, `${name}.js`)
  return { path, text: await readFile(path, 'utf8'), mapPath: `${path}.map` }
}
