import { ClerkProvider, Show, SignInButton, UserButton } from '@clerk/nextjs'
import type { Metadata } from 'next'
import type { ReactNode } from 'react'

export const metadata: Metadata = { title: 'Images' }

// Nothing is rendered at build time: building needs no key of Clerk's.
export const dynamic = 'force-dynamic'

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <ClerkProvider>
          <Show when="signed-out">
            <SignInButton />
          </Show>
          <Show when="signed-in">
            <UserButton />
            {children}
          </Show>
        </ClerkProvider>
      </body>
    </html>
  )
}
