'use client'

import { useAuth } from '@clerk/nextjs'
import { createClient } from 'ledgerhook/client'
import { useMemo } from 'react'

/** Returns a client for the person who is signed in. It asks Clerk for a fresh session token before each call. */
export function useLedgerhook(url: string) {
  const { getToken } = useAuth()
  return useMemo(() => createClient({ url, token: () => getToken() }), [url, getToken])
}
