/** Returns Stripe's word for a mode, as in its Dashboard. */
export const modeOf = (isLive: boolean): string => (isLive ? 'live' : 'test')
