import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { gzipSync } from 'node:zlib'
import type { Bundle } from '../ground/bundle.ts'

/** Bytes of the uploaded Worker. */
export interface Weight {
  minified: number
  gzipped: number
  /** The heaviest first. `gzipped`: how much lighter the bundle would be without this part. */
  parts: { name: string; minified: number; gzipped: number }[]
}

const gzipped = (text: string) => gzipSync(text, { level: 9 }).length

/** Weighs the bundle and each package in it. The source map tells the packages apart. */
export async function weigh({ text, mapPath }: Bundle): Promise<Weight> {
  const code = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '')
  const owners = ownersOf(code, new SourceMap(JSON.parse(await readFile(mapPath, 'utf8'))))
  const whole = gzipped(code)
  const parts = [...new Set(owners.map(({ name }) => name))].map((name) => ({
    name,
    minified: owners.filter((run) => run.name === name).reduce((bytes, { from, to }) => bytes + to - from, 0),
    gzipped: whole - gzipped(withoutRuns(code, owners, name)),
  }))
  return { minified: code.length, gzipped: whole, parts: parts.sort((a, b) => b.gzipped - a.gzipped) }
}

interface Run {
  name: string
  from: number
  to: number
}

/** Returns the runs of text that belong to one package each. */
function ownersOf(code: string, map: SourceMap): Run[] {
  const runs: Run[] = []
  let offset = 0
  for (const [line, text] of code.split('\n').entries()) {
    for (let column = 0; column <= text.length; column++, offset++) {
      const entry = map.findEntry(line, column)
      const name = packageOf('originalSource' in entry ? (entry.originalSource ?? '') : '')
      const last = runs.at(-1)
      if (last?.name === name) last.to = offset + 1
      else runs.push({ name, from: offset, to: offset + 1 })
    }
  }
  return runs
}

/** The files that replace packages in the bundle, as in `wrangler.toml`. */
const CUT: Record<string, string> = { 'dist/neon.js': '@neondatabase/serverless', 'dist/stripe.js': 'stripe' }

function packageOf(source: string): string {
  const cut = Object.keys(CUT).find((path) => source.endsWith(path))
  if (cut) return CUT[cut] ?? cut
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? []
  return name ?? (source.includes('src/') || source.includes('migrations/') ? 'ledgerhook' : 'the bundler')
}

const withoutRuns = (code: string, runs: Run[], name: string) =>
  runs
    .filter((run) => run.name !== name)
    .map(({ from, to }) => code.slice(from, to))
    .join('')
