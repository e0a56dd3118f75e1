/**
 * @file Which globals of a pickle are known from attacks.
 *
 * Nothing of a pickle is ever run here, so nobody is safer by what is listed or less safe by what is missing: the list
 * lets us say that a file is hostile before somebody loads it elsewhere. On it is what runs code, starts programs,
 * reaches files or the network, or gets hold of functions that do. An honest checkpoint holds data, and the classes
 * of data live elsewhere.
 */

/** Modules of which, and of all modules in them, nothing belongs into a checkpoint. */
const MODULES = words(`
  os posix nt sys subprocess _posixsubprocess popen2 pty asyncio runpy importlib _frozen_importlib imp pkgutil codeop
  ctypes _ctypes pickle _pickle cPickle dill cloudpickle marshal shelve pdb bdb timeit cProfile doctest pydoc gc
  distutils pip ensurepip venv idlelib lib2to3 webbrowser shutil tempfile linecache
  socket _socket ssl urllib urllib2 http httplib ftplib smtplib telnetlib requests httpx aiohttp
  numpy.f2py numpy.testing numpy.distutils torch.hub torch.package torch._inductor torch.utils.cpp_extension`)

/** Functions of modules that hold harmless things as well. */
const FUNCTIONS = words(`
  io.open _io.open io.open_code _io.open_code io.FileIO _io.FileIO types.FunctionType types.CodeType
  operator.attrgetter _operator.attrgetter operator.methodcaller _operator.methodcaller
  numpy.load numpy.fromfile torch.load torch.jit.load torch.serialization.load torch.storage._load_from_bytes`)

/** Python's built-in functions, by their names in versions 3 and 2 (which pickles of protocol 2 use). */
const BUILTINS = words('builtins __builtin__')

/** Of those the types of plain values, which an honest file may name: `type=int`, or a set in protocol 2. */
const PLAIN_BUILTINS = words(`
  bool bytearray bytes complex dict float frozenset int list long object range set slice str tuple type unicode xrange`)

/**
 * Whether attacks use the global. Python follows a dotted name from attribute to attribute, so that each part but its
 * last may be a module in disguise: `os.system` in `logging`, which imports `os`, is the real one.
 */
export function isAttack(module: string, name: string): boolean {
  if (BUILTINS.has(module)) return !PLAIN_BUILTINS.has(name)
  const parts = module.split('.')
  const packages = parts.map((_, i) => parts.slice(0, i + 1).join('.'))
  const owners = name.split('.').slice(0, -1)
  return (
    FUNCTIONS.has(`${module}.${name}`) ||
    packages.some((path) => MODULES.has(path)) ||
    owners.some(isDisguised)
  )
}

/** Whether an attribute's name is a module's: `os`, also as `_os`, or `__builtins__`. */
function isDisguised(attribute: string): boolean {
  const name = attribute.replace(/^_+|_+$/g, '')
  return MODULES.has(name) || BUILTINS.has(name)
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}
