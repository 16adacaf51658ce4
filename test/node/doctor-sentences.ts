import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript-5'
import { projectDir } from '../../cli/shared/project.ts'

/** What a check says with: `found` stands for one of the others, and what is thrown is said as it is. */
const SAYING = ['pass', 'warn', 'fail', 'blind', 'found', 'super']

/** A sentence of a check, or a part that a sentence may have, as it stands in its file, and how it comes out. */
export interface Sentence {
  file: string
  says: string
  pattern: RegExp
}

/** Expressions that are said, and in which no text can be found: each needs a reason in the test. */
export interface Sentences {
  all: Sentence[]
  unread: string[]
}

/**
 * Every sentence that the doctor's checks have in their code: as it stands in a call, in a variable, in a function that
 * returns it, or in a list that is joined.
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

/** The expression that a call or a finding says, if this is one. */
function saidBy(node: ts.Node): ts.Expression[] {
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'says') return [node.initializer]
  const isSaying = ts.isCallExpression(node) && SAYING.includes(node.expression.getText())
  return isSaying && node.arguments[0] ? [node.arguments[0]] : []
}

interface Place {
  file: ts.SourceFile
  files: ts.SourceFile[]
  /** What is being looked up: a name may stand for itself. */
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

/** The template as a whole, and the parts that it chooses between: each has to come out once. */
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

/** What a name stands for, what a function of the doctor returns, what a list that is joined has. Undefined: neither. */
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

/** What a variable of this name is, or gets by `push`. */
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
