import * as users from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { userDeletedEvent } from './payload.ts'

export const closeUser: Handler = (event) => users.close({ user_id: read(userDeletedEvent, event).data.id })
