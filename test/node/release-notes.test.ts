import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { run, scratchDir } from './command.ts'

const { version } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'))

it('a release whose tag is not the version of the package is refused in one line', async () => {
  expect(await run('local/release-notes.ts', ['v99.0.0'], scratchDir())).toEqual({
    code: 1,
    output: `the tag is 'v99.0.0', and package.json says ${version}`,
  })
})

it('a release has the section of the changelog that names its version', async () => {
  const changelog = readFileSync(join(projectDir, 'CHANGELOG.md'), 'utf8')
  const hasSection = new RegExp(`^## \\[?${version.replaceAll('.', '\\.')}[\\] ]`, 'm').test(changelog)
  const { code, output } = await run('local/release-notes.ts', [`v${version}`], scratchDir())
  expect(code).toBe(hasSection ? 0 : 1)
  expect(output).toMatch(hasSection ? /^(###|-) /m : /^CHANGELOG\.md has no section/)
})
