import { spawn } from 'node:child_process'

/**
 * Stops process `pid` when this process dies, even by SIGKILL, which no exit hook sees: a shell waits on a pipe that
 * the kernel closes when we die. The shell is detached, so that a signal to our whole group, such as the SIGHUP of a
 * closed terminal, does not end the guard before us.
 *
 * Returns the function that ends the guard.
 */
export function guardAgainstOrphan(pid: number): () => void {
  // Windows has no such shell. There the next start cleans up.
  if (process.platform === 'win32') return () => {}
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$0" 2>/dev/null', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  guard.on('error', () => {})
  guard.stdin?.on('error', () => {})
  guard.unref()
  ;(guard.stdin as unknown as { unref(): void }).unref()
  return () => {
    guard.kill('SIGKILL')
  }
}
