import { clerkMiddleware } from '@clerk/nextjs/server'

// Only sessions of this app's own pages.
export default clerkMiddleware({ authorizedParties: [process.env.APP_ORIGIN || 'http://localhost:3000'] })

export const config = { matcher: ['/((?!_next|.*\\.[a-z]+$).*)'] }
