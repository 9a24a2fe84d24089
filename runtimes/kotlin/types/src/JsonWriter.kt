package slipway

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

/** Compact JSON. Refuses with [IllegalArgumentException] what JSON can't hold: no number, no data, or data that holds itself. */
class JsonWriter {
    private val text = StringBuilder(INITIAL)
    private var depth = 0

    fun write(value: Any?): JsonWriter {
        when (value) {
            is JsonElement -> element(value)
            null -> text.append("null")
            is String -> quoted(value)
            is Boolean -> text.append(value)
            is Int, is Long, is Short, is Byte -> text.append(value)
            is Number -> literal(value.toString())
            is Char -> quoted(value.toString())
            is Enum<*> -> quoted(value.name)
            is Map<*, *> -> nested { members(value.entries) }
            is Iterable<*> -> nested { items(value) }
            is Array<*> -> nested { items(value.asList()) }
            is IntArray -> nested { items(value.asList()) }
            is LongArray -> nested { items(value.asList()) }
            is DoubleArray -> nested { items(value.asList()) }
            else -> throw IllegalArgumentException("JSON can't hold a ${value.javaClass.name}")
        }
        return this
    }

    fun toBytes(): ByteArray = text.toString().toByteArray()

    override fun toString(): String = text.toString()

    private fun element(element: JsonElement) {
        when (element) {
            is JsonNull -> text.append("null")
            is JsonPrimitive -> if (element.isString) quoted(element.content) else literal(element.content)
            is JsonObject -> nested { members(element.entries) }
            is JsonArray -> nested { items(element) }
        }
    }

    private fun members(entries: Set<Map.Entry<*, *>>) {
        text.append('{')
        var first = true
        for ((name, value) in entries) {
            if (!first) text.append(',')
            first = false
            quoted(name.toString())
            text.append(':')
            write(value)
        }
        text.append('}')
    }

    private fun items(items: Iterable<*>) {
        text.append('[')
        var first = true
        for (item in items) {
            if (!first) text.append(',')
            first = false
            write(item)
        }
        text.append(']')
    }

    /** What holds itself has no end, so there is one. */
    private inline fun nested(write: () -> Unit) {
        require(++depth <= DEEPEST) { "JSON is nested more than $DEEPEST levels deep, or holds itself" }
        write()
        depth--
    }

    /** A number, true or false; not what Kotlin calls a number and JSON doesn't. */
    private fun literal(content: String) {
        require(content.last().isDigit() || content == "true" || content == "false") { "JSON has no $content" }
        text.append(content)
    }

    private fun quoted(string: String) {
        text.append('"')
        var from = 0
        for (index in string.indices) {
            val character = string[index]
            if (character >= ' ' && character != '"' && character != '\\' && !isLone(string, index)) continue
            text.append(string, from, index)
            from = index + 1
            escaped(character)
        }
        text.append(string, from, string.length).append('"')
    }

    private fun escaped(character: Char) {
        when (character) {
            '"' -> text.append("\\\"")
            '\\' -> text.append("\\\\")
            '\n' -> text.append("\\n")
            '\r' -> text.append("\\r")
            '\t' -> text.append("\\t")
            '\b' -> text.append("\\b")
            '\u000c' -> text.append("\\f")
            else -> text.append("\\u").append(HexFormatter.toHexDigits(character))
        }
    }

    private companion object {
        const val INITIAL = 128
        const val DEEPEST = 1000
        val HexFormatter: java.util.HexFormat = java.util.HexFormat.of()

        /** Half a character, which UTF-8 has no bytes for. */
        fun isLone(
            string: String,
            index: Int,
        ): Boolean {
            val character = string[index]
            return when {
                !character.isSurrogate() -> false
                character.isHighSurrogate() -> index + 1 == string.length || !string[index + 1].isLowSurrogate()
                else -> index == 0 || !string[index - 1].isHighSurrogate()
            }
        }
    }
}
