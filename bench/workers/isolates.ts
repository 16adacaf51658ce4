// Runs a request in a new isolate of the bundle that the path names. It needs workerd only. Production has the loader's
// binding too; the isolate that it creates is measured.
interface Loader {
  get(id: string, load: () => Promise<object>): { getEntrypoint(): { fetch(url: string): Promise<Response> } }
}

interface Env extends Record<string, unknown> {
  LOADER: Loader
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const bundle = new URL(request.url).pathname.slice(1)
    const isolate = env.LOADER.get(crypto.randomUUID(), async () => ({
      compatibilityDate: env.COMPATIBILITY_DATE,
      mainModule: 'index.js',
      modules: { 'index.js': env[bundle] },
      env: {},
    }))
    return await isolate.getEntrypoint().fetch('http://isolate/api/health')
  },
}
