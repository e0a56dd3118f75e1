/** @file The commands of design.md: each turns its arguments into one call of the app and prints the answer. */
import { readFile } from 'node:fs/promises'
import { Command, CommanderError, Option } from 'commander'
import type { PrecisionCheck, Response } from '../../shared/answers'
import { z } from 'zod'
import { REQUESTS, type Request } from '../../shared/requests'
import { EXPORT_FORMATS, EXPORT_ONLY, MODEL_FORMATS, PRECISIONS, PROVIDERS } from '../../shared/terms'
import { FacetError } from '../../shared/errors'
import { PAINT_ORDER_NAMES } from '../../shared/labels'
import { PRESET_NAMES } from '../../shared/network'
import { TEST_SPLITS } from '../../shared/scoring'
import { createApp, type App } from '../app/app'
import { namedDataset } from '../app/samples'
import { buildPaths, defaultDataDir } from '../node/paths'
import { VERSION } from '../node/version'
import { onInterrupt } from './interrupt'
import { numberOf } from './numbers'
import { outliveReaders, print, printError, progressPrinter, table } from './output'
import { serve } from './serve'
import { testLines } from './test_table'
import { addStep } from './step'
import { addTrain, type Once } from './train'

interface Globals {
  json?: boolean
  dataDir?: string
}

const provider = (): Option =>
  new Option('--provider <name>', 'where to compute').choices(PROVIDERS).default('auto')
const JOB = 'cli'
const PORT = z.int().min(0).max(65_535)

/** Runs one command line; answers the exit code. `doorDir` is the folder of the built doors. */
export async function runProgram(argv: readonly string[], doorDir: string): Promise<number> {
  outliveReaders()
  try {
    await buildProgram(doorDir).parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return printError(error)
  }
}

