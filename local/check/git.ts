import { spawnSync } from 'node:child_process'

/** Where `npm run check` looks for what others have already. */
export const MAIN = ['origin/main', 'main']

/** Returns a file as a commit has it; undefined where there is no such file, no such commit, or no Git. */
export function fileAt(dir: string, ref: string, path: string): string | undefined {
  return git(dir, 'show', `${ref}:./${path}`)
}

/** Returns the commits behind HEAD that changed a file, the newest first. */
export function commitsOf(dir: string, path: string): string[] {
  return git(dir, 'log', '--format=%H', 'HEAD', '--', path)?.split('\n').filter(Boolean) ?? []
}

function git(cwd: string, ...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? stdout : undefined
}
