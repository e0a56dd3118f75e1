/**
 * @file The screen: photo and masks as two WebGL2 textures and one draw call. Pixels go to the GPU by dirty tiles and
 * never come back.
 */
import { FacetError } from '../../../shared/errors'
import { PART_COUNT } from '../../../shared/labels'
import type { PartMap, Rect } from '../../../shared/mask'
import { FRAGMENT_SHADER, UNIFORMS, VERTEX_SHADER } from './shaders'
import type { TileSet } from './tiles'
import type { Size, Viewport } from './viewport'

/** How things are to look; all of it uniforms. */
export interface Look {
  /** Red, green, blue and opacity 0..1 of each of the 18 parts. */
  readonly parts: Float32Array
  /** A bit for each part to show. */
  readonly visible: number
  /** The selected part, 0..17. */
  readonly selected: number
  /** Opacity of all masks, 0..1. */
  readonly opacity: number
  readonly outline: boolean
  /** The photo alone. */
  readonly bare: boolean
  /** Where the model is not sure, once that is known. */
  readonly doubt: boolean
}

/** A byte for each pixel of a map, row by row. */
export interface ByteMap {
  readonly width: number
  readonly height: number
  readonly bytes: Uint8Array
}

type Uniforms = Readonly<Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>>

export class Display {
  readonly #gl: WebGL2RenderingContext
  #uniforms: Uniforms
  #photo: WebGLTexture | null = null
  #masks: WebGLTexture | null = null
  #sureness: WebGLTexture | null = null
  #grid: Size = { width: 0, height: 0 }
  #lost = false
  /** Called when the GPU has forgotten everything and works again: show photo and masks anew. */
  onRestored: () => void = () => undefined

  /** Throws `provider/unusable` where the canvas cannot do WebGL2. */
  constructor(readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext('webgl2', {
      antialias: false,
      depth: false,
      // A stroke redraws only the part of the picture it changed; the rest must still be there.
      preserveDrawingBuffer: true,
      powerPreference: 'high-performance',
    })
    if (!gl) {
      throw new FacetError(
        'provider/unusable',
        'The editor cannot draw here: WebGL2 is not available. Allow hardware acceleration, or update the graphics driver or the browser.',
      )
    }
    this.#gl = gl
    this.#uniforms = buildProgram(gl)
    canvas.addEventListener('webglcontextlost', (event) => {
      event.preventDefault()
      this.#lost = true
    })
    canvas.addEventListener('webglcontextrestored', () => {
      this.#lost = false
      this.#uniforms = buildProgram(gl)
      this.#photo = this.#masks = this.#sureness = null
      this.#grid = { width: 0, height: 0 }
      this.onRestored()
    })
  }

  /** Largest side of a texture here, in pixels. */
  get maxSide(): number {
    return this.#gl.getParameter(this.#gl.MAX_TEXTURE_SIZE) as number
  }

  /** Shows a photo; its sides are at most `maxSide`. */
  showPhoto(bitmap: ImageBitmap): void {
    const gl = this.#gl
    gl.deleteTexture(this.#photo)
    this.#photo = gl.createTexture()
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#photo)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
    gl.generateMipmap(gl.TEXTURE_2D)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR)
    clampEdges(gl)
  }