function buildProgram(doorDir: string): Command {
  const program = new Command('facet')
    .description('Face-parsing data: SegFace proposes, you correct, the model learns from it.')
    .version(VERSION)
    .option('--json', 'print one JSON document on stdout, nothing else')
    .option('--data-dir <folder>', 'where models and settings are')
    .exitOverride()
    .showHelpAfterError('(facet --help shows what there is)')
    .hook('preAction', (_program, command) => refuseEmpty(command))

  /** Builds the app for one command, makes one call with it, prints, and takes it down again. */
  const once: Once = async (
    command,
    method,
    request,
    lines,
    { listen, verdict, stopping = 'Stopping.' } = {},
  ) => {
    const { json = false, dataDir } = command.optsWithGlobals<Globals>()
    const app = openApp(doorDir, dataDir)
    const show = progressPrinter()
    app.on('job.progress', show)
    app.on('notice', ({ message }) => process.stderr.write(`${message}\n`))
    listen?.(app)
    const ignoreAgain = onInterrupt(stopping, () => void app.call('jobs.cancel', { job: JOB }))
    try {
      const answer = await app.call(method, request)
      print(json, answer, lines)
      verdict?.(answer)
    } finally {
      ignoreAgain()
      await app.dispose()
    }
  }

  program
    .command('serve [folder]')
    .description('the app in a browser, on 127.0.0.1')
    .option('--port <number>', '0 takes a free one', numberOf(PORT), 0)
    .option('--open', 'open the browser too')
    .action(
      async (folder: string | undefined, options: { port: number; open?: boolean }, command: Command) => {
        const { json = false, dataDir } = command.optsWithGlobals<Globals>()
        const app = openApp(doorDir, dataDir)
        await serve(app, buildPaths(dataDir ?? defaultDataDir(), doorDir).renderer, {
          folder: folder ?? null,
          port: options.port,
          open: options.open ?? false,
          json,
        })
      },
    )

  const predictFields = REQUESTS['predict.files'].shape
  program
    .command('predict <input>')
    .description('masks for a picture or a folder of pictures')
    .requiredOption('--model <model>', 'a model of the registry, or a checkpoint file')
    .requiredOption('--out <folder>', 'where the masks go')
    .addOption(new Option('--layout <layout>').choices(EXPORT_FORMATS).default('celebamask-hq'))
    .option(
      '--size <pixels>',
      "side of the masks; else each picture's own, 1024 at most",
      numberOf(predictFields.size),
    )
    .addOption(provider())
    .option(
      '--batch <pictures>',
      'run at once; else one on a processor, and on a GPU as many as turn out to be fastest',
      numberOf(predictFields.batch),
    )
    .addOption(
      new Option(
        '--precision <precision>',
        'int8: a newer processor takes half the time for Swin and ConvNeXt; what that changes is said',
      )
        .choices(PRECISIONS)
        .default('float'),
    )
    .action((input: string, options: Omit<Request<'predict.files'>, 'input'>, command: Command) =>
      once(command, 'predict.files', { ...options, input, job: JOB }, (answer) => [
        ...answer.limits.map((limit) => `Note: ${limit}`),
        `${answer.images} pictures on ${answer.provider}, ${answer.ms_per_image.median.toFixed(0)} ms each (95 %: ${answer.ms_per_image.p95.toFixed(0)} ms)`,
        ...(answer.precision_check ? [precisionLine(answer.precision_check)] : []),
        ...answer.complaints.map(({ file, message }) => `${file}: ${message}`),
      ]),
    )

  const testFields = REQUESTS['test.run'].shape
  program
    .command('test [dataset]')
    .description(
      "a model's scores on a CelebAMask-HQ folder or a workspace, by SegFace's protocol; without a dataset, DATA_PATH of .env",
    )
    .requiredOption('--model <model>', 'a model of the registry, or a checkpoint file')
    .addOption(new Option('--split <split>', 'test where there is one, else all').choices(TEST_SPLITS))
    .option(
      '--resolution <pixels>',
      "side of the network's input, and where pixels are counted",
      numberOf(testFields.resolution),
    )
    .addOption(
      new Option('--order <order>', 'painting order of overlapping masks')
        .choices(PAINT_ORDER_NAMES)
        .default('segface'),
    )
    .option('--limit <faces>', 'only the first so many', numberOf(testFields.limit))
    .addOption(provider())
    .action(
      async (named: string | undefined, options: Omit<Request<'test.run'>, 'dataset'>, command: Command) => {
        const dataset = await namedDataset(named, process.cwd())
        await once(command, 'test.run', { ...options, dataset, job: JOB }, testLines)
      },
    )

  addTrain(program, once, JOB)

  const model = program.command('model').description('the models there are')
  model
    .command('import <file>')
    .description(
      'a SegFace checkpoint (.pt, .safetensors), or an ONNX file of another face parser, into the registry',
    )
    .option('--name <name>')
    .option('--arch <arch>', "SegFace's --model name; recognised where left out")
    .addOption(new Option('--dataset <name>', 'of a checkpoint with 11 classes').choices(['lapa', 'helen']))
    .option(
      '--resolution <side>',
      'what a checkpoint is used at; told by itself or its name where left out, else 512',
      numberOf(REQUESTS['models.import'].shape.resolution),
    )
    .option('--half', 'matrices and kernels as float16 on disk: half the size')
    .addOption(
      new Option('--preset <name>', 'of an ONNX file; recognised where left out').choices(PRESET_NAMES),
    )
    .option('--description <file>', 'of an ONNX file: JSON of how it is fed and read, see README')
    .action(
      async (
        file: string,
        { description, ...options }: ImportOptions & { description?: string },
        command: Command,
      ) => {
        const use = description === undefined ? {} : { use: await readDescription(description) }
        await once(command, 'models.import', { ...options, ...use, file, job: JOB }, modelLines)
      },
    )
  model
    .command('download [name]')
    .description("one of SegFace's published checkpoints into the registry; without a name, which there are")
    .option('--mirror <address>', 'instead of https://huggingface.co, in its layout')
    .option('--keep', 'leave the whole checkpoint in the data folder too')
    .action((name: string | undefined, options: { mirror?: string; keep?: boolean }, command: Command) =>
      name === undefined
        ? once(command, 'models.published', {}, ({ models }) =>
            table([
              ['name', 'arch', 'resolution', 'mean F1', 'download', 'here'],
              ...models.map((m) => [
                m.name,
                m.arch,
                String(m.resolution),
                (100 * m.score).toFixed(2),
                megabytes(m.bytes),
                m.installed !== null ? `as ${m.installed}` : m.fetched > 0 ? megabytes(m.fetched) : '',
              ]),
            ]),
          )
        : once(command, 'models.download', { ...options, name, job: JOB }, modelLines),
    )
  model
    .command('list')
    .description('all models')
    .action((_options: object, command: Command) =>
      once(command, 'models.list', {}, ({ models }) =>
        table([
          ['id', 'name', 'arch', 'resolution', 'parameters', 'default'],
          ...models.map((m) => [
            m.id,
            m.name,
            m.arch,
            String(m.resolution),
            String(m.params),
            m.isDefault ? 'yes' : '',
          ]),
        ]),
      ),
    )
  model
    .command('show <model>')
    .description('one model: origin, terms, scores')
    .action((name: string, _options: object, command: Command) =>
      once(command, 'models.show', { model: name }, (answer) => [
        ...table(
          Object.entries(answer)
            .filter(([key]) => key !== 'card')
            .map(([key, value]) => [key, JSON.stringify(value)]),
        ),
        '',
        answer.card,
      ]),
    )
  model
    .command('export <model>')
    .description(
      'a model, or a checkpoint, as a file for SegFace (pt), safetensors or any ONNX runtime; weights imported with --half come out as float32',
    )
    .addOption(new Option('--format <format>').choices(MODEL_FORMATS).makeOptionMandatory())
    .requiredOption('--out <file>', 'where it goes; a file of that name is replaced')
    .action((name: string, options: Omit<Request<'models.export'>, 'model'>, command: Command) =>
      once(command, 'models.export', { ...options, model: name, job: JOB }, ({ out, bytes }) => [
        `${out}: ${(bytes / 1e6).toFixed(1)} MB`,
      ]),
    )

  const dataset = program.command('dataset').description('data in and out')
  dataset
    .command('import <dataset>')
    .description('a CelebAMask-HQ folder into a workspace')
    .requiredOption('--into <folder>', 'the workspace')
    .action((folder: string, options: { into: string }, command: Command) =>
      once(command, 'dataset.import', { dataset: folder, into: options.into, job: JOB }, datasetLines),
    )
  dataset
    .command('export <folder>')
    .description("a workspace's masks as a dataset")
    .requiredOption('--out <folder>', 'where it goes')
    .addOption(new Option('--format <format>').choices(EXPORT_FORMATS).default('celebamask-hq'))
    .option('--size <pixels>', 'side of pictures and masks', numberOf(REQUESTS['dataset.export'].shape.size))
    .addOption(new Option('--only <which>').choices(EXPORT_ONLY).default('corrected'))
    .addOption(
      new Option('--order <order>', 'painting order of index masks')
        .choices(PAINT_ORDER_NAMES)
        .default('segface'),
    )
    .action((folder: string, options: Omit<Request<'dataset.export'>, 'folder'>, command: Command) =>
      once(command, 'dataset.export', { ...options, folder, job: JOB }, (answer) => [
        `${answer.out}`,
        ...datasetLines(answer),
        ...(answer.unmasked > 0 ? [`${answer.unmasked} without masks yet, left out`] : []),
      ]),
    )

  program
    .command('logits <checkpoint>')
    .description('the raw network: float32 [N, 3, R, R], normalised, to [N, C, R, R]')
    .requiredOption('--input <file>', 'an .npy file')
    .requiredOption('--output <file>', 'an .npy file')
    .addOption(provider())
    .action((checkpoint: string, options: Omit<Request<'logits.run'>, 'checkpoint'>, command: Command) =>
      once(command, 'logits.run', { ...options, checkpoint, job: JOB }, (answer) => [
        `${answer.arch} on ${answer.provider}, ${answer.ms.toFixed(0)} ms per image`,
      ]),
    )

  addStep(program, once, JOB)

  program
    .command('inspect <file>')
    .description('what is inside a checkpoint, an ONNX graph, a model folder or a workspace')
    .action((file: string, _options: object, command: Command) =>
      once(command, 'inspect.file', { file }, (answer) => JSON.stringify(answer, null, 2).split('\n')),
    )

  program
    .command('doctor')
    .description('this computer: which providers work, how fast, which is used and why')
    .action((_options: object, command: Command) =>
      once(command, 'doctor.run', { job: JOB }, ({ providers, precision, ...rest }) => [
        ...table([
          ...Object.entries(rest).map(([key, value]) => [key, String(value)]),
          ['8 bits', precision ? precisionLine(precision) : 'nothing to gain with this model'],
        ]),
        '',
        ...table(
          providers.map((p) => [
            p.provider,
            p.verdict,
            p.ms === null ? '' : `${p.ms.toFixed(0)} ms`,
            p.detail,
          ]),
        ),
      ]),
    )
  return program
}

