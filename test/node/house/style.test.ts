import { describe, expect, it } from 'vitest'
import { filesOf, read } from './sources.ts'

describe('style', () => {
  const sources = filesOf('src', 'cli', 'local', 'bench', 'test').filter((path) => path.endsWith('.ts'))

  it('no object literal is spread into another: its members stand there themselves', () => {
    const opening = /\.{3}{/
    expect(sources.filter((path) => opening.test(read(path)))).toEqual([])
  })
})