  /** Shows other masks: makes room for them and sends every pixel. Throws where the grid is too large for this GPU. */
  showMasks(map: PartMap): void {
    const gl = this.#gl
    if (Math.max(map.width, map.height) > this.maxSide) {
      throw new FacetError(
        'provider/unusable',
        `The editor cannot show masks of ${map.width} x ${map.height}: this computer's graphics end at ${this.maxSide} pixels a side.`,
      )
    }
    if (!this.#masks || this.#grid.width !== map.width || this.#grid.height !== map.height) {
      gl.deleteTexture(this.#masks)
      this.#masks = gl.createTexture()
      this.#grid = { width: map.width, height: map.height }
      gl.activeTexture(gl.TEXTURE1)
      gl.bindTexture(gl.TEXTURE_2D, this.#masks)
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R32UI, map.width, map.height)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
      clampEdges(gl)
    }
    this.#send(map, [{ x: 0, y: 0, width: map.width, height: map.height }])
  }

  /** Keeps how sure the model is of each mask pixel, or forgets it. */
  showSureness(map: ByteMap | null): void {
    const gl = this.#gl
    gl.deleteTexture(this.#sureness)
    this.#sureness = null
    if (!map || Math.max(map.width, map.height) > this.maxSide) return
    this.#sureness = gl.createTexture()
    gl.activeTexture(gl.TEXTURE2)
    gl.bindTexture(gl.TEXTURE_2D, this.#sureness)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, map.width, map.height, 0, gl.RED, gl.UNSIGNED_BYTE, map.bytes)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR)
    clampEdges(gl)
  }

  /** Sends the pixels that changed, straight out of the map, and empties the set. Gives where they were. */
  update(map: PartMap, unseen: TileSet): Rect[] {
    if (unseen.isEmpty || this.#lost) return []
    const rects = unseen.rects()
    unseen.clear()
    this.#send(map, rects)
    return rects
  }

  /**
   * Draws `look` through `view`, whose lengths are CSS pixels, `ratio` device pixels each. With `changed`, mask pixels,
   * only what shows them is drawn again.
   */
  draw(view: Viewport, image: Size, ratio: number, look: Look, changed: readonly Rect[] | null): void {
    if (this.#lost) return
    const gl = this.#gl
    const { width, height } = this.canvas
    gl.viewport(0, 0, width, height)
    gl.disable(gl.SCISSOR_TEST)
    if (!this.#photo || !this.#masks) {
      gl.clear(gl.COLOR_BUFFER_BIT)
      return
    }
    const extentX = image.width * view.scale * ratio
    const extentY = image.height * view.scale * ratio
    const originX = view.x * ratio
    const originY = view.y * ratio
    const line = Math.max(1, ratio)
    const { parts, visible, selected, opacity, outline, bare, doubt } = look
    const at = this.#uniforms
    gl.uniform1i(at.photo, 0)
    gl.uniform1i(at.masks, 1)
    gl.uniform1f(at.canvasHeight, height)
    gl.uniform2f(at.origin, originX, originY)
    gl.uniform2f(at.extent, extentX, extentY)
    gl.uniform2f(at.grid, this.#grid.width, this.#grid.height)
    gl.uniform4fv(at.parts, parts, 0, PART_COUNT * 4)
    gl.uniform1ui(at.visible, bare ? 0 : visible)
    gl.uniform1ui(at.selected, visible & (1 << selected))
    gl.uniform1f(at.strength, outline ? 1 : opacity)
    gl.uniform1i(at.outline, outline ? 1 : 0)
    gl.uniform1f(at.line, line)
    gl.uniform1i(at.sureness, 2)
    gl.uniform1i(at.doubting, doubt && this.#sureness ? 1 : 0)
    if (!changed) {
      gl.drawArrays(gl.TRIANGLES, 0, 3)
      return
    }
    // Drawing without a GPU pays for each pixel: many small rectangles are cheaper than one around them all.
    gl.enable(gl.SCISSOR_TEST)
    const acrossX = extentX / this.#grid.width
    const acrossY = extentY / this.#grid.height
    for (const rect of changed) {
      // An edge reaches over the changed pixels by its own width.
      const left = Math.floor(originX + rect.x * acrossX - line)
      const right = Math.ceil(originX + (rect.x + rect.width) * acrossX + line)
      const top = Math.floor(originY + rect.y * acrossY - line)
      const bottom = Math.ceil(originY + (rect.y + rect.height) * acrossY + line)
      gl.scissor(left, height - bottom, right - left, bottom - top)
      gl.drawArrays(gl.TRIANGLES, 0, 3)
    }
  }

  /** Lets go of the GPU's memory. */
  dispose(): void {
    this.#gl.deleteTexture(this.#photo)
    this.#gl.deleteTexture(this.#masks)
    this.#gl.deleteTexture(this.#sureness)
    this.#photo = this.#masks = this.#sureness = null
  }

  #send(map: PartMap, rects: readonly Rect[]): void {
    const gl = this.#gl
    gl.activeTexture(gl.TEXTURE1)
    gl.bindTexture(gl.TEXTURE_2D, this.#masks)
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, map.width)
    for (const { x, y, width, height } of rects) {
      gl.texSubImage2D(
        gl.TEXTURE_2D,
        0,
        x,
        y,
        width,
        height,
        gl.RED_INTEGER,
        gl.UNSIGNED_INT,
        map.bits,
        y * map.width + x,
      )
    }
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0)
  }
}

function clampEdges(gl: WebGL2RenderingContext): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
}

function buildProgram(gl: WebGL2RenderingContext): Uniforms {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX_SHADER],
    [gl.FRAGMENT_SHADER, FRAGMENT_SHADER],
  ] as const) {
    const shader = gl.createShader(type)
    if (!shader) continue // the context is lost; linking below tells
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = gl.getAttachedShaders(program)?.map((shader) => gl.getShaderInfoLog(shader)) ?? []
    throw new FacetError(
      'provider/unusable',
      `The editor cannot draw here: the graphics driver refused its shader. ${[gl.getProgramInfoLog(program), ...logs].join(' ').trim()}`,
    )
  }
  gl.useProgram(program)
  return Object.fromEntries(
    UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
  ) as unknown as Uniforms
}