type ImportOptions = Omit<Request<'models.import'>, 'file' | 'use' | 'job'>

/** What the file says, as it stands: the call checks it. */
async function readDescription(file: string): Promise<NonNullable<Request<'models.import'>['use']>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as never
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new FacetError(
      'usage',
      `${file} ${reason}; --description takes a JSON file.`,
      { file },
      { cause: error },
    )
  }
}

function openApp(doorDir: string, dataDir: string | undefined): App {
  const paths = buildPaths(dataDir ?? defaultDataDir(), doorDir)
  return createApp({ paths, version: VERSION, language: systemLanguage() })
}

function precisionLine({ pictures, own, changed, worst, ms, offered }: PrecisionCheck): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  const whose = own ? 'your pictures' : 'pictures that come with Facet'
  return [
    `8 bits change ${percent(changed)} of the pixels (worst ${percent(worst)}) on ${pictures} of ${whose}`,
    `and take ${ms.int8.toFixed(0)} ms instead of ${ms.float.toFixed(0)};`,
    !own
      ? 'the app checks them on your own'
      : offered
        ? 'the app offers them'
        : 'the app does not offer them',
  ].join(' ')
}

function datasetLines({ images, masks, splits, complaints }: Response<'dataset.import'>): string[] {
  const parts = Object.entries(splits)
    .filter(([, count]) => count > 0)
    .map(([split, count]) => `${split} ${count}`)
  return [
    `${images} images, ${masks} masks${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`,
    ...complaints.map(({ file, message }) => `${file}: ${message}`),
  ]
}

