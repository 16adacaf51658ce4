/** What the Worker imports. The rest of the exports is for connections over WebSockets. */
export const IMPORTED = ['neon', 'neonConfig', 'NeonDbError']
