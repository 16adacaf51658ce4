import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../shared/project.ts'
import { IMPORTED } from './imported.ts'

const PACKAGE = join(projectDir, 'node_modules/@neondatabase/serverless')

/**
 * The driver adds what a platform lacks of Node's `process`. workerd loads its own `process` on first access, which
 * takes as long as loading the driver. The driver's HTTP half needs only these members of it.
 */
const PROCESS = 'globalThis.process??{}'
const ENOUGH = '{env:{},nextTick:(task,...given)=>{Promise.resolve().then(()=>task(...given))}}'

export const driverSource = () => readFileSync(join(PACKAGE, 'index.mjs'), 'utf8')

/** Returns Neon's driver for the Worker's bundle, without what only its WebSocket half uses. */
export async function cutDriver(): Promise<string> {
  const { reachable } = await import('./reachable.ts')
  const parts = reachable(join(PACKAGE, 'index.mjs'), IMPORTED).split(PROCESS)
  if (parts.length !== 2) throw new Error("Neon's driver no longer asks for Node's process where it did")
  return parts.join(ENOUGH)
}
