import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../shared/project.ts'
import { IMPORTED } from './imported.ts'

const PACKAGE = join(projectDir, 'node_modules/@neondatabase/serverless')

/**
 * The driver fills what a platform lacks of Node's `process`. workerd has one, which it loads when somebody asks for
 * it, and that takes as long as the driver itself. The driver's HTTP half needs of it what is here.
 */
const PROCESS = 'globalThis.process??{}'
const ENOUGH = '{env:{},nextTick:(task,...given)=>{Promise.resolve().then(()=>task(...given))}}'

export const driverSource = () => readFileSync(join(PACKAGE, 'index.mjs'), 'utf8')

/** Returns Neon's driver without what only its WebSocket half names, for the Worker's bundle. */
export async function cutDriver(): Promise<string> {
  const { reachable } = await import('./reachable.ts')
  const parts = reachable(join(PACKAGE, 'index.mjs'), IMPORTED).split(PROCESS)
  if (parts.length !== 2) throw new Error("Neon's driver no longer asks for Node's process where it did")
  return parts.join(ENOUGH)
}
