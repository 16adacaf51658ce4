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
export function portFlags(ports: Ports): string[] {
  const { worker, postgres, gateway, stripe, clerk } = ports
  return [
    '--port',
    worker,
    '--pg-port',
    postgres,
    '--gateway-port',
    gateway,
    '--stripe-port',
    stripe,
    '--clerk-port',
    clerk,
  ].map(String)
}
