/** The exports that the Worker imports. The others are for connections over WebSockets. */
export const IMPORTED = ['neon', 'neonConfig', 'NeonDbError']
