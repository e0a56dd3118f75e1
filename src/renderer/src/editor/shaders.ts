/** @file The one shader pair that puts photo and masks together; switching a part on or off is a uniform, never a pixel. */

/** One triangle over the whole canvas, without any buffer. */
export const VERTEX_SHADER = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`

/** All lengths in device pixels, y downwards. */
export const FRAGMENT_SHADER = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

uniform sampler2D photo;
uniform usampler2D masks;      // part bits, as in PartMap
uniform float canvasHeight;
uniform vec2 origin;           // the photo's upper left corner
uniform vec2 extent;           // the photo's size
uniform vec2 grid;             // the masks' size in mask pixels
uniform vec4 parts[18];        // colour and opacity of each part
uniform uint visible;          // a bit for each part to show
uniform uint selected;         // the bit of the selected part, 0 for none
uniform float strength;        // opacity of the mask layer
uniform bool outline;
uniform float line;            // width of an edge
uniform sampler2D sureness;    // how sure the model is of each mask pixel, 0 to 1
uniform bool doubting;         // show where it is not

out vec4 colour;

uint bitsAt(vec2 at) {
  return texelFetch(masks, ivec2(clamp(at / extent * grid, vec2(0.0), grid - 1.0)), 0).r & visible;
}

// The parts over one another, premultiplied. SegFace's painting order is the order of the bits, later on top, so this
// goes from the highest bit down until nothing below shows through. A float's exponent is its highest bit.
vec4 painted(uint bits) {
  vec3 sum = vec3(0.0);
  float through = 1.0;
  for (int i = 0; i < 18; i++) {
    if (bits == 0u || through < 0.004) break;
    int part = (floatBitsToInt(float(bits)) >> 23) - 127;
    sum += through * parts[part].a * parts[part].rgb;
    through *= 1.0 - parts[part].a;
    bits ^= 1u << uint(part);
  }
  return vec4(sum, 1.0 - through);
}

void main() {
  vec2 at = vec2(gl_FragCoord.x, canvasHeight - gl_FragCoord.y) - origin;
  if (any(lessThan(at, vec2(0.0))) || any(greaterThanEqual(at, extent))) {
    colour = vec4(0.0);
    return;
  }
  vec3 seen = texture(photo, at / extent).rgb;
  if (visible != 0u) {
    uint bits = bitsAt(at);
    uint east = bitsAt(at + vec2(line, 0.0));
    uint west = bitsAt(at - vec2(line, 0.0));
    uint north = bitsAt(at - vec2(0.0, line));
    uint south = bitsAt(at + vec2(0.0, line));
    uint edges = bits & ~(east & west & north & south);
    vec4 layer = painted(outline ? edges : bits) * strength;
    seen = seen * (1.0 - layer.a) + layer.rgb;
    // The selected part: a light line inside its edge, a dark one outside, to be seen on anything.
    if ((edges & selected) != 0u) seen = mix(seen, vec3(1.0), 0.85);
    else if (((east | west | north | south) & ~bits & selected) != 0u) seen = mix(seen, vec3(0.0), 0.6);
  }
  // Grey where the model is sure, from violet over orange to light yellow where it is not.
  if (doubting) {
    float doubt = clamp((1.0 - texture(sureness, at / extent).r) * 1.6, 0.0, 1.0);
    vec3 grey = vec3(dot(seen, vec3(0.299, 0.587, 0.114)) * 0.6);
    vec3 heat = doubt < 0.5
      ? mix(vec3(0.35, 0.05, 0.55), vec3(0.95, 0.35, 0.15), doubt * 2.0)
      : mix(vec3(0.95, 0.35, 0.15), vec3(1.0, 0.95, 0.55), doubt * 2.0 - 1.0);
    seen = mix(grey, heat, smoothstep(0.02, 0.35, doubt) * 0.9);
  }
  colour = vec4(seen, 1.0);
}`

/** The uniforms of the pair, by name. */
export const UNIFORMS = [
  'photo', 'masks', 'canvasHeight', 'origin', 'extent', 'grid', 'parts', 'visible', 'selected', 'strength', 'outline',
  'line', 'sureness', 'doubting',
] as const // prettier-ignore
