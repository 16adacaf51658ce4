import { env as bound } from 'cloudflare:test'
import { type Env, request, settings } from './support.ts'

export type OpsEnv = Env & { ASSETS?: object }

/** The page's files, as `wrangler.toml` binds them. */
export const ASSETS = (bound as { ASSETS: object }).ASSETS

/** A session of an operator, as a browser keeps it. */
export interface Operator {
  cookie: string
  env: OpsEnv
}

const SAME_ORIGIN = { origin: 'http://ledgerhook.test' }

/** Submits the form of the page. */
export async function attempt(
  token: string,
  {
    env = {},
    to = '/ops',
    headers = {},
  }: { env?: OpsEnv; to?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  const body = new URLSearchParams({ token, to })
  return await request('/ops/sign-in', { method: 'POST', body, headers: { ...SAME_ORIGIN, ...headers } }, env)
}

/** Signs in. Each caller uses another network, so that no test slows another down. */
export async function signedIn(token = settings.OPS_TOKEN, env: OpsEnv = {}): Promise<Operator> {
  const response = await attempt(token, { env, headers: fromAnywhere() })
  if (response.status !== 303) throw new Error(`not signed in: ${await response.text()}`)
  return { cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '', env }
}

let networks = 0
/** Returns another network each time. */
export const fromAnywhere = () => ({ 'cf-connecting-ip': `10.${networks >> 8}.${networks++ % 256}.1` })

export async function see({ cookie, env }: Operator, path: string): Promise<string> {
  const response = await request(path, { headers: { cookie } }, env)
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  return await response.text()
}

export async function submit(
  { cookie, env }: Operator,
  path: string,
  fields: Record<string, string>,
): Promise<string> {
  const body = new URLSearchParams(fields)
  const response = await request(path, { method: 'POST', body, headers: { ...SAME_ORIGIN, cookie } }, env)
  return await response.text()
}

/** Returns the result of an action, as the page shows it. */
export const saidBy = (html: string) => text(/<p role="status">(.*?)<\/p>/s.exec(html)?.[1] ?? '')

/** Returns the text of some HTML. */
export const text = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Returns the value of a hidden field. */
export const hiddenIn = (html: string, name: string) =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? ''
