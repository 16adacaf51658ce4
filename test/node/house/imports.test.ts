import { describe, expect, it } from 'vitest'
import { floors, isBelow, libraries, rooms } from './drawing.ts'
import { importsOf, isSchema, read, roomOf, sources } from './sources.ts'

describe('the drawing', () => {
  it('has every room, and goes down', () => {
    expect(floors.toSorted()).toEqual([...new Set(sources.map(roomOf))].sort())
    const upwards = Object.entries(rooms).flatMap(([room, below]) =>
      below.filter((other) => !isBelow(other, room)).map((other) => `${room} → ${other}`),
    )
    expect(upwards).toEqual([])
  })
})

describe('imports', () => {
  it.each(sources)('of %s obey the drawing', (path) => {
    const room = roomOf(path)
    for (const name of importsOf(path)) {
      if (name.startsWith('migrations/')) expect(room).toBe('ops')
      else if (name.startsWith('src/'))
        expect([room, ...(rooms[room] ?? [])], `${path} imports ${name}`).toContain(roomOf(name))
      else {
        const library = Object.keys(libraries).find((known) => name === known || name.startsWith(`${known}/`))
        const user = isSchema(path) ? 'schema' : room
        expect(libraries[library ?? ''] ?? [], `${path} imports ${name}`).toContain(user)
      }
    }
  })

  it('load a schema from a schema alone, so that Drizzle is not deployed', () => {
    const loading = sources.filter((path) => {
      const loaded = read(path).replaceAll(/^import type .+$/gm, '')
      return !isSchema(path) && /'(drizzle-orm|[^']*schema\.ts')/.test(loaded)
    })
    expect(loading).toEqual([])
  })
})

describe('schemas', () => {
  it('are made at their first use, so that no isolate starts with one', () => {
    const made = sources.flatMap((path) =>
      [...read(path).matchAll(/^(?:export )?const (\w+) = z\b/gm)].map(([, name]) => `${path} ${name}`),
    )
    expect(made).toEqual([])
  })
})
