'use client'

import { useCallback, useEffect, useState } from 'react'
import { useLedgerhook } from './use-ledgerhook'

/** The balance, what costs credits, and where to buy some. */
export function Wallet({ ledgerhook: url }: { ledgerhook: string }) {
  const ledgerhook = useLedgerhook(url)
  const [balance, setBalance] = useState('…')
  const [message, setMessage] = useState('')

  const showBalance = useCallback(async () => {
    const { data, error, response } = await ledgerhook.GET('/api/me')
    // 401: an old session, one of another Clerk instance, or an origin that is not in Ledgerhook's APP_ORIGINS.
    setBalance(data ? `${data.balance} credits` : `${response.status} ${error.error}`)
  }, [ledgerhook])

  useEffect(() => {
    void showBalance()
  }, [showBalance])

  async function paint() {
    const { status } = await fetch(`/api/images/${crypto.randomUUID()}`, { method: 'PUT', body: 'A harbour' })
    setMessage(
      status === 402 ? 'Too few credits: buy some.' : status === 200 ? 'Painted.' : `Failed (${status}).`,
    )
    await showBalance()
  }

  async function buy() {
    const { data, error } = await ledgerhook.POST('/api/checkout', { body: { pack: 'starter' } })
    if (data) location.href = data.url
    else setMessage(error.error)
  }

  return (
    <main>
      <p role="status">{balance}</p>
      <button type="button" onClick={paint}>
        Paint an image for 3 credits
      </button>
      <button type="button" onClick={buy}>
        Buy 500 credits
      </button>
      <p>{message}</p>
    </main>
  )
}
