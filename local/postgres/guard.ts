import { spawn } from 'node:child_process'

/**
 * Stops process `pid` when this process dies, even by SIGKILL, which no exit hook sees: a shell waits on a
 * pipe that the kernel closes with us. It is detached, so that no signal to our whole group, such as the
 * SIGHUP of a closed terminal, ends the guard before us.
 *
 * Returns the function that calls the guard off.
 */
export function guardAgainstOrphan(pid: number): () => void {
  // Windows has no such shell; there the next start finds what was left.
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
