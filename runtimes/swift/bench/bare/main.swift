// The smallest server of llhttp and epoll that parses the same body and answers the same bytes. It knows nothing of the
// contract.
import CLlhttp
import CSlipway
import Glibc
import Slipway

/// What llhttp has found of a connection's request.
struct Request {
  var parser = llhttp_t()
  var body: [UInt8] = []
  var isComplete = false
}

nonisolated(unsafe) let callbacks = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
llhttp_settings_init(callbacks)
callbacks.pointee.on_message_begin = { parser in
  parser!.pointee.data.assumingMemoryBound(to: Request.self).pointee.body.removeAll(keepingCapacity: true)
  return 0
}
callbacks.pointee.on_body = { parser, bytes, count in
  let request = parser!.pointee.data.assumingMemoryBound(to: Request.self)
  request.pointee.body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
  return 0
}
callbacks.pointee.on_message_complete = { parser in
  parser!.pointee.data.assumingMemoryBound(to: Request.self).pointee.isComplete = true
  return 0
}

func answer(_ body: [UInt8]) -> [UInt8] {
  let name = (try? JSON(parsing: body))?["payload"]?["name"]?.string ?? "World"
  let json = (try? JSON.object(["message": .string("Hello \(name)")]).bytes()) ?? []
  let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(json.count)\r\n\r\n"
  return Array(head.utf8) + json
}

var address = sockaddr_in()
address.sin_family = sa_family_t(AF_INET)
address.sin_port = in_port_t(3000).bigEndian
let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var yes: Int32 = 1
setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
let bound = withUnsafePointer(to: &address) {
  $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
}
guard bound == 0, listen(listener, 1024) == 0 else { fatalError("port 3000 can't be listened on") }

let epoll = epoll_create1(0)
func watch(_ descriptor: Int32) {
  var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: descriptor))
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
}
watch(listener)

var requests: [Int32: UnsafeMutablePointer<Request>] = [:]
var events = [epoll_event](repeating: epoll_event(), count: 64)
var buffer = [CChar](repeating: 0, count: 65536)
while true {
  for index in 0..<max(0, Int(epoll_wait(epoll, &events, 64, -1))) {
    let descriptor = events[index].data.fd
    if descriptor == listener {
      let connection = accept(listener, nil, nil)
      setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      let request = UnsafeMutablePointer<Request>.allocate(capacity: 1)
      request.initialize(to: Request())
      llhttp_init(&request.pointee.parser, HTTP_REQUEST, callbacks)
      request.pointee.parser.data = UnsafeMutableRawPointer(request)
      requests[connection] = request
      watch(connection)
      continue
    }
    let request = requests[descriptor]!
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0, llhttp_execute(&request.pointee.parser, &buffer, count) == HPE_OK else {
      close(descriptor)
      requests[descriptor] = nil
      request.deinitialize(count: 1)
      request.deallocate()
      continue
    }
    if request.pointee.isComplete {
      request.pointee.isComplete = false
      let bytes = answer(request.pointee.body)
      send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
  }
}
