package slipway.server

import kotlinx.coroutines.delay
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonPrimitive
import slipway.EntryPoint
import slipway.Request
import slipway.Response
import java.net.InetAddress
import java.net.Socket

/** The function that is served while the virtual machine learns what a server needs: a bit of everything that functions do. */
internal class Training : EntryPoint {
    override suspend fun call(
        req: Request,
        res: Response,
    ) {
        val payload = req.payload as? JsonObject
        val wait = payload?.get("wait")?.jsonPrimitive?.content
        if (wait == "suspended") delay(5)
        if (wait == "blocked") Thread.sleep(5)
        if (wait == "failed") error("an exception")
        if (wait == "nothing") return
        req.log("training ${req.path} ${req.query} ${req.env.size} ${req.body.size}")
        println("printed")
        if (wait ==
            "text"
        ) {
            res.send("text", 201, mapOf("x-training" to listOf("a", "b")))
        } else {
            res.json(mapOf("payload" to req.payload))
        }
    }
}

private const val SECRET = "x-runtime-secret: training\r\n"
private const val ROUNDS = 200

/** Sends what a server is asked, a number of times, to the port that is given. */
fun main(arguments: Array<String>) {
    val port = arguments[0].toInt()
    val bodies =
        listOf(
            """{"payload":{"name":"World","list":[1,2.5,true,null,"é\n"]},"headers":{"a":"b"},"env":{"A":"1"},"query":"a=%20b"}""",
            """{"payload":{"wait":"suspended"}}""",
            """{"payload":{"wait":"blocked"}}""",
            """{"payload":{"wait":"failed"}}""",
            """{"payload":{"wait":"nothing"}}""",
            """{"payload":{"wait":"text"}}""",
            """{"payload":""",
        )
    val requests =
        bodies.map { post(SECRET, it) } +
            bodies.map { post(SECRET + "x-runtime-result: envelope\r\n", it) } +
            bodies.map { post(SECRET + "x-runtime-mode: raw\r\nx-runtime-timeout: 2.5\r\n", it) } +
            post("x-runtime-secret: wrong\r\n", "{}") +
            "GET /_runtime/health HTTP/1.1\r\nhost: x\r\n\r\n" +
            "GET /_runtime/ready HTTP/1.1\r\nhost: x\r\n\r\n"
    repeat(ROUNDS) { round ->
        for (request in if (round == 0) requests else requests.take(1)) ask(port, request)
    }
}

private fun post(
    fields: String,
    body: String,
) =
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${fields}content-length: ${body.toByteArray().size}\r\n\r\n$body"

/** Waits until there is a server; then for the first bytes of its answer. */
private fun ask(
    port: Int,
    request: String,
) {
    val end = System.nanoTime() + 20_000_000_000L
    while (true) {
        try {
            Socket(InetAddress.getLoopbackAddress(), port).use { socket ->
                socket.getOutputStream().write(request.toByteArray())
                socket.getInputStream().read(ByteArray(1 shl 14))
            }
            return
        } catch (problem: java.net.ConnectException) {
            if (System.nanoTime() > end) throw problem
            Thread.sleep(20)
        }
    }
}
