import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../../cli/shared/project.ts'

/** What a check says with: `found` stands for one of the others. */
const CALLS = /(?<![\w.])(pass|warn|fail|blind|found)\(\s*/g

/** A sentence of a check, as it stands in its file, and how it may come out. */
export interface Sentence {
  file: string
  says: string
  pattern: RegExp
}

/** Every sentence that the doctor's checks have in their code. One that is made of other parts alone is not among them. */
export function sentences(): Sentence[] {
  const dir = join(projectDir, 'cli/doctor')
  return readdirSync(dir).flatMap((file) => {
    const code = readFileSync(join(dir, file), 'utf8')
    const literals = [...code.matchAll(CALLS)].flatMap((call) =>
      firstArgument(code.slice(call.index + call[0].length)),
    )
    return [...new Set(literals)].map((says) => ({ file, says, pattern: patternOf(says) }))
  })
}

/** The texts of a call's first argument, with their quotes: several where it chooses between them. */
function firstArgument(code: string): string[] {
  const texts: string[] = []
  let at = 0
  for (let depth = 0; at < code.length; at++) {
    const char = code[at] as string
    if (`'"\``.includes(char)) {
      const end = endOfText(code, at)
      if (depth === 0) texts.push(code.slice(at + 1, end))
      at = end
    } else if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char) && depth-- === 0) break
    else if (char === ',' && depth === 0) break
  }
  return texts
}

/** Where a text ends that begins here. What a template puts in may have texts of its own. */
function endOfText(code: string, start: number): number {
  for (let at = start + 1; ; at++) {
    if (code[at] === undefined) throw new Error('a text without an end')
    if (code[at] === '\\') at++
    else if (code[start] === '`' && code.startsWith('${', at)) at = endOfPart(code, at + 2)
    else if (code[at] === code[start]) return at
  }
}

function endOfPart(code: string, start: number): number {
  for (let at = start, depth = 0; ; at++) {
    const char = code[at]
    if (char === undefined) throw new Error('a part without an end')
    if (`'"\``.includes(char)) at = endOfText(code, at)
    else if (char === '{') depth++
    else if (char === '}' && depth-- === 0) return at
  }
}

function patternOf(text: string): RegExp {
  let source = ''
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith('${', at)) {
      at = endOfPart(text, at + 2)
      source += '.*'
    } else source += (text[at] === '\\' ? text[++at] : text[at])?.replace(/[.*+?^${}()|[\]\\]/, '\\$&')
  }
  return new RegExp(`^${source}$`)
}
