import { clerk } from './clerk/index.ts'
import { stripe } from './stripe/index.ts'

export const providers = { clerk, stripe }
