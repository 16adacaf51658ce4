import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { projectDir, tools } from '../../cli/shared/project.ts'

export interface Bundle {
  /** The file that `wrangler deploy` would upload. */
  path: string
  text: string
  /** The source map that esbuild wrote. */
  mapPath: string
}

/** The SDKs of the unchanged packages. `wrangler.toml` names only the parts that the Worker needs. */
const WHOLE = {
  '@neondatabase/serverless': 'node_modules/@neondatabase/serverless/index.mjs',
  stripe: 'node_modules/stripe/esm/stripe.esm.worker.js',
}

export interface Entry {
  path: string
  /** Whether it is bundled with whole SDKs. By default it is bundled like the deployed Worker. */
  whole?: true
  /** Modules that are replaced by others of this project, by how they are imported. */
  instead?: Record<string, string>
}

/** Bundles a worker with wrangler and the settings of `wrangler.toml`. Needs no account. */
export async function bundleWorker(
  { path: entry, whole, instead }: Entry,
  outDir: string,
  signal: AbortSignal,
): Promise<Bundle> {
  const aliases = Object.entries({ ...(whole && WHOLE), ...instead }).map(
    ([name, file]) => `${name}:${join(projectDir, file)}`,
  )
  // The path is given, because the entry may be elsewhere.
  const config = ['--config', join(projectDir, 'wrangler.toml')]
  await promisify(execFile)(
    process.execPath,
    [
      tools.wrangler,
      'deploy',
      join(projectDir, entry),
      ...config,
      '--dry-run',
      '--outdir',
      outDir,
      ...aliases.flatMap((alias) => ['--alias', alias]),
    ],
    {
      signal,
      cwd: projectDir,
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_HIDE_BANNER: 'true',
        // The build command runs npm, which would leave its compile cache in the temporary directory. The tests name
        // another.
        ...(!process.env.NODE_COMPILE_CACHE && { NODE_DISABLE_COMPILE_CACHE: '1' }),
      },
    },
  )
  const path = join(outDir, `${basename(entry, '.ts')}.js`)
  return { path, text: await readFile(path, 'utf8'), mapPath: `${path}.map` }
}
