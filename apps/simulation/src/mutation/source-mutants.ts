import ts from 'typescript';

/** One small change of a source text, that makes its rule another rule. */
export interface SourceMutant {
  /** Function, original and replacement: stable while other lines come and go. */
  readonly name: string;
  readonly line: number;
  readonly source: string;
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** Every guard removed, every alternative forced, every comparison shifted, every event dropped, every status bent: one at a time. */
export function mutantsOf(source: string): SourceMutant[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.ES2022, true);
  const statuses = statusesIn(file);
  const mutants: SourceMutant[] = [];
  const names = new Map<string, number>();
  visit(file);
  return mutants;

  function named(name: string): string {
    const times = (names.get(name) ?? 0) + 1;
    names.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  }

  function visit(node: ts.Node): void {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isThrowStatement(node)) return;
    for (const { start, end, replacement } of changesOf(node, statuses))
      mutants.push({
        name: named(
          `${functionAround(node)}: ${inOneLine(source.slice(start, end))} -> ${inOneLine(replacement) || 'nothing'}`,
        ),
        line: file.getLineAndCharacterOfPosition(start).line + 1,
        source: source.slice(0, start) + replacement + source.slice(end),
      });
    // An assertion that is not made, or is made weaker, harms nobody as long as the rest is right.
    ts.forEachChild(node, (child) => {
      if (!isAssertion(node) || child !== node.expression) visit(child);
    });
  }
}

function changesOf(node: ts.Node, statuses: readonly string[]): Change[] {
  if (ts.isIfStatement(node))
    return (isAssertion(node) ? ['true'] : ['false', 'true']).map((condition) => replaced(node.expression, condition));
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].map((branch) => replaced(node, `(${branch.getText()})`));
  if (ts.isBinaryExpression(node)) return changesOfBinary(node);
  if (ts.isArrayLiteralExpression(node)) return node.elements.map((_, index) => dropped(node.elements, index));
  if (ts.isPropertyAssignment(node) && node.name.getText() === 'status' && ts.isStringLiteral(node.initializer)) {
    const { initializer } = node;
    return statuses
      .filter((status) => status !== initializer.text)
      .map((status) => replaced(initializer, `'${status}'`));
  }
  return [];
}

function isAssertion(node: ts.Node): node is ts.IfStatement {
  return ts.isIfStatement(node) && ts.isThrowStatement(node.thenStatement);
}

const shifted = new Map([
  ['===', '!=='],
  ['!==', '==='],
  ['>', '>='],
  ['>=', '>'],
  ['<', '<='],
  ['<=', '<'],
  ['+', '-'],
  ['-', '+'],
]);

function changesOfBinary(node: ts.BinaryExpression): Change[] {
  const operator = node.operatorToken.getText();
  if (operator === '&&' || operator === '||')
    return [node.left, node.right].map((operand) => replaced(node, `(${operand.getText()})`));
  const other = shifted.get(operator);
  return other ? [replaced(node, `${node.left.getText()} ${other} ${node.right.getText()}`)] : [];
}

function replaced(node: ts.Node, replacement: string): Change {
  return { start: node.getStart(), end: node.getEnd(), replacement };
}

/** An element, and the comma before it. */
function dropped(elements: ts.NodeArray<ts.Expression>, index: number): Change {
  const [before, element, after] = [elements[index - 1], elements[index], elements[index + 1]];
  if (!element) throw new Error(`there is no element ${index}`);
  return {
    start: before ? before.getEnd() : element.getStart(),
    end: before || !after ? element.getEnd() : after.getStart(),
    replacement: '',
  };
}

function statusesIn(file: ts.SourceFile): string[] {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText(file) === 'status' && ts.isStringLiteral(node.initializer))
      found.add(node.initializer.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...found];
}

function functionAround(node: ts.Node): string {
  for (let around: ts.Node = node; !ts.isSourceFile(around); around = around.parent) {
    if (ts.isFunctionDeclaration(around) && around.name) return around.name.text;
    if (
      ts.isVariableDeclaration(around) &&
      ts.isIdentifier(around.name) &&
      around.parent.parent.parent === node.getSourceFile()
    )
      return around.name.text;
  }
  return 'the module';
}

function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
