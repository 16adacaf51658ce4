import { readWallet } from './read-wallet.ts'
import { route } from './route.ts'
import { asSignedIn, deactivated } from './signed-in.ts'
import { orBadCursor, page, pageQuery, shown } from './wallet-page.ts'

export const wallet = route({
  method: 'get',
  path: '/api/wallet',
  caller: 'user',
  summary: 'Balance and ledger entries, newest first',
  query: pageQuery,
  response: page,
  refusals: { 403: deactivated },
  handle: async (call) => {
    const { cursor, limit } = call.query
    const answer = await asSignedIn(call, async (db, who) =>
      orBadCursor(await readWallet(db, { ...who, page_size: limit, before_id: cursor })),
    )
    return shown(answer)
  },
})
