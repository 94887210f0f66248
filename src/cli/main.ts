#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { EXIT_CODE, FlowtrieError } from '../model/errors.ts';
import { addBench } from './bench.ts';
import { addDemo } from './demo.ts';
import { addEnqueue } from './enqueue.ts';
import { addExplain } from './explain.ts';
import { addGenerate } from './generate.ts';
import { Interrupted } from './interrupt.ts';
import { addPods } from './pods.ts';
import { addReplay } from './replay.ts';
import { watchStandardStreams } from './standard-streams.ts';
import { addStream } from './stream.ts';
import { version } from './version.ts';

const USAGE = 2;

/** Builds the command tree; only commander is loaded here, a command's own modules when it runs. */
function createProgram(): Command {
  const program = new Command('flowtrie')
    .description(
      'Tells, for every VPC Flow Log record of an EKS cluster, which pod talked to which, which security group ' +
        'rule, network ACL entry and route decided it, and whether what AWS logged is what the rules say.',
    )
    .version(version())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ flowtrie demo                                             a generated cluster, end to end, in a minute\n' +
        '  $ flowtrie replay flow-logs/ --inventory inventory/         summary of recorded traffic\n' +
        '  $ flowtrie replay a.log.gz --inventory inventory/ --out rows.ndjson\n' +
        '  $ flowtrie explain --inventory inventory/ --from shop/web-0 --to 10.0.3.5 --protocol tcp --port 5432',
    );
  for (const add of [addReplay, addStream, addEnqueue, addExplain, addPods, addBench, addGenerate, addDemo])
    add(program);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((sub) => sub.commands)]) {
    command
      .exitOverride()
      .showHelpAfterError(false)
      .allowExcessArguments(command.registeredArguments.length > 0)
      .configureOutput({ outputError: (text, write) => write(oneLine(text)) });
  }
  return program;
}

/** commander puts its "(Did you mean …?)" on a line of its own. */
function oneLine(text: string): string {
  return `flowtrie: ${text
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ')}\n`;
}

/** Runs the command line, says in one line each what was wrong, and returns the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  const written = watchStandardStreams();
  const verbose = argv.includes('-v') || argv.includes('--verbose');
  const problems: unknown[] = [];
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    problems.push(error);
  }
  const unwritten = await written();
  // a command that waits for its output has told of it already
  const told = problems.some((error) => error instanceof FlowtrieError && error.message === unwritten?.message);
  if (unwritten !== null && !told) problems.push(unwritten);
  const codes = problems.map((error) => codeOf(error, verbose));
  return codes.find((code) => code !== 0) ?? 0;
}

/** Says what was wrong, where that is not said yet. */
function codeOf(error: unknown, verbose: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof Interrupted) {
    if (error.cause instanceof FlowtrieError) codeOf(error.cause, verbose);
    return error.exitCode;
  }
  const known = error instanceof FlowtrieError ? error : systemFailure(error);
  const { message, stack } = known ?? (error instanceof Error ? error : new Error(String(error)));
  const text = known === null ? `internal error: ${message} (run again with -v for the stack)` : message;
  process.stderr.write(`flowtrie: ${text}\n`);
  if (verbose) process.stderr.write(`${stack}\n`);
  return known === null ? 1 : EXIT_CODE[known.code];
}

/** What the system refused with a path: a folder for temporary files that is not there, say. null = anything else. */
function systemFailure(error: unknown): FlowtrieError | null {
  if (!(error instanceof Error && 'syscall' in error && 'path' in error)) return null;
  return new FlowtrieError('output', error.message, { cause: error });
}

process.exitCode = await run(process.argv);
