package slipway.server

import io.netty.buffer.ByteBuf
import io.netty.handler.codec.http.HttpRequest
import io.netty.handler.codec.http.HttpUtil
import kotlinx.serialization.json.JsonPrimitive
import slipway.EntryPoint
import slipway.Request
import java.time.Instant

/** A request that may be invoked as soon as its body is there. Making it refuses whatever can be told from its head. */
internal class Reading(
    private val server: Server,
    private val request: HttpRequest,
    private val target: Target,
    private val steering: Steering,
    val id: String,
) {
    private val isRaw = steering.isRaw()
    private val timeout = steering.timeout(server.settings.timeout)
    private val isInEnvelope = steering.isInEnvelope()
    private val entryPoint: EntryPoint
    private val body: Body

    init {
        if (!isRaw) steering.requireEnvelope(request.method(), target.path)
        entryPoint = server.requireReady()
        val most = server.settings.maxBody
        val length = HttpUtil.getContentLength(request, most.toLong())
        if (length > most) throw tooLarge()
        body = Body(most, length.toInt())
    }

    fun add(piece: ByteBuf) {
        if (!body.add(piece)) throw tooLarge()
    }

    /** The invocation that it is, in flight. */
    fun exchange(connection: Connection): Exchange {
        val asked = if (isRaw) Raw.read(request, target, body.toBytes()) else Envelope.read(body.toBytes())
        val trace = Steering.traceId(steering.trace) ?: Steering.traceId(asked.headers[Contract.TRACE])
        val invocation = Invocation(id, trace, System.nanoTime() + timeout, isInEnvelope, server.dispatcher)
        invocation.request = functionRequest(asked, invocation)
        val exchange = Exchange(server, connection, invocation, entryPoint)
        if (!server.flight.enter(exchange)) throw server.overloaded()
        return exchange
    }

    private fun functionRequest(
        asked: Asked,
        invocation: Invocation,
    ): Request {
        val payload = asked.payload
        return Request(
            payload = payload,
            method = asked.method,
            path = asked.path,
            query = { Query.parse(asked.query) },
            headers = asked.headers,
            env = { LinkedHashMap(server.settings.env).apply { putAll(asked.env) } },
            body = {
                asked.body ?: if (payload is JsonPrimitive && payload.isString) payload.content.toByteArray() else ByteArray(0)
            },
            id = id,
            deadline = Instant.now().plusNanos(timeout),
            sink = invocation,
        )
    }

    private fun tooLarge() =
        Refusal(Code.PAYLOAD_TOO_LARGE, "the body is larger than ${server.settings.maxBody} bytes, which RUNTIME_MAX_BODY says")
}
