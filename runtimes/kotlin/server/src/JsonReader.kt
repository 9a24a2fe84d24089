package slipway.server

import com.fasterxml.jackson.core.JsonFactory
import com.fasterxml.jackson.core.JsonFactoryBuilder
import com.fasterxml.jackson.core.JsonParser
import com.fasterxml.jackson.core.JsonToken
import com.fasterxml.jackson.core.StreamReadConstraints
import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.JsonUnquotedLiteral
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** JSON of bytes, as Jackson's strict parser reads it, and as the elements that a function sees. */
internal object JsonReader {
    /** Numbers are kept digit for digit, so their length is the body's business alone. */
    private val factory: JsonFactory =
        JsonFactoryBuilder()
            .configure(JsonFactory.Feature.CHARSET_DETECTION, false)
            .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
            .streamReadConstraints(
                StreamReadConstraints
                    .builder()
                    .maxNumberLength(Int.MAX_VALUE)
                    .maxStringLength(Int.MAX_VALUE)
                    .maxNameLength(Int.MAX_VALUE)
                    .build(),
            ).build()

    private val TRUE = JsonPrimitive(true)
    private val FALSE = JsonPrimitive(false)

    /** Refuses what is not one JSON value in UTF-8. */
    fun read(bytes: ByteArray): JsonElement {
        requireUtf8(bytes)
        return try {
            factory.createParser(bytes).use { parser ->
                val value = value(parser, parser.nextToken() ?: throw invalid("it is empty"))
                if (parser.nextToken() != null) throw invalid("something follows the value")
                value
            }
        } catch (problem: IOException) {
            throw invalid(
                problem.message
                    .orEmpty()
                    .lineSequence()
                    .first(),
            )
        }
    }

    private fun value(
        parser: JsonParser,
        token: JsonToken,
    ): JsonElement =
        when (token) {
            JsonToken.START_OBJECT -> members(parser)
            JsonToken.START_ARRAY -> items(parser)
            JsonToken.VALUE_STRING -> JsonPrimitive(parser.text)
            JsonToken.VALUE_TRUE -> TRUE
            JsonToken.VALUE_FALSE -> FALSE
            JsonToken.VALUE_NULL -> JsonNull
            else -> number(parser.text)
        }

    /** Of duplicates the last counts. */
    private fun members(parser: JsonParser): JsonObject {
        val members = LinkedHashMap<String, JsonElement>()
        while (true) {
            val name = parser.nextFieldName() ?: return JsonObject(members)
            members[name] = value(parser, parser.nextToken())
        }
    }

    private fun items(parser: JsonParser): JsonArray {
        val items = ArrayList<JsonElement>()
        while (true) {
            val token = parser.nextToken()
            if (token == JsonToken.END_ARRAY) return JsonArray(items)
            items += value(parser, token)
        }
    }

    @OptIn(ExperimentalSerializationApi::class)
    private fun number(digits: String) = JsonUnquotedLiteral(digits)

    /** Jackson lets some bytes pass that are no UTF-8. */
    private fun requireUtf8(bytes: ByteArray) {
        if (bytes.all { it >= 0 }) return
        try {
            Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes))
        } catch (_: CharacterCodingException) {
            throw invalid("some bytes are no characters")
        }
    }

    private fun invalid(why: String) = Refusal(Code.INVALID_JSON, "the body is not JSON in UTF-8: $why")
}
