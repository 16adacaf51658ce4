import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { makeScratchDir, removeAbandoned } from '../../local/scratch.ts'

async function pidOfADeadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid as number
}

it('what a killed process left is removed by the next start, and what a living one has is not', async () => {
  const mine = makeScratchDir('test')
  const beside = (name: string) => {
    const dir = join(dirname(mine), name)
    mkdirSync(dir)
    writeFileSync(join(dir, 'settings.env'), 'SECRET="…"')
    return dir
  }
  const dead = String(await pidOfADeadProcess())
  const abandoned = beside(basename(mine).replace(`-${process.pid}-`, `-${dead}-`))
  const elsewhere = beside(basename(mine).replace(/-\d+-[^-]+-/, `-${dead}-anotherhost-`))
  const others = beside(`ledgerhook-of-yours-${dead}`)
  removeAbandoned()
  const all = [mine, elsewhere, others, abandoned]
  const left = all.map((dir) => existsSync(dir))
  for (const dir of all) rmSync(dir, { recursive: true, force: true })
  expect(left).toEqual([true, true, true, false])
})
