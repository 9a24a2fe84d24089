package slipway.server

import io.netty.handler.codec.http.HttpHeaderNames
import io.netty.handler.codec.http.HttpHeaders
import io.netty.handler.codec.http.HttpRequest
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonPrimitive
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** Raw mode: the HTTP request is the function's request. */
internal object Raw {
    fun read(
        request: HttpRequest,
        target: Target,
        body: ByteArray,
    ) = Asked(
        payload = payload(request.headers(), body),
        headers = headers(request.headers()),
        env = emptyMap(),
        method = request.method().name(),
        path = target.path,
        query = target.query,
        body = body,
    )

    /** The type itself, without parameters. */
    fun mediaType(value: String): String = value.substringBefore(';').trim().lowercase()

    /** Those that are the function's. */
    fun headers(received: HttpHeaders): MutableMap<String, String> {
        val listed = received.getAll(HttpHeaderNames.CONNECTION).flatMap { it.split(',') }.map { it.trim().lowercase() }
        val headers = LinkedHashMap<String, String>()
        for ((field, value) in received.iteratorCharSequence()) {
            val name = field.toString().lowercase()
            if (name.startsWith(Contract.RESERVED_PREFIX) || name in Contract.HOP_BY_HOP || name in listed) continue
            Envelope.addHeader(headers, name, text(value))
        }
        return headers
    }

    private fun payload(
        received: HttpHeaders,
        body: ByteArray,
    ): JsonElement {
        val media = mediaType(received[HttpHeaderNames.CONTENT_TYPE].orEmpty())
        return when {
            media == "application/json" || media.endsWith("+json") -> if (body.isEmpty()) JsonNull else JsonReader.read(body)
            media.startsWith("text/") -> JsonPrimitive(String(body))
            else -> JsonNull
        }
    }

    /** A field's bytes as UTF-8 where they are that, as Latin-1 otherwise. Netty has made a character of each byte. */
    private fun text(value: CharSequence): String {
        val text = value.toString()
        if (text.all { it.code < 0x80 }) return text
        return try {
            Charsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(text.toByteArray(Charsets.ISO_8859_1)))
                .toString()
        } catch (_: CharacterCodingException) {
            text
        }
    }
}

private operator fun <K, V> MutableMap.MutableEntry<K, V>.component1(): K = key

private operator fun <K, V> MutableMap.MutableEntry<K, V>.component2(): V = value

/** A request target, cut at the first question mark; an absolute one names its path too. */
internal class Target(
    target: String,
) {
    val path: String
    val query: String

    init {
        val local = if (target.startsWith('/')) target else afterAuthority(target)
        val mark = local.indexOf('?')
        path = (if (mark < 0) local else local.substring(0, mark)).substringBefore('#').ifEmpty { "/" }
        query = if (mark < 0) "" else local.substring(mark + 1).substringBefore('#')
    }

    private fun afterAuthority(target: String): String {
        val scheme = target.indexOf("://")
        if (scheme < 0) return target
        val start = target.indexOfAny(charArrayOf('/', '?'), scheme + 3)
        return if (start < 0) "/" else target.substring(start)
    }
}
