import { spawnSync } from 'node:child_process'

/** The branches that `npm run check` compares with, because others already use them. */
export const MAIN = ['origin/main', 'main']

/** Returns a file in its state at a commit. Undefined if there is no such file or commit, or no Git. */
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
