package slipway.server

import io.netty.buffer.Unpooled
import io.netty.handler.codec.http.DefaultFullHttpResponse
import io.netty.handler.codec.http.DefaultHttpHeadersFactory
import io.netty.handler.codec.http.FullHttpResponse
import io.netty.handler.codec.http.HttpHeaderNames
import io.netty.handler.codec.http.HttpHeaderValues
import io.netty.handler.codec.http.HttpResponseStatus
import io.netty.handler.codec.http.HttpVersion
import io.netty.util.AsciiString
import slipway.Answer
import slipway.JsonWriter
import slipway.utf8
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.util.Base64

/** An answer in the making: its status, its head as names and values, its body. */
internal class Outgoing(
    val status: Int,
    val headers: MutableList<Pair<CharSequence, CharSequence>>,
    val body: ByteArray,
) {
    /** As Netty writes it. */
    fun toNetty(
        toHead: Boolean,
        closes: Boolean,
    ): FullHttpResponse {
        val content = if (toHead) Unpooled.EMPTY_BUFFER else Unpooled.wrappedBuffer(body)
        val response =
            DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), content, UNCHECKED, UNCHECKED)
        val fields = response.headers()
        for ((name, value) in headers) fields.add(name, value)
        if (status != NO_CONTENT && status != NOT_MODIFIED) fields.set(HttpHeaderNames.CONTENT_LENGTH, body.size.toString())
        if (closes) fields.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
        return response
    }

    companion object {
        private const val NO_CONTENT = 204
        private const val NOT_MODIFIED = 304
        private const val OK = 200
        private const val NANOSECONDS_TO_MILLISECONDS = 1e6
        private val JSON = HttpHeaderValues.APPLICATION_JSON
        private val ID = AsciiString.cached(Contract.INVOCATION)
        private val ERROR = AsciiString.cached(Contract.ERROR)

        /** What goes into an answer was checked when it was given. */
        private val UNCHECKED = DefaultHttpHeadersFactory.headersFactory().withValidation(false)

        fun json(
            status: Int,
            body: ByteArray,
        ) = Outgoing(status, arrayListOf(HttpHeaderNames.CONTENT_TYPE to JSON), body)

        /** The plain answer to a refused request. */
        fun refused(
            refusal: Refusal,
            invocation: String?,
        ): Outgoing {
            val body = JsonWriter().write(mapOf("error" to document(refusal, invocation))).toBytes()
            val outgoing = json(refusal.code.status, body)
            outgoing.headers += ERROR to refusal.code.text
            when (refusal.code) {
                Code.METHOD_NOT_ALLOWED -> outgoing.headers += HttpHeaderNames.ALLOW to "POST"
                Code.OVERLOADED -> outgoing.headers += HttpHeaderNames.RETRY_AFTER to "1"
                else -> {}
            }
            return outgoing.identified(invocation)
        }

        /** The function's answer, less what is not the function's to say. */
        fun given(
            answer: Answer,
            invocation: String,
        ): Outgoing {
            val headers = ArrayList<Pair<CharSequence, CharSequence>>(answer.headers.size + 2)
            var isTyped = false
            for ((field, value) in answer.headers) {
                val name = field.lowercase()
                val isType = name == "content-type"
                if (name.startsWith(Contract.RESERVED_PREFIX) || name == "content-length" || name in Contract.HOP_BY_HOP) continue
                if (isType && isTyped) continue
                isTyped = isTyped || isType
                headers += field to bytesOf(value)
            }
            if (!isTyped) headers += HttpHeaderNames.CONTENT_TYPE to answer.type
            val isBodiless = answer.status == NO_CONTENT || answer.status == NOT_MODIFIED
            return Outgoing(answer.status, headers, if (isBodiless) ByteArray(0) else answer.body).identified(invocation)
        }

        /** Wraps an answer into the result envelope. */
        fun enveloped(
            answer: Outgoing,
            refusal: Refusal?,
            invocation: Invocation,
        ): Outgoing {
            val headers = LinkedHashMap<String, List<String>>()
            for ((field, value) in answer.headers) {
                val name = field.toString().lowercase()
                // Those of the runtime belong to the HTTP answer around it.
                if (!name.startsWith(Contract.RESERVED_PREFIX)) headers[name] = headers[name].orEmpty() + textOf(value)
            }
            val text = textOrNull(answer.body)
            val (lines, isTruncated) = invocation.lines()
            val document =
                mapOf(
                    "status" to answer.status,
                    "headers" to headers,
                    "body" to (text ?: Base64.getEncoder().encodeToString(answer.body)),
                    "encoding" to if (text == null) "base64" else "utf-8",
                    "logs" to lines.map { mapOf("time" to it.time, "level" to Logs.name(it.level), "message" to it.message) },
                    "truncated" to isTruncated,
                    "error" to refusal?.let { document(it, invocation.id) },
                    "duration_ms" to (System.nanoTime() - invocation.started) / NANOSECONDS_TO_MILLISECONDS,
                )
            return json(OK, JsonWriter().write(document).toBytes()).identified(invocation.id)
        }

        private fun document(
            refusal: Refusal,
            invocation: String?,
        ) = mapOf("code" to refusal.code.text, "message" to refusal.text, "invocation" to invocation)

        private fun Outgoing.identified(invocation: String?): Outgoing {
            if (invocation != null) headers += ID to invocation
            return this
        }

        /** Netty writes the characters of a string as ASCII, and those of an AsciiString as they are. */
        private fun bytesOf(value: String): CharSequence =
            if (value.all { it.code < 0x80 }) value else AsciiString(utf8(value), false)

        private fun textOf(value: CharSequence): String =
            if (value is AsciiString) String(value.array(), value.arrayOffset(), value.length) else value.toString()

        private fun textOrNull(bytes: ByteArray): String? =
            try {
                Charsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
            } catch (_: CharacterCodingException) {
                null
            }
    }
}
