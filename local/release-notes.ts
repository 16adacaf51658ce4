import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { projectDir } from '../cli/shared/project.ts'

const read = (file: string) => readFileSync(join(projectDir, file), 'utf8')

/** Prints the changelog's section of a tag. Fails if tag, package and changelog name different versions. */
await runCommand(async () => {
  const [tag = ''] = process.argv.slice(2)
  const { version } = JSON.parse(read('package.json'))
  if (tag !== `v${version}`) throw new LocalError(`the tag is '${tag}', and package.json says ${version}`)
  const sections = read('CHANGELOG.md').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`[${version}]`) || text.startsWith(`${version} `))
  if (!section) throw new LocalError(`CHANGELOG.md has no section '## [${version}] - <date>'`)
  console.log(section.split('\n').slice(1).join('\n').trim())
})
