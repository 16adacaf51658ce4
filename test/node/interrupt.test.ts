import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { scratchDir } from './command.ts'

const COMMAND = `
import { aborted, runInterruptible } from '${pathToFileURL(join(projectDir, 'local/interrupt.ts'))}'
await runInterruptible(async (interrupt) => {
  const keepAlive = setInterval(() => {}, 1_000)
  console.log('started')
  await aborted(interrupt)
  clearInterval(keepAlive)
  console.log('stopped its processes')
})`

test.skipIf(process.platform === 'win32')(
  'a command that npm runs stops its processes when npm is killed',
  async () => {
    const script = join(scratchDir(), 'command.ts')
    writeFileSync(script, COMMAND)
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${script}"; true`], {
      env: { ...process.env, npm_lifecycle_event: 'dev' },
    })
    let output = ''
    shell.stdout.on('data', (piece) => (output += piece))
    await expect.poll(() => output).toContain('started')
    shell.kill('SIGTERM')
    await expect.poll(() => output).toContain('stopped its processes')
  },
)
