/// Steps that look.
import Casing
import Glibc
import Slipway
import Synchronization

private let invocations = Atomic<Int>(0)

func count(_ invocation: inout Invocation) {
  invocation.seen["count"] = .integer(invocations.add(1, ordering: .relaxed).newValue)
}

func getenv(_ step: Step, _ invocation: inout Invocation) throws {
  let name = try step.text("name")
  let value = Glibc.getenv(name).map { JSON.string(String(cString: $0)) }
  add("getenv", name, value ?? nil, to: &invocation)
}

func findSecret(_ step: Step, _ invocation: inout Invocation) throws {
  let secret = Array(String(try step.text("reversed").reversed()).utf8)
  var places: [JSON] = []
  func look(_ place: String, _ bytes: [UInt8]) {
    if bytes.contains(secret) { places.append(.string(place)) }
  }
  look("req.headers", Array("\(invocation.req.headers)".utf8))
  look("req.env", Array("\(invocation.req.env)".utf8))
  var variable = environ
  while let text = variable.pointee {
    look("process.env", Array(String(cString: text).utf8))
    variable += 1
  }
  for process in entries(of: "/proc") where process.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
    for file in ["environ", "cmdline"] {
      let path = "/proc/\(process)/\(file)"
      // Another user's process, or one that has just ended, can't be read.
      look(path, contents(of: path))
    }
  }
  invocation.seen["secret"] = .array(places)
}

func write(_ step: Step, _ invocation: inout Invocation) throws {
  let path = try step.text("path")
  let text = "written by the conformance function\n"
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  let isWritten = file >= 0 && Glibc.write(file, text, text.utf8.count) == text.utf8.count
  add("write", path, .string(isWritten ? "written" : String(cString: strerror(errno))), to: &invocation)
  if file >= 0 { close(file) }
}

func fetch(_ step: Step, _ invocation: inout Invocation) throws {
  let (host, port) = (try step.text("host"), try step.count("port", default: 0))
  let limit = Int32(try step.number("timeout_ms"))
  invocation.seen["fetch"] = .string(connect(host, port, limit) ?? "connected")
}

/// Why there is no connection to be had, or nil.
private func connect(_ host: String, _ port: Int, _ limit: Int32) -> String? {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  var found: UnsafeMutablePointer<addrinfo>?
  let error = getaddrinfo(host, String(port), &hints, &found)
  guard error == 0, let address = found?.pointee else { return String(cString: gai_strerror(error)) }
  defer { freeaddrinfo(found) }
  let descriptor = socket(address.ai_family, address.ai_socktype, address.ai_protocol)
  defer { close(descriptor) }
  _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
  guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
  var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  guard poll(&polled, 1, limit) > 0 else { return "no connection within \(limit) ms" }
  var outcome: Int32 = 0
  var size = socklen_t(MemoryLayout<Int32>.size)
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &outcome, &size)
  return outcome == 0 ? nil : String(cString: strerror(outcome))
}

func dependency(_ invocation: inout Invocation) {
  invocation.seen["dependency"] = .string("from a dependency".upperCamelCase)
}

/// The names within a folder.
func entries(of folder: String) -> [String] {
  guard let stream = opendir(folder) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}

private func contents(of path: String) -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return [] }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = read(file, &buffer, buffer.count), count > 0 { bytes.append(contentsOf: buffer[..<count]) }
  return bytes
}

private func add(_ member: String, _ name: String, _ value: JSON, to invocation: inout Invocation) {
  var object = invocation.seen[member]?.object ?? [:]
  object[name] = value
  invocation.seen[member] = .object(object)
}
