/** Asks a server on port 3000 often enough for its virtual machine to know what it needs. */

package train

import java.net.ConnectException
import java.net.InetAddress
import java.net.Socket

private const val BODY = """{"payload":{"name":"World"}}"""
private const val HEAD = "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n"
private const val REQUEST = HEAD + BODY
private const val REQUESTS = 200

fun main() {
    connected().use { socket ->
        repeat(REQUESTS) {
            socket.getOutputStream().write(REQUEST.toByteArray())
            check(socket.getInputStream().read(ByteArray(REQUEST.length * 2)) > 0) { "the server has closed the connection" }
        }
    }
}

private fun connected(): Socket {
    val end = System.nanoTime() + 20_000_000_000L
    while (true) {
        try {
            return Socket(InetAddress.getLoopbackAddress(), 3000)
        } catch (problem: ConnectException) {
            if (System.nanoTime() > end) throw problem
            Thread.sleep(20)
        }
    }
}
