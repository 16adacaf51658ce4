import { SourceMap } from 'node:module'
import type { VitestPluginContext } from 'vitest/node'

/**
 * A plugin of Vitest's: a failure in workerd names the line of its file. Otherwise it names that of the compiled code,
 * because the code that the plugin for workerd sends has no source maps.
 */
export const originalLines = {
  name: 'original-lines',
  configureVitest({ project }: Pick<VitestPluginContext, 'project'>) {
    project.config.onStackTrace = (_error, frame) => {
      const modules = project.vite.environments.ssr.moduleGraph
      const map = modules.getModuleById(frame.file)?.transformResult?.map
      if (!map || !('version' in map)) return
      const origin = new SourceMap({ ...map, sourceRoot: '' }).findEntry(frame.line - 1, frame.column - 1)
      if (!('originalLine' in origin)) return
      frame.line = origin.originalLine + 1
      frame.column = origin.originalColumn + 1
    }
  },
}
