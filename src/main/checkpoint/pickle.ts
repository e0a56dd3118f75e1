/**
 * @file Pickle virtual machine: opcodes to plain values; knows nothing of torch.
 * Format: https://docs.python.org/3/library/pickletools.html (protocols 2 to 5).
 *
 * Nothing of the file is ever imported or called. A global is one of three things:
 * 1. one of the host's allow-list: REDUCE and NEWOBJ run the host's own builder;
 * 2. one of what attacks use (`attacks.ts`): to name it is enough, the file is refused;
 * 3. any other, be it `argparse.Namespace` or a class of somebody's project: a `Placeholder`, which knows its name and
 *    does nothing. Called, it gives itself; attributes and items that are put into it are dropped.
 *
 * The machine is flat (no recursion), every opcode costs at least a byte, their number is bounded and so is a name's
 * length, so it ends and its memory is bounded too.
 */
import { FacetError } from '../../shared/errors'
import { ByteReader } from '../base/bytes'
import { isAttack } from './attacks'
import { malformed, printable } from './checkpoint'
import { MAX_PICKLE_INT_BYTES, MAX_PICKLE_NAME_CHARS, MAX_PICKLE_OPS } from './limits'
import { OP } from './opcodes'
import { Placeholder } from './placeholder'

/**
 * What stands for an allowed global. `build` answers REDUCE and NEWOBJ; a global without one only serves as a
 * value. A builder must not copy what it is given whole: a file could repeat that at will.
 */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly build?: (args: readonly unknown[]) => unknown,
  ) {}
}

/** Who runs the machine. */
export interface PickleHost {
  /** Names the file in errors. */
  readonly file: string
  /** The allow-list, by `module.name`. */
  readonly globals: ReadonlyMap<string, PickleGlobal>
  /** Turns a persistent id (torch: a tuple that names a storage) into a value. */
  persistentLoad(id: unknown): unknown
}

/**
 * Runs one pickle. dict and OrderedDict become Map, list and tuple arrays, set Set, None null, bytes Uint8Array;
 * an int beyond 2^53 becomes bigint, an object of an unknown class a Placeholder. Gives the value and the position
 * after STOP. Throws `checkpoint/forbidden` for a global that attacks use and `checkpoint/malformed` for all else.
 */
export function unpickle(bytes: Uint8Array, host: PickleHost): { value: unknown; end: number } {
  return new PickleMachine(bytes, host).run()
}

class PickleMachine {
  private readonly input: ByteReader
  private readonly memo = new Map<number, unknown>()
  /** The items since the last MARK; the stacks below wait in `outer`. */
  private stack: unknown[] = []
  private readonly outer: unknown[][] = []

  constructor(
    bytes: Uint8Array,
    private readonly host: PickleHost,
  ) {
    this.input = new ByteReader(bytes, () => this.fault('its pickle is cut short'))
  }

  run(): { value: unknown; end: number } {
    for (let ops = 0; ops < MAX_PICKLE_OPS; ops++) {
      const op = this.input.uint8()
      if (op === OP.STOP) return { value: this.pop(), end: this.input.position }
      this.step(op)
    }
    throw this.fault(`its pickle runs past ${MAX_PICKLE_OPS} opcodes`)
  }

  private fault(what: string, cause?: unknown): FacetError {
    return malformed(this.host.file, what, cause)
  }

