/** A piece in which a semicolon ends no statement: a comment, a text, a quoted name, a function body. */
const PIECE =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\$(?<tag>[A-Za-z_]\w*|)\$[\s\S]*?\$\k<tag>\$|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|\w+|\s+|[\s\S]/gu

/** One statement of a SQL file. */
export interface Statement {
  /**
   * The statement's text for searching: without comments and without the contents of bodies and texts, in single
   * spaces.
   */
  outline: string
  /** The line on which it begins, counted from 1. */
  line: number
}

/** Returns the statements of a SQL file, in their order. */
export function statementsOf(sql: string): Statement[] {
  const statements: Statement[] = []
  let outline = ''
  let line = 1
  let begins = 1
  for (const [piece] of `${sql};`.matchAll(PIECE)) {
    if (piece === ';') {
      if (outline.trim()) statements.push({ outline: outline.trim().replaceAll(/\s+/g, ' '), line: begins })
      outline = ''
    } else {
      if (!outline.trim()) begins = line + (/^\s*/.exec(piece)?.[0].split('\n').length ?? 1) - 1
      outline += shown(piece)
    }
    line += piece.split('\n').length - 1
  }
  return statements
}

function shown(piece: string): string {
  if (piece.startsWith('--') || piece.startsWith('/*')) return ' '
  if (piece.startsWith('$') && piece.length > 1) return '$$'
  if (/^(e?')/i.test(piece) && piece.length > 1) return "''"
  return piece
}
