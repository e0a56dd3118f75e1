/** @file Writes zip archives of stored entries, streaming: what PyTorch's container needs and no more. */
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { FacetError } from '../../shared/errors'

/** torch.save aligns data so, for readers that map the file. */
const ALIGNMENT_BYTES = 64

/** Sizes and offsets are 32 bits, counts 16; beyond that zip64 would be needed, which no network of ours reaches. */
const MAX_ZIP_BYTES = 0xffffffff
const MAX_ENTRIES = 0xffff

const LOCAL_HEADER_BYTES = 30
const CENTRAL_HEADER_BYTES = 46
const END_RECORD_BYTES = 22

/** The extra field that pads; its two letters are the ones PyTorch uses. */
const PADDING_ID = 0x4246

/** Adds entries one after the other to an open, empty file; `finish` writes the directory. */
export class ZipWriter {
  private position = 0
  private readonly directory: Buffer[] = []

  constructor(private readonly handle: FileHandle) {}

  /** Adds one entry of `data`; `name` is ASCII. */
  async add(name: string, data: Uint8Array): Promise<void> {
    const nameBytes = Buffer.from(name, 'latin1')
    const unpadded = this.position + LOCAL_HEADER_BYTES + nameBytes.length + 4
    const padding = Buffer.alloc(4 + ((ALIGNMENT_BYTES - (unpadded % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES))
    padding.writeUInt16LE(PADDING_ID, 0)
    padding.writeUInt16LE(padding.length - 4, 2)

    const offset = this.position
    const total = offset + LOCAL_HEADER_BYTES + nameBytes.length + padding.length + data.byteLength
    if (total > MAX_ZIP_BYTES || this.directory.length === MAX_ENTRIES) {
      throw new FacetError('file/unwritable', 'A PyTorch checkpoint of more than 4 GiB cannot be written.')
    }
    // Version needed, flags, method (stored), time, date, CRC, sizes, lengths of name and extra field.
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt32LE(crc32(data), 10)
    shared.writeUInt32LE(data.byteLength, 14)
    shared.writeUInt32LE(data.byteLength, 18)
    shared.writeUInt16LE(nameBytes.length, 22)
    shared.writeUInt16LE(padding.length, 24)
    await this.write(Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, nameBytes, padding]))
    await this.write(data)

    const central = Buffer.alloc(CENTRAL_HEADER_BYTES)
    central.write('PK\x01\x02', 'latin1')
    shared.copy(central, 6)
    central.writeUInt16LE(0, 30)
    central.writeUInt32LE(offset, 42)
    this.directory.push(Buffer.concat([central, nameBytes]))
  }

  /** Writes the central directory; the archive is complete then. */
  async finish(): Promise<void> {
    const directory = Buffer.concat(this.directory)
    const end = Buffer.alloc(END_RECORD_BYTES)
    end.write('PK\x05\x06', 'latin1')
    end.writeUInt16LE(this.directory.length, 8)
    end.writeUInt16LE(this.directory.length, 10)
    end.writeUInt32LE(directory.length, 12)
    end.writeUInt32LE(this.position, 16)
    await this.write(Buffer.concat([directory, end]))
  }

  private async write(bytes: Uint8Array): Promise<void> {
    await this.handle.writeFile(bytes)
    this.position += bytes.byteLength
  }
}
