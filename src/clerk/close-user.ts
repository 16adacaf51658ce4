import { closeUser as close } from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { userDeletedEvent } from './payload.ts'

export const closeUser: Handler = (event) => close({ user_id: read(userDeletedEvent, event).data.id })