  private step(op: number): void {
    const { input } = this
    switch (op) {
      case OP.PROTO:
        return this.checkProtocol(input.uint8())
      case OP.FRAME:
        input.slice(8)
        return

      case OP.NONE:
        return this.push(null)
      case OP.NEWTRUE:
        return this.push(true)
      case OP.NEWFALSE:
        return this.push(false)
      case OP.BININT:
        return this.push(input.int32())
      case OP.BININT1:
        return this.push(input.uint8())
      case OP.BININT2:
        return this.push(input.uint16())
      case OP.LONG1:
        return this.push(this.long(input.uint8()))
      case OP.LONG4:
        return this.push(this.long(input.uint32()))
      case OP.BINFLOAT:
        return this.push(input.float64BigEndian())
      case OP.SHORT_BINUNICODE:
        return this.push(text(input.slice(input.uint8())))
      case OP.BINUNICODE:
        return this.push(text(input.slice(input.uint32())))
      case OP.BINUNICODE8:
        return this.push(text(input.slice(input.uint64())))
      // Python 2's str, which PyTorch of its time read as text.
      case OP.SHORT_BINSTRING:
        return this.push(text(input.slice(input.uint8())))
      case OP.BINSTRING:
        return this.push(text(input.slice(input.uint32())))
      case OP.SHORT_BINBYTES:
        return this.push(input.slice(input.uint8()))
      case OP.BINBYTES:
        return this.push(input.slice(input.uint32()))
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        return this.push(input.slice(input.uint64()))

      case OP.MARK:
        this.outer.push(this.stack)
        this.stack = []
        return
      case OP.POP_MARK:
        this.popMark()
        return
      case OP.POP:
        // Python's rule: where nothing lies above the mark, POP takes the mark itself.
        if (this.stack.length > 0) this.stack.pop()
        else this.popMark()
        return
      case OP.DUP:
        return this.push(this.top())

      case OP.EMPTY_TUPLE:
      case OP.EMPTY_LIST:
        return this.push([])
      case OP.TUPLE:
      case OP.LIST:
        return this.push(this.popMark())
      case OP.TUPLE1:
        return this.push(this.popItems(1))
      case OP.TUPLE2:
        return this.push(this.popItems(2))
      case OP.TUPLE3:
        return this.push(this.popItems(3))
      case OP.APPEND:
        return this.append(this.popItems(1))
      case OP.APPENDS:
        return this.append(this.popMark())
      case OP.EMPTY_DICT:
        return this.push(new Map())
      case OP.DICT: {
        const items = this.popMark()
        this.push(new Map())
        return this.setItems(items)
      }
      case OP.SETITEM:
        return this.setItems(this.popItems(2))
      case OP.SETITEMS:
        return this.setItems(this.popMark())
      case OP.EMPTY_SET:
        return this.push(new Set())
      case OP.FROZENSET:
        return this.push(new Set(this.popMark()))
      case OP.ADDITEMS:
        return this.addItems(this.popMark())

      case OP.BINPUT:
        return this.remember(input.uint8())
      case OP.LONG_BINPUT:
        return this.remember(input.uint32())
      case OP.MEMOIZE:
        return this.remember(this.memo.size)
      case OP.BINGET:
        return this.push(this.recall(input.uint8()))
      case OP.LONG_BINGET:
        return this.push(this.recall(input.uint32()))

      case OP.GLOBAL:
        return this.push(this.findGlobal(text(input.line()), text(input.line())))
      case OP.STACK_GLOBAL: {
        const [module, name] = this.popItems(2)
        if (typeof module === 'string' && typeof name === 'string') {
          return this.push(this.findGlobal(module, name))
        }
        throw this.fault('its pickle names a global by what is not text')
      }
      case OP.BINPERSID:
        return this.push(this.host.persistentLoad(this.pop()))
      case OP.REDUCE:
      case OP.NEWOBJ: {
        const [callee, args] = this.popItems(2)
        return this.push(this.build(callee, args))
      }
      case OP.NEWOBJ_EX: {
        const [callee, args] = this.popItems(3)
        return this.push(this.build(callee, args))
      }
      case OP.BUILD:
        // Attributes (a state dict's _metadata) mean nothing to us.
        this.pop()
        this.top()
        return

      default:
        throw this.fault(
          `its pickle has an unexpected opcode 0x${op.toString(16)} at byte ${input.position - 1}`,
        )
    }
  }

  private checkProtocol(protocol: number): void {
    if (protocol > 5) throw this.fault(`its pickle has protocol ${protocol}, and 2 to 5 are known`)
  }

  private push(value: unknown): void {
    this.stack.push(value)
  }

  private top(): unknown {
    if (this.stack.length === 0) throw this.fault('its pickle takes from an empty stack')
    return this.stack[this.stack.length - 1]
  }

  private pop(): unknown {
    const value = this.top()
    this.stack.pop()
    return value
  }

  private popItems(count: number): unknown[] {
    if (this.stack.length < count) throw this.fault('its pickle takes from an empty stack')
    return this.stack.splice(-count)
  }

  private popMark(): unknown[] {
    const below = this.outer.pop()
    if (below === undefined) throw this.fault('its pickle closes a mark that it never set')
    const items = this.stack
    this.stack = below
    return items
  }

  private append(items: readonly unknown[]): void {
    const list = this.top()
    if (list instanceof Placeholder) return
    if (!Array.isArray(list)) throw this.fault('its pickle appends to what is not a list')
    for (const item of items) list.push(item)
  }

  private setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (dict instanceof Placeholder) return
    if (!(dict instanceof Map) || items.length % 2 !== 0) {
      throw this.fault('its pickle sets items of what is not a dict')
    }
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  private addItems(items: readonly unknown[]): void {
    const set = this.top()
    if (set instanceof Placeholder) return
    if (!(set instanceof Set)) throw this.fault('its pickle adds to what is not a set')
    for (const item of items) set.add(item)
  }

  private remember(index: number): void {
    this.memo.set(index, this.top())
  }

  private recall(index: number): unknown {
    if (!this.memo.has(index)) throw this.fault(`its pickle recalls memo ${index}, which it never stored`)
    return this.memo.get(index)
  }

  /** A little-endian two's-complement integer. */
  private long(length: number): number | bigint {
    if (length > MAX_PICKLE_INT_BYTES) throw this.fault(`its pickle holds an integer of ${length} bytes`)
    let value = 0n
    const bytes = this.input.slice(length)
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
    const signed = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
  }

  private findGlobal(module: string, name: string): PickleGlobal | Placeholder {
    const length = module.length + name.length
    if (length > MAX_PICKLE_NAME_CHARS) throw this.fault(`its pickle names a global of ${length} characters`)
    const found = this.host.globals.get(`${module}.${name}`)
    if (found !== undefined) return found
    if (!isAttack(module, name)) return new Placeholder(`${module}.${name}`)
    const global = printable(`${module}.${name}`)
    throw new FacetError(
      'checkpoint/forbidden',
      `${this.host.file} asks to run ${global}, which no checkpoint needs; nothing was run, and a file that was made to attack looks like this.`,
      { file: this.host.file, global },
    )
  }

  private build(callee: unknown, args: unknown): unknown {
    if (callee instanceof Placeholder) return callee
    if (!(callee instanceof PickleGlobal) || !Array.isArray(args)) {
      throw this.fault('its pickle calls what is not a global')
    }
    if (callee.build === undefined) throw this.fault(`its pickle calls ${callee.name}, which is only a type`)
    return callee.build(args)
  }
}

const utf8 = new TextDecoder()

function text(bytes: Uint8Array): string {
  return utf8.decode(bytes)
}
