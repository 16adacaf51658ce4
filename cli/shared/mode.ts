/** Stripe's word for a mode, as its Dashboard has it. */
export const modeOf = (isLive: boolean): string => (isLive ? 'live' : 'test')
