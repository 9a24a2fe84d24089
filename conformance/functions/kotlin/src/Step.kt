package conformance

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.intOrNull
import java.util.Base64

/** The arguments of a step: one of the wrong type makes the step unknown. */
class Step(
    private val step: JsonObject,
) {
    val name: String get() = optionalText("do").orEmpty()

    fun unknown() = IllegalArgumentException("unknown step: ${(step["do"] as? JsonPrimitive)?.content ?: step["do"]}")

    fun get(name: String): JsonElement? = step[name]

    fun text(name: String): String = optionalText(name) ?: throw unknown()

    fun optionalText(name: String): String? = optional(name) { (it as? JsonPrimitive)?.takeIf(JsonPrimitive::isString)?.content }

    fun number(name: String): Double = optionalNumber(name) ?: throw unknown()

    fun optionalNumber(name: String): Double? = optional(name) { number(it)?.doubleOrNull }

    fun count(
        name: String,
        otherwise: Int? = null,
    ): Int = optional(name) { number(it)?.intOrNull } ?: otherwise ?: throw unknown()

    fun members(name: String): JsonObject? = optional(name) { it as? JsonObject }

    fun bytes(name: String): ByteArray? =
        optionalText(name)?.let {
            try {
                Base64.getDecoder().decode(it)
            } catch (_: IllegalArgumentException) {
                throw unknown()
            }
        }

    private fun number(element: JsonElement) = (element as? JsonPrimitive)?.takeIf { !it.isString && it !is JsonNull }

    private fun <T : Any> optional(
        name: String,
        read: (JsonElement) -> T?,
    ): T? = step[name]?.let { read(it) ?: throw unknown() }
}
