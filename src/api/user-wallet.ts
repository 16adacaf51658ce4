import { userParams } from './fields.ts'
import { readWallet } from './read-wallet.ts'
import { refusal, route } from './route.ts'
import { deactivated, granted } from './signed-in.ts'
import { orBadCursor, page, pageQuery, shown } from './wallet-page.ts'

export const userWallet = route({
  method: 'get',
  path: '/api/users/{id}/wallet',
  caller: 'service',
  summary: 'Balance and ledger entries of any user, newest first',
  params: userParams,
  query: pageQuery,
  response: page,
  refusals: { 403: deactivated, 404: refusal('unknown_user') },
  handle: async ({ db, params, query }) => {
    // Nobody is signed in here, so an unknown user is not created.
    const who = { user_id: params.id, bring: false, erase: false }
    const asked = { ...who, page_size: query.limit, before_id: query.cursor }
    return shown(granted(orBadCursor(await readWallet(db, asked))))
  },
})