function modelLines({ id, arch, classes, params, resolution, limits }: Response<'models.import'>): string[] {
  return [
    `${id}: ${arch}, ${classes} classes, ${(params / 1e6).toFixed(1)} M parameters, used at ${resolution}`,
    // Published as it is: both names build one network, so nothing in a checkpoint tells them apart.
    ...(arch === 'convnext_small' ? ["Note: SegFace's --model convnext_tiny builds this network too."] : []),
    ...limits.map((limit) => `Note: ${limit}`),
  ]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

/** Throws `usage` where an argument or an option is empty text, as of a script's variable that is not set. */
function refuseEmpty(command: Command): void {
  const given = command.registeredArguments.map((argument, i) => [`<${argument.name()}>`, command.args[i]])
  for (let each: Command | null = command; each; each = each.parent)
    for (const option of each.options)
      given.push([option.long ?? option.flags, each.getOptionValue(option.attributeName())])
  const [empty] = given.find(([, value]) => value === '') ?? []
  if (empty !== undefined) throw new FacetError('usage', `${empty} is empty; a name or a path is expected.`)
}

/** Two letters: the environment's word where it is a language (`C` is none), else Node's. */
function systemLanguage(): string {
  const named = /^[a-z]{2}(?=[_.@-]|$)/.exec(
    process.env.LC_ALL ?? process.env.LC_MESSAGES ?? process.env.LANG ?? '',
  )
  return named?.[0] ?? Intl.DateTimeFormat().resolvedOptions().locale.slice(0, 2)
}
