/** @file What torch's pickled names mean to us: an allow-list of plain builders that give views of storages, and nothing else. */
import type { DType } from '../base/tensor'
import { parseShape } from '../base/tensor'
import { malformed } from './checkpoint'
import type { PickleHost } from './pickle'
import { PickleGlobal } from './pickle'
import { Placeholder } from './placeholder'

/** A storage as the pickle names it; its bytes lie elsewhere in the file. */
export class StorageRef {
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Elements it declares. */
    readonly count: number,
  ) {}
}

/** A tensor as the pickle describes it: a strided view of a storage, offset and strides in elements. */
export class TensorView {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** A storage class of torch, which only serves as a type. */
class StorageType extends PickleGlobal {
  constructor(
    name: string,
    readonly dtype: DType,
  ) {
    super(name)
  }
}

const STORAGE_TYPES = [
  new StorageType('torch.FloatStorage', 'float32'),
  new StorageType('torch.DoubleStorage', 'float64'),
  new StorageType('torch.HalfStorage', 'float16'),
  new StorageType('torch.BFloat16Storage', 'bfloat16'),
  new StorageType('torch.LongStorage', 'int64'),
  new StorageType('torch.IntStorage', 'int32'),
  new StorageType('torch.ShortStorage', 'int16'),
  new StorageType('torch.CharStorage', 'int8'),
  new StorageType('torch.ByteStorage', 'uint8'),
  new StorageType('torch.BoolStorage', 'bool'),
  new StorageType('torch.storage.UntypedStorage', 'uint8'),
]

/** Runs torch's pickles of one file; `storages` collects every storage they name, by key. */
export class TorchHost implements PickleHost {
  readonly storages = new Map<string, StorageRef>()
  readonly globals: ReadonlyMap<string, PickleGlobal>

  constructor(readonly file: string) {
    const builders = [
      new PickleGlobal('collections.OrderedDict', () => new Map()),
      new PickleGlobal('collections.defaultdict', () => new Map()),
      // MultiStepLR keeps its milestones so; the dict it is made from says the same.
      new PickleGlobal('collections.Counter', ([counts]) => counts ?? new Map()),
      new PickleGlobal('torch.Size', ([dimensions]) => dimensions),
      new PickleGlobal('torch._utils._rebuild_tensor_v2', (args) => this.rebuildTensor(args)),
      new PickleGlobal('torch._utils._rebuild_parameter', ([data]) => data),
    ]
    this.globals = new Map([...STORAGE_TYPES, ...builders].map((global) => [global.name, global]))
  }

  /**
   * torch's persistent id: ('storage', type, key, location, element count), and in the legacy format a view, or
   * ('module', class, file, source) for the class of a whole network. What has a type that is not ours is a placeholder.
   */
  persistentLoad(id: unknown): StorageRef | Placeholder {
    const [tag, type, key, , count, view] = Array.isArray(id) ? (id as unknown[]) : []
    if ((tag === 'storage' || tag === 'module') && type instanceof Placeholder) return type
    if (
      tag !== 'storage' ||
      !(type instanceof StorageType) ||
      typeof key !== 'string' ||
      typeof count !== 'number' ||
      !(Number.isSafeInteger(count) && count >= 0) ||
      (view ?? null) !== null
    ) {
      throw malformed(this.file, 'its pickle names a storage in an unknown way')
    }
    const known = this.storages.get(key)
    if (known?.dtype === type.dtype && known.count === count) return known
    if (known !== undefined) throw malformed(this.file, `its pickle describes storage ${key} in two ways`)
    const storage = new StorageRef(key, type.dtype, count)
    this.storages.set(key, storage)
    return storage
  }

  /** _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks); on a storage of unknown type a placeholder. */
  private rebuildTensor([storage, offset, size, stride]: readonly unknown[]): TensorView | Placeholder {
    if (storage instanceof Placeholder) return storage
    const shape = parseShape(size)
    // A stride may be 0 (an expanded view), as a dimension may.
    const strides = parseShape(stride)
    if (
      !(storage instanceof StorageRef) ||
      typeof offset !== 'number' ||
      !(Number.isSafeInteger(offset) && offset >= 0) ||
      shape === undefined ||
      strides?.length !== shape.length
    ) {
      throw malformed(this.file, 'its pickle describes a tensor that cannot be')
    }
    return new TensorView(storage, offset, shape, strides)
  }
}
