import { vi } from 'vitest'

// Runs before each file of test/worker. Files share a workerd, for it takes a second of CPU to start one. They share
// nothing else: modules are evaluated anew, each file has its own database, and what a file has replaced is put back.
vi.restoreAllMocks()
vi.useRealTimers()
// Which language zod speaks stands there, and outlives its modules: without this a file could speak for those after it.
Reflect.deleteProperty(globalThis, '__zod_globalConfig')
vi.resetModules()
