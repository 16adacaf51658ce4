import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createViteServer, type TestProject } from 'vitest/node'
import { originalLines } from '../../local/check/original-lines.ts'
import { scratchDir } from './command.ts'

const SOURCE = `interface Types {
  that: string
  are: 'removed'
}

export const fails = (types: Types) => {
  throw new Error(types.that)
}
`

it('a frame of compiled code becomes that of the file, and one of an unknown file stays as it is', async () => {
  const root = scratchDir()
  const file = join(root, 'fails.ts')
  writeFileSync(file, SOURCE)
  const vite = await createViteServer({
    root,
    configFile: false,
    server: { middlewareMode: true, ws: false },
  })
  try {
    const { code = '' } = (await vite.environments.ssr.transformRequest(file)) ?? {}
    const lines = code.split('\n')
    const at = lines.findIndex((line) => line.includes('new Error'))
    const frame = { file, method: 'fails', line: at + 1, column: (lines[at]?.indexOf('new Error') ?? 0) + 1 }
    expect(frame.line).not.toBe(7)

    const project = { vite, config: {} } as unknown as TestProject
    originalLines.configureVitest({ project })
    project.config.onStackTrace?.({ message: 'fails' }, frame)
    expect(frame).toEqual({ file, method: 'fails', line: 7, column: 9 })
    const unknown = { file: join(root, 'unknown.ts'), method: '', line: 3, column: 4 }
    project.config.onStackTrace?.({ message: 'fails' }, unknown)
    expect(unknown).toMatchObject({ line: 3, column: 4 })
  } finally {
    await vite.close()
  }
})
