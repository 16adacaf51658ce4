import { freePort } from '../../local/ports.ts'

/** The port of each part of `npm run dev`. */
export interface Ports {
  worker: number
  postgres: number
  gateway: number
  stripe: number
  clerk: number
}

export async function freePorts(): Promise<Ports> {
  const [worker, postgres, gateway, stripe, clerk] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  return { worker, postgres, gateway, stripe, clerk }
}

/** Returns the flags of `npm run dev` for these ports. */
export const portFlags = (ports: Ports): string[] => ['--port', String(ports.worker), ...partFlags(ports)]

/** Returns the flags by which a command finds the local parts. */
export function partFlags({ postgres, gateway, stripe, clerk }: Ports): string[] {
  const parts = ['--pg-port', postgres, '--gateway-port', gateway, '--stripe-port', stripe]
  return [...parts, '--clerk-port', clerk].map(String)
}
