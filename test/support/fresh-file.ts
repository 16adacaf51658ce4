import { vi } from 'vitest'

// Runs before each file of test/worker. Files share a workerd, because it takes a second of CPU to start one. They
// share nothing else: modules are evaluated anew, each file has its own database, and mocks are restored.
vi.restoreAllMocks()
vi.useRealTimers()
// The language of zod's messages is global, and outlives its modules. Without this, a file could change it for later
// files.
Reflect.deleteProperty(globalThis, '__zod_globalConfig')
vi.resetModules()
// Vite's runner would search each module of a stack for a source map, each time that one is read. In workerd no module
// has one, so it searches megabytes in vain. That was a third of the time of tests with many errors.
Reflect.deleteProperty(Error, 'prepareStackTrace')
