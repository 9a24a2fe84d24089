package slipway.server

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** What a function is asked, whichever way it came. */
internal class Asked(
    val payload: JsonElement,
    val headers: MutableMap<String, String>,
    val env: Map<String, String>,
    val method: String,
    val path: String,
    val query: String,
    /** The bytes received in raw mode; null under the envelope. */
    val body: ByteArray?,
)

/** The envelope. */
internal object Envelope {
    fun read(body: ByteArray): Asked {
        val envelope = JsonReader.read(body) as? JsonObject ?: throw invalid("the envelope must be an object")
        return Asked(
            payload = envelope["payload"] ?: JsonNull,
            headers = headers(envelope),
            env = strings(envelope, "env"),
            method = text(envelope, "method", "POST"),
            path = text(envelope, "path", "/"),
            query = text(envelope, "query", ""),
            body = null,
        )
    }

    /** Adds a field to those of its name, which is in lower case. */
    fun addHeader(
        headers: MutableMap<String, String>,
        name: String,
        value: String,
    ) {
        val present = headers[name]
        headers[name] = if (present == null) value else present + (if (name == "cookie") "; " else ", ") + value
    }

    private fun text(
        envelope: JsonObject,
        name: String,
        otherwise: String,
    ): String {
        val member = envelope[name] ?: return otherwise
        if (member is JsonPrimitive && member.isString) return member.content
        throw invalid("the envelope's $name must be a string")
    }

    private fun strings(
        envelope: JsonObject,
        name: String,
    ): Map<String, String> {
        val member = envelope[name] ?: return emptyMap()
        if (member !is JsonObject) throw wrong(name)
        return member.mapValues { (_, value) ->
            if (value is JsonPrimitive && value.isString) value.content else throw wrong(name)
        }
    }

    private fun headers(envelope: JsonObject): MutableMap<String, String> {
        val headers = LinkedHashMap<String, String>()
        for ((name, value) in strings(envelope, "headers")) addHeader(headers, name.lowercase(), value)
        return headers
    }

    private fun wrong(name: String) = invalid("the envelope's $name must be an object of strings")

    private fun invalid(message: String) = Refusal(Code.INVALID_ENVELOPE, message)
}
