import ts from 'typescript';

/** One breach of the style: where, and the rule in words. */
export interface Finding {
  file: string;
  /** From 1. */
  line: number;
  rule: string;
}

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;
const LINE_COLUMNS_MAX = 120;

const BANNED_FOLDER_OR_FILE = /^(utils?|helpers?|common|managers?|misc)(\.|$)|[-.](utils?|helpers?|managers?)(\.|$)/;
const BANNED_VERB = /^(process|handle|manage|do)([A-Z]|$)/;
const LEFTOVER = /\b(TO[D]O|FIX[M]E)\b/;
const SUPPRESSION = /@ts-(ignore|expect-error|nocheck)|(biome|eslint)-(ignore|disable)/;
/** An absolute path of one machine, not a folder of the same name inside a longer path. */
const MACHINE_PATH = /(?<![\w.*)-])\/(?:work|root|farm|tmp\/bash_jobs)(?![\w-])/;
const REGISTRY_HOST =
  /https?:\/\/[^/\s]*(registry|verdaccio|artifactory|nexus)|registry\s*=\s*['"]?https?:|registry\.npmjs/;

/** The file and folder names on the way to `file` (relative to the repository, `/` between). */
export function checkPath(file: string): Finding[] {
  const banned = file.split('/').filter((part) => BANNED_FOLDER_OR_FILE.test(part));
  return banned.map((part) => ({ file, line: 1, rule: `"${part}" names no thing of the field` }));
}

/** Rules for every text file of the repository. */
export function checkText(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  text.split('\n').forEach((content, index) => {
    if (MACHINE_PATH.test(content)) findings.push({ file, line: index + 1, rule: 'path of one machine' });
    if (REGISTRY_HOST.test(content)) findings.push({ file, line: index + 1, rule: 'host of a package registry' });
  });
  return findings;
}

/** One title per Markdown file, on a line outside code fences. */
export function checkMarkdown(file: string, text: string): Finding[] {
  let fenced = false;
  const titles: number[] = [];
  text.split('\n').forEach((content, index) => {
    if (/^\s*(```|~~~)/.test(content)) fenced = !fenced;
    else if (!fenced && /^# \S/.test(content)) titles.push(index + 1);
  });
  if (titles.length === 1) return [];
  return [{ file, line: titles[1] ?? 1, rule: `${titles.length} titles (# …), exactly 1 expected` }];
}

/** Line-based rules of TypeScript files. */
export function checkLines(file: string, text: string): Finding[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const findings: Finding[] = [];
  const add = (index: number, rule: string): void => void findings.push({ file, line: index + 1, rule });
  if (lines.length > FILE_LINES_MAX) add(FILE_LINES_MAX, `${lines.length} lines in a file, at most ${FILE_LINES_MAX}`);
  lines.forEach((content, index) => {
    const columns = [...content].length;
    if (columns > LINE_COLUMNS_MAX) add(index, `${columns} columns in a line, at most ${LINE_COLUMNS_MAX}`);
    if (LEFTOVER.test(content)) add(index, 'a leftover marker');
    if (SUPPRESSION.test(content)) add(index, 'a suppressed check: there is no list of exceptions');
  });
  return findings;
}

/** Rules on the syntax tree. `kernel`: the file may write `a[i]!`. */
export function checkSyntax(file: string, text: string, kernel: boolean): Finding[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    for (const rule of breaches(node, file, kernel)) {
      findings.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, rule });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

function breaches(node: ts.Node, file: string, kernel: boolean): string[] {
  const rules: string[] = [];
  const shipped = file.startsWith('src/') || file.startsWith('workers/');
  if (node.kind === ts.SyntaxKind.AnyKeyword) rules.push('any');
  if (ts.isAsExpression(node) && isAsUnknown(node.expression)) rules.push('as unknown as');
  if (ts.isNonNullExpression(node) && !(kernel && ts.isElementAccessExpression(node.expression))) {
    rules.push(kernel ? '! on something else than an element' : '! outside the kernel files of biome.json');
  }
  if (isDefaultExport(node) && !file.endsWith('.config.ts')) rules.push('default export');
  if (shipped && !file.startsWith('src/cli/') && isConsole(node)) rules.push('console in the library');
  if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined && !isSuite(node)) {
    const lines = lineCount(node);
    if (lines > FUNCTION_LINES_MAX) rules.push(`${lines} lines in a function, at most ${FUNCTION_LINES_MAX}`);
  }
  if (ts.isFunctionDeclaration(node) && isExported(node) && BANNED_VERB.test(node.name?.text ?? '')) {
    rules.push(`"${node.name?.text}" does not say what it does`);
  }
  return rules;
}

function isAsUnknown(node: ts.Expression): boolean {
  if (ts.isParenthesizedExpression(node)) return isAsUnknown(node.expression);
  return ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.UnknownKeyword;
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return (
    ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword)
  );
}

function isConsole(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'console';
}

/** The callback of describe(…) groups tests; each of them is a function of its own. */
function isSuite(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^describe/.test(node.parent.expression.getText());
}

function lineCount(node: ts.Node): number {
  const source = node.getSourceFile();
  const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
  return source.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1;
}
