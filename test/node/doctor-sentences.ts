import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript-5'
import { projectDir } from '../../cli/shared/project.ts'

/**
 * The functions with which a check reports. `found` stands for one of the others; a thrown text is reported unchanged.
 */
const SAYING = ['pass', 'warn', 'fail', 'blind', 'found', 'super']

/** A sentence of a check, or a part of one: its text in the file, and its printed form. */
export interface Sentence {
  file: string
  says: string
  pattern: RegExp
}

/** Expressions that are reported and in which no text can be found. The test needs a reason for each. */
export interface Sentences {
  all: Sentence[]
  unread: string[]
}

/**
 * Returns every sentence in the code of the doctor's checks: in a call, in a variable, in a function that returns it,
 * or in a list that is joined.
 */
export function sentences(): Sentences {
  const dir = join(projectDir, 'cli/doctor')
  const files = readdirSync(dir).map((name) =>
    ts.createSourceFile(name, readFileSync(join(dir, name), 'utf8'), ts.ScriptTarget.Latest, true),
  )
  const [all, unread] = [new Map<string, Sentence>(), new Set<string>()]
  for (const file of files)
    for (const said of nodesOf(file).flatMap(saidBy)) {
      const { texts, others } = readFrom(said, { file, files, open: new Set() })
      for (const text of texts) all.set(`${text.file} ${text.pattern}`, text)
      for (const other of others) unread.add(other)
    }
  return { all: [...all.values()], unread: [...unread] }
}

const nodesOf = (node: ts.Node): ts.Node[] => [node, ...node.getChildren().flatMap(nodesOf)]

/** Returns the expression that a call or a finding reports, if this is one. */
function saidBy(node: ts.Node): ts.Expression[] {
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'says') return [node.initializer]
  const isSaying = ts.isCallExpression(node) && SAYING.includes(node.expression.getText())
  return isSaying && node.arguments[0] ? [node.arguments[0]] : []
}

interface Place {
  file: ts.SourceFile
  files: ts.SourceFile[]
  /** The names that are being looked up, because a name may refer to itself. */
  open: Set<string>
}

interface Found {
  texts: Sentence[]
  others: string[]
}

const joined = (all: Found[]): Found => ({
  texts: all.flatMap(({ texts }) => texts),
  others: all.flatMap(({ others }) => others),
})

function readFrom(said: ts.Expression, place: Place): Found {
  const of = (...parts: ts.Expression[]) => joined(parts.map((part) => readFrom(part, place)))
  if (ts.isStringLiteralLike(said)) return { texts: [sentenceOf(said, said.text, [said.text])], others: [] }
  if (ts.isTemplateExpression(said)) return templateOf(said, place)
  if (ts.isParenthesizedExpression(said) || ts.isAsExpression(said)) return of(said.expression)
  if (ts.isConditionalExpression(said)) return of(said.whenTrue, said.whenFalse)
  if (ts.isArrayLiteralExpression(said)) return of(...said.elements)
  if (said.getText() === 'undefined') return { texts: [], others: [] }
  const meant = meaningOf(said, place)
  return meant
    ? joined(meant)
    : { texts: [], others: [`${said.getSourceFile().fileName}: ${said.getText()}`] }
}

/** Adds the whole template, and the parts that it chooses between. Each has to be printed once. */
function templateOf(said: ts.TemplateExpression, place: Place): Found {
  const literals = [said.head.text, ...said.templateSpans.map(({ literal }) => literal.text)]
  const parts = joined(said.templateSpans.map(({ expression }) => readFrom(expression, place)))
  const inside = parts.texts
    .filter(({ says }) => says.includes(' '))
    .map(({ pattern, ...text }) => ({
      ...text,
      pattern: new RegExp(pattern.source.replace(/^\^|\$$/g, ''), 's'),
    }))
  return { texts: [sentenceOf(said, said.getText().slice(1, -1), literals), ...inside], others: [] }
}

const sentenceOf = (node: ts.Node, says: string, literals: string[]): Sentence => ({
  file: node.getSourceFile().fileName,
  says,
  pattern: new RegExp(`^${literals.map(escaped).join('.*')}$`, 's'),
})

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

/** Returns the values of a name, of a function of the doctor, or of a joined list. Undefined for anything else. */
function meaningOf(said: ts.Expression, place: Place): Found[] | undefined {
  const key = `${place.file.fileName} ${said.getText()}`
  if (place.open.has(key)) return []
  const within = { ...place, open: new Set([...place.open, key]) }
  if (ts.isIdentifier(said)) return valuesOf(said.text, place.file)?.map((one) => readFrom(one, within))
  if (!ts.isCallExpression(said)) return undefined
  const { expression: called } = said
  if (ts.isIdentifier(called)) {
    const others = place.files.filter((file) => file !== place.file)
    for (const file of [place.file, ...others]) {
      const returned = returnsOf(called.text, file)
      if (returned.length > 0) return returned.map((one) => readFrom(one, { ...within, file }))
    }
    return undefined
  }
  if (!ts.isPropertyAccessExpression(called)) return undefined
  const name = called.name.text
  if (name === 'join' || name === 'filter') return [readFrom(called.expression, within)]
  const [given] = said.arguments
  if ((name === 'map' || name === 'flatMap') && given && ts.isArrowFunction(given))
    return returnedBy(given).map((one) => readFrom(one, within))
  return undefined
}

/** Returns the values that a variable of this name has or gets by `push`. */
function valuesOf(name: string, file: ts.SourceFile): ts.Expression[] | undefined {
  const values = nodesOf(file).flatMap((node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === name)
      return node.initializer ? [node.initializer] : []
    const isPush = ts.isCallExpression(node) && node.expression.getText() === `${name}.push`
    return isPush ? [...node.arguments] : []
  })
  return values.length > 0 ? values : undefined
}

function returnsOf(name: string, file: ts.SourceFile): ts.Expression[] {
  return nodesOf(file).flatMap((node) => {
    if (ts.isFunctionDeclaration(node) && node.name?.text === name) return returnedBy(node)
    const isArrow = ts.isVariableDeclaration(node) && node.name.getText() === name
    return isArrow && node.initializer && ts.isArrowFunction(node.initializer)
      ? returnedBy(node.initializer)
      : []
  })
}

function returnedBy({ body }: ts.FunctionDeclaration | ts.ArrowFunction): ts.Expression[] {
  if (!body) return []
  if (!ts.isBlock(body)) return [body]
  return nodesOf(body).flatMap((node) =>
    ts.isReturnStatement(node) && node.expression ? [node.expression] : [],
  )
}
