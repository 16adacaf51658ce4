import { csrf } from 'hono/csrf'
import { html } from 'hono/html'
import { routePath } from 'hono/route'
import { DatabaseUnavailable } from '../../db.ts'
import { asset, limitBody, newApp } from '../../http.ts'
import { log } from '../../log.ts'
import { once } from '../../once.ts'
import { WrongQuery } from '../query.ts'
import { actions } from './actions.ts'
import { actOnMany, bulk } from './bulk.ts'
import { deliveries } from './deliveries.ts'
import { actOnDelivery, delivery } from './delivery.ts'
import { settleDifference } from './differences.ts'
import type { Env } from './env.ts'
import { frame } from './html.ts'
import { adjust, lookUp } from './look-up.ts'
import { overview } from './overview.ts'
import { operatorOf, signIn, signInForm, signOut } from './session.ts'

/** Everything comes from this Worker: nothing is loaded from elsewhere, sent elsewhere or shown within another page. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Strict-Transport-Security': 'max-age=31536000',
}

const AWAY =
  'The database did not answer. If you were changing something, look whether it was done, then try again.'

const wrong = ({ fields }: WrongQuery) =>
  Object.entries(fields).map(([name, says]) => html`<p><code>${name}</code> ${says.join(', ')}</p>`)

/** Created at its first request, so that no delivery waits for it. */
export const page = once(() => {
  const page = newApp<Env>().basePath('/ops')

  page.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value)
  })
  // Without these files the page is plain, and still works.
  page.get('/:file{\\w+\\.(css|js)}', (c) => asset(c, c.req.path))
  page.use(csrf(), limitBody, async (c, next) => {
    await next()
    c.res.headers.set('Cache-Control', 'no-store')
  })
  page.post('/sign-in', signIn)
  page.post('/sign-out', signOut)
  page.use(async (c, next) => {
    const operator = await operatorOf(c)
    if (operator === undefined) return await signInForm(c)
    c.set('operator', operator)
    return await next()
  })

  page.get('/', (c) => overview(c))
  page.post('/differences', async (c) => overview(c, await settleDifference(c)))
  page.get('/deliveries', deliveries)
  page.get('/deliveries/:provider/:event', (c) => delivery(c))
  page.post('/deliveries/:provider/:event', actOnDelivery)
  page.get('/bulk', (c) => bulk(c))
  page.post('/bulk', actOnMany)
  page.get('/find', (c) => lookUp(c))
  page.post('/adjust', adjust)
  page.get('/actions', actions)

  page.notFound((c) => frame(c, 'Not found', 'There is nothing at this address.', undefined, 404))
  page.onError((error, c) => {
    if (error instanceof WrongQuery) return frame(c, 'Not possible', wrong(error), undefined, 400)
    if (!(error instanceof DatabaseUnavailable)) throw error
    const [path, cause] = [routePath(c, -1), error.message]
    if (error.isRefusal) {
      log({ message: 'refused', level: 'warn', path, cause })
      return frame(
        c,
        'Not possible',
        'The database refused what you entered: please check it.',
        undefined,
        400,
      )
    }
    log({ message: 'unavailable', level: 'error', path, cause })
    return frame(c, 'Database away', AWAY, undefined, 503)
  })
  return page
})
