import ts from 'typescript-5'

/** A top-level declaration of a module, or a statement that acts on declarations. */
interface Piece {
  node: ts.Node
  statement: ts.Statement
  /** The declarations that it names, as indexes of the list. */
  names: Set<number>
  /**
   * The symbol that it declares, or the only declaration that the statement acts on. Undefined for a statement that
   * acts on no declaration.
   */
  about: ts.Symbol | undefined
}

/**
 * Returns a module with only what these exports reach. It keeps each declaration that they name, directly or through
 * other declarations, and each statement that acts on one of those, unchanged and in the same order.
 * @throws if the module does not export one of the names
 */
export function reachable(path: string, exports: readonly string[]): string {
  const { file, checker } = parse(path)
  const pieces = piecesOf(file, checker)
  const places = new Map(
    pieces.flatMap(({ node, about }, place) =>
      about && isDeclaration(node) ? [[about, place] as const] : [],
    ),
  )
  for (const piece of pieces) piece.names = namesIn(piece.node, checker, places)
  const exported = file.statements.filter(ts.isExportDeclaration).flatMap(({ exportClause }) => {
    return exportClause && ts.isNamedExports(exportClause) ? [...exportClause.elements] : []
  })
  const kept = exports.map((name) => {
    const found = exported.find((one) => one.name.text === name)
    if (!found) throw new Error(`${path} does not export ${name}`)
    return found
  })
  const roots = kept.map((one) => places.get(checker.getExportSpecifierLocalTargetSymbol(one) as ts.Symbol))
  const live = liveFrom(
    roots.filter((place) => place !== undefined),
    pieces,
    places,
  )
  const parts = file.statements.map((statement) => textOf(statement, pieces, live, file))
  const exporting = `export { ${kept.map((one) => one.getText(file)).join(', ')} }`
  // The licences of bundled packages stand behind the last statement.
  const notices = file.text.slice(file.statements.at(-1)?.end)
  return `${parts.filter((part) => part !== '').join('\n')}\n${exporting}\n${notices.trim()}\n`
}

function parse(path: string) {
  const options = { allowJs: true, noLib: true, noResolve: true, target: ts.ScriptTarget.ESNext }
  const program = ts.createProgram([path], { ...options, module: ts.ModuleKind.ESNext, types: [] })
  const file = program.getSourceFile(path)
  if (!file) throw new Error(`${path} cannot be read`)
  return { file, checker: program.getTypeChecker() }
}

const isDeclaration = (node: ts.Node) =>
  ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)

function piecesOf(file: ts.SourceFile, checker: ts.TypeChecker): Piece[] {
  const symbolOf = (node: ts.Node | undefined) => node && checker.getSymbolAtLocation(node)
  return file.statements.flatMap((statement): Piece[] => {
    if (ts.isExportDeclaration(statement)) return []
    const nodes = ts.isVariableStatement(statement) ? statement.declarationList.declarations : [statement]
    return [...nodes].map((node) => ({
      node,
      statement,
      names: new Set(),
      about: isDeclaration(node) ? symbolOf((node as ts.VariableDeclaration).name) : symbolOf(actedOn(node)),
    }))
  })
}

/** Returns what a statement `name(declared, …)` or `declared.member = …` acts on. Undefined for any other statement. */
function actedOn(node: ts.Node): ts.Node | undefined {
  if (!ts.isExpressionStatement(node)) return undefined
  const { expression } = node
  if (ts.isCallExpression(expression)) return expression.arguments[0]
  if (!ts.isBinaryExpression(expression)) return undefined
  let target = expression.left
  while (ts.isPropertyAccessExpression(target) || ts.isElementAccessExpression(target))
    target = target.expression
  return target
}

function namesIn(node: ts.Node, checker: ts.TypeChecker, places: Map<ts.Symbol, number>): Set<number> {
  const names = new Set<number>()
  const visit = (inner: ts.Node) => {
    if (ts.isIdentifier(inner)) {
      const symbol = ts.isShorthandPropertyAssignment(inner.parent)
        ? checker.getShorthandAssignmentValueSymbol(inner.parent)
        : checker.getSymbolAtLocation(inner)
      const place = symbol && places.get(symbol)
      if (place !== undefined) names.add(place)
    }
    ts.forEachChild(inner, visit)
  }
  visit(node)
  return names
}

/**
 * Returns the pieces that stay: the roots, statements that act on no declaration or on one that stays, and everything
 * that these name.
 */
function liveFrom(roots: number[], pieces: Piece[], places: Map<ts.Symbol, number>): Set<number> {
  const live = new Set<number>()
  const keep = (place: number) => {
    if (live.has(place)) return
    live.add(place)
    for (const name of pieces[place]?.names ?? []) keep(name)
  }
  for (const root of roots) keep(root)
  for (let before = -1; before !== live.size; ) {
    before = live.size
    for (const [place, { node, about }] of pieces.entries()) {
      if (isDeclaration(node)) continue
      const target = about && places.get(about)
      if (target === undefined || live.has(target)) keep(place)
    }
  }
  return live
}

function textOf(statement: ts.Statement, pieces: Piece[], live: Set<number>, file: ts.SourceFile): string {
  const mine = pieces.filter((piece, place) => piece.statement === statement && live.has(place))
  if (mine.length === 0) return ''
  if (!ts.isVariableStatement(statement)) return statement.getText(file)
  const [word = 'var'] = statement.getText(file).split(/\s/, 1)
  return `${word} ${mine.map(({ node }) => node.getText(file)).join(', ')};`
}
