import * as users from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { userDeletedEvent } from './payload.ts'

export const closeUser: Handler = (event, { SIGNUP_BONUS_ONCE_PER }) =>
  users.close({
    user_id: read(userDeletedEvent, event).data.id,
    use_address: SIGNUP_BONUS_ONCE_PER === 'email',
  })
